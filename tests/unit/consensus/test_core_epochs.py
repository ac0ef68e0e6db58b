"""Where an epoch ends: the boundary alone until it is final, then the next core; and who lags behind."""

from __future__ import annotations

import pytest

from node.consensus.actions import (
    Action,
    Arm,
    Broadcast,
    Build,
    Check,
    Commit,
    Compact,
    Open,
    Send,
    Serve,
    Sign,
    VerifyCertificate,
    VerifyPair,
    VerifyVotes,
)
from node.consensus.epochs import EARLY_MAX, EARLY_PEER_MAX, Epochs
from node.consensus.inputs import (
    Built,
    Checked,
    Expired,
    Head,
    Input,
    Opened,
    Proposed,
    Received,
    Signed,
    Timer,
    TimerName,
)
from node.consensus.messages import (
    AnyMessage,
    Candidate,
    Cast,
    Need,
    PlainMessage,
    Proposal,
    Proved,
    Status,
    Voted,
)
from node.simulation.blocks import make_block
from node.simulation.plan import peer_of
from node.simulation.signatures import StubVerifier
from runtime.simplex import Certificate, Kind, Statement
from support.agreement import ROOT, SIZE, TIMING, Bench, block, certificate, leader_of, plan_of, said, vote

ONE = block(1)
NOTARIZE, NULLIFY, FINALIZE = Kind.Notarize, Kind.Nullify, Kind.Finalize
ME = next(each for each in range(SIZE) if each not in (leader_of(1), leader_of(2)))
OTHERS = tuple(each for each in range(SIZE) if each != ME)


def at_the_boundary(me: int = ME) -> Bench:
    """An epoch of one block, which is notarized."""
    bench = Bench(me, epoch_blocks=1).start()
    bench.propose(ONE)
    bench.proves(said(NOTARIZE, 1, ONE))
    assert bench.core.view == 2
    return bench


# The boundary.


def test_the_leader_proposes_the_boundary_again() -> None:
    bench = at_the_boundary(leader_of(2))
    assert bench.of(Build) == []
    again = said(NOTARIZE, 2, ONE, 1)
    assert bench.broadcast[-1] == Proposal(ONE.body, vote(leader_of(2), again))


def test_the_boundary_is_voted_for_again() -> None:
    bench = at_the_boundary()
    bench.propose(ONE, view=2, parent_view=1)
    assert bench.signed[-1] == said(NOTARIZE, 2, ONE, 1)
    bench.votes(said(NOTARIZE, 2, ONE, 1), *OTHERS)
    assert said(FINALIZE, 2, ONE, 1) in bench.signed
    bench.votes(said(FINALIZE, 2, ONE, 1), *OTHERS)
    assert bench.committed == [ONE]
    assert bench.core.is_over


def test_nothing_else_stands_on_the_boundary() -> None:
    bench = at_the_boundary()
    bench.propose(block(2, ONE))
    assert bench.signed[-1] == said(NULLIFY, 2)


def test_a_block_before_the_boundary_is_not_proposed_again() -> None:
    bench = Bench(ME, epoch_blocks=2).start()
    bench.propose(ONE)
    bench.proves(said(NOTARIZE, 1, ONE))
    bench.propose(ONE, view=2, parent_view=1)
    assert bench.signed[-1] == said(NULLIFY, 2)


def test_an_epoch_that_is_over_is_silent_and_still_answers() -> None:
    bench = at_the_boundary()
    bench.proves(said(FINALIZE, 1, ONE))
    assert bench.core.is_over
    bench.forget()
    bench.votes(said(NULLIFY, 2), *OTHERS)
    bench.propose(ONE, view=2, parent_view=1)
    for name in TimerName:
        bench.step(Expired(Timer(name, 0, bench.core.view)))
    assert bench.signed == []
    assert bench.broadcast == []
    bench.hear(OTHERS[0], Need(0, (1,)))
    assert [message for _, message in bench.sent] == [Proved(certificate(said(FINALIZE, 1, ONE)))]


