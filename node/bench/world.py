"""A chain with many accounts on a database of its own, and signed transfers between them."""

from __future__ import annotations

import random
from collections.abc import Container, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from nacl.signing import SigningKey

from genesis.build import build_genesis
from genesis.presets.dev import dev
from node.chain.chain import Chain, Position
from node.chain.logs import Logs, author_logs, dev_author
from node.memory import settle_collector
from node.plugins import discover, runtime_digest
from node.storage import RocksStates
from pallets.balances import Balances
from runtime.executive.builder import BlockBuilder, Built
from runtime.executive.extrinsic import ED25519, Proof, signed_bytes
from runtime.frame.inherents import TIMESTAMP
from runtime.frame.late import RuntimeCall
from runtime.loader import load
from runtime.runtime import Runtime
from runtime.state import MemoryStates
from runtime.types.account import Address
from runtime.types.era import IMMORTAL

FUNDS: Final = 10**12
VALUE: Final = 10**6
BLOCK_MS: Final = 6_000
START_MS: Final = 1_800_000_000_000
SEED: Final = 20_261_122
"""The transfers are the same in every run."""


@dataclass(slots=True)
class World:
    """A chain, the keys of its accounts, and what each has sent."""

    runtime: Runtime
    chain: Chain
    keys: list[SigningKey]
    publics: list[bytes]
    nonces: dict[int, int]
    dice: random.Random
    logs: Logs

    def transfers(self, count: int) -> list[bytes]:
        """Signed `transfer_keep_alive` extrinsics between random accounts, ready for the next block."""
        runtime = self.runtime
        codec = runtime.parts.codec
        balances = runtime.pallets["Balances"]
        assert isinstance(balances, Balances)
        transfer = balances.transfer_keep_alive
        encode = runtime.host.codec(RuntimeCall).encode
        version = runtime.version
        genesis = self.chain.genesis_hash
        implicits = (
            version.spec_version.to_bytes(4, "little")
            + version.transaction_version.to_bytes(4, "little")
            + genesis * 2
        )
        made: list[bytes] = []
        for _ in range(count):
            sender = self.dice.randrange(len(self.keys))
            nonce = self.nonces.get(sender, 0)
            self.nonces[sender] = nonce + 1
            call = encode(transfer.call(Address(self.dice.choice(self.publics)), VALUE))
            extras = codec.extras(((), (), (), IMMORTAL, nonce, 0))
            signature = self.keys[sender].sign(signed_bytes(call + extras + implicits)).signature
            made.append(codec.signed(self.publics[sender], ED25519, signature, extras, call))
        return made

    def begin(self, parent: Position, verified: Container[Proof]) -> BlockBuilder:
        """The next block, its inherents applied."""
        runtime = self.runtime
        builder = runtime.build(
            parent.state,
            parent.header,
            logs=self.logs(parent),
            verified=verified,
        )
        now = START_MS + (parent.header.number + 1) * BLOCK_MS
        for raw in builder.inherents({TIMESTAMP: now.to_bytes(8, "little")}):
            builder.apply(raw)
        return builder

    def finalize(self, built: Built) -> None:
        """Keep the block and make it final: one batch, synced."""
        self.chain.finalize(self.chain.add(built.block, built.state))


@contextmanager
def world(accounts: int, folder: Path) -> Generator[World]:
    """The development chain with so many funded accounts more, in a database below `folder`."""
    keys = [
        SigningKey(blake2b(number.to_bytes(8, "little"), digest_size=32).digest())
        for number in range(accounts)
    ]
    publics = [bytes(key.verify_key) for key in keys]
    spec = dev(extra=tuple((public, FUNDS) for public in publics))
    runtime = load(spec.runtime, discover(), runtime_digest=runtime_digest())
    genesis = build_genesis(runtime, spec.genesis, MemoryStates().head)
    with TemporaryDirectory(dir=folder) as place:
        chain = Chain(runtime, RocksStates.open(Path(place) / "db"), genesis)
        settle_collector()
        try:
            yield World(
                runtime,
                chain,
                keys,
                publics,
                {},
                random.Random(SEED),
                author_logs(runtime, chain.genesis_hash, dev_author()),
            )
        finally:
            chain.close()
