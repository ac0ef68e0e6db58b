"""The preset `local` with short epochs, its blocks built and made final in memory by its own validators."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from genesis.build import build_genesis
from genesis.presets.dev import dev_names
from genesis.presets.local import local
from genesis.seats import Timing
from genesis.spec import write_spec
from node.cli.remote import local_runtime
from node.light.export import Origin, origin_of
from pallets.beacon import ENGINE as BEACON
from pallets.beacon import message as beacon_message
from runtime.api.simplex import committee_after
from runtime.executive.builder import Built
from runtime.frame.inherents import TIMESTAMP
from runtime.scale import codec_of
from runtime.simplex import ENGINE, Authored, Certificate, Committee, Kind, Statement, bitmap_of, message
from runtime.state import MemoryStates, State
from runtime.testing import BLOCK_MS, START_MS, Trusting
from runtime.types.block import Header
from runtime.types.digest import DigestItem, PreRuntime
from support.committees import BLS, keypair

LENGTH: Final = 3
"""Blocks an epoch."""
TIMING: Final = Timing(blocks_per_hour=120, block_ms=500, blocks_per_epoch=LENGTH, slash_delay_hours=0)
KEYS: Final = {keypair(name).public: keypair(name) for name in dev_names(4)}


class LocalChain:
    """So many blocks; each but the first of an epoch has a justification of its own."""

    def __init__(self, blocks: int) -> None:
        self.spec = local(accounts=4, timing=TIMING)
        self.runtime = local_runtime(self.spec)
        states = MemoryStates()
        genesis = build_genesis(self.runtime, self.spec.genesis, states.head)
        self.genesis_hash = genesis.hash
        self.origin: Origin = origin_of(self.runtime, genesis)
        self.headers: list[Header] = [genesis.block.header]
        self.states: list[State] = [states.finalize(genesis.state)]
        self.certificates: dict[int, bytes] = {}
        self.committees: dict[int, Committee] = {}
        for height in range(1, blocks + 1):
            committee = committee_after(self.runtime, self.states[-1])
            assert committee is not None
            self.committees[committee.epoch] = committee
            built = self._build(height, committee)
            self.headers.append(built.block.header)
            self.states.append(states.finalize(built.state))
            if height % LENGTH != 1:
                self.certificates[height] = codec_of(Certificate).encode(self._certify(height, committee))

    def write_spec(self, folder: Path) -> str:
        """The chain's specification as a file; its path."""
        path = folder / "chain.json"
        path.write_text(json.dumps(write_spec(self.spec)), encoding="utf-8")
        return str(path)

    def _build(self, height: int, committee: Committee) -> Built:
        place = height % committee.size
        logs: tuple[DigestItem, ...] = (
            PreRuntime(ENGINE, codec_of(Authored).encode(Authored(committee.epoch, height, place))),
            PreRuntime(BEACON, self._sign(committee, place, self._beacon(committee, height))),
        )
        builder = self.runtime.build(self.states[-1], self.headers[-1], logs=logs, verified=Trusting())
        for raw in builder.inherents({TIMESTAMP: (START_MS + height * BLOCK_MS).to_bytes(8, "little")}):
            builder.apply(raw)
        return builder.finish()

    def _beacon(self, committee: Committee, height: int) -> bytes:
        return beacon_message(self.genesis_hash, committee.epoch, height)

    def _certify(self, height: int, committee: Committee) -> Certificate:
        """A finalization by all but one."""
        statement = Statement(Kind.Finalize, committee.epoch, height, height - 1, self.headers[height].hash)
        signers = [place for place in range(committee.size) if place != height % committee.size]
        text = message(self.genesis_hash, statement)
        signatures = [self._sign(committee, place, text) for place in signers]
        return Certificate(statement, bitmap_of(signers, committee.size), BLS.aggregate(signatures))

    def _sign(self, committee: Committee, place: int, text: bytes) -> bytes:
        return KEYS[committee.validators[place].bls].sign(text)

    # As the source of an export, and as a node over RPC.

    @property
    def head(self) -> bytes:
        return self.headers[-1].hash

    async def hash_at(self, number: int) -> bytes:
        return self.headers[number].hash

    async def header(self, block_hash: bytes) -> Header:
        (found,) = [header for header in self.headers if header.hash == block_hash]
        return found

    async def certificate(self, block_hash: bytes) -> bytes | None:
        return self.certificates.get((await self.header(block_hash)).number)

    async def committee(self, epoch: int) -> bytes:
        return codec_of(Committee).encode(self.committees[epoch])

    async def nodes(self, keys: Sequence[bytes], block_hash: bytes) -> Sequence[bytes]:
        return self.states[(await self.header(block_hash)).number].prove(keys)

    async def value(self, key: bytes, block_hash: bytes) -> bytes | None:
        return self.states[(await self.header(block_hash)).number].get(key)
