"""What governance costs a block: ten thousand voters and a thousand open referenda bind it no more than a few
do. What votes cost by themselves stands in `tests/pallets/test_voting_costs.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, TypeAlias, cast

import pytest

from governance.conviction import Conviction
from governance.origins import Origins, SlashCancel, TrackOrigin, track_of
from governance.preimages import Preimage
from governance.referenda import Referenda
from governance.referenda import status as s
from governance.referenda.clockwork import SPREAD
from governance.referenda.machine import ADVANCE
from governance.scheduler import Scheduler
from governance.scheduler.service import AGENDA, SERVICE, SHARE, weight_of_task
from governance.scheduler.types import AGENDA_MAX
from governance.tracks import COIN
from governance.voting import ConvictionVoting
from governance.voting.votes import Standard, Vote
from node.bench.weights import Counting, Open
from pallets.balances import Balances
from pallets.system import System
from pallets.timestamp import Timestamp
from runtime.frame import Origin, Root, RuntimeCall, Signed
from runtime.frame.governance import INLINE_MAX, Inline, Tally
from runtime.runtime import Runtime
from runtime.testing import TestChain
from runtime.types import Weight, db
from runtime.types.account import Address
from support.costs import weigh

VOTERS_MANY, POLLS_MANY = 10_000, 1_000
VOTERS_FEW, POLLS_FEW = 200, 100
HOUR: Final = {"blocks_per_hour": 1}
POT = bytes([9]) * 32
ALICE = bytes([1]) * 32
BLOCK = "a block"
SETTLED = 40
"""Blocks after which every decision that there is a place for has begun, and was looked at."""
LOADED: dict[str, Runtime] = {}
Costs: TypeAlias = dict[str, tuple[int, int]]
"""By what is done, how many keys it reads and writes."""


class Electorate(TestChain):
    """Governance without a coin: so many voters, and so many referenda that go on, on each track in turn; in
    the block that is open every voter has said aye to one of them.
    """

    __test__ = False

    def __init__(self, voters: int, polls: int) -> None:
        self.people = tuple(number.to_bytes(32, "big") for number in range(1_000, 1_000 + voters))
        super().__init__(
            *(System, Timestamp, Balances, Preimage, Scheduler, Origins, Referenda, ConvictionVoting),
            config={
                "Balances": {"existential_deposit": COIN // 100, "dust_account": POT},
                "Preimage": {"base_deposit": COIN, "byte_deposit": 1},
                "Referenda": {**HOUR, "submission_deposit": COIN, "slash_account": POT},
                "ConvictionVoting": {**HOUR, "vote_locking_hours": 168, "seasoning_hours": 168},
            },
            genesis={
                "Balances": {
                    "balances": [
                        *((who, 3 * COIN) for who in self.people),
                        (ALICE, 10**7 * COIN),
                        (POT, COIN),
                    ]
                },
                "ConvictionVoting": {"enrolled": [(who, COIN) for who in (*self.people, ALICE)]},
            },
            runtime=LOADED.get("electorate"),
        )
        LOADED["electorate"] = self.runtime
        self.voting, self.referenda, self.scheduler = (
            self[ConvictionVoting],
            self[Referenda],
            self[Scheduler],
        )
        for number in range(polls):
            self.propose(ORIGINS[number % len(ORIGINS)])
            if number % AGENDA_MAX == AGENDA_MAX - 1:
                self._replayable = False
                self.next_block()
        self.next_block(SETTLED)
        for number, who in enumerate(self.people):
            self.vote(who, number % polls)

    def propose(self, origin: Origin) -> None:
        """Propose something, with both deposits."""
        text = Inline(self.host.codec(RuntimeCall).encode(self[System].remark.call(b"")))
        self.dispatch(self.referenda.submit.call(origin, text, s.After(0)), Signed(ALICE))
        index = self.referenda.referendum_count - 1
        self.dispatch(self.referenda.place_decision_deposit.call(index), Signed(ALICE))

    def vote(self, who: bytes, poll: int) -> None:
        """Say aye with one coin."""
        vote = Standard(Vote(True, Conviction.Locked1x), COIN)
        self.dispatch(self.voting.vote.call(poll, vote), Signed(who))

    def count(self, action: Callable[[], Weight]) -> tuple[int, int, Weight]:
        """How many keys something reads and writes, and what it says that it used; nothing of it stays."""
        host, overlay = self.host, self.host.overlay
        host.overlay = counting = Counting(Open(cast("Any", self)))
        try:
            used = action()
        finally:
            host.overlay = overlay
        return len(counting.looked), len(dict(counting.changes())), used

    def count_block(self) -> tuple[int, int, Weight]:
        """What the next block's service costs."""
        self.host.number += 1
        try:
            return self.count(lambda: self.scheduler.on_initialize(self.host.number))
        finally:
            self.host.number -= 1

    def due(self) -> int:
        """How many tasks the next block has to run."""
        return sum(task is not None for task in self.scheduler.agenda[self.number + 1])


