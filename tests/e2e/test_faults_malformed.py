"""Malformed extrinsics, calls, JSON, subscriptions and connections against a real node: a clear error each,
and nothing lost. The chain, the pool and the port are as they were, and the node's log has nothing to tell.
"""

from __future__ import annotations

import json
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import trio
from trio_websocket import ConnectionClosed, WebSocketConnection

from node.chain.chain import Position
from node.chain.transaction import sign_transaction
from node.client import connect
from node.rpc import Address
from node.wallet.dev import dev_account
from node.wallet.signer import Keypair
from pallets.balances import Balances
from runtime.frame import Call
from runtime.scale import DEPTH_MAX, compact_bytes
from runtime.types import Address as AccountAddress
from support.fuzzing import world
from support.fuzzing.calls import extras
from support.processes import Process
from support.rpc import receive, request, websocket

ALICE, BOB = dev_account("Alice"), dev_account("Bob")
SECONDS_MAX = 5
NONCE = "AccountNonceApi_account_nonce"


@pytest.fixture(scope="module")
def process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Process]:
    options = ("--tmp", "--seal", "manual", "--accounts", str(world.ACCOUNTS_COUNT))
    with Process(tmp_path_factory.mktemp("node"), *options) as process:
        process.ready()
        yield process
        assert process.stop() == 0
    assert "Traceback" not in process.err and "failed" not in process.err, process.err


@pytest.fixture
def address(process: Process) -> Address:
    host, _, port = str(process.ready()["ws"]).removeprefix("ws://").partition(":")
    return Address(host, int(port))


def transfer() -> Call:
    balances = world.runtime().pallets["Balances"]
    assert isinstance(balances, Balances)
    return balances.transfer_keep_alive.call(AccountAddress(BOB.public), 10**9)


def signed(call: Call, who: Keypair = ALICE, nonce: int = 0) -> bytes:
    genesis = world.genesis()
    return sign_transaction(
        world.runtime(),
        Position(genesis.hash, genesis.block.header, genesis.state),
        call,
        who,
        nonce,
    )


@cache
def valid() -> bytes:
    """The transaction that waits in the pool through all of this."""
    return signed(transfer())


@asynccontextmanager
async def unharmed(address: Address) -> AsyncIterator[None]:
    """Around what is malformed: the same head, state and pool before and after, for another client."""

    async def look() -> tuple[Any, ...]:
        async with connect(address.url) as client:
            return (
                await client.call("chain_getHeader"),
                await client.call("chain_getFinalizedHead"),
                await client.call("author_pendingExtrinsics"),
                await client.call("state_getKeysPaged", "0x", 1_000),
            )

    async with connect(address.url) as client:
        pending = await client.call("author_pendingExtrinsics")
        if not pending:
            await client.call("author_submitExtrinsic", "0x" + valid().hex())
    before = await look()
    assert len(before[2]) == 1
    yield
    assert await look() == before


async def asked(address: Address, *messages: str | bytes) -> list[Any]:
    """What each message on one connection is answered with."""
    async with websocket(address) as socket:
        answers: list[Any] = []
        for message in messages:
            await socket.send_message(message)
            answers.append(await receive(socket))
        return answers


# Extrinsics and the calls in them.


def whole(body: bytes) -> bytes:
    return compact_bytes(len(body)) + body


