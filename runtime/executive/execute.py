"""Executing a block that somebody else made: the same builder, and every claim of the header compared."""

from __future__ import annotations

from collections.abc import Container, Mapping
from itertools import zip_longest

from runtime.executive.builder import BlockBuilder, Built
from runtime.executive.extrinsic import Extrinsic, Proof
from runtime.executive.parts import Parts
from runtime.frame.invalid import InvalidBlock
from runtime.frame.validity import TransactionValidityError
from runtime.scale import DecodeError
from runtime.scale.errors import show
from runtime.state.backend import State
from runtime.types.block import Block, Header
from runtime.types.digest import DigestItem, PreRuntime, Seal


class HeaderMismatch(InvalidBlock):
    """The header claims something that executing the block does not give."""

    def __init__(self, what: str, claimed: object, found: object) -> None:
        super().__init__(what, claimed, found)
        self.what = what

    def __str__(self) -> str:
        _, claimed, found = self.args
        return f"the header's {self.what} is {_show(claimed)}, and execution gives {_show(found)}"


class ExtrinsicInvalid(InvalidBlock):
    """An extrinsic of the block may not be in a block."""

    def __init__(self, index: int, cause: Exception) -> None:
        super().__init__(index, cause)
        self.index = index
        self.cause = cause

    def __str__(self) -> str:
        return f"extrinsic {self.index} is invalid: {self.cause}"


def execute_block(
    parts: Parts,
    parent: State,
    parent_header: Header,
    block: Block,
    *,
    observed: Mapping[bytes, bytes] | None = None,
    verified: Container[Proof] = (),
) -> Built:
    """Execute `block` over its parent's state. Raises `InvalidBlock`; the result's header equals the block's.

    `observed` is what the importer knows of the world (the time), against which inherents are checked; None,
    when executing history, checks none.
    """
    header = block.header
    if header.parent_hash != parent_header.hash:
        raise HeaderMismatch("parent hash", header.parent_hash, parent_header.hash)
    if header.number != parent_header.number + 1:
        raise HeaderMismatch("number", header.number, parent_header.number + 1)
    seals = tuple(item for item in header.digest.logs if isinstance(item, Seal))
    builder = BlockBuilder(
        parts,
        parent,
        number=header.number,
        parent_hash=header.parent_hash,
        logs=pre_runtime(header),
        verified=verified,
    )
    extrinsics: list[Extrinsic] = []
    for index, raw in enumerate(block.extrinsics):
        try:
            extrinsic = parts.codec.decode(raw)
            builder.apply_extrinsic(extrinsic)
        except (DecodeError, TransactionValidityError) as cause:
            raise ExtrinsicInvalid(index, cause) from cause
        extrinsics.append(extrinsic)
    if observed is not None:
        builder.check_inherents(observed, tuple(extrinsics))
    built = builder.finish()
    found = built.block.header
    if found.extrinsics_root != header.extrinsics_root:
        raise HeaderMismatch("extrinsics root", header.extrinsics_root, found.extrinsics_root)
    for place, (claimed, made) in enumerate(zip_longest(header.digest.logs, (*found.digest.logs, *seals))):
        if claimed != made:
            raise HeaderMismatch(f"digest item {place}", claimed, made)
    if found.state_root != header.state_root:
        raise HeaderMismatch("state root", header.state_root, found.state_root)
    return Built(block, built.state)


def pre_runtime(header: Header) -> tuple[DigestItem, ...]:
    """The digest items that the author gave to the runtime before execution."""
    return tuple(item for item in header.digest.logs if isinstance(item, PreRuntime))


def _show(value: object) -> str:
    return "0x" + value.hex() if isinstance(value, bytes) else show(value)
