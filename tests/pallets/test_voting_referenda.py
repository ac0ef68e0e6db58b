"""Votes and referenda together: what voters say is decided and done, and their coins are free as was said."""

from __future__ import annotations

from typing import cast

import pytest

from governance.conviction import Conviction
from governance.origins import FeesSafer, Origins
from governance.referenda import Referenda
from governance.referenda import status as s
from governance.tracks import BY_ID, COIN, safer
from governance.voting import ConvictionVoting
from governance.voting import queries as q
from governance.voting import types as t
from governance.voting.books import POLL
from governance.voting.votes import Standard, Vote
from pallets.balances import Balances
from pallets.system import System
from pallets.timestamp import Timestamp
from runtime.frame import Call, Signed
from runtime.frame.governance import Tally
from runtime.testing import TestChain, refuses
from runtime.types import db
from runtime.types.account import Address
from support.polls import weigh
from support.referenda import ALICE, BOB, CAROL, POT, REFERENDA_CONFIG, RICH, Agenda, Board, Glass, Shelf

SAFE = BY_ID[safer("fees")]
LOCK_HOURS = 24
HALF = RICH // 2


class Country(TestChain):
    """A block an hour; Alice, Bob and Carol have enrolled half of what they have."""

    __test__ = False

    def __init__(self) -> None:
        super().__init__(
            *(System, Timestamp, Balances, Agenda, Shelf, Board, Glass, Origins, Referenda, ConvictionVoting),
            config={
                "Balances": {"existential_deposit": COIN // 100, "dust_account": POT},
                "Agenda": {"tasks_max": 1_024},
                "Referenda": REFERENDA_CONFIG,
                "ConvictionVoting": {
                    "blocks_per_hour": 1,
                    "vote_locking_hours": LOCK_HOURS,
                    "seasoning_hours": 168,
                },
            },
            genesis={
                "Balances": {"balances": [(who, RICH) for who in (ALICE, BOB, CAROL, POT)]},
                "ConvictionVoting": {"enrolled": [(who, HALF) for who in (ALICE, BOB, CAROL)]},
            },
        )
        self.voting, self.referenda, self.board = self[ConvictionVoting], self[Referenda], self[Board]

    def by(self, who: bytes, call: Call) -> None:
        """Make a call that is signed."""
        self.dispatch(call, Signed(who))

    def propose(self, text: int) -> int:
        """Propose to write on the board, with both deposits; the number of the referendum."""
        proposal = self[Shelf].bound(self.board.write.call(text))
        self.by(ALICE, self.referenda.submit.call(FeesSafer(), proposal, s.After(0)))
        index = self.referenda.referendum_count - 1
        self.by(BOB, self.referenda.place_decision_deposit.call(index))
        return index

    def vote(self, who: bytes, index: int, aye: bool, conviction: Conviction, amount: int) -> None:
        """Vote, as `who`."""
        vote = Standard(Vote(aye, conviction), amount)
        self.by(who, self.voting.vote.call(index, vote))

    def leave(self, who: bytes, index: int) -> None:
        """Let Carol remove the vote of `who`, who then withdraws all."""
        self.by(CAROL, self.voting.remove_other_vote.call(Address(who), SAFE.id, index))
        self.by(CAROL, self.voting.unlock.call(SAFE.id, Address(who)))
        self.by(who, self.voting.withdraw.call(HALF))


@pytest.fixture
def country() -> Country:
    return Country()


def test_a_change_is_voted_through_and_locks_its_winners(country: Country) -> None:
    voting = country.voting
    country.next_block()
    index = country.propose(7)
    country.by(CAROL, voting.delegate.call(SAFE.id, Address(ALICE), Conviction.Locked2x, HALF))
    country.vote(ALICE, index, True, Conviction.Locked3x, HALF)
    country.vote(BOB, index, False, Conviction.Locked1x, HALF)
    found = country.referenda.tally(index)
    assert found == (Tally(ayes=5 * HALF, nays=HALF, support=2 * HALF), SAFE.id)
    country.next_block(SAFE.prepare_hours + SAFE.confirm_hours + 2)
    info = country.referenda.referendum_info_for[index]
    assert isinstance(info, s.Approved)
    with refuses(country, t.NotOngoing):
        country.vote(BOB, index, True, Conviction.Locked1x, HALF)
    until = info.at + 4 * LOCK_HOURS
    assert voting.locks_of(ALICE) == (q.LockInfo(SAFE.id, HALF, q.OwnVote(index), until, 0),)
    assert voting.locks_of(BOB) == (q.LockInfo(SAFE.id, HALF, q.OwnVote(index), info.at, 0),)
    country.run_to(info.at + SAFE.enactment_hours)
    assert country.board.text == 7
    country.leave(BOB, index)
    country.run_to(until - 1)
    with refuses(country, t.NoPermissionYet):
        country.leave(ALICE, index)
    country.next_block()
    country.leave(ALICE, index)
    country.try_state()
    country.next_block()


def test_an_override_decides(country: Country) -> None:
    """Carol follows Alice, who says aye; her own nay turns the referendum."""
    voting = country.voting
    index = country.propose(7)
    country.by(CAROL, voting.delegate.call(SAFE.id, Address(ALICE), Conviction.Locked1x, HALF))
    country.vote(ALICE, index, True, Conviction.Locked1x, HALF)
    country.vote(CAROL, index, False, Conviction.Locked6x, HALF)
    assert country.referenda.tally(index) == (Tally(ayes=HALF, nays=6 * HALF, support=HALF), SAFE.id)
    country.next_block(SAFE.prepare_hours + SAFE.decision_hours + 2)
    info = country.referenda.referendum_info_for[index]
    assert isinstance(info, s.Rejected)
    blocks = info.at + 32 * LOCK_HOURS
    assert q.LockInfo(SAFE.id, HALF, q.OwnVote(index), blocks, 0) in voting.locks_of(CAROL)
    country.by(CAROL, voting.remove_vote.call(SAFE.id, index))
    country.try_state()
    assert country.board.text == 0


def test_a_tally_that_changes_costs_no_more_than_it_says(country: Country) -> None:
    """Each vote of a delegate may wake a referendum: a task that leaves one agenda for another."""
    voting, index = country.voting, country.propose(7)
    country.vote(ALICE, index, True, Conviction.Locked1x, COIN)
    country.next_block(2)
    status = cast("s.Ongoing", country.referenda.referendum_info_for[index]).status
    assert status.alarm is not None and status.alarm[0] > country.number + 1
    heard, silent = (
        weigh(country, voting.delegate.call(SAFE.id, Address(who), Conviction.Locked1x, COIN), CAROL)
        for who in (ALICE, BOB)
    )
    reads, writes = heard[0] - silent[0], heard[1] - silent[1]
    assert (reads, writes) == (4, 4)
    assert db(reads, writes, compute=0).fits(POLL)