def malformed() -> dict[str, tuple[bytes, int, str]]:
    """Extrinsics that are none, or not valid: with the code and the reason of their refusal."""
    codec, good = world.runtime().parts.codec, valid()
    body, call = good[2:], world.call_codec().encode(transfer())
    utility, system = world.runtime().pallets["Utility"], world.runtime().pallets["System"]
    timestamp: Any = world.runtime().pallets["Timestamp"]
    nest = utility.batch.tag + b"\4"  # type: ignore[attr-defined]
    remark = system.remark.tag + b"\0"  # type: ignore[attr-defined]

    def unsigned(call: bytes) -> bytes:
        return codec.signed(ALICE.public, 1, bytes(64), extras(0), call)

    said = "Extrinsic.signature: the signature's kind is none of ed25519, sr25519, ecdsa, at byte 36"
    path = "Extrinsic.call.Utility.batch.calls[0].Utility.batch.calls[0].Utility.batch.calls..."
    return {
        "nothing": (b"", 1001, "ends where a compact integer begins, at byte 0"),
        "no version": (b"\0", 1001, "Extrinsic.version: needs 1 byte, 0 remain, at byte 1"),
        "cut": (good[:-3], 1001, "Extrinsic.length: claims 141 bytes, 138 follow, at byte 0"),
        "longer": (good + b"\0", 1001, "Extrinsic.length: claims 141 bytes, 142 follow, at byte 0"),
        "version 5": (
            whole(b"\x85" + body[1:]),
            1001,
            "Extrinsic.version: version byte 0x85 is neither 0x84 (signed) nor 0x04 (bare), at byte 2",
        ),
        "address": (
            whole(body[:1] + b"\7" + body[2:]),
            1001,
            "Extrinsic.address: no variant has index 7, at byte 3",
        ),
        "kind of signature": (whole(body[:34] + b"\3" + body[35:]), 1001, said),
        "pallet": (unsigned(b"\xc8\0"), 1001, "Extrinsic.call: no call 0 of a pallet 200, at byte 104"),
        "argument": (
            unsigned(call[:2] + b"\7" + call[3:]),
            1001,
            "Extrinsic.call.Balances.transfer_keep_alive.dest: no variant has index 7, at byte 106",
        ),
        "behind the call": (
            unsigned(call + b"\0\0"),
            1001,
            "Extrinsic.call: 2 bytes remain after the call, at byte 143",
        ),
        "too deep": (
            unsigned(nest * (DEPTH_MAX + 1) + remark),
            1001,
            path,
        ),
        "ecdsa": (
            codec.signed(ALICE.public, 2, bytes(65), extras(0), call),
            1010,
            "Transaction has a bad signature",
        ),
        "false signature": (unsigned(call), 1010, "Transaction has a bad signature"),
        "somebody else's": (
            codec.signed(BOB.public, 1, body[35:99], extras(0), call),
            1010,
            "Transaction has a bad signature",
        ),
        "poor": (
            signed(transfer(), dev_account("Nobody")),
            1010,
            "Inability to pay some fees (e.g. account balance too low)",
        ),
        "unsigned": (
            codec.bare(transfer()),
            1011,
            "Could not find an unsigned validator for the unsigned transaction",
        ),
        "inherent": (
            codec.bare(timestamp.set.call(1)),
            1010,
            "Transaction dispatch is mandatory; transactions must not be validated.",
        ),
    }


@pytest.mark.parametrize("method", ["author_submitExtrinsic", "author_submitAndWatchExtrinsic"])
async def test_extrinsics(address: Address, method: str) -> None:
    cases = malformed()
    async with unharmed(address), websocket(address) as socket:
        for name, (raw, code, why) in cases.items():
            await socket.send_message(json.dumps(request(method, "0x" + raw.hex())))
            error = (await receive(socket))["error"]
            assert error["code"] in (code, 1012), (
                name,
                error,
            )  # 1012: banned since the other method tried it
            assert error["code"] == 1012 or error["data"].startswith(why), (name, error)
        await socket.send_message(json.dumps(request(method, "0x" + valid().hex())))
        assert (await receive(socket))["error"]["code"] == 1013, "what the pool holds"


async def test_calls_of_the_runtime(address: Address) -> None:
    """A name or arguments that no runtime API has."""
    failed = "Client error: Execution failed: Other: "
    cases = [
        (["Core_nothing", "0x"], 4003, f"{failed}Exported method Core_nothing is not found"),
        (
            [NONCE, "0x00"],
            4003,
            f"{failed}Bad input to {NONCE}: account: needs 32 bytes, 1 remain, at byte 0",
        ),
        (
            ["Core_version", "0xzz"],
            -32602,
            "Invalid params: 'data' (position 2): expected bytes in hex, got \"0xzz\"",
        ),
        (
            ["Core_version"],
            -32602,
            "Invalid params: 'data' (position 2): missing, expected bytes in hex",
        ),
    ]
    async with unharmed(address):
        texts = [json.dumps(request("state_call", *params)) for params, _, _ in cases]
        for (_, code, why), answer in zip(cases, await asked(address, *texts), strict=True):
            assert (answer["error"]["code"], answer["error"]["message"]) == (code, why)


