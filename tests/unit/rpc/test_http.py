"""The RPC port over real HTTP: calls, pages, who may call, and what is too much."""

from __future__ import annotations

import contextlib
import http.client
import json
import socket
import struct
from collections.abc import Mapping
from http import HTTPStatus

import pytest
import trio

from node.rpc import CannotListen, Limits, PortTaken, Registry, RpcConfig, serve
from node.rpc.http import Head, Response
from node.rpc.jsonrpc import Context
from node.rpc.server import is_trusted
from support.rpc import JSON, Node, call, http_request, registry, request, running, websocket

POST = b"POST / HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n"
ECHO = json.dumps(request("echo", 1)).encode()


async def exchange(address_host: str, port: int, *sent: bytes, pause: float = 0.0) -> bytes:
    """All that the server says to raw bytes until it closes."""
    stream = await trio.open_tcp_stream(address_host, port)
    async with stream:
        received = b""
        with trio.fail_after(5):
            for part in sent:
                await stream.send_all(part)
                await trio.sleep(pause)
            while data := await stream.receive_some():
                received += data
        return received


async def test_a_call_is_posted() -> None:
    async with running() as address:
        status, body, headers = await http_request(address, "POST", "/", ECHO)
        assert (status, json.loads(body)) == (200, {"jsonrpc": "2.0", "id": 1, "result": 1})
        assert headers == {"content-type": "application/json", "content-length": str(len(body))}
        batch = json.dumps([request("echo", 1), request("nothing")]).encode()
        status, body, _ = await http_request(
            address, "POST", "/", batch, {"content-type": "application/JSON; charset=utf-8"}
        )
        assert [answer.get("result") for answer in json.loads(body)] == [1, None]
        error = {"code": -32700, "message": "Parse error: Input data was truncated"}
        malformed = await http_request(address, "POST", "/", b"{")
        assert json.loads(malformed[1]) == {"jsonrpc": "2.0", "id": None, "error": error}
        notification = b'{"jsonrpc":"2.0","method":"echo"}'
        assert (await http_request(address, "POST", "/", notification))[:2] == (204, b"")
        status, body, _ = await http_request(
            address, "POST", "/", json.dumps(request("count_subscribe", 1)).encode()
        )
        assert json.loads(body)["error"]["message"] == "Subscriptions need a WebSocket connection"


async def test_one_connection_carries_many_requests_and_pipelined_ones_in_order() -> None:
    async with running() as address:
        one = POST + b"content-length: %d\r\n\r\n%s"
        first, second = (json.dumps(request("echo", word)).encode() for word in ("first", "second"))
        last = one.replace(b"host: ", b"connection: close\r\nhost: ")
        received = await exchange(
            address.host, address.port, one % (len(first), first), last % (len(second), second)
        )
        assert received.count(b"HTTP/1.1 200 OK") == 2
        assert received.index(b"first") < received.index(b"second")


async def test_a_chunked_body_and_an_awaited_continue() -> None:
    async with running() as address:
        head = POST + b"connection: close\r\ntransfer-encoding: chunked\r\nexpect: 100-continue\r\n\r\n"
        body = b"%x\r\n%s\r\n0\r\n\r\n" % (len(ECHO), ECHO)
        received = await exchange(address.host, address.port, head, body, pause=0.05)
        assert received.startswith(b"HTTP/1.1 100 Continue\r\n")
        assert b"HTTP/1.1 200 OK" in received


@pytest.mark.parametrize(
    ("method", "path", "headers", "status", "reason"),
    [
        ("POST", "/", {"content-type": "text/plain"}, 415, "the content type of a call is application/json"),
        ("POST", "/", {}, 415, "the content type of a call is application/json"),
        ("POST", "/rpc", JSON, 404, "calls are posted to /"),
        ("GET", "/", {}, 404, "nothing here; calls are posted to /"),
        ("PUT", "/", JSON, 405, "calls are posted to /; pages are read by GET"),
    ],
)
async def test_what_is_refused_and_why(
    method: str, path: str, headers: Mapping[str, str], status: int, reason: str
) -> None:
    await assert_refused(method, path, headers, status, reason)


@pytest.mark.parametrize(
    ("host", "name"),
    [
        ("evil.example", "evil.example"),
        ("localhost.evil.example:9944", "localhost.evil.example"),
        ("", ""),
        ("[::1", ""),
    ],
)
async def test_names_that_could_be_rebound_to_this_machine_are_refused(host: str, name: str) -> None:
    reason = f"the host name {name!r} is not allowed"
    await assert_refused("POST", "/", JSON | {"host": host}, 403, reason)


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://localhost.evil.example"])
@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS"])
async def test_pages_of_other_origins_are_refused(method: str, origin: str) -> None:
    reason = f"the origin {origin!r} is not allowed"
    await assert_refused(method, "/health", JSON | {"origin": origin}, 403, reason)


async def assert_refused(
    method: str, path: str, headers: Mapping[str, str], status: int, reason: str
) -> None:
    async with running() as address:
        body = ECHO if method != "GET" else b""
        found = await http_request(address, method, path, body, headers)
        assert (found[0], found[1].decode()) == (status, reason)
        assert found[2]["connection"] == "close"


