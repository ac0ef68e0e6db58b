"""The vote book: one vote for each kind, view and signer; due at a quorum; rid of what is bad or old."""

from __future__ import annotations

import pytest

from node.consensus.votes import BAD_VOTES_MAX, VoteBook
from runtime.simplex import Committee, Kind, Statement, Validator, Vote

A, B = bytes([1]) * 32, bytes([2]) * 32


def book(*weights: int) -> VoteBook:
    members = (
        Validator(bytes(32), bytes([place]) * 48, bytes([place]) * 32, weight)
        for place, weight in enumerate(weights)
    )
    return VoteBook(Committee(0, tuple(members)))


def notarize(signer: int, block: bytes = A, view: int = 5, signature: int = 0) -> Vote:
    return Vote(Statement(Kind.Notarize, 0, view, view - 1, block), signer, bytes([signature]) * 96)


def of(kind: Kind, signer: int, view: int = 5) -> Vote:
    if kind == Kind.Nullify:
        return Vote(Statement(kind, 0, view), signer, bytes(96))
    return Vote(Statement(kind, 0, view, view - 1, A), signer, bytes(96))


def test_a_statement_is_due_when_its_votes_weigh_a_quorum() -> None:
    votes = book(1, 1, 1, 1)
    for signer in (3, 0):
        assert votes.add(notarize(signer))
    assert not votes.due
    assert votes.add(notarize(2))
    assert list(votes.due) == [notarize(0).statement]
    assert [each.signer for each in votes.take(notarize(0).statement)] == [0, 2, 3]
    assert not votes.due


def test_weights_decide_and_not_heads() -> None:
    votes = book(10, 1, 1, 1)
    for signer in (1, 2, 3):
        votes.add(notarize(signer))
    assert not votes.due
    votes.add(notarize(0))
    assert list(votes.due) == [notarize(0).statement]


def test_votes_for_different_blocks_do_not_add_up() -> None:
    votes = book(1, 1, 1, 1)
    votes.add(notarize(0, A))
    votes.add(notarize(1, A))
    votes.add(notarize(2, B))
    votes.add(notarize(3, B))
    assert not votes.due


def test_a_second_vote_of_a_signer_has_no_place() -> None:
    votes = book(1, 1, 1, 1)
    assert votes.add(notarize(0))
    assert not votes.add(notarize(0))
    assert not votes.add(notarize(0, B))
    votes.add(notarize(1))
    assert not votes.due
    assert votes.vote(Kind.Notarize, 5, 0) == notarize(0)


@pytest.mark.parametrize(
    ("first", "second", "is_conflict"),
    [
        (notarize(0), notarize(0, B), True),
        (notarize(0), notarize(0, A, signature=1), False),
        (notarize(0), of(Kind.Nullify, 0), False),
        (notarize(0), of(Kind.Finalize, 0), False),
        (of(Kind.Nullify, 0), of(Kind.Finalize, 0), True),
        (of(Kind.Finalize, 0), of(Kind.Nullify, 0), True),
        (of(Kind.Nullify, 0), of(Kind.Finalize, 1), False),
        (of(Kind.Nullify, 0, view=4), of(Kind.Finalize, 0, view=5), False),
    ],
)
def test_what_nobody_honest_says_both_of(first: Vote, second: Vote, is_conflict: bool) -> None:
    votes = book(1, 1, 1, 1)
    votes.add(first)
    assert votes.conflict(second) == (first if is_conflict else None)


def test_a_bad_vote_leaves_its_place_to_the_good_one() -> None:
    votes = book(1, 1, 1, 1)
    statement = notarize(0).statement
    for signer in (0, 1, 2):
        votes.add(notarize(signer))
    votes.take(statement)
    votes.settle(statement, (2,))
    assert not votes.due
    assert votes.add(notarize(2, signature=1))
    assert list(votes.due) == [statement]
    assert votes.take(statement)[2] == notarize(2, signature=1)


def test_who_sends_bad_votes_is_not_heard_any_more_in_that_view() -> None:
    votes = book(1, 1, 1, 1)
    for _ in range(BAD_VOTES_MAX):
        assert votes.add(notarize(0))
        votes.drop(notarize(0).statement, 0)
    assert not votes.add(notarize(0))
    assert votes.add(notarize(0, view=6))


def test_votes_that_come_while_others_are_verified_make_it_due_again() -> None:
    votes = book(1, 1, 1, 1)
    statement = notarize(0).statement
    for signer in (0, 1, 2):
        votes.add(notarize(signer))
    votes.take(statement)
    votes.add(notarize(3))
    assert votes.is_verifying(statement)
    assert not votes.due
    votes.settle(statement, (0,))
    assert list(votes.due) == [statement]
    votes.done(statement)
    assert not votes.due


def test_others_are_those_who_vote_for_something_else() -> None:
    votes = book(1, 1, 1, 1)
    votes.add(notarize(0))
    assert votes.others(notarize(0)) == ()
    votes.add(notarize(3, B))
    votes.add(notarize(1, B))
    assert [each.signer for each in votes.others(notarize(0))] == [1, 3]


def test_old_views_are_forgotten() -> None:
    votes = book(1, 1, 1)
    for view in (1, 2, 3):
        for signer in range(3):
            votes.add(notarize(signer, view=view))
    votes.forget(lambda view: view < 3)
    assert votes.size == 1
    assert [each.view for each in votes.due] == [3]
    assert votes.vote(Kind.Notarize, 2, 0) is None
    votes.settle(notarize(0, view=2).statement, (0,))
    assert votes.take(notarize(0, view=2).statement) == ()
