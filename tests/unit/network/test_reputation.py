"""Buckets refill, scores recover, bans end and grow; and nothing of it takes more memory than it may."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.network.limits import NetworkLimits
from node.network.reputation import (
    BAN_SCORE,
    BAN_SECONDS,
    BAN_SECONDS_MAX,
    BANS_MAX,
    RECORDS_MAX,
    RECOVERY_PER_SECOND,
    Ban,
    Fault,
    Reputation,
)
from support.network import peer

LIMITS = NetworkLimits(messages_per_second=10, messages_burst=20, bytes_per_second=100, bytes_burst=1_000)
HALF = Fault("half", BAN_SCORE / 2)
WHOLE = Fault("whole", BAN_SCORE)


def test_a_burst_is_taken_and_what_is_beyond_it_is_not() -> None:
    reputation = Reputation(LIMITS)
    assert [reputation.spend(peer(0), 1, 0.0) for _ in range(21)] == [True] * 20 + [False]
    assert reputation.spend(peer(1), 1, 0.0), "each peer has its own"
    assert [reputation.spend(peer(0), 1, 0.1) for _ in range(2)] == [True, False]
    assert [reputation.spend(peer(0), 1, 1_000.0) for _ in range(21)] == [True] * 20 + [False]


def test_bytes_are_counted_apart_from_messages() -> None:
    reputation = Reputation(LIMITS)
    assert not reputation.spend(peer(0), 1_001, 0.0)
    assert reputation.spend(peer(0), 1_000, 0.0)
    assert not reputation.spend(peer(0), 101, 1.0)
    assert reputation.spend(peer(0), 100, 1.0)


@given(st.lists(st.tuples(st.floats(0, 2), st.integers(0, 300)), max_size=60))
def test_nobody_gets_more_than_the_burst_and_the_rate(steps: list[tuple[float, int]]) -> None:
    reputation = Reputation(LIMITS)
    now = messages = size = 0.0
    for wait, each in steps:
        now += wait
        if reputation.spend(peer(0), each, now):
            messages += 1
            size += each
        assert messages <= 20 + 10 * now + 1e-6 and size <= 1_000 + 100 * now + 1e-6


def test_faults_add_up_to_a_ban_that_ends() -> None:
    reputation = Reputation(LIMITS)
    assert reputation.blame(peer(0), HALF, 0.0) is None
    assert reputation.score(peer(0), 0.0) == -50
    ban = Ban(peer(0), BAN_SECONDS, "half")
    assert reputation.blame(peer(0), HALF, 0.0) == ban
    assert reputation.bans(1.0) == (ban,)
    assert reputation.ban_of(peer(0), BAN_SECONDS - 0.1) == ban
    assert reputation.ban_of(peer(1), 0.0) is None
    assert reputation.ban_of(peer(0), BAN_SECONDS) is None
    assert reputation.bans(BAN_SECONDS) == ()


def test_a_score_recovers() -> None:
    reputation = Reputation(LIMITS)
    reputation.blame(peer(0), HALF, 0.0)
    assert reputation.score(peer(0), 100.0) == -50 + 100 * RECOVERY_PER_SECOND
    assert reputation.score(peer(0), 1_000.0) == 0
    assert reputation.blame(peer(0), HALF, 1_000.0) is None
    assert reputation.score(peer(1), 0.0) == 0


def test_bans_double_up_to_a_day() -> None:
    reputation = Reputation(LIMITS)
    lengths: list[float] = []
    now = 0.0
    for _ in range(40):
        ban = reputation.blame("203.0.113.7", WHOLE, now)
        assert ban is not None
        lengths.append(ban.until - now)
        now = ban.until
    assert lengths[:3] == [60, 120, 240] and lengths[-1] == BAN_SECONDS_MAX
    assert all(one <= other for one, other in pairwise(lengths))


def test_what_is_remembered_is_bounded() -> None:
    reputation = Reputation(LIMITS)
    for number in range(2 * RECORDS_MAX):
        reputation.spend(number.to_bytes(32, "big"), 1, 0.0)
    assert len(reputation) == RECORDS_MAX
    for number in range(2 * BANS_MAX):
        reputation.blame(number.to_bytes(32, "big"), WHOLE, 0.0)
    assert len(reputation.bans(0.0)) == BANS_MAX
    assert reputation.ban_of((2 * BANS_MAX - 1).to_bytes(32, "big"), 0.0) is not None


@pytest.mark.parametrize("weight", [0.5, 1, 20, 100])
def test_a_peer_is_banned_at_the_score_and_not_before(weight: float) -> None:
    reputation = Reputation(LIMITS)
    count = 1
    while reputation.blame(peer(0), Fault("f", weight), 0.0) is None:
        count += 1
    assert count == -(-BAN_SCORE // weight)
