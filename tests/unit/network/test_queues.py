"""What waits to be written to a peer, and what waits to be received from all: bounded, ordered, fair."""

from __future__ import annotations

from collections import Counter

import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st

from node.network.inbox import Inbox, Incoming
from node.network.limits import NetworkLimits
from node.network.outbox import Outbox
from node.network.topics import Priority, Topic
from support.network import peer

URGENT, ANSWER, BULK = Priority.URGENT, Priority.ANSWER, Priority.BULK
SMALL = NetworkLimits(
    urgent_frames_max=2,
    urgent_bytes_max=100,
    answer_frames_max=3,
    answer_bytes_max=20,
    bulk_frames_max=4,
    bulk_bytes_max=20,
    batch_bytes=25,
)


async def test_the_urgent_leaves_first_and_the_rest_in_order() -> None:
    box = Outbox(NetworkLimits())
    for number, priority in enumerate((BULK, ANSWER, URGENT, BULK, URGENT)):
        assert box.put(bytes([number]), priority)
    assert box.waiting_bytes == 5
    assert await box.take() == [b"\2", b"\4", b"\1", b"\0", b"\3"]
    assert box.waiting_bytes == 0


async def test_a_batch_is_bounded_but_for_a_frame_that_is_longer() -> None:
    box = Outbox(SMALL)
    box.put(bytes(10), ANSWER)
    box.put(bytes(40), URGENT)
    box.put(bytes(10), BULK)
    box.put(bytes(10), BULK)
    assert [len(frame) for frame in await box.take()] == [40]
    assert [len(frame) for frame in await box.take()] == [10, 10]
    assert [len(frame) for frame in await box.take()] == [10]


async def test_each_priority_has_bounds_of_its_own() -> None:
    box = Outbox(SMALL)
    assert [box.put(b"x", BULK) for _ in range(6)] == [True] * 4 + [False] * 2
    assert [box.put(bytes(10), ANSWER) for _ in range(3)] == [True, True, False]
    assert not box.put(bytes(101), URGENT)
    assert [box.put(bytes(50), URGENT) for _ in range(3)] == [True, True, False]


async def test_a_closed_box_is_empty_and_takes_nothing() -> None:
    box = Outbox(SMALL)
    box.put(b"x", BULK)
    box.close()
    assert await box.take() == [] and box.waiting_bytes == 0 and not box.put(b"x", BULK)


async def test_who_waits_for_frames_is_woken(autojump_clock: trio.testing.MockClock) -> None:
    box = Outbox(SMALL)
    async with trio.open_nursery() as nursery:
        taken: list[list[bytes]] = []

        async def take() -> None:
            while batch := await box.take():
                taken.append(batch)

        nursery.start_soon(take)
        for frame in (b"a", b"b"):
            await trio.sleep(1)
            box.put(frame, BULK)
        await trio.sleep(1)
        box.close()
    assert taken == [[b"a"], [b"b"]]


def said(place: int, data: bytes) -> Incoming:
    return Incoming(peer(place), "t", data)


async def test_peers_are_received_in_turn_and_each_in_order() -> None:
    inbox = Inbox(Topic("t"))
    for place, data in ((0, b"1"), (0, b"2"), (0, b"3"), (1, b"4"), (2, b"5"), (1, b"6")):
        assert inbox.put(said(place, data)) == 0
    assert [(await inbox.receive()).data for _ in range(6)] == [b"1", b"4", b"5", b"2", b"6", b"3"]
    assert inbox.count == inbox.bytes == 0


async def test_who_floods_loses_its_own_messages_not_others() -> None:
    inbox = Inbox(Topic("t", waiting_max=10))
    dropped = sum(inbox.put(said(0, b"flood")) for _ in range(1_000))
    for place in range(1, 6):
        dropped += inbox.put(said(place, b"vote"))
    assert dropped == 995 and inbox.count == 10
    received = Counter([(await inbox.receive()).peer for _ in range(10)])
    assert received == Counter({peer(0): 5, **{peer(place): 1 for place in range(1, 6)}})


async def test_who_sends_much_loses_its_own_bytes() -> None:
    """Empty messages count too, and a few long ones make no room for many short ones."""
    inbox = Inbox(Topic("t", waiting_max=100, waiting_bytes_max=1_000))
    assert inbox.put(said(1, bytes(300))) == 0
    assert [inbox.put(said(0, bytes(400))) for _ in range(3)] == [0, 1, 1]
    assert sum(inbox.put(said(2, b"")) for _ in range(1_000)) == 902
    assert inbox.count == 100 and inbox.bytes == 700
    assert {(await inbox.receive()).peer for _ in range(3)} == {peer(0), peer(1), peer(2)}


async def test_a_closed_inbox_says_so(autojump_clock: trio.testing.MockClock) -> None:
    inbox = Inbox(Topic("t"))
    inbox.put(said(0, b"lost"))
    await inbox.aclose()
    assert inbox.put(said(0, b"late")) == 1
    with pytest.raises(trio.ClosedResourceError):
        await inbox.receive()


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 30)) | st.none(), max_size=60))
async def test_an_inbox_is_always_within_its_bounds_and_loses_nothing_unsaid(
    script: list[tuple[int, int] | None],
) -> None:
    inbox = Inbox(Topic("t", waiting_max=8, waiting_bytes_max=80))
    given_in = dropped = taken = 0
    for step in script:
        if step is None:
            if inbox.count:
                await inbox.receive()
                taken += 1
        else:
            dropped += inbox.put(said(step[0], bytes(step[1])))
            given_in += 1
        assert inbox.count <= 8 and inbox.bytes <= 80
        assert given_in == dropped + taken + inbox.count
    while inbox.count:
        await inbox.receive()
    assert inbox.bytes == 0
