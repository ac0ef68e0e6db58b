"""A fork: a state over another one that is never written, with as many blocks on it as one likes.

It keeps every key that changed since it left its origin, flat, and asks the origin for the rest. It has no
trie: what stands for its root names it, is the same wherever the same was done, and proves nothing.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from heapq import merge
from typing import Any, Final, TypeVar

from runtime.crypto.hashing import blake2b_256
from runtime.state.backend import ABSENT, UNREAD, State

T = TypeVar("T")
REMOVED: Final = b"\0"
WRITTEN: Final = b"\1"


class Fork:
    """One state of a fork."""

    __slots__ = ("_changes", "_decoded", "_keys", "_origin", "root")

    def __init__(
        self,
        origin: State,
        changes: Mapping[bytes, bytes | None],
        decoded: Mapping[bytes, Any],
        keys: Sequence[bytes],
        root: bytes,
    ) -> None:
        self._origin = origin
        self._changes = changes
        self._decoded = decoded
        self._keys = keys
        self.root = root
        """What names this state, 32 bytes; the origin's is its state root."""

    @classmethod
    def of(cls, origin: State) -> Fork:
        """A fork on which nothing was done yet."""
        return cls(origin, {}, {}, (), origin.root)

    def get(self, key: bytes, /) -> bytes | None:
        return self._changes[key] if key in self._changes else self._origin.get(key)

    def read(self, key: bytes, decode: Callable[[bytes], T], /) -> T | None:
        known: Any = self._decoded.get(key, UNREAD)
        if known is not UNREAD:
            return None if known is ABSENT else known
        if key not in self._changes:
            return self._origin.read(key, decode)
        raw = self._changes[key]
        return None if raw is None else decode(raw)

    def keys(self, prefix: bytes, after: bytes | None = None) -> Iterator[bytes]:
        here = self._keys
        first = bisect_left(here, prefix) if after is None else bisect_right(here, max(prefix, after))
        last = bisect_left(here, _behind(prefix), first) if prefix.strip(b"\xff") else len(here)
        written = (key for key in here[first:last] if self._changes[key] is not None)
        below = (key for key in self._origin.keys(prefix, after) if key not in self._changes)
        return merge(written, below)

    def prove(self, keys: Sequence[bytes], /) -> tuple[bytes, ...]:
        raise NotImplementedError("a fork has no trie, and proves nothing")

    def child(
        self,
        changes: Mapping[bytes, bytes | None],
        decoded: Mapping[bytes, object],
        known: Container[bytes] = (),
        /,
    ) -> Fork:
        fresh = sorted(changes)
        parts = (
            len(key).to_bytes(4, "little") + key + (REMOVED if raw is None else WRITTEN + blake2b_256(raw))
            for key, raw in ((key, changes[key]) for key in fresh)
        )
        kept = {key: value for key, value in self._decoded.items() if key not in changes}
        kept |= {key: decoded[key] for key in fresh if key in decoded}
        return Fork(
            self._origin,
            {**self._changes, **changes},
            kept,
            sorted({*self._keys, *fresh}),
            blake2b_256(self.root + b"".join(parts)),
        )


def _behind(prefix: bytes) -> bytes:
    """The first bytes that no key under `prefix` reaches; it has a byte below 255."""
    short = prefix.rstrip(b"\xff")
    return short[:-1] + bytes([short[-1] + 1])
