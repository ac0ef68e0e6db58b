"""Bound storage: a declared item in the place where it stands, reading and writing through the host's
overlay.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any, Final, Generic, NamedTuple, TypeVar

from runtime.crypto.hashing import twox_128
from runtime.frame.hashers import Hasher
from runtime.frame.host import Host
from runtime.scale import Codec
from runtime.state.backend import ABSENT, UNREAD
from runtime.state.measured import Measured

K = TypeVar("K")
KS = TypeVar("KS", bound=tuple[Any, ...])
V = TypeVar("V")
T = TypeVar("T")

KEYS_CACHED_MAX: Final = 1 << 17
"""How many storage keys one map remembers; when full, all are forgotten."""


class NotStored(LookupError):
    """A map without a default was asked for a key that it does not hold: look first with `in` or `.get`."""

    def __init__(self, item: str, key: object) -> None:
        super().__init__(f"{item} holds nothing under {key!r}")
        self.item = item
        self.key = key


class KeyPart(NamedTuple):
    """One key of a map: how it is hashed, and how it is encoded."""

    hasher: Hasher
    codec: Codec[Any]


class Change(NamedTuple, Generic[K, V]):
    """What one block did to one key of a map; None is absence."""

    key: K
    old: V | None
    new: V | None


def storage_prefix(pallet: str, item: str) -> bytes:
    """The 32 bytes that every key of an item starts with."""
    return twox_128(pallet.encode()) + twox_128(item.encode())


class BoundValue(Generic[T]):
    """One value in storage."""

    __slots__ = ("_codec", "_decode", "_default", "_host", "_write", "key", "name")

    def __init__(self, host: Host, pallet: str, item: str, codec: Codec[Any], default: T) -> None:
        self._host = host
        self._codec = codec
        self._decode = codec.decode
        self._write = codec.write
        self._default = default
        self.name = f"{pallet}.{item}"
        self.key = storage_prefix(pallet, item)
        """The storage key."""

    def get(self) -> T:
        """The value, or the default."""
        overlay = self._host.overlay
        value: T = overlay.values.get(self.key, UNREAD)
        if value is UNREAD:
            value = overlay.load(self.key, self._decode)
        return self._default if value is ABSENT else value

    def set(self, value: T) -> None:
        """Write the value."""
        self._host.overlay.put(self.key, value, self._write)

    def set_encoded(self, raw: bytes) -> None:
        """Write the value's encoding as it is."""
        self._host.overlay.put_raw(self.key, raw)

    def kill(self) -> None:
        """Remove the value: it reads as the default again."""
        self._host.overlay.delete(self.key, self._write)

    def before(self) -> T:
        """The value at the end of the parent block."""
        value = self._host.overlay.before(self.key, self._decode)
        return self._default if value is ABSENT else value


