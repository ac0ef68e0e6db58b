"""What a header says about the agreement: who proposed it, and who decides in the next epoch."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Final, TypeVar

from runtime.scale import U64, DecodeError, Doc, Struct, codec_of
from runtime.simplex.statement import ValidatorIndex
from runtime.types.account import Hash
from runtime.types.block import Header
from runtime.types.digest import Consensus, DigestItem, PreRuntime

T = TypeVar("T")

ENGINE: Final = b"SMPX"
"""The engine of Simplex's digest items and justifications; a justification is an encoded finalization."""


class Authored(Struct):
    """The pre-runtime item: where in the agreement a block was proposed."""

    epoch: Annotated[U64, Doc("The epoch that the block belongs to.")]
    view: Annotated[U64, Doc("The view in which it was first proposed.")]
    proposer: Annotated[ValidatorIndex, Doc("The leader of that view, by its place in the committee.")]


class NextCommittee(Struct):
    """The consensus item of an epoch's last block: the committee that decides from the next block on."""

    epoch: Annotated[U64, Doc("The epoch that begins.")]
    root: Annotated[Hash, Doc("BLAKE2b-256 of its encoded committee.")]


def authored_of(header: Header) -> Authored | None:
    """Where a block was proposed; None when its header does not say, once and in order."""
    return authored_in(header.digest.logs)


def authored_in(logs: Iterable[DigestItem]) -> Authored | None:
    """The same of a header that is still being made, by its digest items so far."""
    found = [item for item in logs if isinstance(item, PreRuntime) and item.engine == ENGINE]
    return _read(Authored, [item.data for item in found])


def next_committee_of(header: Header) -> NextCommittee | None:
    """The committee that a header commits to; None when it names none."""
    found = [item for item in header.digest.logs if isinstance(item, Consensus) and item.engine == ENGINE]
    return _read(NextCommittee, [item.data for item in found])


def _read(kind: type[T], items: list[bytes]) -> T | None:
    if len(items) != 1:
        return None
    try:
        return codec_of(kind).decode(items[0])
    except DecodeError:
        return None
