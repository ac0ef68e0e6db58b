"""One chainHead subscription: what it has told, what it has pinned, what runs for it. It knows no socket."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, TypeAlias

import trio

from node.chain.chain import Chain, DiscardedState
from node.chain.notices import Finalized, Imported, NewBest, Notice
from node.rpc.methods.shapes import runtime_spec_json, to_hex
from runtime.state import State
from runtime.types.block import Header
from runtime.version import RuntimeVersion

FINALIZED_TOLD: Final = 16
"""How many final blocks a new subscription is told of, so that one that was cut off finds its own again."""
PINNED_MAX: Final = 512
"""The most blocks that a subscription pins; one more stops it."""
OPERATIONS_MAX: Final = 16
"""The most operations that run for one subscription; an item of storage counts as one."""

Told: TypeAlias = dict[str, object]
"""One notification."""
STOP: Final[Told] = {"event": "stop"}
"""The last notification: the subscription cannot be kept consistent."""


@dataclass(slots=True)
class Pin:
    """A block that is kept for the subscriber until it is unpinned."""

    header: Header
    state: State
    body: tuple[bytes, ...] | None
    """Its extrinsics while it is not final; final blocks are read from the database."""


@dataclass(slots=True, eq=False)
class Operation:
    """A call, a read of storage or of a body, from its start to its last notification."""

    id: str
    cost: int
    """How many of the operations that may run it counts for."""
    scope: trio.CancelScope = field(default_factory=trio.CancelScope)
    continued: trio.Event | None = None
    """Set when the subscriber wants more; None while the operation does not wait for that."""

    async def wait_for_continue(self) -> None:
        """Return when the subscriber wants more."""
        self.continued = trio.Event()
        await self.continued.wait()
        self.continued = None


class Follow:
    """What one subscriber knows of the head of the chain."""

    def __init__(self, chain: Chain, version: RuntimeVersion, *, with_runtime: bool) -> None:
        self.chain = chain
        self.with_runtime = with_runtime
        self.pins: dict[bytes, Pin] = {}
        self.operations: dict[str, Operation] = {}
        self._version = version
        self._started = 0

    # Blocks.

    def begin(self) -> list[Told]:
        """What a new subscriber is told: the last final blocks, all that stand on them, and the head."""
        finalized = self._recently_finalized()
        first: Told = {"event": "initialized", "finalizedBlockHashes": [to_hex(each) for each in finalized]}
        if self.with_runtime:
            first["finalizedBlockRuntime"] = runtime_spec_json(self._version)
        told = [first]
        for header in self.chain.unfinalized:
            block_hash = header.hash
            stored = self.chain.block(block_hash)
            assert stored is not None
            state = self.chain.at(block_hash).state
            told.append(self._new_block(block_hash, Pin(header, state, stored.block.extrinsics)))
        return [*told, _new_best(self.chain.best.hash)]

    def _recently_finalized(self) -> list[bytes]:
        """Pin the last final blocks as far as their states are kept; their hashes, in order."""
        hashes: list[bytes] = []
        step = self.chain.finalized.hash
        while len(hashes) < FINALIZED_TOLD:
            try:
                found = self.chain.at(step)
            except DiscardedState:
                break
            hashes.append(step)
            self.pins[step] = Pin(found.header, found.state, None)
            if found.header.number == 0:
                break
            step = found.header.parent_hash
        return hashes[::-1]

    def on(self, notice: Notice) -> list[Told]:
        """What the subscriber is told of a notice, in order; `STOP` comes last of all."""
        match notice:
            case Imported():
                if len(self.pins) >= PINNED_MAX:
                    return [STOP]
                pin = Pin(notice.header, notice.state, notice.block.extrinsics)
                return [self._new_block(notice.hash, pin)]
            case NewBest():
                return [_new_best(notice.hash)]
            case Finalized():
                for each in notice.hashes:
                    if each in self.pins:
                        self.pins[each].body = None
                finalized: Told = {
                    "event": "finalized",
                    "finalizedBlockHashes": [to_hex(each) for each in notice.hashes],
                    "prunedBlockHashes": [to_hex(each) for each in notice.pruned],
                }
                return [finalized]
            case _:
                return [STOP]

    def _new_block(self, block_hash: bytes, pin: Pin) -> Told:
        self.pins[block_hash] = pin
        told: Told = {
            "event": "newBlock",
            "blockHash": to_hex(block_hash),
            "parentBlockHash": to_hex(pin.header.parent_hash),
        }
        if self.with_runtime:
            told["newRuntime"] = None
        return told

    def body(self, block_hash: bytes, pin: Pin) -> tuple[bytes, ...] | None:
        """The extrinsics of a block that is pinned, or was a moment ago."""
        if pin.body is not None:
            return pin.body
        stored = self.chain.block(block_hash)
        return None if stored is None else stored.block.extrinsics

    # Operations.

    @property
    def room(self) -> int:
        """How many more operations may run."""
        return OPERATIONS_MAX - sum(operation.cost for operation in self.operations.values())

    def start(self, cost: int = 1) -> Operation:
        """A new operation; there must be room for it."""
        self._started += 1
        operation = Operation(str(self._started), cost)
        self.operations[operation.id] = operation
        return operation

    def stop(self, operation_id: str) -> None:
        """End an operation, if it runs."""
        operation = self.operations.pop(operation_id, None)
        if operation is not None:
            operation.scope.cancel()

    def end(self) -> None:
        """End all that runs: the subscription is over."""
        for operation_id in tuple(self.operations):
            self.stop(operation_id)


def _new_best(block_hash: bytes) -> Told:
    return {"event": "bestBlockChanged", "bestBlockHash": to_hex(block_hash)}
