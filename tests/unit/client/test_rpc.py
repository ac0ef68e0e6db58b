"""The client against a real RPC port: answers to who asked, notifications in order, and every way to fail."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
import trio
from trio_websocket import ConnectionClosed, WebSocketRequest, serve_websocket

from node.client import BadAnswer, CannotConnect, Disconnected, FellBehind, NoAnswer, RpcRefusal, connect
from node.client.rpc import NOTIFICATIONS_MAX
from node.rpc import Limits, RpcConfig
from support.rpc import Node, running


async def test_a_call_and_its_answer() -> None:
    async with running(node=Node(name="the one")) as address, connect(address.url) as client:
        assert await client.call("node_name") == "the one"


async def test_answers_go_to_who_asked() -> None:
    answers: dict[int, object] = {}

    async with running() as address, connect(address.url) as client:

        async def ask(number: int) -> None:
            answers[number] = await client.call("echo", [number, 2**100 + number])

        async with trio.open_nursery() as nursery:
            for number in range(50):
                nursery.start_soon(ask, number)
    assert answers == {number: [number, 2**100 + number] for number in range(50)}


async def test_a_refusal_is_an_exception_of_its_own_and_not_a_group() -> None:
    async with running() as address:
        with pytest.raises(RpcRefusal) as caught:
            async with connect(address.url) as client:
                await client.call("refuse")
    refusal = caught.value
    assert (refusal.code, refusal.message, refusal.data) == (
        1010,
        "Invalid Transaction",
        "Transaction is outdated",
    )
    assert str(refusal) == "refuse was refused (1010): Invalid Transaction: Transaction is outdated"


async def test_after_a_refusal_and_after_a_timeout_the_connection_goes_on() -> None:
    brief = RpcConfig(port=0, limits=Limits(request_seconds_max=0.1))
    async with running(brief) as address, connect(address.url) as client:
        with pytest.raises(RpcRefusal, match=r"^no_such was refused \(-32601\): Method not found$"):
            await client.call("no_such")
        with pytest.raises(NoAnswer) as caught:
            await client.call("slow", timeout_s=0.05)
        assert str(caught.value) == "slow was not answered within 0.05 s"
        assert await client.call("echo", 1) == 1


async def test_a_subscription_from_its_first_notification_to_its_end() -> None:
    node = Node()
    async with running(node=node) as address, connect(address.url) as client:
        async with client.subscribe("count_subscribe", 5, unsubscribe="count_unsubscribe") as counts:
            assert [await counts.next(1) for _ in range(5)] == [0, 1, 2, 3, 4]
            with pytest.raises(NoAnswer, match=r"^count_subscribe \(a notification\) was not answered"):
                await counts.next(0.01)
        await client.call("echo", 1)
        assert node.ended == [counts.id]


async def test_two_subscriptions_do_not_mix() -> None:
    async with (
        running() as address,
        connect(address.url) as client,
        client.subscribe("count_subscribe", 3, unsubscribe="count_unsubscribe") as few,
        client.subscribe("count_subscribe", 9, unsubscribe="count_unsubscribe") as many,
    ):
        assert [await many.next(1) for _ in range(9)] == list(range(9))
        assert [await few.next(1) for _ in range(3)] == list(range(3))


async def test_a_reader_that_falls_behind_is_told_so() -> None:
    async with (
        running() as address,
        connect(address.url) as client,
        client.subscribe(
            "count_subscribe", NOTIFICATIONS_MAX + 50, unsubscribe="count_unsubscribe"
        ) as counts,
    ):
        with trio.fail_after(10):
            while not counts.is_over:
                await trio.sleep(0.01)
        read: list[int] = []
        with pytest.raises(FellBehind) as caught:
            async for number in counts:
                read.append(number)  # noqa: PERF401 -- what was read before the end counts
        assert read == list(range(NOTIFICATIONS_MAX))
        assert str(caught.value) == (
            f"count_subscribe: more than {NOTIFICATIONS_MAX} notifications were left unread, "
            "and some are lost"
        )


async def test_a_refused_subscription() -> None:
    async with running() as address, connect(address.url) as client:
        with pytest.raises(RpcRefusal, match="Priority is too low"):
            async with client.subscribe("brief_subscribe", True, unsubscribe="brief_unsubscribe"):
                pytest.fail("there is nothing to read")


# A node that goes, or talks nonsense.


async def test_a_node_that_goes_ends_calls_and_subscriptions() -> None:
    async with trio.open_nursery() as nursery:
        stop = trio.CancelScope()

        async def node(*, task_status: trio.TaskStatus[str]) -> None:
            with stop:
                async with running() as address:
                    task_status.started(address.url)
                    await trio.sleep_forever()

        url: str = await nursery.start(node)
        async with (
            connect(url) as client,
            client.subscribe("count_subscribe", 1, unsubscribe="count_unsubscribe") as counts,
        ):
            assert await counts.next(1) == 0
            nursery.start_soon(_after_a_moment, stop.cancel)
            with pytest.raises(Disconnected) as caught:
                await client.call("slow")
            with pytest.raises(Disconnected):
                await counts.next(1)
            with pytest.raises(Disconnected):
                await client.call("echo", 1)
        assert str(caught.value) == (
            f"the connection to {url} was closed: the node stopped, or found this client too slow"
        )


async def _after_a_moment(act: Callable[[], None]) -> None:
    await trio.sleep(0.05)
    act()


async def test_nobody_listens() -> None:
    with pytest.raises(CannotConnect) as caught:
        async with connect("ws://127.0.0.1:1"):
            pytest.fail("nobody listens there")
    assert str(caught.value) == "cannot connect to ws://127.0.0.1:1: Connection refused; is the node running?"


@pytest.mark.parametrize("url", ["http://127.0.0.1:1", "127.0.0.1:9944", "nonsense", "ws://"])
async def test_no_address(url: str) -> None:
    with pytest.raises(CannotConnect) as caught:
        async with connect(url):
            pytest.fail("that is no address")
    assert str(caught.value).startswith(f"cannot connect to {url}: ")
    assert str(caught.value).endswith("; an address reads ws://HOST:PORT")


@pytest.mark.parametrize(
    ("greeting", "why"),
    [
        (
            b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n",
            "what listens there is no node, or does not welcome this client",
        ),
        (b"220 mail.example ESMTP\r\n", "no answer within 0.3 s"),
    ],
)
async def test_what_listens_is_no_node(greeting: bytes, why: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("node.client.rpc.CONNECT_SECONDS", 0.3)

    async def greet(stream: trio.SocketStream) -> None:
        async with stream:
            await stream.receive_some()
            await stream.send_all(greeting)

    async with trio.open_nursery() as nursery:
        listeners = await nursery.start(trio.serve_tcp, greet, 0)
        url = f"ws://127.0.0.1:{listeners[0].socket.getsockname()[1]}"
        with pytest.raises(CannotConnect) as caught:
            async with connect(url):
                pytest.fail("that is no node")
        assert str(caught.value) == f"cannot connect to {url}: {why}"
        nursery.cancel_scope.cancel()


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        ('{"id": 1', "a call was answered with nonsense: Input data was truncated"),
        ("[1, 2]", "a call was answered with nonsense: Expected `object`, got `array`"),
        ('{"id": 1}', "echo was answered with nonsense: neither result nor error"),
        (
            '{"id": 1, "error": "no"}',
            "a call was answered with nonsense: Expected `object | null`, got `str` - at `$.error`",
        ),
    ],
)
async def test_nonsense_ends_the_call(answer: str, why: str) -> None:
    async def talk(request: WebSocketRequest) -> None:
        socket = await request.accept()
        try:
            json.loads(await socket.get_message())
            await socket.send_message(answer)
            await socket.get_message()
        except ConnectionClosed:
            return

    async with trio.open_nursery() as nursery:
        server = await nursery.start(serve_websocket, talk, "127.0.0.1", 0, None)
        async with connect(f"ws://127.0.0.1:{server.port}") as client:
            with pytest.raises(BadAnswer) as caught:
                await client.call("echo", 1)
            assert str(caught.value) == why
        nursery.cancel_scope.cancel()


async def test_being_cancelled_closes_the_connection() -> None:
    async with running() as address:
        with trio.move_on_after(0.05) as scope:
            async with connect(address.url) as client:
                await client.call("slow")
        assert scope.cancelled_caught
