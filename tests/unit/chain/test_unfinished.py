"""Blocks that become final together do so as one: what a crash leaves of them is undone."""

from __future__ import annotations

from random import Random

import pytest
import trio

from node.chain.notices import Finalized
from node.node import Node
from node.storage import Column, StorageCorrupted, StorageFull
from node.storage.memory import MemoryDatabase
from support.fuzzing import world

PROOF = ((b"TEST", b"the last block justifies the others"),)


async def three_more(database: MemoryDatabase) -> Node:
    """A node with one final block and three that are not."""
    node = world.node_over(database)
    await node.sealer.seal()
    for _ in range(3):
        await node.sealer.seal(finalize=False)
    return node


@pytest.mark.parametrize("writes", [0, 1, 2])
async def test_a_finality_that_was_cut_short_never_was(writes: int) -> None:
    database = MemoryDatabase()
    node = await three_more(database)
    best, before = node.chain.best, node.chain.finalized
    rows = dict(database.rows(Column.STATE))
    database.writes_left = writes
    with node.chain.notices.watch() as notices:
        with pytest.raises(StorageFull):
            node.chain.finalize(best.hash, PROOF)
        with trio.move_on_after(0):
            raise AssertionError(f"told: {await anext(notices)}")
    found = database.crash(Random(writes))
    chain = world.node_over(found).chain
    assert (chain.finalized.hash, chain.finalized.header.number) == (before.hash, 1)
    assert dict(found.rows(Column.STATE)) == rows
    assert chain.header(best.hash) is None
    assert chain.hash_at(2) is None


async def test_what_was_undone_becomes_final_anew() -> None:
    database = MemoryDatabase()
    node = await three_more(database)
    blocks = [node.chain.block(each.hash) for each in node.chain.unfinalized]
    database.writes_left = 2
    with pytest.raises(StorageFull):
        node.chain.finalize(node.chain.best.hash, PROOF)
    again = world.node_over(database.reopen())
    for each in blocks:
        assert each is not None
        parent = again.chain.best
        built = again.runtime.execute(parent.state, parent.header, each.block)
        again.chain.add(built.block, built.state)
    with again.chain.notices.watch() as notices:
        again.chain.finalize(again.chain.best.hash, PROOF)
        notice = await anext(notices)
    assert isinstance(notice, Finalized)
    assert len(notice.hashes) == 3
    stored = again.chain.block(again.chain.finalized.hash)
    assert stored is not None
    assert stored.justifications == PROOF


async def test_one_block_alone_needs_no_note() -> None:
    database = MemoryDatabase()
    node = world.node_over(database)
    writes = len(database.rows(Column.META))
    await node.sealer.seal()
    assert len(database.rows(Column.META)) == writes


async def test_a_note_that_makes_no_sense_is_corruption() -> None:
    database = MemoryDatabase()
    world.node_over(database)
    batch = database.batch()
    batch.put(b"unfinished", b"what?", database.handle(Column.META))
    database.write(batch, sync=True)
    with pytest.raises(
        StorageCorrupted,
        match=r"^the database at memory is corrupted \(finality was cut short: damaged record of a number\)",
    ):
        world.node_over(database.reopen())
