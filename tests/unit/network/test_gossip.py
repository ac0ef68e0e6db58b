"""Flooded messages are taken once, for as long as they are remembered; they go to a few who lack them."""

from __future__ import annotations

from random import Random

from node.network.gossip import Seen, chosen
from node.network.limits import NetworkLimits
from node.network.topics import FANOUT
from support.network import peer


def test_a_message_is_new_once_on_each_topic() -> None:
    seen = Seen(NetworkLimits())
    assert seen.note("a", b"x", peer(0), 0.0)
    assert not seen.note("a", b"x", peer(1), 1.0)
    assert not seen.note("a", b"x", None, 1.0)
    assert seen.note("b", b"x", None, 1.0)
    assert seen.note("a", b"y", None, 1.0)
    assert list(seen.holders("a", b"x")) == [peer(0), peer(1)]
    assert list(seen.holders("b", b"x")) == [] == list(seen.holders("a", b"z"))


def test_topic_and_data_are_told_apart() -> None:
    seen = Seen(NetworkLimits())
    assert seen.note("ab", b"c", None, 0.0)
    assert seen.note("a", b"bc", None, 0.0)


def test_memory_ends_by_time_and_by_count() -> None:
    seen = Seen(NetworkLimits(seen_max=3, seen_seconds_max=10))
    assert seen.note("a", b"1", None, 0.0)
    assert not seen.note("a", b"1", None, 9.9)
    assert seen.note("a", b"1", None, 10.0), "the time counts from the first sight"
    for data in (b"2", b"3", b"4"):
        assert seen.note("a", data, None, 11.0)
    assert len(seen) == 3
    assert seen.note("a", b"1", None, 11.0) and not seen.note("a", b"4", None, 11.0)


def test_holders_are_bounded() -> None:
    seen = Seen(NetworkLimits(holders_max=2))
    for place in (0, 0, 1, 2, 3):
        seen.note("a", b"x", peer(place), 0.0)
    assert list(seen.holders("a", b"x")) == [peer(0), peer(1)]


def test_it_goes_to_all_of_few_and_to_few_of_many() -> None:
    few = [peer(place) for place in range(FANOUT + 1)]
    assert chosen(few, (peer(0),), Random(1)) == few[1:]
    many = [peer(place) for place in range(100)]
    drawn = [chosen(many, many[:50], Random(seed)) for seed in (1, 1, 2)]
    assert all(len(set(each)) == FANOUT and set(each) <= set(many[50:]) for each in drawn)
    assert drawn[0] == drawn[1] != drawn[2]
