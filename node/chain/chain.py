"""The chain: finalized blocks in the database, unfinalized ones as a tree in memory over the last of them.

A block enters with the frozen state that executing it gave. Finality takes a path of the tree, writes each
block with its state in one synced batch, forgets what lost, and only then tells anybody. A path that a crash
cut short was told to nobody: it is undone at the next start.

A state names the code that makes the block after it. Where that is other code than this process runs, the
chain takes no block any more, and says so.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple, TypeVar

import trio

from genesis.build import Genesis, GenesisError
from node.chain.notices import Finalized, Imported, NewBest, Notices, Reverted
from node.chain.records import (
    Justification,
    StoredBlock,
    number_key,
    read_body,
    read_header,
    read_justifications,
    rows,
)
from node.storage import Column, RocksStates, StorageCorrupted
from node.storage.records import DamagedRecord, number_of
from runtime.crypto.hashing import blake2b_256
from runtime.manifest import CODE_KEY, Manifest
from runtime.runtime import Runtime
from runtime.scale import DecodeError, codec_of
from runtime.state import State, StateDiscarded
from runtime.state.states import ChangeSet
from runtime.types.block import Block, Header

T = TypeVar("T")

GENESIS_KEY: Final = b"genesis"
UNFINISHED_KEY: Final = b"unfinished"
"""The key, among the figures, of the last block before those that are being made final together: while it is
there, some of them are missing.
"""


class UnknownBlock(Exception):
    """No block of this hash is known."""

    def __init__(self, block_hash: bytes) -> None:
        super().__init__(f"Unknown block: 0x{block_hash.hex()}")
        self.block_hash = block_hash


class DiscardedState(Exception):
    """The block is known, and its state is no longer kept."""

    def __init__(self, block_hash: bytes) -> None:
        super().__init__(f"State already discarded for 0x{block_hash.hex()}")
        self.block_hash = block_hash


class WrongGenesis(Exception):
    """The database holds another chain than the one that is to be run."""

    def __init__(self, path: str, stored: bytes, wanted: bytes) -> None:
        super().__init__(
            f"the database at {path} holds the chain with genesis 0x{stored.hex()}, and the chain spec makes "
            f"0x{wanted.hex()}: give another --base-path, or run with the spec that made it"
        )
        self.stored = stored
        self.wanted = wanted


class OtherRuntime(Exception):
    """The chain's next block is to be made by other code than this process runs."""

    def __init__(self, path: str, code: bytes, differences: tuple[str, ...]) -> None:
        super().__init__(
            f"the chain at {path} goes on with runtime 0x{blake2b_256(code).hex()}, and what is here "
            f"differs: {'; '.join(differences)}; hold it (`ballast upgrade prepare`) and start again, or "
            "give another --base-path"
        )
        self.code = code
        """The manifest of that code."""
        self.differences = differences


class Position(NamedTuple):
    """A block and its state."""

    hash: bytes
    header: Header
    state: State


class Route(NamedTuple):
    """The way from one block to another."""

    retracted: tuple[bytes, ...]
    """Blocks to leave, the highest first."""
    enacted: tuple[bytes, ...]
    """Blocks to take, the lowest first."""


class _Unfinalized(NamedTuple):
    block: Block
    state: ChangeSet


