"""What peers bring and ask: bad votes, bad certificates, evidence, what is missing, bounded answers."""

from __future__ import annotations

import pytest

from node.consensus.actions import Report, VerifyCertificate, VerifyPair, VerifyVotes
from node.consensus.ancestry import CHAIN_MAX, TooFarBehind
from node.consensus.inputs import Fetched, Joined, Proposed, Received, TimerName
from node.consensus.messages import (
    REPLY_BLOCKS_MAX,
    REPLY_VIEWS_MAX,
    Bodies,
    Candidate,
    Need,
    Proved,
    Status,
    Voted,
    Want,
)
from node.consensus.polls import VIEWS_AHEAD_MAX
from node.simulation.plan import peer_of
from runtime.simplex import Kind
from support.agreement import ROOT, Bench, block, certificate, leader_of, said, vote

ONE = block(1)
OTHER = block(1, salt=1)
NOTARIZE, NULLIFY, FINALIZE = Kind.Notarize, Kind.Nullify, Kind.Finalize
LEADER = leader_of(1)
ME, FRIEND, THIRD = (each for each in range(4) if each != LEADER)


def bench() -> Bench:
    made = Bench(ME).start()
    made.forget()
    return made


# Votes.


def test_a_vote_is_heard_from_its_signer_alone() -> None:
    it = bench()
    for signer in (LEADER, FRIEND, THIRD):
        it.hear(FRIEND, Voted(vote(signer, said(NULLIFY, 1))))
    assert it.core.view == 1
    assert it.faults == []


@pytest.mark.parametrize(
    "statement",
    [
        said(NULLIFY, 0),
        said(NULLIFY, 1).replace(block=ONE.hash),
        said(NULLIFY, 1).replace(parent_view=1),
        said(NOTARIZE, 1, ONE, 1),
        said(FINALIZE, 1, ONE, 2),
    ],
)
def test_a_statement_that_is_not_in_its_only_form_is_its_senders_fault(statement: object) -> None:
    it = bench()
    it.votes(statement, FRIEND)  # type: ignore[arg-type]
    it.proves(statement, THIRD)  # type: ignore[arg-type]
    assert it.faults == [(FRIEND, "Malformed"), (THIRD, "Malformed")]


def test_a_signer_that_is_none_is_a_fault() -> None:
    it = bench()
    it.hear(FRIEND, Voted(vote(0, said(NULLIFY, 1)).replace(signer=4)))
    assert it.faults == [(FRIEND, "Malformed")]


def test_votes_far_ahead_are_not_heard() -> None:
    it = bench()
    size = it.core.size
    it.votes(said(NULLIFY, it.core.view + VIEWS_AHEAD_MAX + 1), FRIEND)
    assert it.core.size == size
    it.votes(said(NULLIFY, it.core.view + VIEWS_AHEAD_MAX), FRIEND)
    assert it.core.size == size + 1


def test_nothing_is_verified_before_a_quorum_could_stand_behind_it() -> None:
    it = bench()
    it.votes(said(NULLIFY, 1), FRIEND, THIRD)
    assert not it.of(VerifyVotes)
    it.leader_is_late()
    assert [len(each.votes) for each in it.of(VerifyVotes)] == [3]


def test_a_bad_vote_is_found_out_and_a_good_one_takes_its_place() -> None:
    it = bench()
    bad = vote(FRIEND, said(NULLIFY, 1)).replace(signature=bytes(96))
    it.hear(FRIEND, Voted(bad))
    it.votes(said(NULLIFY, 1), THIRD)
    it.leader_is_late()
    assert it.faults == [(FRIEND, "BadVote")]
    assert it.core.view == 1
    it.votes(said(NULLIFY, 1), FRIEND)
    assert it.core.view == 2


# Certificates.


def test_a_certificate_is_verified_once_however_many_bring_it() -> None:
    it = bench()
    it.verify = False
    for sender in (LEADER, FRIEND, THIRD):
        it.proves(said(NULLIFY, 1), sender)
    assert len(it.of(VerifyCertificate)) == 1
    it.answer_all()
    it.proves(said(NULLIFY, 1), FRIEND)
    assert len(it.of(VerifyCertificate)) == 1