# JSON.


async def test_json(address: Address) -> None:
    good = json.dumps(request("system_chain"))
    cases: list[tuple[str | bytes, int, str]] = [
        ("", -32700, "Parse error: Input data was truncated"),
        ("{", -32700, "Parse error: Input data was truncated"),
        (good[:-1], -32700, "Parse error: Input data was truncated"),
        (b"\x00\x01", -32700, "Parse error: JSON is malformed: invalid character (byte 0)"),
        ("[" * 50_000, -32700, "Parse error: nested too deeply"),
        ("[]", -32600, "Invalid request: an empty batch"),
        ("7", -32600, "Invalid request: a request is an object"),
        ("{}", -32600, 'Invalid request: "jsonrpc" must be "2.0"'),
        (good.replace("2.0", "1.0"), -32600, 'Invalid request: "jsonrpc" must be "2.0"'),
        (good.replace('"system_chain"', "5"), -32600, 'Invalid request: "method" must be a string'),
        (
            good.replace("[]", "{}"),
            -32602,
            "Invalid params: parameters go by position: send an array, not an ",
        ),
        (good.replace("[]", "5"), -32600, 'Invalid request: "params" must be an array'),
        (good.replace("1}", "1}").replace('"id": 1', '"id": {}'), -32600, 'Invalid request: "id" must be a '),
        (good.replace("system_chain", "system_\\ud800"), -32700, "Parse error: JSON is malformed: "),
        (good.replace("system_chain", "system_nothing"), -32601, "Method not found"),
    ]
    async with unharmed(address):
        answers = await asked(address, *(text for text, _, _ in cases), good)
        for (text, code, why), answer in zip(cases, answers, strict=False):
            error = answer["error"]
            assert error["code"] == code and error["message"].startswith(why), (text[:40], error)
        assert answers[-1]["result"] == "Ballast Development"


async def test_batches(address: Address) -> None:
    async with unharmed(address):
        mixed = [request("system_chain", identity=1), 5, request("nothing", identity=2), {"id": 3}]
        (answers, large) = await asked(address, json.dumps(mixed), json.dumps([request("system_chain")] * 11))
        assert [answer["id"] for answer in answers] == [1, None, 2, 3]
        assert ["error" in answer for answer in answers] == [False, True, True, True]
        assert large["error"]["code"] == -32010


# Subscriptions.


async def test_subscriptions(address: Address) -> None:
    refused = [
        ("state_subscribeStorage", ["0x26aa"], -32602),
        ("state_subscribeStorage", [["0xz"]], -32602),
        ("state_subscribeStorage", [["0x00"] * 1_001], -32602),
        ("chainHead_v1_follow", ["yes"], -32602),
        ("chain_subscribeNewHead", [1], -32602),
        ("transactionWatch_v1_submitAndWatch", ["nothing"], -32602),
    ]
    async with unharmed(address), websocket(address) as socket:
        for method, params, code in refused:
            await socket.send_message(json.dumps(request(method, *params)))
            assert (await receive(socket))["error"]["code"] == code, method
        for unsubscribe in (
            "chain_unsubscribeNewHeads",
            "state_unsubscribeStorage",
            "author_unwatchExtrinsic",
        ):
            await socket.send_message(json.dumps(request(unsubscribe, "nobody's")))
            assert (await receive(socket))["result"] is False
        await socket.send_message('{"jsonrpc":"2.0","method":"chain_subscribeNewHead","params":[]}')
        await socket.send_message(json.dumps(request("system_chain")))
        assert (await receive(socket))["result"] == "Ballast Development", "no subscription without an id"
        await leave_in_the_middle(address)


