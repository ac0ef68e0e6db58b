"""A chain whose validators take turns by epochs, in a real database, and all that makes its blocks final.

Of the candidates, some at a time are the committee; with each epoch it moves on by one.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Annotated, Any, Final

from genesis.build import Genesis, build_genesis
from node.chain.chain import Chain
from node.chain.transaction import sign_transaction
from node.storage import RocksStates
from node.sync.epochs import Epochs
from node.wallet.dev import dev_account
from pallets.balances import Balances
from pallets.system import System
from pallets.timestamp import Timestamp
from pallets.transaction_payment import TransactionPayment
from runtime.api.simplex import committee_after
from runtime.crypto.hashing import blake2b_256
from runtime.frame import NoError, NoEvent, Pallet, StorageValue, hookimpl, runtime_api
from runtime.frame.inherents import TIMESTAMP
from runtime.frame.interfaces import Blocks
from runtime.frame.plain import to_plain
from runtime.loader import load
from runtime.runtime import Runtime
from runtime.scale import U32, Max, Struct, codec_of
from runtime.simplex import (
    ENGINE,
    VALIDATORS_MAX,
    Certificate,
    Committee,
    Kind,
    NextCommittee,
    Statement,
    Validator,
)
from runtime.spec import Found, RuntimeSpec, SeatSpec
from runtime.state import MemoryStates, State
from runtime.types import Address, BlockNumber
from runtime.types.digest import Consensus
from support.chains import BOB, EXISTENTIAL_DEPOSIT, RICH, TREASURY
from support.committees import Signers

NAMES: Final = ("Alice", "Bob", "Charlie", "Dave", "Eve")
SEATS: Final = 4
BLOCKS_PER_EPOCH: Final = 20
CROWD: Final = tuple(blake2b_256(b"somebody %d" % place) for place in range(400))
"""Accounts that make the state larger than a page."""
START_MS: Final = 1_700_000_000_000
PAYER: Final = dev_account("Alice", "ed25519")
CERTIFICATE: Final = codec_of(Certificate)

Candidates = Annotated[tuple[Validator, ...], Max(VALIDATORS_MAX)]


class RotaConfig(Struct):
    """Constants of the chain."""

    blocks_per_epoch: U32
    seats: U32


class RotaGenesis(Struct):
    """Who may sit in a committee."""

    candidates: Candidates


class Rota(Pallet[NoEvent, NoError]):
    """Committees that change with each epoch."""

    config: RotaConfig
    blocks: Blocks

    candidates = StorageValue[Candidates](default=(), doc="Who may sit in a committee.")
    committee = StorageValue[Committee](default=Committee(0, ()), doc="Who decides about the next block.")

    @hookimpl
    def build_genesis(self, genesis: RotaGenesis) -> None:
        self.candidates = genesis.candidates
        self.committee = self._of(0)

    @hookimpl
    def on_finalize(self, now: BlockNumber) -> None:
        if now % self.config.blocks_per_epoch == 0:
            following = self.committee = self._of(now // self.config.blocks_per_epoch)
            item = codec_of(NextCommittee).encode(NextCommittee(following.epoch, following.root))
            self.blocks.deposit_log(Consensus(ENGINE, item))

    @runtime_api("SimplexApi", version=1)
    def committee_after(self) -> Committee:
        """Who decides about the block after this one."""
        return self.committee

    @runtime_api("SimplexApi", version=1)
    def blocks_per_epoch(self) -> U32:
        """How many blocks an epoch has."""
        return self.config.blocks_per_epoch

    def _of(self, epoch: int) -> Committee:
        candidates = self.candidates
        places = (candidates[(epoch + seat) % len(candidates)] for seat in range(self.config.seats))
        return Committee(epoch, tuple(places))


def signers(epoch: int) -> Signers:
    """The committee of an epoch, with its secrets."""
    return Signers(epoch, [NAMES[(epoch + seat) % len(NAMES)] for seat in range(SEATS)])


def committee_of(runtime: Runtime, state: State) -> Committee:
    """Who decides about the block that follows a state."""
    committee = committee_after(runtime, state)
    assert committee is not None
    return committee


@cache
def runtime() -> Runtime:
    pallets: tuple[type[Pallet[Any, Any]], ...] = (System, Timestamp, Balances, TransactionPayment, Rota)
    config: dict[str, dict[str, Any]] = {
        "Balances": {"existential_deposit": EXISTENTIAL_DEPOSIT, "dust_account": "0x" + TREASURY.hex()},
        "TransactionPayment": {"fee_account": "0x" + TREASURY.hex()},
        "Rota": {"blocks_per_epoch": BLOCKS_PER_EPOCH, "seats": SEATS},
    }
    spec = RuntimeSpec(
        spec_version=1,
        pallets=tuple(
            SeatSpec(index=place, pallet=each.__name__, config=config.get(each.__name__, {}))
            for place, each in enumerate(pallets)
        ),
    )
    return load(spec, {each.__name__: Found(pallet=each) for each in pallets})


@cache
def genesis() -> Genesis:
    everybody = Signers(0, NAMES).committee.validators
    plain = {
        "Balances": {"balances": [["0x" + who.hex(), RICH] for who in (PAYER.public, TREASURY, *CROWD)]},
        "Rota": {"candidates": [to_plain(each) for each in everybody]},
    }
    return build_genesis(runtime(), plain, MemoryStates().head)


def open_chain(folder: Path, *, window: int = 256) -> Chain:
    """The chain in a folder, or its beginning."""
    return Chain(runtime(), RocksStates.open(folder, window=window, cache_bytes=8 << 20), genesis())


def epochs_of(chain: Chain) -> Epochs:
    return Epochs(chain, BLOCKS_PER_EPOCH, committee_of)


def extend(chain: Chain, *, transfers: int = 0, later_ms: int = 0) -> bytes:
    """Build the next block over the head, with signed transfers, and keep it; its hash."""
    best = chain.best
    builder = chain.runtime.build(best.state, best.header)
    now = START_MS + best.header.number * 1_000 + 1_000 + later_ms
    for raw in builder.inherents({TIMESTAMP: now.to_bytes(8, "little")}):
        builder.apply(raw)
    for raw in signed_transfers(chain, transfers):
        builder.apply(raw)
    built = builder.finish()
    return chain.add(built.block, built.state)


def signed_transfers(chain: Chain, count: int) -> list[bytes]:
    """The payer's next transfers over the head."""
    if not count:
        return []
    balances, system = chain.runtime.pallets["Balances"], chain.runtime.pallets["System"]
    assert isinstance(balances, Balances) and isinstance(system, System)
    chain.runtime.over(chain.best.state)
    nonce = system.nonce(PAYER.public)
    return [
        sign_transaction(
            chain.runtime,
            chain.best,
            balances.transfer_keep_alive.call(Address(BOB), 10**6 + each),
            PAYER,
            nonce + each,
        )
        for each in range(count)
    ]