ORIGINS: Final[tuple[Origin, ...]] = (
    Root(),
    *(kind() for kind in TrackOrigin.__subclasses__() if kind is not SlashCancel),
)
"""Of every track, but of the one that decides before others have begun to."""


@pytest.fixture(scope="module")
def costs() -> tuple[Costs, Costs]:
    """What is done in a chain of few, and in one of many; one after the other, since they share a runtime."""
    few, many = (
        costs_of(voters, polls) for voters, polls in ((VOTERS_FEW, POLLS_FEW), (VOTERS_MANY, POLLS_MANY))
    )
    return few, many


def costs_of(voters: int, polls: int) -> Costs:
    """The keys that each of these reads and writes, which is within what it says; and all votes count."""
    chain = Electorate(voters, polls)
    referenda, voting, mine = chain.referenda, chain.voting, chain.people[0]
    assert sum(isinstance(info, s.Ongoing) for info in referenda.referendum_info_for.values()) == polls
    found: Costs = {}
    for name, call in {
        "vote": voting.vote.call(0, Standard(Vote(False, Conviction.Locked6x), COIN)),
        "remove a vote": voting.remove_vote.call(None, 0),
        "unlock": voting.unlock.call(0, Address(mine)),
        "nudge": referenda.nudge_referendum.call(0),
    }.items():
        reads, writes, info = weigh(chain, call, Signed(mine))
        assert db(reads, writes, compute=0).fits(info.weight_of(call)), name
        found[name] = reads, writes
    assert chain.due() == AGENDA_MAX  # as many referenda are looked at again as there is room for
    reads, writes, used = chain.count_block()
    assert db(reads, writes, compute=0).fits(used) and used.fits(SHARE)
    found[BLOCK] = reads, writes
    share = voters // polls
    for poll in (0, polls // 2, polls - 1):
        assert referenda.tally(poll) == (Tally(share * COIN, 0, share * COIN), class_of(poll))
    chain.next_block()
    assert chain.scheduler.incomplete_since is None
    chain.try_state()  # every tally is recounted
    return found


def class_of(poll: int) -> int:
    """On which track a referendum is."""
    found = track_of(ORIGINS[poll % len(ORIGINS)])
    assert found is not None
    return found


def test_a_block_and_a_vote_cost_the_same_with_few_and_with_many(
    costs: tuple[Costs, Costs],
) -> None:
    """A block's alarms may set the next ones in other agendas, and in no more of them than are tried."""
    few, many = costs
    for name in few.keys() - {BLOCK}:
        assert few[name] == many[name], name
    for one, other in zip(few[BLOCK], many[BLOCK], strict=True):
        assert abs(one - other) <= len(SPREAD)


def test_what_a_block_does_for_referenda_is_bounded_by_constants(
    costs: tuple[Costs, Costs],
) -> None:
    """An agenda is full with fifty tasks; an alarm is a task that reads and writes so much at most."""
    _, many = costs
    alarm = weight_of_task(INLINE_MAX, 0) + ADVANCE
    most = SERVICE + AGENDA + alarm.times(AGENDA_MAX)
    assert db(*many[BLOCK], compute=0).fits(most)
    assert most.fits(SHARE), "a block has room for an agenda that is full of alarms"
