"""A cache in two generations: what was used lately is young, and what no one asked for again goes with the
old.
"""

from collections.abc import Mapping
from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")

SWEEP_MAX = 4_096
"""How many entries of a discarded generation one sweep frees: freeing a million at once stops the node for 45
ms.
"""


class Generations(Generic[K, V]):
    """At most `limit` of weight in two dictionaries; when the young one holds half of it, it becomes the old
    one.

    A hit in the old generation makes the entry young again, so eviction costs nothing per read or write.
    """

    __slots__ = ("_discarded", "_half", "_weight", "old", "young")

    def __init__(self, limit: int) -> None:
        self.young: dict[K, V] = {}
        self.old: dict[K, V] = {}
        self._discarded: list[dict[K, V]] = []
        self._half = limit // 2
        self._weight = 0

    def get(self, key: K, weight: int = 1) -> V | None:
        """The entry of `key`, made young at `weight`, or None; so None is not a value to keep here."""
        found = self.young.get(key)
        if found is None and self.old:
            found = self.old.pop(key, None)
            if found is not None:
                self.put(key, found, weight)
        return found

    def put(self, key: K, value: V, weight: int = 1) -> None:
        """Keep `value`; what `key` held before goes."""
        self.young[key] = value
        self._weight += weight
        if self._weight >= self._half:
            self.rotate()
        elif self.old:
            self.old.pop(key, None)

    def extend(self, entries: Mapping[K, V], weight: int) -> None:
        """Keep all of `entries`, new to the cache, which together weigh `weight`."""
        self.young.update(entries)
        self._weight += weight
        if self._weight >= self._half:
            self.rotate()

    def drop(self, key: K) -> None:
        """Forget `key`."""
        self.young.pop(key, None)
        self.old.pop(key, None)

    def rotate(self) -> None:
        """Make the young generation old; the old one is discarded, to be freed by `sweep`."""
        if self.old:
            self._discarded.append(self.old)
        self.old, self.young, self._weight = self.young, {}, 0

    def sweep(self) -> None:
        """Free a slice of what was discarded; call it once a block."""
        budget = SWEEP_MAX
        while self._discarded and budget:
            last = self._discarded[-1]
            while last and budget:
                last.popitem()
                budget -= 1
            if not last:
                self._discarded.pop()

    def __len__(self) -> int:
        return len(self.young) + len(self.old)