def statement_of(epoch: int, view: int, block_hash: bytes) -> Statement:
    """What a committee says when it finalizes a block whose parent is of the view before."""
    return Statement(Kind.Finalize, epoch, view, view - 1, block_hash)


def certificate_for(chain: Chain, block_hash: bytes) -> Certificate:
    """What a quorum signs when it finalizes a known block."""
    header = chain.header(block_hash)
    assert header is not None
    epoch = max(0, header.number - 1) // BLOCKS_PER_EPOCH
    view = header.number - epoch * BLOCKS_PER_EPOCH
    statement = statement_of(epoch, view, block_hash)
    return signers(epoch).certificate(statement, range(SEATS - 1), genesis_hash=chain.genesis_hash)


def finalize(chain: Chain, block_hash: bytes) -> Certificate:
    """Finalize a known block as validators do."""
    certificate = certificate_for(chain, block_hash)
    chain.finalize(block_hash, ((ENGINE, CERTIFICATE.encode(certificate)),))
    epochs = epochs_of(chain)
    epochs.committee(epochs.of(chain.finalized.header.number + 1))
    return certificate


def grow(chain: Chain, blocks: int, *, every: int = 1, transfers: int = 0, later_ms: int = 0) -> None:
    """More blocks, each `every`th with a certificate of its own, and each that ends an epoch."""
    for _ in range(blocks):
        block_hash = extend(chain, transfers=transfers, later_ms=later_ms)
        number = chain.best.header.number
        if number % every == 0 or number % BLOCKS_PER_EPOCH == 0:
            finalize(chain, block_hash)
    if chain.best.hash != chain.finalized.hash:
        finalize(chain, chain.best.hash)