async def leave_in_the_middle(address: Address) -> None:
    """A client that opens all it can and goes without a word."""
    async with websocket(address, goodbye=False) as socket:
        for _ in range(40):
            await socket.send_message(json.dumps(request("chain_subscribeFinalizedHeads")))


# Connections.


def exchange(address: Address, data: bytes) -> bytes:
    """All that the node says to some bytes."""
    with socket.create_connection((address.host, address.port), timeout=SECONDS_MAX) as stream:
        stream.sendall(data)
        stream.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: stream.recv(65_536), b""))


def http(line: str, *headers: str, body: bytes = b"") -> bytes:
    head = [line, *(headers or ("host: localhost", "content-type: application/json"))]
    return "\r\n".join([*head, f"content-length: {len(body)}", "", ""]).encode() + body


async def test_connections(address: Address) -> None:
    call = json.dumps(request("system_chain")).encode()
    post = "POST / HTTP/1.1"
    cases = [
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", b"HTTP/1.1 400 "),
        (b"hello\r\n\r\n", b"HTTP/1.1 400 "),
        (http(post, "content-type: application/json", body=call), b"HTTP/1.1 400 "),
        (http(post, "host: evil.example", "content-type: application/json", body=call), b"HTTP/1.1 403 "),
        (http(post, "host: localhost", "origin: https://evil.example", body=call), b"HTTP/1.1 403 "),
        (http(post, "host: localhost", "content-type: text/plain", body=call), b"HTTP/1.1 415 "),
        (http("POST /rpc HTTP/1.1", body=call), b"HTTP/1.1 404 "),
        (http("GET /nothing HTTP/1.1"), b"HTTP/1.1 404 "),
        (http("DELETE / HTTP/1.1"), b"HTTP/1.1 405 "),
        (http(post, body=bytes(1_000_001)), b"HTTP/1.1 413 "),
        (http("GET /" + "x" * 200_000 + " HTTP/1.1"), b"HTTP/1.1 431 "),
        (
            http("GET / HTTP/1.1", "host: localhost", "upgrade: websocket", "connection: upgrade"),
            b"HTTP/1.1 400 ",
        ),
        (http(post, body=call)[:-5], b"HTTP/1.1 400 "),
        (b"POST", b"HTTP/1.1 400 "),
        (b"", b""),
        (http(post, body=b"\xff\xff"), b"HTTP/1.1 200 "),
        (http(post, body=call), b"HTTP/1.1 200 "),
    ]
    async with unharmed(address):
        for sent, status in cases:
            said = await trio.to_thread.run_sync(exchange, address, sent)
            assert said.startswith(status) and bool(said) is bool(status), (sent[-60:], said[:80])


@pytest.mark.parametrize(
    ("message", "code", "reason"),
    [
        ("x" * 1_000_001, 1009, "a message has at most 1000000 bytes"),
        (b"\x00" * 1_000_001, 1009, "a message has at most 1000000 bytes"),
    ],
)
async def test_messages_that_end_a_connection(
    address: Address, message: str | bytes, code: int, reason: str
) -> None:
    async with unharmed(address), websocket(address) as socket:
        await send_until_closed(socket, message)
        with trio.fail_after(SECONDS_MAX), pytest.raises(ConnectionClosed):
            await socket.get_message()
        assert socket.closed is not None
        assert (int(socket.closed.code), socket.closed.reason) == (code, reason)


async def send_until_closed(socket: WebSocketConnection, message: str | bytes) -> None:
    with suppress(ConnectionClosed):
        await socket.send_message(message)


# At the end of it all.


async def test_the_pool_and_the_chain_go_on(address: Address, process: Process, tmp_path: Path) -> None:
    """What waited all the while is in the next block."""
    async with unharmed(address):
        pass
    async with connect(address.url) as client:
        (raw,) = await client.call("author_pendingExtrinsics")
        (sealed,) = await client.call("dev_seal")
        block = await client.call("chain_getBlock", sealed)
        assert block["block"]["extrinsics"][1:] == [raw]
        assert await client.call("author_pendingExtrinsics") == []
        assert await client.call("system_accountNextIndex", ALICE.address()) == 1
    assert process.process.poll() is None
