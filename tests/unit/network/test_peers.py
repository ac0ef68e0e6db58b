"""Whom a node dials and when, whom it takes, and which of two connections stays: decided without a clock."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.network.address import PeerAddress, group_of
from node.network.errors import TooManyReserved
from node.network.limits import NetworkLimits
from node.network.peers import SIMULTANEOUS_SECONDS_MAX, Peers, newer_wins
from support.network import peer

LIMITS = NetworkLimits(
    outbound_min=4,
    inbound_max=5,
    book_max=10,
    book_per_source_max=6,
    failures_max=3,
    anchors_max=2,
    dials_max=6,
)
ME = 100
"""The place of the node itself: half of the others are below it, half above."""


def at(place: int, host: str | None = None, port: int = 30_333) -> PeerAddress:
    return PeerAddress(peer(place), host or f"10.0.{place}.1", port)


def peers(**changes: int) -> Peers:
    limits = NetworkLimits(**{**{f: getattr(LIMITS, f) for f in LIMITS.__slots__}, **changes})
    return Peers(peer(ME), limits, Random(1))


def connect(book: Peers, *places: int, is_outbound: bool = True, now: float = 0.0) -> None:
    for place in places:
        book.connected(peer(place), f"10.0.{place}.1", is_outbound=is_outbound, now=now)


# Reserved peers.


def test_reserved_peers_are_all_dialled_the_higher_side_a_moment_later() -> None:
    book = peers()
    book.reserve([at(101), at(102), at(1), at(2)], 0.0)
    assert book.due(0.0) == [at(101), at(102)]
    assert book.next_due(0.0) == LIMITS.yield_seconds
    assert book.due(0.0) == []
    assert book.due(LIMITS.yield_seconds) == [at(1), at(2)]


def test_a_reserved_peer_that_is_gone_is_dialled_within_two_seconds_for_ever() -> None:
    book = peers()
    book.reserve([at(1)], 0.0)
    now = waited = 0.0
    for _ in range(50):
        now = max(now, book.next_due(now) if not (due := book.due(now)) else now)
        due = due or book.due(now)
        assert due == [at(1)]
        book.failed(peer(1), now)
        waited = book.next_due(now) - now
        assert 0 < waited <= LIMITS.redial_reserved_seconds_max + LIMITS.yield_seconds < 2
    assert waited > 1


def test_a_named_peer_is_dialled_once_it_is_found_and_admitted_when_it_calls() -> None:
    book = peers(outbound_min=0, inbound_max=0)
    book.name([peer(1), peer(ME)])
    assert book.lost and book.is_reserved(peer(1)) and not book.is_reserved(peer(2))
    assert book.refusal(peer(1), "10.0.1.1") is None
    assert book.refusal(peer(2), "10.0.2.1") == "too many peers"
    assert book.due(0.0) == []
    assert book.add(at(1), peer(7))
    assert not book.lost
    assert book.due(0.0) == [at(1)]
    book.name([peer(3)])
    assert not book.is_reserved(peer(1)) and book.lost


def test_no_more_peers_are_named_than_may_be_reserved() -> None:
    book = peers(reserved_max=2)
    with pytest.raises(TooManyReserved):
        book.name([peer(1), peer(2), peer(3)])
    assert not book.is_reserved(peer(1))


def test_a_peer_that_was_connected_for_long_is_dialled_at_once_and_one_that_was_not_is_not() -> None:
    book = peers()
    book.reserve([at(101)], 0.0)
    book.due(0.0)
    connect(book, 101)
    assert book.due(5.0) == [] and book.next_due(5.0) == float("inf")
    book.gone(peer(101), LIMITS.stable_seconds)
    assert book.due(LIMITS.stable_seconds) == [at(101)]
    connect(book, 101, now=10.0)
    book.gone(peer(101), 10.1)
    assert book.due(10.1) == []
    assert 10.1 < book.next_due(10.1) <= 10.1 + LIMITS.redial_seconds


def test_reserved_peers_change_and_move() -> None:
    book = peers()
    book.reserve([at(101), at(102)], 0.0)
    assert book.reserved_count == 2
    for _ in range(4):
        book.due(0.0)
        book.failed(peer(101), 0.0)
    book.reserve([at(101, port=7)], 0.0)
    assert book.reserved_count == 1 and book.is_reserved(peer(101)) and not book.is_reserved(peer(102))
    assert book.due(0.0)[0] == at(101, port=7), "a new address is tried at once"


def test_this_node_itself_is_never_noted() -> None:
    book = peers()
    book.reserve([at(ME)], 0.0)
    assert not book.add(at(ME), None) and len(book) == 0
    assert book.refusal(peer(ME), "10.0.0.1") == "that is this node itself"


def test_too_many_reserved_peers_are_refused() -> None:
    with pytest.raises(TooManyReserved) as refused:
        peers(reserved_max=3).reserve([at(place) for place in range(4)], 0.0)
    assert str(refused.value) == "4 peers are to be reserved; at most 3 can be"


def test_dials_under_way_are_bounded() -> None:
    book = peers()
    book.reserve([at(place) for place in range(110, 120)], 0.0)
    assert len(book.due(0.0)) == LIMITS.dials_max
    book.failed(peer(110), 0.0)
    assert len(book.due(0.0)) == 1


# Others.


def test_as_many_others_are_dialled_as_are_missing() -> None:
    book = peers()
    for place in range(8):
        book.add(at(place), None)
    first = book.due(0.0)
    assert len(first) == LIMITS.outbound_min
    assert book.due(0.0) == []
    book.failed(first[0].peer, 0.0)
    (another,) = book.due(0.0)
    assert another not in first


def test_reserved_connections_count_and_callers_do_not() -> None:
    book = peers()
    book.reserve([at(101)], 0.0)
    assert book.missing == 4
    connect(book, 101, is_outbound=False)
    connect(book, 1, is_outbound=False)
    assert book.missing == 3
    connect(book, 2, 3, 4)
    assert book.missing == 0


def test_one_neighbourhood_gets_one_dial() -> None:
    book = peers()
    for place in range(6):
        book.add(at(place, f"10.0.0.{place + 1}"), None)
    book.add(at(7), None)
    dialled = book.due(0.0)
    assert len(dialled) == 2 and len({group_of(address.host) for address in dialled}) == 2


def test_this_machine_is_no_neighbourhood() -> None:
    book = peers()
    for place in range(6):
        book.add(at(place, "127.0.0.1", 1_000 + place), None)
    assert len(book.due(0.0)) == LIMITS.outbound_min
    connect(book, *range(3))
    for place in range(200, 204):
        assert book.refusal(peer(place), "127.0.0.1") is None


def test_waits_double_and_who_nobody_vouched_for_is_forgotten() -> None:
    book = peers(failures_max=8)
    book.add(at(101), peer(50))
    waits: list[float] = []
    now = 0.0
    for _ in range(7):
        assert book.due(now) == [at(101)]
        book.failed(peer(101), now)
        waits.append(book.next_due(now) - now)
        now = book.next_due(now)
    assert all(
        0.75 * LIMITS.redial_seconds * 2**place <= wait <= LIMITS.redial_seconds * 2**place + 1e-9
        for place, wait in enumerate(waits)
    )
    book.due(now)
    book.failed(peer(101), now)
    assert len(book) == 0
    book.add(at(101), None)
    for _ in range(20):
        book.due(now)
        book.failed(peer(101), now)
        now = book.next_due(now)
    assert len(book) == 1, "the operator's word stands"


def test_anchors_come_first() -> None:
    book = peers(outbound_min=2)
    for place in range(6):
        book.add(at(place), None)
    book.add(at(8), None, is_anchor=True)
    book.add(at(9), None, is_anchor=True)
    assert sorted(book.due(0.0), key=str) == sorted([at(8), at(9)], key=str)


def test_anchors_are_the_longest_dialled() -> None:
    book = peers()
    book.reserve([at(101)], 0.0)
    for place in range(4):
        book.add(at(place), None)
    connect(book, 101, now=0.0)
    connect(book, 3, now=1.0)
    connect(book, 2, is_outbound=False, now=1.0)
    connect(book, 1, now=2.0)
    connect(book, 0, now=3.0)
    assert book.anchors() == [at(3), at(1)]


def test_a_ban_holds_the_dial_back() -> None:
    book = peers()
    book.reserve([at(101)], 0.0)
    book.hold(peer(101), 60.0)
    assert book.due(59.0) == [] and book.next_due(59.0) == 60.0
    assert book.due(60.0) == [at(101)]


# What is believed.


def test_hearsay_does_not_move_what_is_known() -> None:
    book = peers()
    book.add(at(1), None)
    assert not book.add(at(1, port=1), peer(2)) and not book.add(at(1, port=1), peer(1))
    book.add(at(3), peer(2))
    assert book.add(at(3, port=1), peer(4)), "hearsay against hearsay"
    connect(book, 3)
    assert not book.add(at(3, port=2), peer(4))
    assert book.add(at(3, port=3), peer(3)), "the peer's own word"
    assert book.address_of(peer(3)) == at(3, port=3) and book.address_of(peer(9)) is None
    assert book.proven() == [at(3, port=3)]


def test_nobody_fills_the_book_or_pushes_out_what_is_proven() -> None:
    book = peers()
    book.add(at(1), None)
    book.add(at(2), peer(1))
    connect(book, 2)
    told = [book.add(at(place), peer(50)) for place in range(10, 30)]
    assert sum(told) == LIMITS.book_per_source_max
    for source in range(51, 60):
        for place in range(200, 220):
            book.add(at(place, f"10.{source}.{place}.1"), peer(source))
    assert len(book) == LIMITS.book_max
    assert book.address_of(peer(1)) == at(1) and book.address_of(peer(2)) == at(2)


# Callers.


def test_callers_are_bounded_and_so_is_each_neighbourhood() -> None:
    book = peers()
    for place, host in enumerate(("10.0.0.1", "10.0.0.2")):
        assert book.refusal(peer(place), host) is None
        book.connected(peer(place), host, is_outbound=False, now=0.0)
    assert book.refusal(peer(2), "10.0.0.3") == "too many peers of one neighbourhood"
    assert book.refusal(peer(0), "10.0.0.1") is None, "it may come back before it is missed"
    connect(book, 3, 4, 5, is_outbound=False)
    assert book.refusal(peer(6), "10.0.6.1") == "too many peers"
    book.reserve([at(6)], 0.0)
    assert book.refusal(peer(6), "10.0.0.3") is None
    connect(book, 6, is_outbound=False)
    book.gone(peer(3), 1.0)
    assert book.refusal(peer(7), "10.0.7.1") is None, "reserved callers take nobody's place"


# Two connections of one pair.


@given(st.integers(0, 99), st.integers(100, 199), st.booleans(), st.booleans(), st.floats(0, 10))
def test_both_sides_keep_the_same_connection(
    low: int, high: int, old_by_low: bool, new_by_low: bool, age: float
) -> None:
    here, there = peer(low), peer(high)
    mine = newer_wins(here, there, old_is_mine=old_by_low, new_is_mine=new_by_low, old_age=age)
    theirs = newer_wins(there, here, old_is_mine=not old_by_low, new_is_mine=not new_by_low, old_age=age)
    assert mine == theirs
    if age <= SIMULTANEOUS_SECONDS_MAX and old_by_low != new_by_low:
        assert mine == new_by_low, "the one that the lower identity dialled"
    else:
        assert mine, "who dials anew has lost the older one"


@given(st.booleans(), st.floats(0, SIMULTANEOUS_SECONDS_MAX))
def test_of_two_simultaneous_dials_one_stays_in_whatever_order_they_arrive(by_low: bool, age: float) -> None:
    here, there = peer(0), peer(1)
    newer = newer_wins(here, there, old_is_mine=by_low, new_is_mine=not by_low, old_age=age)
    stays_by_low = (not by_low) if newer else by_low
    assert stays_by_low
