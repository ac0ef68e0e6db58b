"""A checkpoint: the rows of a chain that begins at a block in its middle, whose state came from others.

Such a chain has block zero, which names it; the last block of each epoch before, without its body, since
their certificates lead from genesis to now; and from the checkpoint on everything. Of the blocks between it
knows nothing, and says so.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from genesis.build import Genesis
from node.chain.chain import GENESIS_KEY, Chain
from node.chain.records import Justification, Row, number_key, read_justifications, rows
from node.storage import Column, Database, StorageCorrupted
from node.storage.records import number_of
from runtime.scale import DecodeError
from runtime.types.block import Block, Header

FIRST_KEY: Final = b"first"
"""The key, among the figures, of the checkpoint's height; absent where the chain begins at genesis."""

_HEADER_COLUMNS: Final = (Column.HEADERS, Column.JUSTIFICATIONS, Column.NUMBERS)


def checkpoint_rows(genesis: Genesis, block: Block, justifications: Sequence[Justification]) -> list[Row]:
    """What a chain that begins at a block keeps beside its state."""
    return [
        *rows(genesis.block, ()),
        (Column.META, GENESIS_KEY, genesis.hash),
        *rows(block, tuple(justifications)),
        (Column.META, FIRST_KEY, number_key(block.header.number)),
    ]


def header_rows(header: Header, justification: Justification) -> list[Row]:
    """What is kept of a final block whose body is not."""
    return [row for row in rows(Block(header, ()), (justification,)) if row[0] in _HEADER_COLUMNS]


def forgotten(database: Database, number: int) -> list[Row]:
    """What removes a block without a body again."""
    block_hash = database.get(Column.NUMBERS, number_key(number))
    if block_hash is None:
        return []
    return [
        (Column.HEADERS, block_hash, None),
        (Column.JUSTIFICATIONS, block_hash, None),
        (Column.NUMBERS, number_key(number), None),
    ]


def first_block(chain: Chain) -> int:
    """The lowest block that a chain holds with all that follow."""
    raw = chain.states.database.get(Column.META, FIRST_KEY)
    return 0 if raw is None else number_of(raw)


def justifications_of(chain: Chain, block_hash: bytes) -> tuple[Justification, ...]:
    """Why a final block is final, be its body here or not. Raises StorageCorrupted."""
    database = chain.states.database
    raw = database.get(Column.JUSTIFICATIONS, block_hash)
    try:
        return () if raw is None else read_justifications(raw)
    except DecodeError as error:
        place = f"the justifications record of 0x{block_hash.hex()}: {error}"
        raise StorageCorrupted(database.path, place) from None