class Chain:
    """Every block that the node knows."""

    def __init__(self, runtime: Runtime, states: RocksStates, genesis: Genesis | None) -> None:
        """Open the chain in `states`, or begin it. `genesis` is None where `runtime` is not the one that made
        it. Raises WrongGenesis, OtherRuntime, GenesisError, StorageError.
        """
        self.runtime = runtime
        self.code = codec_of(Manifest).encode(runtime.manifest)
        """What stands under `:code` while this runtime makes the blocks."""
        self.superseded = trio.Event()
        """Set once other code is to make the block after the last final one."""
        self.states = states
        self.notices = Notices()
        self._database = states.database
        self._tree: dict[bytes, _Unfinalized] = {}
        if states.head.height < 0:
            self._begin(genesis)
        stored = self._database.get(Column.META, GENESIS_KEY)
        if stored is None or self._database.get(Column.NUMBERS, number_key(0)) != stored:
            raise StorageCorrupted(self._database.path, "the genesis block is missing")
        self.genesis_hash = stored
        self._undo_unfinished()
        self.finalized = self._read_finalized()
        self.require_runtime(self.finalized)
        if genesis is not None and stored != genesis.hash:
            raise WrongGenesis(self._database.path, stored, genesis.hash)
        """The last final block."""
        self.best = self.finalized
        """The head: the block that the next one is built on."""

    def _begin(self, genesis: Genesis | None) -> None:
        if genesis is None:
            raise GenesisError("the chain spec's genesis is made by another runtime than this process runs")
        state = genesis.state
        assert isinstance(state, ChangeSet)
        also = [*rows(genesis.block, ()), (Column.META, GENESIS_KEY, genesis.hash)]
        self.states.genesis(state.changes, state.decoded, also)

    def require_runtime(self, parent: Position) -> None:
        """See that the block after `parent` is this runtime's to make. Raises OtherRuntime."""
        code = parent.state.get(CODE_KEY) or b""
        if code == self.code:
            return
        try:
            differences = codec_of(Manifest).decode(code).differences(self.runtime.manifest)
        except DecodeError as error:
            differences = (f"its manifest cannot be read here: {error}",)
        raise OtherRuntime(self._database.path, code, differences)

    def _look_at_code(self) -> None:
        """See whether other code takes over from here."""
        if self.finalized.state.get(CODE_KEY) != self.code:
            self.superseded.set()

    def _undo_unfinished(self) -> None:
        """Take back what was made final when a crash came between."""
        unfinished = self._database.get(Column.META, UNFINISHED_KEY)
        if unfinished is not None:
            try:
                self._undo(number_of(unfinished))
            except (DamagedRecord, StateDiscarded) as error:
                raise StorageCorrupted(self._database.path, f"finality was cut short: {error}") from None

    def _read_finalized(self) -> Position:
        head = self.states.head
        block_hash = self._database.get(Column.NUMBERS, number_key(head.height))
        header = None if block_hash is None else self.header(block_hash)
        if block_hash is None or header is None or header.state_root != head.root:
            raise StorageCorrupted(self._database.path, f"block {head.height} and its state do not fit")
        return Position(block_hash, header, head)

    # Looking.

    def header(self, block_hash: bytes) -> Header | None:
        """The header of a known block."""
        fresh = self._tree.get(block_hash)
        if fresh is not None:
            return fresh.block.header
        return self._stored(Column.HEADERS, block_hash, read_header)

    def block(self, block_hash: bytes) -> StoredBlock | None:
        """A known block, whole."""
        fresh = self._tree.get(block_hash)
        if fresh is not None:
            return StoredBlock(fresh.block, ())
        header = self.header(block_hash)
        body = self._stored(Column.BODIES, block_hash, read_body)
        if header is None or body is None:
            return None
        justifications = self._stored(Column.JUSTIFICATIONS, block_hash, read_justifications)
        return StoredBlock(Block(header, body), justifications or ())

    def _stored(self, column: Column, block_hash: bytes, read: Callable[[bytes], T]) -> T | None:
        """What a column holds of a block. Raises StorageCorrupted."""
        raw = self._database.get(column, block_hash)
        try:
            return None if raw is None else read(raw)
        except DecodeError as error:
            place = f"the {column.value} record of 0x{block_hash.hex()}: {error}"
            raise StorageCorrupted(self._database.path, place) from None

    def hash_at(self, number: int) -> bytes | None:
        """The hash of the block at a height of the best chain."""
        if number > self.best.header.number or number < 0:
            return None
        if number <= self.finalized.header.number:
            return self._database.get(Column.NUMBERS, number_key(number))
        block_hash = self.best.hash
        for _ in range(self.best.header.number - number):
            block_hash = self._tree[block_hash].block.header.parent_hash
        return block_hash

    def at(self, block_hash: bytes) -> Position:
        """A known block with its state. Raises UnknownBlock, DiscardedState."""
        if block_hash == self.best.hash:
            return self.best
        fresh = self._tree.get(block_hash)
        if fresh is not None:
            return Position(block_hash, fresh.block.header, fresh.state)
        header = self.header(block_hash)
        if header is None:
            raise UnknownBlock(block_hash)
        try:
            return Position(block_hash, header, self.states.at(header.number))
        except StateDiscarded:
            raise DiscardedState(block_hash) from None

    def is_finalized(self, block_hash: bytes) -> bool:
        """Whether a known block is final."""
        header = None if block_hash in self._tree else self.header(block_hash)
        return header is not None and self.hash_at(header.number) == block_hash

    @property
    def unfinalized(self) -> tuple[Header, ...]:
        """Every unfinalized block, each after its parent."""
        return tuple(each.block.header for each in self._tree.values())

    # Acting.

    def add(self, block: Block, state: State, *, is_best: bool = True) -> bytes:
        """Take an executed block, whose parent is known, with its state; its hash."""
        assert isinstance(state, ChangeSet)
        header = block.header
        if header.parent_hash not in self._tree and header.parent_hash != self.finalized.hash:
            raise UnknownBlock(header.parent_hash)
        block_hash = header.hash
        self._tree[block_hash] = _Unfinalized(block, state)
        self.notices.publish(Imported(block_hash, block, state))
        if is_best:
            self._set_best(Position(block_hash, header, state))
        return block_hash

    def adopt(self, block_hash: bytes) -> None:
        """Make a known block that stands on the last final one the head. Raises UnknownBlock."""
        if block_hash != self.best.hash:
            if block_hash not in self._tree and block_hash != self.finalized.hash:
                raise UnknownBlock(block_hash)
            self._set_best(self.at(block_hash))

    def _set_best(self, best: Position) -> None:
        self.best = best
        self.notices.publish(NewBest(*best))

    def route(self, block_hash: bytes) -> Route:
        """The way from the head to another known block that stands on the last final one. Raises
        UnknownBlock.
        """
        known = self._path(self.best.hash)
        path = self._path(block_hash)
        shared = 0
        while shared < min(len(known), len(path)) and known[shared] == path[shared]:
            shared += 1
        return Route(tuple(known[: shared - 1 if shared else None : -1]), tuple(path[shared:]))

    def _path(self, block_hash: bytes) -> list[bytes]:
        """The blocks from the one after the last final block to this one. Raises UnknownBlock."""
        path: list[bytes] = []
        while block_hash != self.finalized.hash:
            if block_hash not in self._tree:
                raise UnknownBlock(block_hash)
            path.append(block_hash)
            block_hash = self._tree[block_hash].block.header.parent_hash
        path.reverse()
        return path

    def finalize(
        self, block_hash: bytes, justifications: tuple[Justification, ...] = ()
    ) -> tuple[bytes, ...]:
        """Make a known block and its ancestors final, durable first, then told; those that were not yet.

        Each is written with its state, and the last with what justifies all of them: where a crash leaves
        only some, they are undone at the next start, since nobody was told.

        Raises UnknownBlock, or a StorageError: then the node must not go on.
        """
        path = self._path(block_hash)
        before = number_key(self.finalized.header.number)
        for place, each in enumerate(path, start=1):
            block, state = self._tree[each]
            also = rows(block, justifications if each == block_hash else ())
            if len(path) > 1:
                also.append((Column.META, UNFINISHED_KEY, before if place < len(path) else None))
            finalized = self.states.finalize(state, also)
            del self._tree[each]
            self.finalized = Position(each, block.header, finalized)
            if self.best.hash == each:
                self.best = self.finalized
        pruned = self._forget_losers()
        if path:
            self.notices.publish(Finalized(tuple(path), self.finalized.header, pruned))
            self._look_at_code()
        return tuple(path)

    def rewind(self, number: int) -> None:
        """Take a development chain back to a final block within the window. Raises StateDiscarded."""
        block_hash = self.hash_at(number)
        header = None if block_hash is None else self.header(block_hash)
        if block_hash is None or header is None:
            raise StateDiscarded(number)
        self._tree.clear()
        head = self._undo(number)
        self.finalized = self.best = Position(block_hash, header, head)
        self.notices.publish(Reverted(block_hash, header, head))
        self._look_at_code()

    def _undo(self, number: int) -> State:
        """Forget the final blocks above a height, as if they had never been. Raises StateDiscarded."""
        gone: list[tuple[str, bytes, bytes | None]] = [(Column.META, UNFINISHED_KEY, None)]
        for later in range(number + 1, self.states.head.height + 1):
            key = number_key(later)
            dead = self._database.get(Column.NUMBERS, key)
            if dead is not None:
                gone += [
                    (Column.HEADERS, dead, None),
                    (Column.BODIES, dead, None),
                    (Column.JUSTIFICATIONS, dead, None),
                    (Column.NUMBERS, key, None),
                ]
        return self.states.rewind(number, gone)

    def _forget_losers(self) -> tuple[bytes, ...]:
        """Drop what does not stand on the last final block."""
        losers: list[bytes] = []
        for block_hash, each in self._tree.items():
            parent = each.block.header.parent_hash
            if parent != self.finalized.hash and (parent in losers or parent not in self._tree):
                losers.append(block_hash)
        for block_hash in losers:
            del self._tree[block_hash]
        if self.best.hash not in self._tree and self.best.hash != self.finalized.hash:
            last = next(reversed(self._tree), None)
            self._set_best(self.finalized if last is None else self.at(last))
        return tuple(losers)

    def close(self) -> None:
        """Release the database."""
        self.states.close()