async def test_pages_of_this_machine_and_allowed_ones_may_call_and_read() -> None:
    config = RpcConfig(port=0, origins=("https://polkadot.js.org",), hosts=("node.example",))
    async with running(config) as address:
        for origin in (
            "http://localhost:3000",
            "http://127.0.0.1",
            "http://[::1]:8080",
            "https://polkadot.js.org",
        ):
            status, _, headers = await http_request(
                address, "POST", "/", ECHO, JSON | {"origin": origin, "host": "node.example"}
            )
            assert (status, headers["access-control-allow-origin"], headers["vary"]) == (
                200,
                origin,
                "origin",
            )
            status, _, headers = await http_request(address, "OPTIONS", "/", b"", {"origin": origin})
            assert (status, headers["access-control-allow-headers"]) == (204, "content-type")
    async with running(RpcConfig(port=0, origins=("*",), hosts=("*",))) as address:
        anywhere = JSON | {"origin": "https://anywhere.example", "host": "anything"}
        assert (await http_request(address, "POST", "/", ECHO, anywhere))[0] == 200


async def test_the_handshake_of_a_websocket_is_checked_like_any_request() -> None:
    async with running() as address:
        for header in ((b"origin", b"https://evil.example"), (b"host", b"evil.example")):
            refused = http_upgrade(*header)
            received = await exchange(address.host, address.port, refused)
            assert received.startswith(b"HTTP/1.1 403 Forbidden\r\n")
        bad = http_upgrade(b"host", b"localhost").replace(b"version: 13", b"version: 12")
        received = await exchange(address.host, address.port, bad)
        assert received.startswith(b"HTTP/1.1 400 Bad Request\r\n")
        assert received.endswith(b"a WebSocket handshake needs version 13 and a key")


def http_upgrade(name: bytes, value: bytes) -> bytes:
    host = b"" if name == b"host" else b"host: localhost\r\n"
    return (
        b"GET / HTTP/1.1\r\n"
        + host
        + name
        + b": "
        + value
        + b"\r\nupgrade: websocket\r\nconnection: Upgrade\r\n"
        b"sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\nsec-websocket-version: 13\r\n\r\n"
    )


async def test_unsafe_methods_answer_no_proxy_and_no_other_machine() -> None:
    unsafe = json.dumps(request("dev_reset")).encode()

    async def outcome(host: str, header: Mapping[str, str]) -> object:
        async with running(RpcConfig(host=host, port=0, hosts=("*",))) as address:
            return json.loads((await http_request(address, "POST", "/", unsafe, JSON | header))[1])

    allowed = {"jsonrpc": "2.0", "id": 1, "result": True}
    refused = {
        "jsonrpc": "2.0",
        "id": 1,
        "error": {"code": -32601, "message": "RPC call is unsafe to be called externally"},
    }
    assert await outcome("127.0.0.1", {}) == allowed
    assert await outcome("localhost", {}) == allowed
    for name in ("forwarded", "x-forwarded-for", "x-real-ip"):
        assert await outcome("127.0.0.1", {name: "192.0.2.1"}) == refused
    outward = own_address()
    async with running(RpcConfig(host=outward, port=0)) as address:
        assert json.loads((await http_request(address, "POST", "/", unsafe))[1]) == refused
        async with websocket(address) as connection:
            assert await call(connection, "dev_reset") == refused


