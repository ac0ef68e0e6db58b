"""The RPC port over real WebSockets: subscriptions, their order, and every way in which a connection ends."""

from __future__ import annotations

import json
from contextlib import AsyncExitStack

import pytest
import trio
from trio_websocket import ConnectionClosed, WebSocketConnection

from node.rpc import Limits, RpcConfig
from support.rpc import Node, Server, call, client, receive, request, running, websocket


async def closed(socket: WebSocketConnection) -> tuple[int, str | None]:
    """Code and reason of the server's goodbye, after whatever it had still to say."""
    with trio.fail_after(5), pytest.raises(ConnectionClosed) as end:
        while True:
            await socket.get_message()
    assert end.value.reason is not None
    return end.value.reason.code, end.value.reason.reason


async def test_calls_are_answered_in_the_order_in_which_they_came() -> None:
    async with client() as socket:
        for number in range(50):
            await socket.send_message(json.dumps(request("echo", number, identity=number)))
        assert [await receive(socket) for _ in range(50)] == [
            {"jsonrpc": "2.0", "id": number, "result": number} for number in range(50)
        ]
        await socket.send_message(b'{"jsonrpc":"2.0","id":1,"method":"echo","params":["binary"]}')
        assert (await receive(socket))["result"] == "binary"


async def test_the_answer_goes_out_before_the_first_notification() -> None:
    async with client() as socket:
        identities = set()
        for _ in range(20):
            answer = await call(socket, "count_subscribe", 2)
            identity = answer["result"]
            assert isinstance(identity, str)
            assert len(identity) == 16
            identities.add(identity)
            for number in range(2):
                assert await receive(socket) == {
                    "jsonrpc": "2.0",
                    "method": "count",
                    "params": {"subscription": identity, "result": number},
                }
        assert len(identities) == 20


async def test_the_answer_to_a_whole_batch_goes_out_before_the_first_notification() -> None:
    async with client() as socket:
        batch = [
            request("count_subscribe", 1, identity="a"),
            request("brief_subscribe", identity="b"),
            request("echo"),
        ]
        await socket.send_message(json.dumps(batch))
        answers = await receive(socket)
        assert [answer["id"] for answer in answers] == ["a", "b", 1]
        notes = [await receive(socket) for _ in range(2)]
        assert {note["params"]["subscription"] for note in notes} == {
            answer["result"] for answer in answers[:2]
        }


async def test_unsubscribing_ends_the_handler_and_says_whether_it_did() -> None:
    node = Node()
    async with client(node=node) as socket:
        identity = (await call(socket, "count_subscribe", 0))["result"]
        assert (await call(socket, "brief_unsubscribe", identity))["result"] is None
        assert node.ended == []
        assert (await call(socket, "count_unsubscribe", identity))["result"] is True
        assert (await call(socket, "count_unsubscribe", identity))["result"] is False
        assert node.ended == [identity]
        assert (await call(socket, "count_unsubscribe", 5))["error"]["message"] == (
            "Invalid params: 'subscription' (position 1): expected a string, got 5"
        )


async def test_a_subscription_may_be_refused() -> None:
    async with client() as socket:
        refused = {"code": 1014, "message": "Priority is too low: (2 vs 1)"}
        assert (await call(socket, "brief_subscribe", True))["error"] == refused
        assert (await call(socket, "echo", 1))["result"] == 1


async def test_a_subscription_without_an_id_is_not_opened() -> None:
    node = Node()
    async with client(node=node) as socket:
        await socket.send_message('{"jsonrpc":"2.0","method":"count_subscribe","params":[1]}')
        assert (await call(socket, "echo", 1))["result"] == 1
    assert node.ended == []


async def test_other_methods_of_the_connection_find_what_an_open_subscription_attached() -> None:
    async with client() as socket:
        ended = (await call(socket, "brief_subscribe"))["result"]
        await receive(socket)
        assert (await call(socket, "attachment", ended))["result"] is None
        plain = (await call(socket, "count_subscribe", 0))["result"]
        assert (await call(socket, "attachment", plain))["result"] is None


async def test_a_connection_holds_at_most_so_many_subscriptions() -> None:
    async with client(RpcConfig(port=0, limits=Limits(subscriptions_max=2))) as socket:
        first = (await call(socket, "count_subscribe", 0))["result"]
        await call(socket, "count_subscribe", 0)
        assert (await call(socket, "count_subscribe", 0))["error"] == {
            "code": -32006,
            "message": "Too many subscriptions on the connection",
            "data": "at most 2",
        }
        assert (await call(socket, "count_unsubscribe", first))["result"] is True
        assert "result" in await call(socket, "count_subscribe", 0)


async def test_an_oversized_message_closes_the_connection_at_once_and_no_other() -> None:
    limits = Limits(message_bytes_max=100_000)
    async with running(RpcConfig(port=0, limits=limits)) as address, websocket(address) as other:
        for size, fits in ((100_000, True), (100_001, False), (10_000_000, False)):
            async with websocket(address) as socket:
                before = trio.current_time()
                with trio.move_on_after(5):
                    try:
                        await socket.send_message(json.dumps("x" * (size - 2)))
                    except ConnectionClosed:
                        assert not fits
                if fits:
                    answer = await receive(socket)
                    assert answer["error"]["message"] == "Invalid request: a request is an object"
                else:
                    assert await closed(socket) == (1009, "a message has at most 100000 bytes")
                assert trio.current_time() - before < 3
        assert (await call(other, "echo", 1))["result"] == 1


