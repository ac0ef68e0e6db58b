"""The overlay: decoded values written over a frozen state, with an undo journal and nested layers.

One dictionary holds every value read or written since the overlay was opened, decoded. A write first notes in
the journal what it replaces, so a layer is undone by walking its part of the journal backwards. When the
outermost layer closes, each key that it wrote is encoded once: a value that its type cannot hold is refused
there, inside the unit of work that wrote it, and never later. A second dictionary says what stands for each
written key: who will encode it, then its encoding. Events are encoded when they are emitted.

What an item sums to is followed in the same place: where a value is encoded, it and what it replaced are at
hand, and at the end of a block thousands of them would have to be fetched from far away in memory.

Values are frozen records, numbers, bytes and tuples; a mutable container is refused when it is written, so no
decoded value can change behind the overlay's back.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any, Final, TypeAlias, cast

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


_Entry: TypeAlias = bytes | Write | None
"""What stands for a written key: its encoding; while the layer that wrote it is open, the function that
will encode it; None when it was removed.
"""
_UNWRITTEN: Final[Any] = object()
"""What stands for a key that was not written."""


class Overlay:
    """What one block (or one query) reads and writes over a frozen `state`."""

    __slots__ = (
        "_before",
        "_changed",
        "_depth",
        "_doubtful",
        "_grown",
        "_journal",
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
        self._journal: list[tuple[bytes, Any, _Entry]] = []
        self._written: dict[bytes, _Entry] = {}
        self._read = state.read
        self._depth = 0
        self._changed = 0
        # What each written key held when it was first written, by the item that the key is of.
        self._before: defaultdict[bytes, dict[bytes, Any]] = defaultdict(dict)
        # Those of these keys that may hold nothing in the state below.
        self._doubtful: set[bytes] = set()
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
        raw = self._written.get(key)
        value = decode(raw) if isinstance(raw, bytes) else self._read(key, decode)
        if value is None:
            value = ABSENT
        self.values[key] = value
        return value

    def put(self, key: bytes, value: Any, write: Write) -> None:
        """Write `value` under `key`; `write` encodes it when the layer closes."""
        if value.__class__ in _MUTABLE:
            raise MutableValue(value)
        written, values = self._written, self.values
        entry, old = written.get(key, _UNWRITTEN), values.get(key, UNREAD)
        self._journal.append((key, old, entry))
        values[key] = value
        if entry is not write:
            written[key] = write
            if entry is _UNWRITTEN:
                self._note(key, old)

    def delete(self, key: bytes, write: Write) -> None:
        """Remove the value under `key`; nothing happens if there is none."""
        self.put(key, ABSENT, write)

    def put_raw(self, key: bytes, raw: bytes | None) -> None:
        """Write an encoding as it is, or None to remove; the next read decodes it with the type that it asks
        for.
        """
        entry, old = self._written.get(key, _UNWRITTEN), self.values.pop(key, UNREAD)
        if entry is _UNWRITTEN:
            self._note(key, old)
        self._journal.append((key, old, entry))
        self._written[key] = raw
        self._unfollowed.add(key[:ITEM_BYTES])
        if raw is None:
            self.values[key] = ABSENT

    def _note(self, key: bytes, old: Any) -> None:
        """Note what a key held before it was first written."""
        self._before[key[:ITEM_BYTES]][key] = old
        self._changed += 1
        if old is ABSENT or old is UNREAD:
            self._doubtful.add(key)

    def keys(self, prefix: bytes, after: bytes | None = None) -> Iterator[bytes]:
        """Keys under `prefix`, greater than `after`, in byte order, uncommitted writes included.

        What is written during the iteration behind its position is not seen; ahead of it, it is.
        """
        base = self.state.keys(prefix, after)
        below = next(base, None)
        position = after
        seen, above = -1, list[bytes]()
        while True:
            if seen != self._changed:
                seen = self._changed
                above = sorted((key for key in self._written if key.startswith(prefix)), reverse=True)
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
        if self._depth >= LAYERS_MAX:
            raise LayersTooDeep
        self._depth += 1
        return len(self._journal), len(self.events)

    def undo(self, mark: Mark) -> None:
        """Close the layer and forget all that it wrote."""
        self._depth -= 1
        self._revert(mark)

    def keep(self, mark: Mark) -> None:
        """Close the layer and keep what it wrote; the outermost layer encodes it, or is undone and raises."""
        if self._depth == 1:
            first, _ = mark
            if first:
                self._unfollow(0, first)
            try:
                self._encode(first)
            except Exception:
                self._unfollow(first)
                self.undo(mark)
                raise
        self._depth -= 1

    def try_encode(self, mark: Mark) -> None:
        """Encode what was written since `mark`, and forget the encodings: raises what `keep` of the outermost
        layer would raise.
        """
        values, written = self.values, self._written
        for key, _, _ in self._journal[mark[0] :]:
            write = written[key]
            if write is not None and not isinstance(write, bytes) and values[key] is not ABSENT:
                write(values[key])

    def _revert(self, mark: Mark) -> None:
        journal, values, written = self._journal, self.values, self._written
        first, event = mark
        while len(journal) > first:
            key, old, entry = journal.pop()
            if old is UNREAD:
                values.pop(key, None)
            else:
                values[key] = old
            if entry is _UNWRITTEN:
                del written[key]
                self._changed += 1
            else:
                written[key] = entry
        del self.events[event:]

    def _encode(self, first: int) -> None:
        """Encode what the journal names from place `first` on."""
        values, written, journal = self.values, self._written, self._journal
        for key, old, _ in journal[first:] if first else journal:
            write: Any = written[key]
            kind = write.__class__
            if write is None or kind is bytes:
                continue
            value = values[key]
            if kind is Measured:
                # The key is named for the first time: `old` is what the writes before these left.
                if old is UNREAD:
                    self._unfollowed.add(write.item)
                elif old is ABSENT or value is ABSENT:
                    self._grown[write] += write.step(old, value)
                else:
                    measure = write.measure
                    self._grown[write] += measure(value) - measure(old)
                write = write.write
            written[key] = None if value is ABSENT else write(value)
        del journal[first:]

    def _unfollow(self, first: int, last: int | None = None) -> None:
        """Give up following the sums of the items that this part of the journal names."""
        self._unfollowed.update(key[:ITEM_BYTES] for key, _, _ in self._journal[first:last])

    # The result.

    @property
    def is_idle(self) -> bool:
        """Whether no layer is open, so that `changes` is whole."""
        return self._depth == 0 and not self._journal

    def changes(self) -> dict[bytes, bytes | None]:
        """Every key written and kept, with its encoding; None is a deletion."""
        self._settle()
        return cast(dict[bytes, bytes | None], self._written)

    def written(self, prefix: bytes) -> tuple[bytes, ...]:
        """Keys under `prefix` written since the overlay was opened, in byte order."""
        written = self._written
        keys: Iterable[bytes] = written
        if len(prefix) >= ITEM_BYTES:
            # A key whose first write was undone is still there.
            keys = [key for key in self._before.get(prefix[:ITEM_BYTES], ()) if key in written]
        return tuple(sorted([key for key in keys if key.startswith(prefix)]))

    def grown(self, item: Measured) -> int:
        """By how much the sum over an item has grown over the state below, whatever is written so far."""
        written, pending = self._written, dict[bytes, Any]()
        for key, old, _ in self._journal:
            if written[key] is item:
                pending.setdefault(key, old)
        if item.item in self._unfollowed or UNREAD in pending.values():
            return self._grown_of_all(item)
        return self._grown[item] + sum(item.step(old, self.values[key]) for key, old in pending.items())

    def _grown_of_all(self, item: Measured) -> int:
        """The same from all that was written: when some of it came encoded, or over what was never read."""
        return sum(
            item.step(
                self.before(key, item.decode) if old is UNREAD else old,
                self.get(key, item.decode),
            )
            for key, old in self._before[item.item].items()
        )

    def before(self, key: bytes, decode: Read) -> Any:
        """The value under `key` in the frozen state below, or `ABSENT`."""
        value = self._read(key, decode)
        return ABSENT if value is None else value

    def commit(self) -> State:
        """The frozen child state that these writes make of the state below."""
        known = set[bytes]().union(*self._before.values()) - self._doubtful
        return self.state.child(self.changes(), self.values, known)

    def _settle(self) -> None:
        if self._depth:
            raise RuntimeError("a storage layer is still open")
        if self._journal:
            self._encode(0)
