"""Polls that root opens and closes: referenda as votes see them, without their machinery; and a chain with
voters.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from governance.conviction import Conviction
from governance.tally import EMPTY
from governance.voting import ConvictionVoting
from governance.voting.roll import ENROLLED
from governance.voting.votes import AccountVote, Standard, Vote
from node.bench.weights import Counting, Open
from pallets.balances import Balances
from pallets.system import System
from pallets.timestamp import Timestamp
from runtime.frame import (
    Call,
    NoError,
    NoEvent,
    Pallet,
    PostInfo,
    Root,
    Signed,
    StorageMap,
    StorageValue,
    call,
)
from runtime.frame.governance import PollIndex, Tally, TrackId
from runtime.scale import Struct
from runtime.testing import TestChain
from runtime.types import BlockNumber, db
from runtime.types.account import Address

COIN = 10**9
ED = COIN // 100
DUST = b"\xdd" * 32
ALICE, BOB, CAROL, DAVE = (bytes([number]) * 32 for number in (1, 2, 3, 4))
LOCK = 10
"""Blocks of conviction 1."""
SEASON = 7
"""Blocks until an enrollment counts."""


class Poll(Struct):
    """A poll that can be voted on."""

    class_: TrackId
    tally: Tally


class Outcome(Struct):
    """How one ended."""

    at: BlockNumber
    approved: bool


class Ballots(Pallet[NoEvent, NoError]):
    """Polls of root."""

    next_index = StorageValue[PollIndex](default=0, doc="The number of the next poll.")
    going_on = StorageMap[PollIndex, Poll](doc="Polls that can be voted on.")
    ended = StorageMap[PollIndex, Outcome](doc="Those that came to an end.")

    @call(index=0, weight=db(reads=1, writes=2))
    def open(self, origin: Root, class_: TrackId) -> None:
        """Begin a poll."""
        self.going_on[self.next_index] = Poll(class_, EMPTY)
        self.next_index += 1

    @call(index=1, weight=db(reads=1, writes=2))
    def close(self, origin: Root, poll: PollIndex, approved: bool) -> None:
        """End a poll."""
        del self.going_on[poll]
        self.ended[poll] = Outcome(self.host.number, approved)

    @call(index=2, weight=db(reads=1, writes=1))
    def cancel(self, origin: Root, poll: PollIndex) -> None:
        """Let a poll never have been."""
        del self.going_on[poll]

    def tally(self, poll: int) -> tuple[Tally, int] | None:
        found = self.going_on.get(poll)
        return None if found is None else (found.tally, found.class_)

    def set_tally(self, poll: int, tally: Tally) -> None:
        self.going_on[poll] = self.going_on[poll].replace(tally=tally)

    def outcome(self, poll: int) -> tuple[BlockNumber, bool] | None:
        found = self.ended.get(poll)
        return None if found is None else (found.at, found.approved)

    def classes(self) -> tuple[int, ...]:
        return (0, 1, 2)


class PollChain(TestChain):
    """A chain of polls, voters and their coins."""

    def __init__(
        self,
        balances: Mapping[bytes, int],
        enrolled: Mapping[bytes, int] | None = None,
        *,
        lock: int = LOCK,
        season: int = SEASON,
        **options: Any,
    ) -> None:
        """`lock` and `season` are in blocks; `enrolled` are coins of `balances` that count at once."""
        super().__init__(
            System,
            Timestamp,
            Balances,
            Ballots,
            ConvictionVoting,
            config={
                "Balances": {"existential_deposit": ED, "dust_account": DUST},
                "ConvictionVoting": {
                    "blocks_per_hour": 1,
                    "vote_locking_hours": lock,
                    "seasoning_hours": season,
                },
            },
            genesis={
                "Balances": {"balances": list(balances.items())},
                "ConvictionVoting": {"enrolled": list((enrolled or {}).items())},
            },
            **options,
        )
        self.voting, self.ballots, self.coins = self[ConvictionVoting], self[Ballots], self[Balances]

    def by(self, who: bytes, call: Call) -> None:
        """Make a call that is signed."""
        self.dispatch(call, Signed(who))

    def root(self, call: Call) -> None:
        """Make a call as root."""
        self.dispatch(call, Root())

    def open(self, class_: int = 0) -> int:
        """Begin a poll; its number."""
        self.root(self.ballots.open.call(class_))
        return self.ballots.next_index - 1

    def close(self, poll: int, approved: bool = True) -> None:
        """End a poll."""
        self.root(self.ballots.close.call(poll, approved))

    def tally(self, poll: int) -> Tally:
        """The tally of a poll that goes on."""
        return self.ballots.going_on[poll].tally

    def enrolled(self, who: bytes) -> int:
        """How many coins of an account stand still."""
        return self.coins.on_hold(ENROLLED, who)


def aye(amount: int, conviction: Conviction = Conviction.Locked1x) -> Standard:
    """So many coins for it."""
    return Standard(Vote(True, conviction), amount)


def nay(amount: int, conviction: Conviction = Conviction.Locked1x) -> Standard:
    """So many coins against it."""
    return Standard(Vote(False, conviction), amount)


def delegate(
    chain: PollChain,
    who: bytes,
    to: bytes,
    amount: int = 100 * COIN,
    conviction: Conviction = Conviction.Locked1x,
    class_: int = 0,
) -> None:
    """Delegate, as `who`."""
    chain.by(who, chain.voting.delegate.call(class_, Address(to), conviction, amount))


def vote(chain: PollChain, who: bytes, poll: int, what: AccountVote) -> None:
    """Vote, as `who`."""
    chain.by(who, chain.voting.vote.call(poll, what))


def weigh(chain: TestChain, call: Call, who: bytes) -> tuple[int, int, PostInfo]:
    """How many keys a call reads and writes, and what it reports; nothing of it stays."""
    host, overlay = chain.host, chain.host.overlay
    host.overlay = counting = Counting(Open(cast("Any", chain)))
    try:
        info = host.dispatch(call, Signed(who))
    finally:
        host.overlay = overlay
    return len(counting.looked), len(dict(counting.changes())), info
