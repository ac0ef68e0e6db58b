"""A notice that a block is final leaves only after a synced write: whoever was told still has the block after
the power went, whenever that was.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random

import pytest

from node.chain.notices import Finalized, Notice, Reverted
from node.chain.transaction import sign_transaction
from node.mempool import events
from node.node import Node
from node.rpc.methods.system import next_nonce
from node.storage import Column
from node.storage.database import Batch
from node.wallet.dev import dev_account
from pallets.balances import Balances
from runtime.trie import StateVersion, trie_root
from runtime.types import Address
from support.fuzzing import world
from support.storage import ForgetfulDatabase

SEEDS = range(6)
ACTIONS = 12
BLOCKS_MAX = 3
ALICE = dev_account("Alice")

Rows = dict[tuple[Column, bytes], bytes]


class Told:
    """What a node told of finality, and what the disk held at that moment."""

    def __init__(self, database: ForgetfulDatabase) -> None:
        self._database = database
        self.final: dict[int, bytes] = {}
        """By number, the hash of each block that was told to be final and not taken back since."""
        self.moments: list[tuple[dict[int, bytes], Rows]] = []
        self.transactions = 0

    def listen(self, node: Node) -> None:
        """Hear each notice at the moment when it leaves, before anybody else."""
        node.chain.notices.publish = self._first(node.chain.notices.publish, self._notice)  # type: ignore[method-assign]
        node.mempool.watchers.publish = self._first(node.mempool.watchers.publish, self._events)  # type: ignore[method-assign]

    @staticmethod
    def _first(publish: Callable[..., None], hear: Callable[..., None]) -> Callable[..., None]:
        def both(told: object) -> None:
            hear(told)
            publish(told)

        return both

    def _notice(self, notice: Notice) -> None:
        match notice:
            case Finalized(hashes=hashes, header=header):
                first = header.number - len(hashes) + 1
                self.final |= {first + place: each for place, each in enumerate(hashes)}
            case Reverted(header=header):
                self.final = {number: each for number, each in self.final.items() if number <= header.number}
            case _:
                return
        self.moments.append((dict(self.final), dict(self._database.disk)))

    def _events(self, told: list[events.Event]) -> None:
        """A transaction is told final when its block is."""
        for event in told:
            if isinstance(event, events.Finalized):
                assert event.block in self.final.values()
                self.transactions += 1


def check(final: dict[int, bytes], disk: Rows) -> None:
    """What the power left: every block that was told of is there, the last state has its root."""
    database = ForgetfulDatabase()
    database.rows, database.disk = dict(disk), dict(disk)
    chain = world.node_over(database).chain
    height = max(final, default=0)
    for number, block_hash in final.items():
        assert chain.hash_at(number) == block_hash, f"#{number} was told to be final and is not there"
        assert chain.block(block_hash) is not None
    assert chain.finalized.header.number >= height
    flat = {key: value for (column, key), value in disk.items() if column == Column.STATE}
    assert trie_root(flat, StateVersion.V1) == chain.finalized.header.state_root
    if final:
        state = chain.at(final[height]).state
        assert state.root == chain.at(final[height]).header.state_root
        assert state.prove(list(flat)[:3])


async def live(node: Node, dice: Random) -> None:
    """Some minutes in the life of a node: transactions, blocks, finality late and in heaps, going back."""
    balances = node.runtime.pallets["Balances"]
    assert isinstance(balances, Balances)
    for _ in range(ACTIONS):
        match dice.randrange(6):
            case 0 | 1:
                await node.sealer.seal()
            case 2:
                for _ in range(dice.randint(1, BLOCKS_MAX)):
                    await node.sealer.seal(finalize=False)
            case 3:
                await node.heads.finalize(node.chain.best.hash)
            case 4:
                call = balances.transfer_keep_alive.call(Address(world.ACCOUNTS[1]), dice.randint(1, 10**9))
                nonce = next_nonce(node, ALICE.public)
                await node.mempool.submit(sign_transaction(node.runtime, node.chain.best, call, ALICE, nonce))
            case 5 if node.chain.finalized.header.number and dice.random() < 0.3:
                await node.sealer.rewind(dice.randint(0, node.chain.finalized.header.number))
            case _:
                pass


async def lives(database: ForgetfulDatabase, seed: int) -> Told:
    """A node that loses its power again and again, and each time goes on with what the disk holds."""
    dice, told = Random(seed), Told(database)
    for _ in range(3):
        node = world.node_over(database)
        told.listen(node)
        await live(node, dice)
        database.lose_power()
        check(told.final, database.disk)
    return told


@pytest.mark.parametrize("seed", SEEDS)
async def test_what_was_told_final_is_on_the_disk_when_it_is_told(seed: int) -> None:
    told = await lives(ForgetfulDatabase(), seed)
    assert len(told.moments) > 3
    for final, disk in told.moments:
        check(final, disk)


async def test_transactions_are_told_final_too() -> None:
    assert sum([(await lives(ForgetfulDatabase(), seed)).transactions for seed in SEEDS]) > 5


class Lazy(ForgetfulDatabase):
    """Says that it synced, and did not."""

    def write(self, batch: Batch, /, *, sync: bool) -> None:
        super().write(batch, sync=False)


async def test_a_write_that_is_not_synced_would_be_found() -> None:
    """The test above can fail: without the sync, the first power cut loses a block that was told of."""
    with pytest.raises(AssertionError, match=r"^#1 was told to be final and is not there"):
        for seed in SEEDS:
            await lives(Lazy(), seed)


async def test_a_notice_before_the_write_would_be_found() -> None:
    """So can its other half: told first and written then, the moment of the notice gives it away."""
    database = ForgetfulDatabase()
    node, told = world.node_over(database), Told(database)
    await node.sealer.seal(finalize=False)
    told.listen(node)
    best = node.chain.best
    node.chain.notices.publish(Finalized((best.hash,), best.header, ()))
    await node.heads.finalize(best.hash)
    ((final, disk), *later) = told.moments
    with pytest.raises(AssertionError, match=r"^#1 was told to be final and is not there"):
        check(final, disk)
    for final, disk in later:
        check(final, disk)


async def test_a_write_that_fails_is_told_to_nobody() -> None:
    database = ForgetfulDatabase()
    node, told = world.node_over(database), Told(database)
    told.listen(node)
    await node.sealer.seal()
    database.is_failing = True
    with pytest.raises(OSError, match=r"^no space left$"):
        await node.sealer.seal()
    assert list(told.final) == [1]
    database.lose_power()
    check(told.final, database.disk)
