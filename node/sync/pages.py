"""What nodes tell each other so that one may begin in the middle of a chain, and what can be seen of it.

    state/1   EndsAsked    -> Ends       the ends of epochs: who decides, from genesis on
              BlockAsked   -> Target     a final block, and what shows that it is
              PageAsked    -> PageReply  entries of its state, in the order of their keys

Each answer proves itself: an epoch's end by the committee of its epoch, which the end before named; a block
by the committee of its own; a page by the block's state root (`runtime/trie/range.py`).
"""

from __future__ import annotations

from typing import Annotated, Final, TypeAlias

from node.sync.blocks import (
    Ahead,
    BadReply,
    Batch,
    BlocksReply,
    BlocksRequest,
    FinalBlock,
    check_reply,
)
from runtime.scale import U64, Doc, Enum, Max, Struct
from runtime.simplex import Certificate, Committee, Kind, next_committee_of
from runtime.trie import StateVersion, ordered_trie_root
from runtime.trie.node import KEY_BYTES_MAX
from runtime.types.account import Hash
from runtime.types.block import Header

STATE: Final = "state/1"
ENDS_MAX: Final = 128
"""The most ends of epochs in a reply: 2 MiB where each has 128 validators."""
PAGE_BYTES: Final = 256 << 10
"""How long a page is at least, unless it is the last; one entry more may make it longer."""
ITEMS_MAX: Final = 1 << 16
"""The most items of a page: none is shorter than 4 bytes."""


class StateRequest(Enum):
    """What is asked for."""


class EndsAsked(StateRequest, index=0):
    """The ends of epochs, from one on, as many as fit."""

    epoch: U64


class BlockAsked(StateRequest, index=1):
    """A final block: that of a hash, or the last."""

    block: Hash | None


class PageAsked(StateRequest, index=2):
    """The entries of a block's state that come after a key."""

    block: Hash
    after: Annotated[bytes, Max(KEY_BYTES_MAX)] | None


class EpochEnd(Struct):
    """The last block of an epoch, without its body, and whom it names."""

    header: Header
    certificate: Certificate
    committee: Annotated[Committee, Doc("Who decides in the next epoch; the header commits to it.")]


class Ends(Struct):
    """Ends of epochs, one after the other; none when the first that was asked for is not known."""

    ends: Annotated[tuple[EpochEnd, ...], Max(ENDS_MAX)]


class Target(Struct):
    """A final block; none when it is not known."""

    block: FinalBlock | None
    ahead: Ahead | None


Items: TypeAlias = Annotated[tuple[bytes, ...], Max(ITEMS_MAX)]


class PageReply(Struct):
    """A page of a state; none when the state is not kept."""

    items: Items | None


def check_end(committee: Committee, end: EpochEnd, blocks_per_epoch: int) -> None:
    """See whether an epoch's end fits the committee of its epoch. Raises BadReply.

    What is left to be shown: that the certificate convinces.
    """
    number = (committee.epoch + 1) * blocks_per_epoch
    where = f"the end of epoch {committee.epoch}"
    if end.header.number != number:
        raise BadReply(f"{where} is block {number}, not block {end.header.number}")
    check_statement(end.certificate, committee.epoch, end.header.hash, where)
    named = next_committee_of(end.header)
    if named is None or named.epoch != committee.epoch + 1:
        raise BadReply(f"{where} names no committee of epoch {committee.epoch + 1}")
    if end.committee.epoch != named.epoch or end.committee.root != named.root:
        raise BadReply(f"{where} commits to another committee than the one given")


def check_target(wanted: bytes | None, target: Target, blocks_per_epoch: int) -> Batch | None:
    """See whether a block is the one that was asked for, whole; None when there is none. Raises BadReply.

    What is left to be shown: that the certificate of the batch's one segment convinces.
    """
    block = target.block
    if block is None or block.header.number == 0:
        return None
    number = block.header.number
    if wanted is not None and block.header.hash != wanted:
        raise BadReply(f"block 0x{block.header.hash.hex()} where 0x{wanted.hex()} was asked for")
    if ordered_trie_root(block.extrinsics, StateVersion.V0) != block.header.extrinsics_root:
        raise BadReply(f"the extrinsics of block {number} are not those that its header commits to")
    return check_reply(BlocksRequest(number, 1), BlocksReply((block,), target.ahead), blocks_per_epoch)


def check_statement(certificate: Certificate, epoch: int, block_hash: bytes, where: str) -> None:
    """See whether a certificate says that a block of an epoch is final. Raises BadReply."""
    statement = certificate.statement
    if statement.kind != Kind.Finalize or statement.block != block_hash or statement.epoch != epoch:
        raise BadReply(f"{where} has a certificate of something else")
