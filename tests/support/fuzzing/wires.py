"""The targets of the RPC port: JSON texts for the dispatcher, and raw bytes on a connection."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import trio
from wsproto.connection import Connection, ConnectionType
from wsproto.events import BytesMessage, CloseConnection, Ping, TextMessage

from node.node import Node
from node.rpc import Address, RpcConfig, serve
from node.rpc.jsonrpc import Dispatcher
from node.rpc.limits import Limits
from node.rpc.methods import Backend, registry
from node.rpc.subscriptions import Session
from support.fuzzing import world
from support.fuzzing.calls import extrinsics
from support.fuzzing.engine import Target, outcome
from support.storage import ForgetfulDatabase

ANSWER_SECONDS_MAX = 5
INTERNAL_ERROR = -32603


@cache
def node() -> Node:
    """A node in memory, three blocks high."""
    made = world.node_over(ForgetfulDatabase())

    async def seal() -> None:
        for _ in range(3):
            await made.sealer.seal()

    trio.run(seal)
    return made


def requests() -> list[dict[str, Any]]:
    """Every method that changes nothing, with parameters that it understands."""
    at = "0x" + node().chain.best.hash.hex()
    raw = "0x" + extrinsics()[1].hex()
    key = "0x" + sorted(world.head().state.keys(b""))[3].hex()
    typical: dict[str, list[Any]] = {
        "chain_getBlockHash": [[1, "0x2", 99]],
        "chain_getBlock": [at],
        "state_getStorage": [key, at],
        "state_queryStorageAt": [[key, key], at],
        "state_getKeysPaged": [key[:34], 5, key, at],
        "state_getReadProof": [[key], at],
        "state_call": ["TransactionPaymentApi_query_info", raw + "00010000", at],
        "author_submitExtrinsic": [raw],
        "system_dryRun": [raw, at],
        "system_accountNextIndex": [world.spec().genesis["Balances"]["balances"][0][0]],
        "payment_queryInfo": [raw, at],
        "chainHead_v1_storage": ["none", at, [{"key": key, "type": "value"}]],
        "transactionWatch_v1_submitAndWatch": [raw],
    }
    return [
        {"jsonrpc": "2.0", "id": place, "method": name, "params": typical.get(name, [])}
        for place, name in enumerate(registry(development=False))
    ]


def texts() -> list[bytes]:
    single = requests()
    documents = [*single, single[:3], [], [1, {}, single[0]], {**single[0], "id": None, "params": None}]
    return [json.dumps(each).encode() for each in documents]


def judge(answer: bytes | None) -> str:
    """What the dispatcher answered: JSON-RPC, and never that it has a bug."""
    if answer is None:
        return "nothing"
    document = json.loads(answer)
    ends: list[str] = []
    for each in document if isinstance(document, list) else [document]:
        assert each["jsonrpc"] == "2.0" and ("result" in each) != ("error" in each), each
        error = each.get("error")
        if error is not None:
            assert error["code"] != INTERNAL_ERROR and error["message"], error
            assert len(json.dumps(error)) < 2_000, "an error as long as a page"
        ends.append("result" if error is None else outcome(ValueError(error["message"])))
    return "; ".join(ends)


def check_text(data: bytes) -> str:
    """Answered whatever it is; the chain is as it was."""
    height = node().chain.best.hash
    dispatcher = Dispatcher(registry(development=False), node(), crash_on_bug=True)

    async def main() -> bytes | None:
        return await dispatcher.answer(dispatcher.context(Session(Limits(), trusted=True)), data)

    found = judge(trio.run(main))
    assert node().chain.best.hash == height
    return found


# Raw bytes.


def http(text: bytes, *headers: bytes, line: bytes = b"POST / HTTP/1.1") -> bytes:
    head = [line, b"host: 127.0.0.1", b"content-type: application/json", *headers]
    return b"\r\n".join([*head, b"content-length: %d" % len(text), b"", text])


HANDSHAKE = b"\r\n".join(
    [
        b"GET / HTTP/1.1",
        b"host: localhost",
        b"upgrade: websocket",
        b"connection: Upgrade",
        b"sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==",
        b"sec-websocket-version: 13",
        b"",
        b"",
    ]
)


def connections() -> list[bytes]:
    """Whole connections, as the bytes that a client sends."""
    call = json.dumps(requests()[0]).encode()
    subscribe = b'{"jsonrpc":"2.0","id":1,"method":"chain_subscribeNewHead","params":[]}'

    def frames(*events: Any) -> bytes:
        wire = Connection(ConnectionType.CLIENT)
        return HANDSHAKE + b"".join(wire.send(event) for event in events)

    chunked = http(call, b"transfer-encoding: chunked").partition(b"content-length")[0]
    chunked += b"\r\n%x\r\n%b\r\n0\r\n\r\n" % (len(call), call)
    return [
        http(call),
        http(call) + http(subscribe, b"origin: http://localhost:3000"),
        http(b"", line=b"GET /health HTTP/1.1"),
        http(b"", line=b"OPTIONS / HTTP/1.0"),
        http(call, b"expect: 100-continue"),
        chunked,
        frames(TextMessage(call.decode()), TextMessage(subscribe.decode()), Ping(b"you")),
        frames(BytesMessage(call[:9], message_finished=False), BytesMessage(call[9:]), CloseConnection(1000)),
        frames(CloseConnection(1000, "bye")),
    ]


def check_connection(data: bytes) -> str:
    """The server answers in HTTP or not at all, and is there for the next client."""

    async def exchange(address: Address, sent: bytes) -> bytes:
        received = bytearray()
        stream = await trio.open_tcp_stream(address.host, address.port)
        async with stream:
            try:
                await stream.send_all(sent)
                await stream.send_eof()
                async for chunk in stream:
                    received += chunk
            except trio.BrokenResourceError:
                pass
        return bytes(received)

    async def main() -> tuple[bytes, bytes]:
        async with trio.open_nursery() as nursery:
            methods: Any = registry(development=False)
            backend: Backend = node()
            config = RpcConfig(port=0, crash_on_bug=True)
            address = await nursery.start(serve, methods, backend, config)
            with trio.fail_after(ANSWER_SECONDS_MAX):
                answers = await exchange(address, data), await exchange(address, ALIVE)
            nursery.cancel_scope.cancel()
        return answers

    said, alive = trio.run(main)
    assert not said or said.startswith(b"HTTP/1.1 "), said
    assert alive.startswith(b"HTTP/1.1 200 "), alive
    return said.partition(b"\r\n")[0].decode("latin-1") + said[-40:].hex() * said.startswith(b"HTTP/1.1 101")


ALIVE = http(b"", b"connection: close", line=b"GET /health HTTP/1.1")

JSON_WORDS = (b"null", b"true", b"-1", b"1e999", b'"\\ud800"', b'"0x"', b"[", b"{", b'"id":', b"9" * 400)
HTTP_WORDS = (
    b"\r\n",
    b"\r\n\r\n",
    b"content-length: 5\r\n",
    b"9" * 5_000,
    b"chunked",
    b"\x81\xfe",
    b"\x88\x80",
)
TARGETS = [
    Target("rpc", texts, check_text, words=JSON_WORDS, is_json=True, rounds=700),
    Target("connection", connections, check_connection, words=HTTP_WORDS, rounds=100),
]
