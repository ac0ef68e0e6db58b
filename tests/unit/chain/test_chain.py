"""The chain on a real database: finality is one path, losers go, what is old is said to be discarded."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import trio

from genesis.build import Genesis, build_genesis
from genesis.spec import ChainSpec, write_spec
from node.chain.author import Author, AuthorStopped
from node.chain.chain import Chain, DiscardedState, OtherRuntime, Position, UnknownBlock, WrongGenesis
from node.chain.heads import Heads
from node.chain.importer import import_block
from node.chain.notices import Finalized, Imported, NewBest
from node.chain.sealing import BadSealing, Every, Instant, Manual, Sealer, parse_sealing
from node.mempool.validate import Head, Mempool
from node.plugins import discover, runtime_digest
from node.storage import RocksStates
from node.wallet.signer import Keypair
from pallets.balances import Balances
from pallets.timestamp import Timestamp
from runtime.crypto.hashing import blake2b_256
from runtime.executive.builder import Built
from runtime.executive.extrinsic import ED25519, signed_bytes
from runtime.frame.inherents import TIMESTAMP
from runtime.frame.invalid import InvalidBlock
from runtime.frame.late import RuntimeCall
from runtime.frame.pallet import pallet_account
from runtime.loader import load
from runtime.runtime import Runtime
from runtime.spec import RuntimeSpec, SeatSpec
from runtime.state import MemoryStates
from runtime.types import Address
from runtime.types.block import Block
from runtime.types.era import IMMORTAL

ALICE = Keypair.from_suri("//Alice", "ed25519")
BOB = Keypair.from_suri("//Bob", "ed25519")
RESERVE = pallet_account("reserve")
FUNDS = 10**15
START_MS = 1_700_000_000_000


def spec_with(funds: int = FUNDS) -> ChainSpec:
    reserve = "0x" + RESERVE.hex()
    return ChainSpec(
        name="Test",
        id="test",
        runtime=RuntimeSpec(
            spec_version=1,
            pallets=(
                SeatSpec(index=0, pallet="System"),
                SeatSpec(index=1, pallet="Timestamp"),
                SeatSpec(
                    index=2,
                    pallet="Balances",
                    config={"existential_deposit": 500, "dust_account": reserve},
                ),
                SeatSpec(index=3, pallet="TransactionPayment", config={"fee_account": reserve}),
            ),
        ),
        genesis={"Balances": {"balances": [["0x" + ALICE.public.hex(), funds], [reserve, FUNDS]]}},
    )


class Setup:
    """A chain in a folder, and what is needed to make blocks for it."""

    def __init__(
        self,
        folder: Path,
        spec: ChainSpec | None = None,
        *,
        digest: bytes | None = None,
        window: int = 256,
    ) -> None:
        self.spec = spec or spec_with()
        self.runtime: Runtime = load(self.spec.runtime, discover(), runtime_digest=digest or runtime_digest())
        self.genesis: Genesis = build_genesis(self.runtime, self.spec.genesis, MemoryStates().head)
        self.folder = folder
        self.chain = Chain(self.runtime, RocksStates.open(folder / "db", window=window), self.genesis)
        self.mempool = Mempool(self.head)
        self.clock_ms = START_MS
        self.author = Author(self.runtime, self.mempool, self)
        self.heads = Heads(self.chain, self.mempool, self.head_of)
        self.sealer = Sealer(self.chain, self.author, self.heads, self.mempool)

    def now_ms(self) -> int:
        self.clock_ms += 1_000
        return self.clock_ms

    def head(self) -> Head:
        return self.head_of(self.chain.best)

    def head_of(self, position: Position) -> Head:
        judge = self.runtime.validator(position.state, position.header)
        return Head(position.header.number, self.runtime.decode, judge)

    def built(self, parent: bytes, *raws: bytes, later_ms: int = 0) -> Built:
        position = self.chain.at(parent)
        builder = self.runtime.build(position.state, position.header)
        now = START_MS + position.header.number * 1_000 + 1_000 + later_ms
        for raw in (*builder.inherents({TIMESTAMP: now.to_bytes(8, "little")}), *raws):
            builder.apply(raw)
        return builder.finish()

    def transfer(self, nonce: int, amount: int = 10**6) -> bytes:
        balances = self.runtime.pallets["Balances"]
        assert isinstance(balances, Balances)
        codec = self.runtime.parts.codec
        call = self.runtime.host.codec(RuntimeCall).encode(
            balances.transfer_keep_alive.call(Address(BOB.public), amount)
        )
        extras = codec.extras(((), (), (), IMMORTAL, nonce, 0))
        implicits = (1).to_bytes(4, "little") * 2 + self.chain.genesis_hash * 2
        signature = ALICE.sign(signed_bytes(call + extras + implicits))
        return codec.signed(ALICE.public, ED25519, signature, extras, call)


@pytest.fixture
def setup(tmp_path: Path) -> Iterator[Setup]:
    made = Setup(tmp_path)
    yield made
    made.chain.close()


def test_a_finalized_block_is_there_after_a_restart_and_an_unfinalized_one_is_not(tmp_path: Path) -> None:
    first = Setup(tmp_path)
    one = first.built(first.chain.best.hash, first.transfer(0))
    kept = first.chain.add(one.block, one.state)
    first.chain.finalize(kept)
    two = first.built(kept)
    lost = first.chain.add(two.block, two.state)
    assert first.chain.best.hash == lost
    first.chain.close()

    again = Setup(tmp_path)
    assert again.chain.best.hash == again.chain.finalized.hash == kept
    assert again.chain.header(lost) is None
    stored = again.chain.block(kept)
    assert stored is not None
    assert stored.block == one.block
    assert again.chain.at(kept).state.root == one.block.header.state_root
    again.chain.close()


def test_finality_prunes_competing_branches_and_tells_of_it_afterwards(setup: Setup) -> None:
    chain = setup.chain
    with chain.notices.watch() as notices:
        genesis = chain.best.hash
        a = setup.built(genesis)
        a_hash = chain.add(a.block, a.state)
        b = setup.built(genesis, later_ms=1)
        b_hash = chain.add(b.block, b.state, is_best=False)
        child = setup.built(b_hash)
        child_hash = chain.add(child.block, child.state, is_best=False)
        assert chain.best.hash == a_hash
        chain.finalize(a_hash)
        assert chain.header(b_hash) is None
        assert chain.header(child_hash) is None
        assert chain.is_finalized(a_hash)

        async def read() -> list[object]:
            return [await anext(notices) for _ in range(5)]

        told = trio.run(read)
    assert [type(notice) for notice in told] == [Imported, NewBest, Imported, Imported, Finalized]
    last = told[-1]
    assert isinstance(last, Finalized)
    assert last.hashes == (a_hash,)
    assert set(last.pruned) == {b_hash, child_hash}


async def test_moving_the_head_to_another_branch_moves_the_pool_with_it(setup: Setup) -> None:
    """What both branches hold stays included; what only the one that is left held waits again, and is final
    with neither.
    """
    chain, pool = setup.chain, setup.mempool
    genesis = chain.best.hash
    first, second = setup.transfer(0), setup.transfer(1)
    for raw in (first, second):
        await pool.submit(raw)
    both = setup.built(genesis, first, second)
    one = setup.built(genesis, first, later_ms=1)
    both_hash = chain.add(both.block, both.state, is_best=False)
    one_hash = chain.add(one.block, one.state, is_best=False)
    await setup.heads.adopt(both_hash)
    assert chain.best.hash == both_hash and len(pool.pool) == 0

    await setup.heads.adopt(one_hash)
    assert chain.best.hash == one_hash
    assert [each.data for each in pool.pool.best_first()] == [second]

    await setup.heads.finalize(both_hash)
    assert chain.best.hash == chain.finalized.hash == both_hash and len(pool.pool) == 0
    with pytest.raises(UnknownBlock, match=f"^Unknown block: 0x{one_hash.hex()}$"):
        await setup.heads.adopt(one_hash)


def test_blocks_on_an_unknown_parent_are_refused(setup: Setup) -> None:
    built = setup.built(setup.chain.best.hash)
    orphan = Block(built.block.header.replace(parent_hash=b"\x07" * 32), built.block.extrinsics)
    with pytest.raises(UnknownBlock, match=f"^Unknown block: 0x{'07' * 32}$"):
        import_block(setup.chain, orphan)
    with pytest.raises(UnknownBlock):
        setup.chain.finalize(b"\x07" * 32)


def test_an_imported_block_must_be_what_its_header_claims(setup: Setup) -> None:
    built = setup.built(setup.chain.best.hash, setup.transfer(0))
    wrong = Block(built.block.header.replace(state_root=b"\x01" * 32), built.block.extrinsics)
    with pytest.raises(InvalidBlock) as refused:
        import_block(setup.chain, wrong)
    root = built.block.header.state_root.hex()
    expected = f"the header's state root is 0x{'01' * 32}, and execution gives 0x{root}"
    assert str(refused.value) == expected
    assert setup.chain.unfinalized == ()
    assert import_block(setup.chain, built.block) == built.block.header.hash


def test_states_behind_the_window_are_discarded_by_name(tmp_path: Path) -> None:
    setup = Setup(tmp_path, window=4)
    chain = setup.chain
    hashes = [chain.best.hash]
    for _ in range(8):
        built = setup.built(chain.best.hash)
        hashes.append(chain.add(built.block, built.state))
        chain.finalize(hashes[-1])
    assert chain.at(hashes[5]).state.root == chain.at(hashes[5]).header.state_root
    with pytest.raises(DiscardedState, match=f"^State already discarded for 0x{hashes[1].hex()}$"):
        chain.at(hashes[1])
    chain.close()


def test_another_genesis_is_refused_and_nothing_changes(tmp_path: Path) -> None:
    first = Setup(tmp_path)
    stored = first.chain.genesis_hash
    first.chain.close()
    with pytest.raises(WrongGenesis) as refused:
        Setup(tmp_path, spec_with(FUNDS + 1))
    assert refused.value.stored == stored
    assert str(refused.value).endswith(": give another --base-path, or run with the spec that made it")


def test_a_chain_of_another_runtime_is_refused_by_what_differs(tmp_path: Path) -> None:
    Setup(tmp_path).chain.close()
    with pytest.raises(OtherRuntime) as refused:
        Setup(tmp_path, digest=b"\x01" * 32)
    assert str(refused.value) == (
        f"the chain at {tmp_path / 'db'} goes on with runtime 0x{blake2b_256(refused.value.code).hex()}, and "
        "what is here differs: the runtime package differs; hold it (`ballast upgrade prepare`) and start "
        "again, or give another --base-path"
    )


async def test_the_author_includes_what_is_ready_and_drops_what_is_invalid(setup: Setup) -> None:
    for nonce in range(3):
        await setup.mempool.submit(setup.transfer(nonce))
    block_hash = await setup.sealer.seal()
    stored = setup.chain.block(block_hash)
    assert stored is not None
    assert len(stored.block.extrinsics) == 4
    assert len(setup.mempool.pool) == 0
    assert setup.chain.finalized.hash == block_hash


async def test_a_broken_hook_stops_the_author_with_one_line(
    setup: Setup, monkeypatch: pytest.MonkeyPatch
) -> None:
    timestamp = setup.runtime.pallets["Timestamp"]
    assert isinstance(timestamp, Timestamp)
    hooks = dict(setup.runtime.parts.hooks)
    broken = tuple(
        hook._replace(run=lambda now: 1 // 0) if hook.pallet == "Timestamp" else hook
        for hook in hooks["on_finalize"]
    )
    hooks["on_finalize"] = broken
    object.__setattr__(setup.runtime.parts, "hooks", hooks)
    with pytest.raises(AuthorStopped) as stopped:
        await setup.sealer.seal()
    assert str(stopped.value) == (
        "no block can be built over #0: Timestamp.on_finalize failed: "
        "ZeroDivisionError: integer division or modulo by zero"
    )
    assert setup.chain.best.header.number == 0


def test_ways_of_sealing() -> None:
    assert parse_sealing("instant") == Instant()
    assert parse_sealing("manual") == Manual()
    assert parse_sealing("0.5") == Every(0.5)
    for wrong in ("soon", "0", "-1", "nan", "1e9"):
        with pytest.raises(BadSealing):
            parse_sealing(wrong)


async def test_every_sealed_block_is_executed_again_in_a_fresh_process(tmp_path: Path) -> None:
    made = Setup(tmp_path)
    nonce = 0
    for count in (0, 1, 5, 0, 17):
        for _ in range(count):
            await made.mempool.submit(made.transfer(nonce))
            nonce += 1
        await made.sealer.seal()
    made.chain.close()
    spec_file = tmp_path / "spec.json"
    spec_file.write_text(json.dumps(write_spec(made.spec)))
    replay = Path(__file__).parents[2] / "support" / "replay.py"
    done = await trio.to_thread.run_sync(
        lambda: subprocess.run(
            [sys.executable, "-P", str(replay), str(tmp_path / "db"), str(spec_file)],
            capture_output=True,
            text=True,
            check=False,
            env={"PYTHONPATH": str(Path(__file__).parents[3])},
        )
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {"blocks": 5, "extrinsics": 28}
