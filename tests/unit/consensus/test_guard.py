"""The guard signs nothing that convicts its signer, and below a floor nothing at all."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from node.consensus import guard as guards
from node.consensus.guard import UNKNOWN, DoubleSign, Guard, Mark, highest_of
from runtime.simplex import Kind, Statement
from support.statements import GENESIS, STATEMENTS, A, B, convicts, digest, mark, said

# What may be said.


@pytest.mark.parametrize(
    ("first", "second"),
    list(product([said(Kind.Notarize, 7), said(Kind.Nullify, 7), said(Kind.Finalize, 7)], repeat=2)),
)
def test_two_statements_in_one_view(first: Statement, second: Statement) -> None:
    guard = Guard(GENESIS)
    assert guard.permit(first) == mark(first)
    if convicts(first, second):
        with pytest.raises(DoubleSign) as refusal:
            guard.permit(second)
        assert (refusal.value.asked, refusal.value.earlier) == (mark(second), mark(first))
        assert guard.highest == (mark(first),)
    else:
        assert guard.permit(second) == (None if first == second else mark(second))


@pytest.mark.parametrize("kind", [Kind.Notarize, Kind.Finalize])
def test_another_block_in_one_view(kind: Kind) -> None:
    guard = Guard(GENESIS)
    guard.permit(said(kind, 7, A))
    with pytest.raises(DoubleSign) as refusal:
        guard.permit(said(kind, 7, B))
    verb = kind.name.lower()
    assert str(refusal.value) == (
        f"refused to {verb} (0x{digest(said(kind, 7, B)).hex()}) in epoch 0, view 7: its key has signed "
        f"there to {verb} (0x{digest(said(kind, 7, A)).hex()})"
    )


def test_another_parent_is_another_statement() -> None:
    guard = Guard(GENESIS)
    guard.permit(Statement(Kind.Notarize, 0, 7, 6, A))
    with pytest.raises(DoubleSign):
        guard.permit(Statement(Kind.Notarize, 0, 7, 5, A))


def test_the_same_view_of_another_epoch_is_another_view() -> None:
    guard = Guard(GENESIS)
    guard.permit(said(Kind.Notarize, 7, A, epoch=0))
    guard.permit(said(Kind.Notarize, 7, B, epoch=1))


def test_an_earlier_view_may_be_finalized_late() -> None:
    guard = Guard(GENESIS)
    guard.permit(said(Kind.Finalize, 9))
    assert guard.permit(said(Kind.Finalize, 5)) == mark(said(Kind.Finalize, 5))


@settings(max_examples=300)
@given(asked=st.lists(STATEMENTS, max_size=40), limit=st.integers(1, 8))
def test_nothing_that_is_signed_convicts(asked: list[Statement], limit: int) -> None:
    signed: list[Statement] = []
    guard = Guard(GENESIS)
    with pytest.MonkeyPatch.context() as small:
        small.setattr(guards, "STATEMENTS_MAX", limit)
        for statement in asked:
            try:
                guard.permit(statement)
            except DoubleSign:
                continue
            assert statement in signed or not any(convicts(earlier, statement) for earlier in signed)
            signed.append(statement)
        assert len(guard.signed) <= 3 * limit
    assert guard.highest == highest_of(map(mark, signed))


# Floors.


@pytest.mark.parametrize(
    ("floor", "kind", "view", "is_permitted"),
    [
        (Kind.Notarize, Kind.Notarize, 6, False),
        (Kind.Notarize, Kind.Notarize, 8, True),
        (Kind.Notarize, Kind.Nullify, 7, True),
        (Kind.Notarize, Kind.Finalize, 7, True),
        (Kind.Nullify, Kind.Notarize, 7, False),
        (Kind.Nullify, Kind.Notarize, 6, False),
        (Kind.Nullify, Kind.Nullify, 6, False),
        (Kind.Nullify, Kind.Finalize, 6, False),
        (Kind.Nullify, Kind.Notarize, 8, True),
        (Kind.Finalize, Kind.Notarize, 7, True),
        (Kind.Finalize, Kind.Nullify, 6, False),
        (Kind.Finalize, Kind.Finalize, 6, False),
        (Kind.Finalize, Kind.Nullify, 8, True),
    ],
)
def test_below_a_floor_anything_may_have_been_signed(
    floor: Kind, kind: Kind, view: int, is_permitted: bool
) -> None:
    guard = Guard(GENESIS)
    guard.raise_floor(mark(said(floor, 7)))
    statement = said(kind, view)
    if is_permitted:
        assert guard.permit(statement) == mark(statement)
        return
    with pytest.raises(DoubleSign) as refusal:
        guard.permit(statement)
    assert refusal.value.earlier == mark(said(floor, 7))


def test_at_a_floor_its_own_statement_may_be_said_again() -> None:
    guard = Guard(GENESIS)
    guard.raise_floor(mark(said(Kind.Notarize, 7, A)))
    assert guard.permit(said(Kind.Notarize, 7, A)) is None
    with pytest.raises(DoubleSign):
        guard.permit(said(Kind.Notarize, 7, B))


def test_a_floor_without_a_statement_refuses_all() -> None:
    guard = Guard(GENESIS)
    guard.raise_floor(Mark(Kind.Notarize, 0, 7, UNKNOWN))
    with pytest.raises(DoubleSign) as refusal:
        guard.permit(said(Kind.Notarize, 7))
    assert str(refusal.value) == (
        f"refused to notarize (0x{digest(said(Kind.Notarize, 7)).hex()}) in epoch 0, view 7: its key may "
        "have signed to notarize anything up to epoch 0, view 7"
    )


def test_a_floor_never_sinks() -> None:
    guard = Guard(GENESIS)
    guard.raise_floor(mark(said(Kind.Notarize, 7, epoch=1)))
    guard.raise_floor(mark(said(Kind.Notarize, 9, epoch=0)))
    assert guard.floors == (mark(said(Kind.Notarize, 7, epoch=1)),)


def test_what_is_remembered_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guards, "STATEMENTS_MAX", 3)
    guard = Guard(GENESIS)
    for view in range(1, 10):
        guard.permit(said(Kind.Notarize, view))
    assert [each.view for each in guard.signed] == [7, 8, 9]
    assert guard.floors == (mark(said(Kind.Notarize, 6)),)
    assert guard.permit(said(Kind.Notarize, 6)) is None
    with pytest.raises(DoubleSign):
        guard.permit(said(Kind.Notarize, 5))


# What it knows.


def test_it_knows_what_was_signed_and_what_may_have_been() -> None:
    guard = Guard(GENESIS)
    assert not guard.knows(said(Kind.Finalize, 7))
    guard.permit(said(Kind.Finalize, 7))
    assert guard.knows(said(Kind.Finalize, 7))
    assert not guard.knows(said(Kind.Finalize, 6))
    assert not guard.knows(said(Kind.Notarize, 7))
    guard.raise_floor(Mark(Kind.Finalize, 0, 6, UNKNOWN))
    assert guard.knows(said(Kind.Finalize, 3))
    assert not guard.knows(said(Kind.Finalize, 3, epoch=1))
