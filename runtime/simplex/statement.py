"""Statements: the three things that a validator says about a view, and the bytes that it signs for each.

    TAG ++ genesis hash (32) ++ protocol (u32) ++ epoch (u64) ++ view (u64)
        [++ parent view (u64) ++ block (32)]

Numbers are little-endian. A nullification names no block, so its brackets are left out. Each kind has a tag
of its own: a notarization and a finalization of one block would otherwise be one message, and a signature for
the first would serve as one for the second. Signatures are deterministic, so two different votes of one
validator are two different statements.
"""

from __future__ import annotations

import enum
from typing import Annotated, Final, TypeAlias

from runtime.scale import U16, U64, Doc, Fixed, Struct
from runtime.types.account import Hash

PROTOCOL: Final = 1
"""The version of the protocol, part of everything signed."""
SIGNATURE_BYTES: Final = 96
NO_BLOCK: Final = bytes(32)
"""What stands for the block where a statement names none."""
Signature: TypeAlias = Annotated[bytes, Fixed(SIGNATURE_BYTES)]
"""A BLS signature: a compressed point of G2."""
ValidatorIndex: TypeAlias = U16
"""A validator's place in its epoch's committee."""


class Kind(enum.IntEnum):
    """What is said of a view."""

    Notarize = 0
    """This block may follow its parent: I hold it, and it executed well."""
    Nullify = 1
    """This view may be skipped."""
    Finalize = 2
    """I saw this block notarized and did not vote to skip the view."""


_TAGS: Final = {
    Kind.Notarize: b"/simplex/notarize/1",
    Kind.Nullify: b"/simplex/nullify/1",
    Kind.Finalize: b"/simplex/finalize/1",
}


class Statement(Struct):
    """What a validator says about a view."""

    kind: Kind
    epoch: Annotated[U64, Doc("The epoch whose committee speaks.")]
    view: Annotated[U64, Doc("The view spoken of; an epoch's first is 1.")]
    parent_view: Annotated[
        U64, Doc("The view of the block's parent; 0 for the parent that opened the epoch.")
    ] = 0
    block: Annotated[Hash, Doc("The block's hash; zeros in a nullification.")] = NO_BLOCK

    @property
    def is_canonical(self) -> bool:
        """Whether the statement is written in its only form: a view from 1 on, a parent before it, and no
        block where none is spoken of.
        """
        if self.kind == Kind.Nullify:
            return self.view >= 1 and self.parent_view == 0 and self.block == NO_BLOCK
        return self.parent_view < self.view


class Vote(Struct):
    """A statement of one validator."""

    statement: Statement
    signer: ValidatorIndex
    signature: Signature


def message(genesis_hash: bytes, statement: Statement) -> bytes:
    """What is signed for a statement on the chain with this genesis; see the module's words."""
    opening = (
        _TAGS[statement.kind]
        + genesis_hash
        + PROTOCOL.to_bytes(4, "little")
        + statement.epoch.to_bytes(8, "little")
        + statement.view.to_bytes(8, "little")
    )
    if statement.kind == Kind.Nullify:
        return opening
    return opening + statement.parent_view.to_bytes(8, "little") + statement.block
