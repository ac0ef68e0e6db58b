"""Statements of one validator, and which two of them convict it."""

from __future__ import annotations

from hypothesis import strategies as st

from node.consensus.guard import Mark
from runtime.crypto.hashing import blake2b_256
from runtime.simplex import Kind, Statement, message

GENESIS, KEY = b"G" * 32, b"K" * 48
A, B = b"a" * 32, b"b" * 32


def said(kind: Kind, view: int, block: bytes = A, epoch: int = 0) -> Statement:
    if kind == Kind.Nullify:
        return Statement(kind, epoch, view)
    return Statement(kind, epoch, view, view - 1, block)


def digest(statement: Statement) -> bytes:
    return blake2b_256(message(GENESIS, statement))


def mark(statement: Statement) -> Mark:
    return Mark(statement.kind, statement.epoch, statement.view, digest(statement))


def convicts(first: Statement, second: Statement) -> bool:
    """Whether two statements of one signer, in this order, break a rule of Simplex."""
    if (first.epoch, first.view) != (second.epoch, second.view) or first == second:
        return False
    kinds = (first.kind, second.kind)
    return kinds[0] == kinds[1] or kinds in {
        (Kind.Nullify, Kind.Notarize),
        (Kind.Nullify, Kind.Finalize),
        (Kind.Finalize, Kind.Nullify),
    }


STATEMENTS = st.builds(
    said, st.sampled_from(Kind), st.integers(1, 6), st.sampled_from([A, B]), st.integers(0, 1)
)
"""A few, so that many concern the same view."""
