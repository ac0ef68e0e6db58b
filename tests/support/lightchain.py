"""A chain as a light client meets it: headers that commit to states, and certificates by real committees.

Its states are tries of a few entries, its blocks hold nothing, and every block but the third of an epoch has
a justification of its own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from node.light.export import Origin
from node.light.proof import Genesis, Hex
from node.light.verify import COMMITTEE_KEY
from runtime.crypto.hashing import blake2b_256
from runtime.scale import codec_of
from runtime.simplex import ENGINE, Authored, Certificate, Committee, Kind, NextCommittee, Statement
from runtime.state import MemoryStates, State
from runtime.trie import EMPTY_ROOT
from runtime.types.block import Header
from runtime.types.digest import Consensus, Digest, DigestItem, PreRuntime
from support.committees import Signers

LENGTH = 4
"""Blocks an epoch."""
COUNTER, LONG, NOTHING = b"counter", b"long", b"nothing is here"
CROWD = {blake2b_256(b"%d" % number): b"%d" % number for number in range(200)}
"""Other entries, so that proofs have a few nodes."""

_COMMITTEE = codec_of(Committee)
_HEADER = codec_of(Header)


class LightChain:
    """Blocks up to the one before the end of the last epoch; each committee decides in one epoch."""

    def __init__(self, committees: Sequence[Sequence[str]]) -> None:
        """Validators by their names, for each epoch."""
        self.committees = [Signers(epoch, names) for epoch, names in enumerate(committees)]
        self._states = MemoryStates()
        self.states: list[State] = []
        self.headers: list[Header] = []
        self.certificates: dict[int, Certificate] = {}
        state = self._close({**CROWD, LONG: b"genesis " * 20}, self.committees[0].committee)
        self.headers.append(Header(bytes(32), 0, state.root, EMPTY_ROOT, Digest()))
        self.genesis_hash = self.headers[0].hash
        for _ in range(LENGTH * len(committees) - 1):
            self._add()

    def epoch_of(self, height: int) -> int:
        return (height - 1) // LENGTH

    def _add(self) -> None:
        height = len(self.headers)
        epoch = self.epoch_of(height)
        authored = Authored(epoch, height, height % 4)
        logs: list[DigestItem] = [PreRuntime(ENGINE, codec_of(Authored).encode(authored))]
        changes = {COUNTER: height.to_bytes(4, "little"), LONG: b"block %d " % height * 20}
        after = self.committees[self.epoch_of(height + 1)].committee
        if after.epoch != epoch:
            named = NextCommittee(after.epoch, after.root)
            logs.append(Consensus(ENGINE, codec_of(NextCommittee).encode(named)))
        state = self._close(changes, after)
        header = Header(self.headers[-1].hash, height, state.root, EMPTY_ROOT, Digest(tuple(logs)))
        self.headers.append(header)
        if height % LENGTH != 3:
            self.certificates[height] = self.certify(header)

    def certify(self, header: Header, *, epoch: int | None = None, kind: Kind = Kind.Finalize) -> Certificate:
        """What a quorum of the block's epoch says of it."""
        signers = self.committees[self.epoch_of(header.number) if epoch is None else epoch]
        view = max(1, header.number)
        statement = Statement(kind, signers.committee.epoch, view, view - 1, header.hash)
        quorum = range(signers.committee.quorum)
        return signers.certificate(statement, quorum, genesis_hash=self.genesis_hash)

    def _close(self, changes: Mapping[bytes, bytes], committee: Committee) -> State:
        written: dict[bytes, bytes | None] = {**changes, COMMITTEE_KEY: _COMMITTEE.encode(committee)}
        state = self._states.finalize(self._states.head.child(written, {}))
        self.states.append(state)
        return state

    # As the origin and the source of an export.

    @property
    def origin(self) -> Origin:
        nodes = tuple(Hex(node) for node in self.states[0].prove([COMMITTEE_KEY]))
        return Origin(Genesis(Hex(_HEADER.encode(self.headers[0])), nodes), self.genesis_hash, LENGTH)

    async def hash_at(self, number: int) -> bytes:
        return self.headers[number].hash

    async def header(self, block_hash: bytes) -> Header:
        (found,) = [header for header in self.headers if header.hash == block_hash]
        return found

    async def certificate(self, block_hash: bytes) -> bytes | None:
        found = self.certificates.get((await self.header(block_hash)).number)
        return None if found is None else codec_of(Certificate).encode(found)

    async def committee(self, epoch: int) -> bytes:
        return _COMMITTEE.encode(self.committees[epoch].committee)

    async def nodes(self, keys: Sequence[bytes], block_hash: bytes) -> Sequence[bytes]:
        return self.states[(await self.header(block_hash)).number].prove(keys)

    # As a node over RPC.

    @property
    def head(self) -> bytes:
        return self.headers[-1].hash

    async def value(self, key: bytes, block_hash: bytes) -> bytes | None:
        return self.states[(await self.header(block_hash)).number].get(key)
