"""Shells of the agreement over a toy chain and a toy network: what they say, in order, and to whom."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path

import trio

from node.consensus.actions import Misdeed
from node.consensus.blocks import candidate_of, encode_block, read_block
from node.consensus.epochs import Epochs
from node.consensus.history import SigningHistory
from node.consensus.inputs import Epoch, Head
from node.consensus.memory_disk import MemoryDisk
from node.consensus.messages import AnyMessage, Candidate, Need, Peer, Status, Want
from node.consensus.shell import Shell
from node.consensus.timing import Timing
from node.consensus.verifier import InlineVerifier
from runtime.scale import codec_of
from runtime.simplex import ENGINE, Authored, Certificate, Statement, Vote, message
from runtime.trie import EMPTY_ROOT
from runtime.types.block import Block, Header
from runtime.types.digest import Digest, PreRuntime
from support.committees import GENESIS_HASH, Signers, keypair

EPOCH_BLOCKS = 6
FOLDER = Path("/validator")


class ToyWorld:
    """Blocks that are headers alone, and always valid unless their height is in `refused`."""

    def __init__(self, signers: Signers, me: int) -> None:
        self.signers = signers
        self.me = me
        self.final: list[tuple[bytes, Certificate | None]] = [(GENESIS_HASH, None)]
        self.refused: set[int] = set()
        self.bodies: dict[bytes, bytes] = {}

    @property
    def head(self) -> Head:
        return Head(self.final[-1][0], len(self.final) - 1)

    def epoch_of(self, number: int) -> int:
        return (number - 1) // EPOCH_BLOCKS

    def epoch(self, number: int) -> Epoch:
        committee = self.signers.committee.replace(epoch=number)
        first = number * EPOCH_BLOCKS
        return Epoch(committee, self.me, self.final[first][0], first, first + EPOCH_BLOCKS)

    def justification(self) -> Certificate:
        certificate = self.final[-1][1]
        assert certificate is not None
        return certificate

    async def build(self, authored: Authored, parent_hash: bytes) -> Candidate | None:
        await trio.sleep(0.05)
        number = self._number(parent_hash) + 1
        item = PreRuntime(ENGINE, codec_of(Authored).encode(authored))
        block = Block(Header(parent_hash, number, bytes(32), EMPTY_ROOT, Digest((item,))), ())
        body = encode_block(block)
        self.bodies[block.header.hash] = body
        return candidate_of(block, body)

    def _number(self, block: bytes) -> int:
        for number, (known, _) in enumerate(self.final):
            if known == block:
                return number
        return read_block(self.bodies[block]).header.number

    async def check(self, candidate: Candidate) -> bool:
        self.bodies[candidate.hash] = candidate.body
        return candidate.number not in self.refused

    async def commit(self, certificate: Certificate) -> None:
        path: list[bytes] = []
        block = certificate.statement.block
        while block != self.head.hash:
            path.append(block)
            block = read_block(self.bodies[block]).header.parent_hash
        for each in reversed(path):
            self.final.append((each, certificate if each == path[0] else None))

    def serve(self, asked: Want | Need | Status) -> list[AnyMessage]:
        return []


class WatchedDisk(MemoryDisk):
    """A disk that says whether something was written and not synced."""

    @property
    def is_durable(self) -> bool:
        """Whether a power cut would lose nothing."""
        return all(bytes(each.data) == each.synced for each in self._names.values())


@dataclass
class ToyNetwork:
    """Peers by their keys; everything arrives, at once."""

    me: Peer
    disk: WatchedDisk
    shells: dict[Peer, Shell]
    said: list[tuple[Peer, str, bytes]] = field(default_factory=list[tuple[Peer, str, bytes]])
    said_early: int = 0
    """Messages that left before what the journal held was durable."""
    misdeeds: list[tuple[Peer, Misdeed]] = field(default_factory=list[tuple[Peer, Misdeed]])

    def peers(self) -> Collection[Peer]:
        return [peer for peer in self.shells if peer != self.me]

    async def broadcast(self, topic: str, data: bytes) -> None:
        await trio.lowlevel.checkpoint()

    async def tell(self, peer: Peer, topic: str, data: bytes) -> None:
        self.said_early += not self.disk.is_durable
        self.said.append((peer, topic, data))
        await self.shells[peer].received(self.me, data)

    def report(self, peer: Peer, misdeed: Misdeed) -> None:
        self.misdeeds.append((peer, misdeed))


class ToySigner:
    """Signs with the key of a name."""

    def __init__(self, name: str) -> None:
        self._key = keypair(name)

    def sign(self, statement: Statement) -> bytes:
        return self._key.sign(message(GENESIS_HASH, statement))


class Court:
    """Takes evidence."""

    def __init__(self) -> None:
        self.found: list[tuple[Vote, Vote] | tuple[Certificate, Certificate]] = []

    async def votes(self, first: Vote, second: Vote) -> None:
        self.found.append((first, second))

    async def certificates(self, first: Certificate, second: Certificate) -> None:
        self.found.append((first, second))


class Validator:
    """One validator of a toy network."""

    def __init__(self, signers: Signers, me: int, shells: dict[Peer, Shell]) -> None:
        self.peer = signers.committee.validators[me].network
        self.world, self.disk, self.court = ToyWorld(signers, me), WatchedDisk(), Court()
        self.network = ToyNetwork(self.peer, self.disk, shells)
        self._name = signers.names[me]
        self.open()

    def open(self) -> None:
        """Begin, or begin again with what the disk holds."""
        key = keypair(self._name)
        self.history = SigningHistory(self.disk, FOLDER, GENESIS_HASH, key.public)
        self.shell = Shell(
            Epochs(Timing(delta_ms=200)),
            self.world,
            self.history,
            ToySigner(self._name),
            InlineVerifier(GENESIS_HASH),
            self.network,
            self.court,
        )
        self.network.shells[self.peer] = self.shell