async def test_an_endless_message_in_small_fragments_is_cut_off() -> None:
    async with client(RpcConfig(port=0, limits=Limits(message_bytes_max=1_000))) as socket:
        # trio-websocket sends no fragments: these frames are made by hand.
        stream = socket._stream
        fragment = bytes((0x00, 0x80 | 100, 0, 0, 0, 0)) + b" " * 100
        await stream.send_all(bytes((0x01, 0x80, 0, 0, 0, 0)) + fragment * 11)
        assert await closed(socket) == (1009, "a message has at most 1000 bytes")


NOT_UTF_8 = "'utf-8' codec can't decode byte 0xff in position 0: invalid start byte"


@pytest.mark.parametrize(
    ("frame", "code", "reason"),
    [
        (b"\x81\x82\0\0\0\0\xff\xff", 1007, NOT_UTF_8),
        (b"\x81\x02ab", 1002, "server received unexpected unmasked frame"),
        (b"\x83\x80\0\0\0\0", 1002, "Invalid opcode 0x3"),
        (b"\xc1\x80\0\0\0\0", 1002, "Reserved bit set unexpectedly"),
    ],
)
async def test_frames_that_break_the_protocol_are_answered_with_why(
    frame: bytes, code: int, reason: str
) -> None:
    async with client() as socket:
        await socket._stream.send_all(frame)
        assert await closed(socket) == (code, reason)


async def test_no_compression_is_agreed_to() -> None:
    async with running() as address:
        stream = await trio.open_tcp_stream(address.host, address.port)
        async with stream:
            await stream.send_all(
                b"GET / HTTP/1.1\r\nhost: localhost\r\nupgrade: websocket\r\n"
                b"connection: keep-alive, Upgrade\r\n"
                b"sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\nsec-websocket-version: 13\r\n"
                b"sec-websocket-extensions: permessage-deflate\r\n\r\n"
            )
            head = bytes(await stream.receive_some()).lower()
            assert head.startswith(b"http/1.1 101 ")
            assert b"sec-websocket-accept: s3pplmbitxaq9kygzzhzrbk+xoo=" in head
            assert b"extensions" not in head


async def test_a_subscriber_that_does_not_read_is_dropped_and_others_are_served() -> None:
    node = Node()
    limits = Limits(outbox_messages_max=200, close_seconds_max=0.2)
    async with (
        running(RpcConfig(port=0, limits=limits), node) as address,
        websocket(address, read_ahead=0, goodbye=False) as deaf,
        websocket(address) as other,
    ):
        await deaf.send_message(json.dumps(request("count_subscribe", 1_000_000)))
        assert (await call(other, "echo", 1))["result"] == 1
        with trio.fail_after(10):
            while not node.ended:
                await trio.sleep(0.01)
        assert (await call(other, "echo", 2))["result"] == 2


async def test_a_slow_reader_that_wakes_up_in_time_hears_why_it_was_dropped() -> None:
    limits = Limits(outbox_messages_max=200, close_seconds_max=5)
    async with (
        running(RpcConfig(port=0, limits=limits)) as address,
        websocket(address, read_ahead=0) as socket,
    ):
        await socket.send_message(json.dumps(request("count_subscribe", 1_000_000)))
        await trio.sleep(0.5)
        assert await closed(socket) == (1008, "too many messages wait to be read")


async def test_a_caller_that_does_not_read_its_answers_is_not_served_more_of_them() -> None:
    """What is waiting for it stays bounded, and once it reads it gets everything."""
    total = 2_000
    async with (
        running() as address,
        websocket(address, read_ahead=0) as socket,
        trio.open_nursery() as nursery,
    ):

        async def ask() -> None:
            for number in range(total):
                await socket.send_message(json.dumps(request("large", 5_000, identity=number)))

        nursery.start_soon(ask)
        await trio.sleep(0.3)
        for number in range(total):
            assert (await receive(socket))["id"] == number


async def test_a_silent_peer_is_dropped() -> None:
    limits = Limits(ping_seconds=0.05, idle_seconds_max=0.2)
    async with running(RpcConfig(port=0, limits=limits)) as address:
        async with websocket(address) as socket:
            await trio.sleep(0.5)
            assert (await call(socket, "echo", "it answers pings"))["result"] == "it answers pings"
        stream = await trio.open_tcp_stream(address.host, address.port)
        async with stream:
            await stream.send_all(
                b"GET / HTTP/1.1\r\nhost: localhost\r\nupgrade: websocket\r\nconnection: Upgrade\r\n"
                b"sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\nsec-websocket-version: 13\r\n\r\n"
            )
            with trio.fail_after(5):
                while await stream.receive_some():
                    pass


async def test_a_stopping_server_says_so_and_stops_at_once() -> None:
    node = Node()
    server = Server(node)
    async with trio.open_nursery() as nursery, AsyncExitStack() as clients:
        address = await nursery.start(server.run)
        sockets = [await clients.enter_async_context(websocket(address)) for _ in range(5)]
        for socket in sockets:
            await call(socket, "count_subscribe", 0)
        assert await server.stop() < 0.9
        assert len(node.ended) == 5
        for socket in sockets:
            assert await closed(socket) == (1001, "the node stops")


async def test_a_stopping_server_does_not_wait_for_a_peer_that_does_not_read() -> None:
    server = Server(Node())
    async with trio.open_nursery() as nursery:
        address = await nursery.start(server.run)
        async with websocket(address, read_ahead=0, goodbye=False) as deaf:
            for _ in range(5):
                await deaf.send_message(json.dumps(request("large", 10_000_000)))
            await trio.sleep(0.2)
            assert await server.stop() < 0.9


async def test_a_client_that_leaves_takes_its_subscriptions_along() -> None:
    node = Node()
    async with running(node=node) as address:
        async with websocket(address) as polite, websocket(address, goodbye=False) as rude:
            for socket in (polite, polite, rude, rude):
                await call(socket, "count_subscribe", 0)
        with trio.fail_after(2):
            while len(node.ended) < 4:
                await trio.sleep(0.01)