def own_address() -> str:
    """An address of this machine that is not of the loopback; no packet is sent to find it."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect(("192.0.2.1", 9))
        return str(probe.getsockname()[0])


async def test_a_large_body_is_refused_before_it_is_read_and_the_peer_hears_why() -> None:
    limits = Limits(message_bytes_max=1_000)
    async with running(RpcConfig(port=0, limits=limits)) as address:
        head = POST
        told = await exchange(address.host, address.port, head + b"content-length: 5000000\r\n\r\n")
        over = await exchange(
            address.host,
            address.port,
            head + b"transfer-encoding: chunked\r\n\r\n3e8\r\n",
            b" " * 1000 + b"\r\n1\r\n \r\n",
        )
        for received in (told, over):
            assert received.startswith(b"HTTP/1.1 413 ")
            assert received.endswith(b"a body has at most 1000 bytes")
        exactly = ECHO + b" " * (1000 - len(ECHO))
        assert (await http_request(address, "POST", "/", exactly))[0] == 200


async def test_a_large_head_and_what_is_no_http_are_refused() -> None:
    async with running() as address:
        large = b"GET / HTTP/1.1\r\nhost: localhost\r\nx: " + b"y" * 20_000
        assert (await exchange(address.host, address.port, large)).startswith(b"HTTP/1.1 431 ")
        assert (await exchange(address.host, address.port, b"hello\r\n\r\n")).startswith(b"HTTP/1.1 400 ")
        assert await exchange(address.host, address.port, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n") != b""


async def test_a_client_that_sends_too_slowly_is_dropped() -> None:
    limits = Limits(head_seconds_max=0.1, body_seconds_max=0.1, idle_seconds_max=0.1)
    async with running(RpcConfig(port=0, limits=limits)) as address:
        assert await exchange(address.host, address.port, b"POST / HT") == b""
        received = await exchange(address.host, address.port, POST + b"content-length: 9\r\n\r\n{")
        assert received.startswith(b"HTTP/1.1 408 Request Timeout")
        assert received.endswith(b"the body did not arrive in time")
        kept = b"GET /health HTTP/1.1\r\nhost: localhost\r\n\r\n"
        assert (await exchange(address.host, address.port, kept)).startswith(b"HTTP/1.1 200 OK")


async def test_there_are_at_most_so_many_connections() -> None:
    limits = Limits(connections_max=3, refusals_max=1)
    config = RpcConfig(port=0, limits=limits)
    async with running(config) as address, websocket(address) as first, websocket(address):
        async with websocket(address):
            status, body, _ = await http_request(address, "GET", "/health", headers={})
            assert (status, body) == (503, b"too many connections")
            handshake = http_upgrade(b"host", b"localhost")
            refused = await exchange(address.host, address.port, handshake)
            assert refused.startswith(b"HTTP/1.1 503 Service Unavailable\r\n")
            held = await trio.open_tcp_stream(address.host, address.port)
            await trio.sleep(0.05)
            assert await exchange(address.host, address.port) == b""
            await held.aclose()
        with trio.fail_after(3):
            while (await http_request(address, "GET", "/health", headers={}))[0] != 200:
                await trio.sleep(0.05)
        assert (await call(first, "echo", 1))["result"] == 1


async def test_health_is_what_system_health_says() -> None:
    health: Registry[Node] = Registry()

    @health.method("system_health")
    async def system_health(ctx: Context[Node]) -> object:
        if ctx.node.name == "broken":
            raise RuntimeError("no health")
        return {"peers": 0, "isSyncing": False, "shouldHavePeers": False}

    for node, status in ((Node(), 200), (Node("broken"), 500)):
        async with trio.open_nursery() as nursery:
            address = await nursery.start(serve, health, node, RpcConfig(port=0))
            found = await http_request(address, "GET", "/health", headers={})
            assert found[0] == status
            healthy = {"peers": 0, "isSyncing": False, "shouldHavePeers": False}
            assert json.loads(found[1]) == (
                healthy if status == 200 else {"code": -32603, "message": "Internal error"}
            )
            nursery.cancel_scope.cancel()


async def test_other_pages_are_given_by_path() -> None:
    async def metrics() -> Response:
        return Response(HTTPStatus.OK, b"blocks 5\n", "text/plain; version=0.0.4")

    async with running(RpcConfig(port=0, pages={"/metrics": metrics})) as address:
        status, body, headers = await http_request(address, "GET", "/metrics?x=1", headers={})
        assert (status, body, headers["content-type"]) == (200, b"blocks 5\n", "text/plain; version=0.0.4")
        status, body, headers = await http_request(address, "HEAD", "/metrics", headers={})
        assert (status, body, headers["content-length"]) == (200, b"", "9")


async def test_a_taken_port_is_one_clear_line() -> None:
    async with running() as address:
        with pytest.raises(PortTaken) as taken:
            await serve(registry, Node(), RpcConfig(port=address.port))
    assert str(taken.value) == (
        f"cannot listen on 127.0.0.1:{address.port}: the port is taken; choose another with --rpc-port"
    )


async def test_an_address_of_another_machine_is_refused() -> None:
    with pytest.raises(CannotListen) as refused:
        await serve(registry, Node(), RpcConfig(host="192.0.2.1", port=0))
    assert str(refused.value) == "cannot listen on 192.0.2.1:0: Cannot assign requested address"


async def test_a_bug_in_a_handler_ends_the_server_where_the_node_wants_it_so() -> None:
    with pytest.RaisesGroup(ZeroDivisionError, flatten_subgroups=True):
        async with running(RpcConfig(port=0, crash_on_bug=True)) as address:
            with contextlib.suppress(http.client.RemoteDisconnected):
                await http_request(address, "POST", "/", json.dumps(request("bug")).encode())
            await trio.sleep_forever()


async def test_a_caller_that_is_gone_before_it_is_looked_at_ends_nothing() -> None:
    """A reset connection has no other end any more: whether it is of this machine cannot be told."""
    async with trio.open_nursery() as nursery:
        listeners = await trio.open_tcp_listeners(0, host="127.0.0.1")
        near = await trio.open_tcp_stream("127.0.0.1", listeners[0].socket.getsockname()[1])
        far = await listeners[0].accept()
        near.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        assert is_trusted(far, Head("GET", "/"))
        await near.aclose()
        with trio.fail_after(5):
            while True:
                try:
                    far.socket.getpeername()
                except OSError:
                    break
                await trio.sleep(0.01)
        assert not is_trusted(far, Head("GET", "/"))
        await far.aclose()
        await listeners[0].aclose()
        nursery.cancel_scope.cancel()