def test_a_bad_certificate_keeps_no_good_one_out() -> None:
    it = bench()
    it.verify = False
    it.hear(LEADER, Proved(certificate(said(NULLIFY, 1)).replace(signature=bytes(96))))
    it.proves(said(NULLIFY, 1), FRIEND)
    it.answer_all()
    assert it.faults == [(LEADER, "BadCertificate")]
    assert it.core.view == 2


def test_a_minority_makes_no_certificate() -> None:
    it = bench()
    it.hear(FRIEND, Proved(certificate(said(NULLIFY, 1), signers=(0, 1))))
    assert it.faults == [(FRIEND, "BadCertificate")]
    assert it.core.view == 1


def test_old_news_is_neither_verified_nor_a_fault() -> None:
    it = bench()
    it.proves(said(FINALIZE, 5, block(5), 4))
    it.forget()
    for statement in (said(NULLIFY, 3), said(NOTARIZE, 4, block(4), 3), said(FINALIZE, 2, block(2), 1)):
        it.proves(statement, FRIEND)
    assert it.actions == []


# Proposals.


def test_a_proposal_comes_from_its_leader_alone() -> None:
    it = bench()
    good = vote(LEADER, said(NOTARIZE, 1, ONE))
    it.step(Proposed(peer_of(FRIEND), ONE, good))
    it.step(Proposed(peer_of(FRIEND), ONE, vote(FRIEND, said(NOTARIZE, 1, ONE))))
    assert it.faults == [(FRIEND, "NotTheLeader")] * 2
    assert it.signed == []


def test_a_proposal_is_of_the_block_that_it_brings() -> None:
    it = bench()
    it.step(Proposed(peer_of(LEADER), ONE, vote(LEADER, said(NOTARIZE, 1, OTHER))))
    it.step(Proposed(peer_of(LEADER), ONE, vote(LEADER, said(FINALIZE, 1, ONE))))
    assert it.faults == [(LEADER, "Malformed")] * 2
    assert it.signed == []


# Evidence.


def test_two_blocks_notarized_in_one_view_are_reported() -> None:
    it = bench()
    it.votes(said(NOTARIZE, 1, ONE), FRIEND)
    it.votes(said(NOTARIZE, 1, OTHER), FRIEND)
    assert it.reported == [(said(NOTARIZE, 1, ONE), said(NOTARIZE, 1, OTHER))]
    it.votes(said(NOTARIZE, 1, block(1, salt=2)), FRIEND)
    assert len(it.of(Report)) == 1


def test_skipped_and_finalized_is_reported() -> None:
    it = bench()
    it.votes(said(NULLIFY, 1), FRIEND)
    it.votes(said(FINALIZE, 1, ONE), FRIEND)
    assert it.reported == [(said(NULLIFY, 1), said(FINALIZE, 1, ONE))]


def test_notarized_and_skipped_is_no_crime() -> None:
    it = bench()
    it.votes(said(NOTARIZE, 1, ONE), FRIEND)
    it.votes(said(NULLIFY, 1), FRIEND)
    assert not it.of(VerifyPair)


def test_a_forged_second_vote_convicts_nobody() -> None:
    it = bench()
    it.votes(said(NOTARIZE, 1, ONE), FRIEND)
    it.hear(THIRD, Voted(vote(FRIEND, said(NOTARIZE, 1, OTHER)).replace(signature=bytes(96))))
    assert len(it.of(VerifyPair)) == 1
    assert it.reported == []
    assert it.faults == []


def test_a_forged_first_vote_is_its_senders_and_gives_way() -> None:
    it = bench()
    it.hear(FRIEND, Voted(vote(FRIEND, said(NOTARIZE, 1, OTHER)).replace(signature=bytes(96))))
    it.votes(said(NOTARIZE, 1, ONE), FRIEND)
    assert it.faults == [(FRIEND, "BadVote")]
    assert it.reported == []
    it.propose(ONE)
    assert it.core.view == 2, "the good vote counts"


def test_who_was_told_another_block_is_shown_what_we_were_told() -> None:
    it = bench()
    it.propose(ONE)
    it.votes(said(NOTARIZE, 1, OTHER), FRIEND)
    assert it.sent == [(peer_of(FRIEND), Voted(vote(LEADER, said(NOTARIZE, 1, ONE))))]


