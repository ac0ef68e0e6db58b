"""A rehearsal: what a runtime does to a state that another one has left, before it does so for good.

The first blocks of the new runtime are begun over the state, one after another, until no migration is under
way: on the very path that an author takes, without transactions and without the hooks that need an author.
What the books of each block would have changed anyhow is left out of what is reported.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from runtime.executive.builder import BlockBuilder
from runtime.executive.closing import run_hook
from runtime.executive.limits import BlockMeter
from runtime.executive.migrate import VERSION_ITEM
from runtime.frame.bound import storage_prefix
from runtime.frame.host import PHASE_INITIALIZATION
from runtime.frame.invalid import InvalidBlock
from runtime.frame.names import camel
from runtime.runtime import Runtime
from runtime.state import MemoryStates
from runtime.state.backend import State
from runtime.state.overlay import ITEM_BYTES
from runtime.trie import EMPTY_ROOT
from runtime.types.block import Header
from runtime.types.digest import Digest
from runtime.types.weight import Weight

BLOCKS_MAX: Final = 10_000
"""Blocks after which migrations that are not over count as endless."""


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that does not hold of a state."""

    where: str
    """The pallet, or the invariant."""
    what: str


@dataclass(frozen=True, slots=True)
class Begun:
    """A block of the new runtime, begun."""

    number: int
    weight: Weight
    """What upgrade hooks and migrations have used of it, as declared."""
    seconds: float
    """What they took here."""


@dataclass(frozen=True, slots=True)
class Change:
    """A key whose value is another one after the migrations."""

    item: str
    """The pallet and its item; empty for what belongs to none."""
    key: bytes
    before: bytes | None
    after: bytes | None


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """How it went."""

    blocks: tuple[Begun, ...]
    halt: str
    """Why the chain would stand still; empty where it would not."""
    changes: tuple[Change, ...]
    again: tuple[Change, ...]
    """What the upgrade would change if it ran once more: nothing, if it is idempotent."""
    faults: tuple[Fault, ...]
    """What does not hold of the state afterwards."""

    @property
    def is_good(self) -> bool:
        """Whether nothing speaks against the upgrade."""
        return not (self.halt or self.again or self.faults)


def rehearse(runtime: Runtime, states: MemoryStates, header: Header) -> Rehearsal:
    """Let `runtime` take over the head of `states`, which is the state of the block `header`."""
    first = states.head
    blocks: list[Begun] = []
    books: set[bytes] = set()
    try:
        for _ in range(BLOCKS_MAX):
            parent, header = header, _following(header, states.head.root)
            books |= _books(runtime, states.head, header)
            began = time.perf_counter()
            builder = BlockBuilder(
                runtime.parts,
                states.head,
                number=header.number,
                parent_hash=parent.hash,
                without_hooks=True,
            )
            seconds = time.perf_counter() - began
            blocks.append(Begun(header.number, BlockMeter().left() - builder.weight_left, seconds))
            states.finalize(builder.overlay.commit())
            runtime.over(states.head, header.number)
            if runtime.parts.migrations.under_way() is None:
                break
        else:
            return Rehearsal(
                tuple(blocks), f"the migrations are not over after {BLOCKS_MAX} blocks", (), (), ()
            )
        again = tuple(_once_more(runtime, states.head, header.number + 1))
    except InvalidBlock as fault:
        return Rehearsal(tuple(blocks), f"no block can be made: {fault}", (), (), ())
    names = _items(runtime)
    changes = tuple(each for each in _changes(first, states.head, names) if each.key not in books)
    return Rehearsal(tuple(blocks), "", changes, again, faults_of(runtime, states.head, header.number))


def faults_of(runtime: Runtime, state: State, number: int) -> tuple[Fault, ...]:
    """What does not hold of a state, by every invariant and every pallet's `try_state`."""
    runtime.over(state, number)
    found: list[Fault] = []
    for check in runtime.parts.checks:
        figures = check.run()
        if figures is not None:
            found.append(Fault(check.invariant.name, f"{check.invariant.promise}; {figures}"))
    for hook in runtime.parts.hooks["try_state"]:
        try:
            hook.run()
        except Exception as error:  # noqa: BLE001 (whatever it raises is what it found)
            found.append(Fault(hook.pallet, str(error) or type(error).__name__))
    return tuple(found)


def _following(header: Header, root: bytes) -> Header:
    """The header of the block after one, as far as its beginning needs it."""
    return Header(header.hash, header.number + 1, root, EMPTY_ROOT, Digest())


def _books(runtime: Runtime, state: State, header: Header) -> set[bytes]:
    """The keys that opening a block writes, whatever else it does."""
    overlay = runtime.over(state, header.number)
    runtime.parts.system.begin_block(header.number, header.parent_hash, ())
    runtime.parts.system.note_runtime_upgrade(runtime.version.spec_version)
    return set(overlay.changes())


def _once_more(runtime: Runtime, state: State, number: int) -> Iterator[Change]:
    """What hooks and migrations would change if the upgrade ran again. Raises InvalidBlock."""
    overlay = runtime.over(state, number)
    runtime.host.phase = PHASE_INITIALIZATION
    mark = overlay.open()
    for hook in runtime.parts.hooks["on_runtime_upgrade"]:
        run_hook(overlay, hook, "on_runtime_upgrade")
    runtime.parts.migrations.begin()
    overlay.keep(mark)
    names = _items(runtime)
    for key, after in overlay.changes().items():
        if state.get(key) != after:
            yield Change(_item(key, names), key, state.get(key), after)


def _changes(before: State, after: State, names: dict[bytes, str]) -> Iterator[Change]:
    """Every key that differs between two states, in order."""
    for key in sorted({*before.keys(b""), *after.keys(b"")}):
        old, new = before.get(key), after.get(key)
        if old != new:
            yield Change(_item(key, names), key, old, new)


def _items(runtime: Runtime) -> dict[bytes, str]:
    """The declared items of all pallets by the prefix of their keys."""
    return {
        storage_prefix(name, item): f"{name}.{item}"
        for name, pallet in runtime.pallets.items()
        for item in (*map(camel, pallet.storage), VERSION_ITEM)
    }


def _item(key: bytes, names: dict[bytes, str]) -> str:
    return names.get(key[:ITEM_BYTES], "")