class _Map(Generic[K, V]):
    """What maps of one key and of several share."""

    __slots__ = ("_decode", "_default", "_host", "_keys", "_optional", "_parts", "_write", "name", "prefix")

    def __init__(
        self,
        host: Host,
        pallet: str,
        item: str,
        parts: tuple[KeyPart, ...],
        codec: Codec[Any],
        default: Any,
        optional: bool,
        measure: Callable[[V], int] | None = None,
    ) -> None:
        self._host = host
        self._parts = parts
        self._decode = codec.decode
        self._default = default
        self._optional = optional
        self._keys: dict[K, bytes] = {}
        self.name = f"{pallet}.{item}"
        self.prefix = storage_prefix(pallet, item)
        """What every key of this map starts with."""
        self._write: Callable[[V], bytes] = codec.write
        if measure is not None:
            self._write = Measured(self.prefix, codec.write, codec.decode, measure)

    def key_of(self, key: K) -> bytes:
        """The storage key of `key`."""
        found = self._keys.get(key)
        return self._make_key(key) if found is None else found

    def _make_key(self, key: K) -> bytes:
        made = self.prefix + self._hash(key)
        if len(self._keys) >= KEYS_CACHED_MAX:
            self._keys.clear()
        self._keys[key] = made
        return made

    def _hash(self, key: K) -> bytes:
        raise NotImplementedError

    def _unhash(self, storage_key: bytes) -> K:
        raise NotImplementedError

    def __getitem__(self, key: K) -> V:
        storage_key = self._keys.get(key)
        if storage_key is None:
            storage_key = self._make_key(key)
        overlay = self._host.overlay
        value: V = overlay.values.get(storage_key, UNREAD)
        if value is UNREAD:
            value = overlay.load(storage_key, self._decode)
        if value is ABSENT:
            if self._optional:
                raise NotStored(self.name, key)
            default: V = self._default
            return default
        return value

    def set(self, key: K, value: V) -> None:
        """Store `value` under `key`: what `map[key] = value` does, with fewer steps of the interpreter."""
        storage_key = self._keys.get(key)
        if storage_key is None:
            storage_key = self._make_key(key)
        self._host.overlay.put(storage_key, value, self._write)

    __setitem__ = set

    def __delitem__(self, key: K) -> None:
        if key not in self:
            raise NotStored(self.name, key)
        self._host.overlay.delete(self.key_of(key), self._write)

    def __contains__(self, key: K) -> bool:
        return self._host.overlay.get(self.key_of(key), self._decode) is not ABSENT

    def get(self, key: K) -> V | None:
        """The value stored under `key`, or None, whatever the default."""
        value: V = self._host.overlay.get(self.key_of(key), self._decode)
        return None if value is ABSENT else value

    def discard(self, key: K) -> None:
        """Remove `key`, if it is there."""
        if key in self:
            self._host.overlay.delete(self.key_of(key), self._write)

    def pop(self, key: K) -> V:
        """Remove `key` and give its value; raises `NotStored` without one."""
        value = self.get(key)
        if value is None:
            raise NotStored(self.name, key)
        self._host.overlay.delete(self.key_of(key), self._write)
        return value

    def __iter__(self) -> Iterator[K]:
        return self.keys()

    def keys(self, after: K | None = None) -> Iterator[K]:
        """Keys in the byte order of their storage keys, uncommitted writes included, behind `after` if it is
        given.
        """
        start = None if after is None else self.key_of(after)
        for storage_key in self._host.overlay.keys(self.prefix, start):
            yield self._unhash(storage_key)

    def items(self, after: K | None = None) -> Iterator[tuple[K, V]]:
        """Keys and values, in the order of `keys`."""
        start = None if after is None else self.key_of(after)
        return self._walk(self.prefix, start)

    def values(self) -> Iterator[V]:
        """Values, in the order of `keys`."""
        for _, value in self._walk(self.prefix, None):
            yield value

    def clear(self, *, limit: int) -> int:
        """Remove at most `limit` entries, in the order of `keys`; how many were removed."""
        return self._clear(self.prefix, limit)

    def changes(self) -> Iterator[Change[K, V]]:
        """What the block being executed has done to this map so far, by storage key."""
        overlay = self._host.overlay
        for storage_key in overlay.written(self.prefix):
            old = overlay.before(storage_key, self._decode)
            new = overlay.get(storage_key, self._decode)
            yield Change(
                self._unhash(storage_key), None if old is ABSENT else old, None if new is ABSENT else new
            )

    def grown(self) -> int:
        """By how much the sum over the map, as its declaration measures values, has grown in the block being
        executed. Raises TypeError when the declaration says no measure.
        """
        if not isinstance(self._write, Measured):
            raise TypeError(f"{self.name} is declared without a measure")
        return self._host.overlay.grown(self._write)

    def _clear(self, prefix: bytes, limit: int) -> int:
        overlay = self._host.overlay
        found = tuple(islice(overlay.keys(prefix), limit))
        for storage_key in found:
            overlay.delete(storage_key, self._write)
        return len(found)

    def _walk(self, prefix: bytes, start: bytes | None) -> Iterator[tuple[K, V]]:
        overlay = self._host.overlay
        for storage_key in overlay.keys(prefix, start):
            yield self._unhash(storage_key), overlay.get(storage_key, self._decode)


class BoundMap(_Map[K, V]):
    """Values by one key."""

    __slots__ = ()

    def _hash(self, key: K) -> bytes:
        hasher, codec = self._parts[0]
        return hasher.apply(codec.write(key))

    def _unhash(self, storage_key: bytes) -> K:
        hasher, codec = self._parts[0]
        key: K = codec.decode(storage_key[32 + hasher.prefix_size :])
        return key


class BoundNMap(_Map[KS, V]):
    """Values by several keys, given as one tuple."""

    __slots__ = ()

    def _hash(self, key: KS) -> bytes:
        return b"".join(
            hasher.apply(codec.write(part)) for (hasher, codec), part in zip(self._parts, key, strict=True)
        )

    def _unhash(self, storage_key: bytes) -> KS:
        parts: list[Any] = []
        offset = 32
        for hasher, codec in self._parts:
            part, offset = codec.read(storage_key, offset + hasher.prefix_size)
            parts.append(part)
        return tuple(parts)  # type: ignore[return-value]

    def under(self, *first: object) -> Iterator[tuple[KS, V]]:
        """Keys and values whose first keys are `first`."""
        return self._walk(self._prefix_of(first), None)

    def clear_under(self, *first: object, limit: int) -> int:
        """Remove at most `limit` entries whose first keys are `first`; how many were removed."""
        return self._clear(self._prefix_of(first), limit)

    def _prefix_of(self, first: tuple[object, ...]) -> bytes:
        parts = self._parts[: len(first)]
        return self.prefix + b"".join(
            hasher.apply(codec.write(part)) for (hasher, codec), part in zip(parts, first, strict=True)
        )