def test_who_was_told_another_block_before_is_shown_it_too() -> None:
    it = bench()
    it.votes(said(NOTARIZE, 1, OTHER), FRIEND)
    it.propose(ONE)
    assert (peer_of(FRIEND), Voted(vote(LEADER, said(NOTARIZE, 1, ONE)))) in it.sent


def test_what_others_show_convicts_the_leader() -> None:
    it = bench()
    it.propose(ONE)
    it.hear(FRIEND, Voted(vote(LEADER, said(NOTARIZE, 1, OTHER))))
    assert it.reported == [(said(NOTARIZE, 1, ONE), said(NOTARIZE, 1, OTHER))]


def test_each_shows_one_vote_a_view() -> None:
    it = bench()
    it.verify = False
    it.votes(said(NOTARIZE, 1, ONE), FRIEND, LEADER)
    for salt in (1, 2, 3):
        for signer in (FRIEND, LEADER):
            it.hear(THIRD, Voted(vote(signer, said(NOTARIZE, 1, block(1, salt=salt)))))
    assert len(it.of(VerifyPair)) == 1


def test_two_certificates_that_cannot_be_are_reported() -> None:
    it = bench()
    it.proves(said(NULLIFY, 1))
    it.proves(said(FINALIZE, 1, ONE))
    assert it.reported == [(said(NULLIFY, 1), said(FINALIZE, 1, ONE))]
    assert it.core.finalized_view == 0


# What is missing.


def test_a_notarized_block_is_fetched_from_one_peer_after_the_other() -> None:
    it = bench()
    it.proves(said(NOTARIZE, 1, ONE))
    asked: list[bytes] = []
    for _ in range(3):
        asked += [peer for peer, message in it.sent if message == Want(ONE.hash, 0)]
        it.forget_sent()
        it.ring(TimerName.Fetch)
    assert sorted(asked) == sorted(peer_of(each) for each in (LEADER, FRIEND, THIRD))


def test_one_request_is_in_flight_for_each_block() -> None:
    it = bench()
    it.proves(said(NOTARIZE, 1, ONE))
    it.proves(said(NULLIFY, 1))
    it.proves(said(NULLIFY, 2))
    assert [message for _, message in it.sent if isinstance(message, Want)] == [Want(ONE.hash, 0)]


def test_only_wanted_blocks_and_their_ancestors_are_taken() -> None:
    it = bench()
    two, three = block(2, ONE), block(3, block(2, ONE))
    it.step(Fetched(peer_of(FRIEND), (ONE,)))
    assert it.core.candidate(ONE.hash) is None
    it.proves(said(FINALIZE, 3, three))
    it.step(Fetched(peer_of(FRIEND), (three, two, ONE, OTHER)))
    assert it.committed == [ONE, two, three]
    assert it.core.candidate(OTHER.hash) is None


def test_a_chain_that_came_in_part_is_asked_for_further_down_at_once() -> None:
    it = bench()
    two = block(2, ONE)
    three = block(3, two)
    it.proves(said(FINALIZE, 3, three))
    it.step(Fetched(peer_of(FRIEND), (three, two)))
    assert [message for _, message in it.sent] == [Want(three.hash, 0), Want(ONE.hash, 0)]


def chain_of(length: int) -> list[Candidate]:
    """Blocks in a row, the highest first, as they are fetched."""
    chain = [ONE]
    for view in range(2, length + 1):
        chain.append(block(view, chain[-1]))
    return chain[::-1]


def test_as_many_blocks_as_the_agreement_fetches_are_fetched_down_to_the_last_one_here() -> None:
    it, chain = bench(), chain_of(CHAIN_MAX)
    it.proves(said(FINALIZE, CHAIN_MAX, chain[0]))
    for place in range(0, CHAIN_MAX, REPLY_BLOCKS_MAX):
        it.step(Fetched(peer_of(FRIEND), tuple(chain[place : place + REPLY_BLOCKS_MAX])))
    assert it.core.head.number == CHAIN_MAX