# From epoch to epoch.


class Node:
    """One node through its epochs of one block each, the same four in each committee."""

    def __init__(self) -> None:
        self.plan = plan_of(1)
        self.verifier = StubVerifier(self.plan.committee)
        self.epochs = Epochs(TIMING)
        self.actions: list[Action] = []

    def start(self, records: tuple[Cast, ...] = (), head: Head | None = None) -> Node:
        self.do(self.epochs.start(self.plan.epoch(0, ME, ROOT, 0), records, head))
        return self

    def step(self, happening: Input) -> None:
        self.do(self.epochs.step(happening))

    def hear(self, sender: int, message: PlainMessage) -> None:
        self.step(Received(peer_of(sender), message))

    def open(self, number: int = 1) -> None:
        self.step(Opened(self.plan.epoch(number, ME, ONE.hash, 1)))

    def do(self, actions: list[Action]) -> None:
        pending = list(actions)
        while pending:
            action = pending.pop(0)
            self.actions.append(action)
            match action:
                case Sign(statement):
                    pending += self.epochs.step(Signed(vote(ME, statement)))
                case VerifyVotes():
                    pending += self.epochs.step(self.verifier.votes(action))
                case VerifyCertificate():
                    pending += self.epochs.step(self.verifier.certificate(action))
                case VerifyPair():
                    pending += self.epochs.step(self.verifier.pair(action))
                case Check(candidate):
                    pending += self.epochs.step(Checked(candidate.hash, is_valid=True))
                case _:
                    pass

    def end_epoch(self) -> Node:
        self.step(Proposed(peer_of(leader_of(1)), ONE, vote(leader_of(1), said(NOTARIZE, 1, ONE))))
        self.hear(OTHERS[0], Proved(certificate(said(FINALIZE, 1, ONE))))
        return self

    @property
    def said(self) -> list[AnyMessage]:
        return [each.message for each in self.actions if isinstance(each, Send | Broadcast)]


def next_statement(kind: Kind, view: int) -> Statement:
    return Statement(kind, 1, view)


def test_the_next_epoch_is_asked_for_once_and_begins_at_view_one() -> None:
    node = Node().start().end_epoch()
    assert [each for each in node.actions if isinstance(each, Open)] == [Open(1, ONE.hash, 1)]
    node.hear(OTHERS[0], Status(0, 1, None))
    assert len([each for each in node.actions if isinstance(each, Open)]) == 1
    commit = next(place for place, each in enumerate(node.actions) if isinstance(each, Commit))
    assert commit < node.actions.index(Open(1, ONE.hash, 1))
    node.actions.clear()
    node.open()
    assert (node.epochs.core.epoch.number, node.epochs.core.view) == (1, 1)
    assert node.said == [Status(1, 1, None)]
    assert Compact() in node.actions


def test_an_epoch_that_was_not_asked_for_does_not_open() -> None:
    node = Node().start()
    node.open()
    assert node.epochs.core.epoch.number == 0
    node.end_epoch()
    node.open(2)
    assert node.epochs.core.epoch.number == 0


def test_answers_meant_for_the_old_epoch_are_void() -> None:
    node = Node().start().end_epoch()
    node.open()
    node.actions.clear()
    old = said(NULLIFY, 1)
    for happening in (
        Built(0, 1, ONE),
        Signed(vote(ME, old)),
        Expired(Timer(TimerName.Advance, 0, 1)),
    ):
        node.step(happening)
    assert node.actions == []


def test_votes_of_the_next_epoch_wait_until_it_opens() -> None:
    node = Node().start()
    for signer in OTHERS:
        node.hear(signer, Voted(vote(signer, next_statement(NULLIFY, 1))))
    node.end_epoch()
    node.open()
    assert node.epochs.core.view == 2


