"""The overlay: decoded values written over a frozen state, in nested layers that can be undone.

One dictionary holds every value read or written since the overlay was opened, decoded. A write first notes in
the journal what it replaces, so a layer is undone by walking its part of the journal backwards. When the
outermost layer closes, each key that the journal names is encoded once: a value that its type cannot hold is
refused there, inside the unit of work that wrote it, and never later. Events are encoded when they are
emitted.

What an item sums to is followed in the same place: where a value is encoded, it and what it replaced are at
hand, and at the end of a block thousands of them would have to be fetched from far away in memory.

Values are frozen records, numbers, bytes and tuples; a mutable container is refused when it is written, so no
decoded value can change behind the overlay's back.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterator
from itertools import islice
from typing import Any, Final, TypeAlias

from runtime.state.backend import ABSENT, UNREAD, Read, State, Write
from runtime.state.measured import Measured

_MUTABLE: Final = frozenset((list, dict, set, bytearray))
ITEM_BYTES: Final = 32
"""How many bytes every key of one declared item starts with."""
RECORD_PARTS: Final = 4
"""The parts of an event record: its phase, the index of its pallet, the event, its topics."""
LAYERS_MAX: Final = 64
"""How deep layers may nest: a call inside a call inside a call."""


class MutableValue(TypeError):
    """A value was written that its owner could still change: lists, dictionaries, sets and bytearrays."""

    def __init__(self, value: object) -> None:
        super().__init__(
            f"a stored value must be frozen, and {type(value).__name__} is not: write a tuple or a record"
        )


class LayersTooDeep(RuntimeError):
    """More than `LAYERS_MAX` layers are open at once."""

    def __init__(self) -> None:
        super().__init__(f"more than {LAYERS_MAX} storage layers are open: a call nests too deep")


Mark: TypeAlias = tuple[int, int]
"""A place to return to: how long the journal was, and how many parts of events there were. A bare tuple: each
call makes one.
"""


class TwoWriters(TypeError):
    """A key was written as two types in one unit of work."""

    def __init__(self, key: bytes) -> None:
        super().__init__(
            f"storage key 0x{key.hex()} is written as two types: remove it and write it anew in two units of "
            "work, such as two steps of a migration"
        )
        self.key = key


_Entry: TypeAlias = tuple[bytes, Any, Any]
"""A write that is not encoded yet: its key, what it replaced, and who will encode it."""


class _AsIs:
    """Who writes what came encoded, or was removed as if it had: the encoding, whatever the value."""

    __slots__ = ("raw",)

    def __init__(self, raw: bytes | None) -> None:
        self.raw = raw

    def __call__(self, value: Any) -> bytes | None:
        return self.raw


class Overlay:
    """What one block (or one query) reads and writes over a frozen `state`."""

    __slots__ = (
        "_depth",
        "_epoch",
        "_grown",
        "_journal",
        "_known",
        "_order",
        "_raws",
        "_read",
        "_unfollowed",
        "_written",
        "events",
        "state",
        "values",
    )

    def __init__(self, state: State) -> None:
        self.state = state
        self.values: dict[bytes, Any] = {}
        """Every value read or written so far, decoded, by storage key: for bound storage to look into first.
        """
        self._read = state.read
        self._depth = 0
        self._journal: list[_Entry] = []
        # How often the journal became shorter, so that walks over keys look at it anew.
        self._epoch = 0
        # Those of its keys whose values came encoded last.
        self._raws: dict[bytes, bytes | None] = {}
        # The encodings of all that was written before; None for what was removed.
        self._written: dict[bytes, bytes | None] = {}
        # The first of these keys, as many as were sorted, in order.
        self._order: list[bytes] = []
        # Keys that hold a value in the state below, as far as they were looked at.
        self._known: set[bytes] = set()
        # By how much the sum over an item has grown by the writes that are encoded; and the items of which
        # that is not the whole.
        self._grown: defaultdict[Measured, int] = defaultdict(int)
        self._unfollowed: set[bytes] = set()
        self.events: list[bytes] = []
        """Events deposited so far, encoded, each in `RECORD_PARTS`; a layer that is undone takes its events
        with it.
        """

    # Values.

    def get(self, key: bytes, decode: Read) -> Any:
        """The decoded value under `key`, or `ABSENT`."""
        value = self.values.get(key, UNREAD)
        return self.load(key, decode) if value is UNREAD else value

    def load(self, key: bytes, decode: Read) -> Any:
        """The decoded value under a key that was not looked at yet, or `ABSENT`."""
        raw = self._raws.get(key) if self._raws else None
        if raw is None:
            raw = self._written.get(key)
        if raw is not None:
            value = decode(raw)
        else:
            value = self._read(key, decode)
            if value is None:
                value = ABSENT
            else:
                self._known.add(key)
        self.values[key] = value
        return value

    def put(self, key: bytes, value: Any, write: Write) -> None:
        """Write `value` under `key`; `write` encodes it when the outermost layer closes."""
        if value.__class__ in _MUTABLE:
            raise MutableValue(value)
        values = self.values
        self._journal.append((key, values.get(key, UNREAD), write))
        values[key] = value

    def delete(self, key: bytes, write: Write) -> None:
        """Remove the value under `key`; nothing happens if there is none."""
        self.put(key, ABSENT, write)

    def put_raw(self, key: bytes, raw: bytes | None) -> None:
        """Write an encoding as it is, or None to remove; the next read decodes it with the type that it asks
        for.
        """
        self._journal.append((key, self.values.get(key, UNREAD), _AsIs(raw)))
        self._raws[key] = raw
        self._unfollowed.add(key[:ITEM_BYTES])
        if raw is None:
            self.values[key] = ABSENT
        else:
            self.values.pop(key, None)

    def keys(self, prefix: bytes, after: bytes | None = None) -> Iterator[bytes]:
        """Keys under `prefix`, greater than `after`, in byte order, uncommitted writes included.

        What is written during the iteration behind its position is not seen; ahead of it, it is.
        """
        base = self.state.keys(prefix, after)
        below = next(base, None)
        position = after
        epoch, seen = -1, 0
        above: list[bytes] = []
        while True:
            if epoch != self._epoch:
                epoch, seen, above = self._epoch, len(self._journal), list(self.written(prefix)[::-1])
            elif seen != len(self._journal):
                added = [key for key, _, _ in self._journal[seen:] if key.startswith(prefix)]
                seen, above = len(self._journal), sorted({*above, *added}, reverse=True)
            while above and position is not None and above[-1] <= position:
                above.pop()
            if below is not None and (not above or below <= above[-1]):
                candidate = below
            elif above:
                candidate = above[-1]
            else:
                return
            if candidate == below:
                below = next(base, None)
            position = candidate
            if self.values.get(candidate, UNREAD) is not ABSENT:
                yield candidate

    # Layers.

    def open(self) -> Mark:
        """Open a layer: everything written from here on can be undone at once."""
        depth, journal = self._depth, self._journal
        if depth >= LAYERS_MAX:
            raise LayersTooDeep
        if not depth and journal:
            self._encode()
        self._depth = depth + 1
        return len(journal), len(self.events)

    def undo(self, mark: Mark) -> None:
        """Close the layer and forget all that it wrote."""
        journal, values = self._journal, self.values
        first, event = mark
        self._depth -= 1
        self._epoch += 1
        while len(journal) > first:
            key, old, _ = journal.pop()
            if old is UNREAD:
                values.pop(key, None)
            else:
                values[key] = old
        del self.events[event:]
        if self._raws:
            self._raws = {key: write.raw for key, _, write in journal if isinstance(write, _AsIs)}

    def keep(self, mark: Mark) -> None:
        """Close the layer and keep what it wrote; the outermost layer encodes it, or is undone and raises."""
        if self._depth == 1:
            try:
                self._encode()
            except Exception:
                self.undo(mark)
                raise
        self._depth -= 1

    def try_encode(self, mark: Mark) -> None:
        """Encode what was written since `mark`, and forget the encodings: raises what `keep` of the outermost
        layer would raise.
        """
        writers: dict[bytes, Any] = {}
        for place, (key, _, write) in enumerate(self._journal):
            if writers.setdefault(key, write) is not write and not self._raws:
                raise TwoWriters(key)
            value = self.values.get(key, ABSENT)
            if place >= mark[0] and value is not ABSENT:
                write(value)

    def _encode(self) -> None:
        """Encode what the journal names: all of it, or nothing and raise."""
        values, journal, grown = self.values, self._journal, self._grown
        writers: dict[bytes, Any] = {}
        fresh: dict[bytes, bytes | None] = {}
        if self._raws:
            journal = _by_the_last(journal)
        try:
            for key, old, write in journal:
                if key in writers:
                    if writers[key] is not write:
                        raise TwoWriters(key)
                    continue
                writers[key] = write
                value = values.get(key, UNREAD)
                if write.__class__ is Measured:
                    if old is UNREAD:
                        self._unfollowed.add(write.item)
                    elif old is ABSENT or value is ABSENT:
                        grown[write] += write.step(old, value)
                    else:
                        measure = write.measure
                        grown[write] += measure(value) - measure(old)
                    write = write.write
                fresh[key] = None if value is ABSENT else write(value)
        except Exception:
            # Some of what has grown did not.
            self._unfollowed.update(key[:ITEM_BYTES] for key, _, _ in journal)
            raise
        self._written.update(fresh)
        if self._raws:
            self._raws.clear()
        self._epoch += 1
        self._journal.clear()

    # The result.

    @property
    def is_idle(self) -> bool:
        """Whether no layer is open, so that `changes` is whole."""
        return not self._depth and not self._journal

    def changes(self) -> dict[bytes, bytes | None]:
        """Every key written and kept, with its encoding; None is a deletion."""
        if self._depth:
            raise RuntimeError("a storage layer is still open")
        if self._journal:
            self._encode()
        return self._written

    def written(self, prefix: bytes) -> tuple[bytes, ...]:
        """Keys under `prefix` written since the overlay was opened, in byte order."""
        order, written = self._order, self._written
        if 2 * len(order) < len(written):
            self._sort()
        first = bisect_left(order, prefix)
        last = bisect_right(order, prefix, first, key=lambda key: key[: len(prefix)])
        later = (*self._unsorted(), *(key for key, _, _ in self._journal))
        found = [key for key in later if key.startswith(prefix)]
        return tuple(sorted({*order[first:last], *found}) if found else order[first:last])

    def grown(self, item: Measured) -> int:
        """By how much the sum over an item has grown over the state below, whatever is written so far."""
        pending = dict[bytes, Any]()
        for key, old, write in self._journal:
            if write is item:
                pending.setdefault(key, old)
        if item.item in self._unfollowed or UNREAD in pending.values():
            return sum(
                item.step(self.before(key, item.decode), self.get(key, item.decode))
                for key in self.written(item.item)
            )
        return self._grown[item] + sum(item.step(old, self.values[key]) for key, old in pending.items())

    def before(self, key: bytes, decode: Read) -> Any:
        """The value under `key` in the frozen state below, or `ABSENT`."""
        value = self._read(key, decode)
        return ABSENT if value is None else value

    def commit(self) -> State:
        """The frozen child state that these writes make of the state below."""
        changes = self.changes()
        self._sort()
        return self.state.child({key: changes[key] for key in self._order}, self.values, self._known)

    def _sort(self) -> None:
        self._order.extend(self._unsorted())
        self._order.sort()

    def _unsorted(self) -> Iterator[bytes]:
        """The keys that were written since the last sorting, which are the last in the dictionary."""
        return islice(reversed(self._written), len(self._written) - len(self._order))


def _by_the_last(journal: list[_Entry]) -> list[_Entry]:
    """The same writes, each key's by who wrote it last: where some came encoded, that decides."""
    last = {key: write for key, _, write in journal}
    return [(key, old, last[key]) for key, old, _ in journal]