def test_who_is_further_behind_must_sync_first_and_learns_it_from_the_first_answer() -> None:
    it, chain = bench(), chain_of(CHAIN_MAX + 1)
    it.proves(said(FINALIZE, CHAIN_MAX + 1, chain[0]))
    with pytest.raises(TooFarBehind) as behind:
        it.step(Fetched(peer_of(FRIEND), tuple(chain[:REPLY_BLOCKS_MAX])))
    assert str(behind.value) == (
        "block 2049 is final, and block 0 is the last one here: catch up by a sync, then take part again"
    )
    assert (behind.value.head, behind.value.number) == (0, 2_049)


def test_what_is_needed_no_more_is_not_asked_for_again() -> None:
    it = bench()
    it.proves(said(NOTARIZE, 1, ONE))
    it.proves(said(FINALIZE, 2, block(2, salt=7), 0))
    it.forget_sent()
    it.ring(TimerName.Fetch)
    assert [message for _, message in it.sent] == [Want(block(2, salt=7).hash, 0)]


# What others ask.


def test_who_needs_views_gets_what_is_held_of_them() -> None:
    it = bench()
    it.propose(ONE)
    it.proves(said(NOTARIZE, 1, ONE))
    it.proves(said(NULLIFY, 1))
    it.forget_sent()
    it.hear(FRIEND, Need(0, (1, 2, 3)))
    assert [message for _, message in it.sent] == [
        Proved(certificate(said(NOTARIZE, 1, ONE))),
        Proved(certificate(said(NULLIFY, 1))),
    ]


def test_a_finalization_answers_for_all_views_before_it_once() -> None:
    it = bench()
    final = said(FINALIZE, 90, block(90), 89)
    it.proves(final)
    it.forget_sent()
    it.hear(FRIEND, Need(0, tuple(range(1, 1 + REPLY_VIEWS_MAX))))
    assert it.sent == [(peer_of(FRIEND), Proved(certificate(final)))]


def test_who_wants_a_block_gets_it_with_its_ancestors_up_to_a_bound() -> None:
    it = bench()
    chain: list[Candidate] = []
    for view in range(1, REPLY_BLOCKS_MAX + 11):
        chain.append(block(view, chain[-1] if chain else None))
        it.propose(chain[-1])
        it.proves(said(NOTARIZE, view, chain[-1]))
    it.forget_sent()
    it.hear(FRIEND, Want(chain[-1].hash, 0))
    ((_, message),) = it.sent
    assert message == Bodies(tuple(each.body for each in reversed(chain[10:])))
    it.forget_sent()
    it.hear(FRIEND, Want(chain[4].hash, 3))
    assert it.sent == [(peer_of(FRIEND), Bodies((chain[4].body, chain[3].body)))]


def test_what_is_not_held_is_left_to_the_store() -> None:
    it = bench()
    it.hear(FRIEND, Want(ROOT, 0))
    assert it.served == [Want(ROOT, 0)]


def test_who_stands_further_back_is_told_what_brings_him_on() -> None:
    it = bench()
    final = said(FINALIZE, 5, block(5), 4)
    it.proves(final)
    it.proves(said(NULLIFY, 6))
    it.forget_sent()
    it.hear(FRIEND, Status(0, 3, None))
    assert [message for _, message in it.sent] == [
        Proved(certificate(final)),
        Proved(certificate(said(NULLIFY, 6))),
    ]
    it.forget_sent()
    it.hear(FRIEND, Status(0, 7, certificate(final)))
    assert it.sent == []


def test_who_stands_further_on_brings_us_on() -> None:
    it = bench()
    it.hear(FRIEND, Status(0, 9, certificate(said(FINALIZE, 8, block(8), 7))))
    assert it.core.view == 9


def test_who_joins_is_told_where_we_stand() -> None:
    it = bench()
    it.step(Joined(peer_of(FRIEND)))
    assert it.sent == [(peer_of(FRIEND), Status(0, 1, None))]


def test_a_status_with_a_bad_certificate_is_a_fault() -> None:
    it = bench()
    it.step(
        Received(
            peer_of(FRIEND),
            Status(0, 9, certificate(said(FINALIZE, 8, block(8), 7)).replace(signers=b"\1")),
        )
    )
    assert it.faults == [(FRIEND, "BadCertificate")]
    assert it.core.view == 1