def test_of_what_comes_early_little_is_kept() -> None:
    node = Node().start()
    for sender in range(EARLY_MAX):
        for _ in range(EARLY_PEER_MAX + 1):
            node.hear(sender, Voted(vote(0, next_statement(NULLIFY, 1))))
    kept = node.epochs.early
    assert kept == EARLY_MAX
    node.hear(ME, Need(1, (1,)))
    assert node.epochs.early == kept


def test_who_is_ahead_is_asked_where_the_epoch_ended_and_not_too_often() -> None:
    node = Node().start()
    node.actions.clear()
    for signer in OTHERS:
        node.hear(signer, Voted(vote(signer, Statement(NULLIFY, 5, 1))))
    assert node.actions == [
        Send(peer_of(OTHERS[0]), Status(0, 1, None)),
        Arm(Timer(TimerName.Ask, 0, 0), TIMING.fetch_ms),
    ]
    node.step(Expired(Timer(TimerName.Ask, 0, 0)))
    node.hear(OTHERS[1], Voted(vote(OTHERS[1], Statement(NULLIFY, 5, 1))))
    assert node.actions[-2] == Send(peer_of(OTHERS[1]), Status(0, 1, None))


@pytest.mark.parametrize("question", [Status(0, 1, None), Need(0, (1, 2))])
def test_who_is_left_behind_is_shown_where_the_epoch_ended(question: Status | Need) -> None:
    node = Node().start().end_epoch()
    node.open()
    node.actions.clear()
    node.hear(OTHERS[0], question)
    assert node.actions == [Send(peer_of(OTHERS[0]), Proved(certificate(said(FINALIZE, 1, ONE))))]
    node.hear(OTHERS[0], Voted(vote(OTHERS[0], said(NULLIFY, 2))))
    assert len(node.actions) == 1, "a vote asks nothing"


def test_older_epochs_are_answered_from_the_store() -> None:
    node = Node()
    node.do(node.epochs.start(node.plan.epoch(7, ME, ONE.hash, 7)))
    node.actions.clear()
    node.hear(OTHERS[0], Status(3, 1, None))
    assert node.actions == [Serve(peer_of(OTHERS[0]), Status(3, 1, None))]


def test_who_restarts_at_a_boundary_opens_the_next_epoch() -> None:
    node = Node()
    final = certificate(said(FINALIZE, 1, ONE))
    node.do(node.epochs.start(node.plan.epoch(0, ME, ROOT, 0), (), Head(ONE.hash, 1), final))
    assert node.actions[-1] == Open(1, ONE.hash, 1)


def test_each_epoch_takes_up_its_own_records() -> None:
    """The journal was ahead of the store: it remembers votes of the epoch that is to open."""
    old, new = said(NULLIFY, 1), next_statement(NULLIFY, 1)
    records = (Cast(vote(ME, old)), Cast(vote(ME, new)))
    node = Node().start(records)
    assert node.epochs.live_records() == records
    node.end_epoch()
    node.open()
    assert node.epochs.live_records() == (records[1],)
    node.actions.clear()
    node.step(Expired(Timer(TimerName.Lead, 1, 1)))
    assert not [each for each in node.actions if isinstance(each, Sign)]


def test_a_certificate_of_another_epochs_committee_is_no_certificate() -> None:
    node = Node().start()
    node.plan.equal = False
    forged = certificate(next_statement(NULLIFY, 1))
    node.hear(OTHERS[0], Proved(Certificate(said(NULLIFY, 1), forged.signers, forged.signature)))
    assert node.epochs.core.view == 1


def test_an_early_proposal_is_kept() -> None:
    node = Node().start()
    two = make_block(ONE.hash, 2, 1, 1, leader_of(1), 0)
    statement = Statement(NOTARIZE, 1, 1, 0, two.hash)
    node.step(Proposed(peer_of(leader_of(1)), two, vote(leader_of(1), statement)))
    node.end_epoch()
    node.open()
    assert Sign(statement) in node.actions
    assert isinstance(two, Candidate)
