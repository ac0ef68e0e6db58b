"""A cache in two generations: what was used lately is young, and what no one asked for again goes with the
old.
"""

from collections.abc import Callable, Collection, Mapping
from itertools import repeat
from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")

SWEEP_MAX = 4_096
"""How many entries of a discarded generation one sweep frees: freeing a million at once stops the node for 45
ms.
"""


class Generations(Generic[K, V]):
    """At most `limit` of weight in two dictionaries; when the young one would hold more than half of it, it
    becomes the old one and what was old is discarded. A hit in the old generation makes the entry young
    again.

    `weigh` says what some values weigh together; without it each weighs 1. None is not a value to keep here.
    """

    __slots__ = ("_discarded", "_half", "_weigh", "_weight", "old", "young")

    def __init__(self, limit: int, weigh: Callable[[Collection[V]], int] | None = None) -> None:
        self.young: dict[K, V] = {}
        self.old: dict[K, V] = {}
        self._discarded: list[dict[K, V]] = []
        self._half = limit // 2
        self._weigh = weigh
        self._weight = 0

    def get(self, key: K) -> V | None:
        """The entry of `key`, made young, or None."""
        found = self.young.get(key)
        if found is None and self.old:
            found = self.old.pop(key, None)
            if found is not None:
                self.put(key, found)
        return found

    def put(self, key: K, value: V) -> None:
        """Keep `value`; what `key` held before goes."""
        weight = self._sum((value,))
        if key not in self and self._weight + weight <= self._half:
            self.young[key] = value
            self._weight += weight
            return
        self.drop((key,))
        self.add({key: value})

    def add(self, entries: Mapping[K, V]) -> None:
        """Keep `entries`, whose keys are not here: new, or just dropped. Of too many, the last are kept."""
        weight = self._sum(entries.values())
        if self._weight + weight <= self._half:
            self.young.update(entries)
            self._weight += weight
            return
        for key, value in entries.items():
            weight = self._sum((value,))
            if self._weight + weight > self._half:
                self.rotate()
            if weight <= self._half:
                self.young[key] = value
                self._weight += weight

    def replace(self, entries: Mapping[K, V]) -> None:
        """Keep `entries`, in place of what their keys held before."""
        young = self.young
        if self._weigh is None and not self.old and len(young) + len(entries) <= self._half:
            young.update(entries)
            self._weight = len(young)
            return
        self.drop(entries)
        self.add(entries)

    def drop(self, keys: Collection[K]) -> None:
        """Forget `keys`, as far as they are here."""
        old = self.old
        dropped = list(map(self.young.pop, keys, repeat(None)))
        if old:
            for key in keys:
                old.pop(key, None)
        self._weight -= self._sum([value for value in dropped if value is not None])

    def clear(self) -> None:
        """Forget everything."""
        self.rotate()
        self.rotate()

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

    @property
    def weight(self) -> int:
        """What all entries weigh."""
        return self._weight + self._sum(self.old.values())

    def _sum(self, values: Collection[V]) -> int:
        return len(values) if self._weigh is None else self._weigh(values)

    def __len__(self) -> int:
        return len(self.young) + len(self.old)

    def __contains__(self, key: object) -> bool:
        return key in self.young or key in self.old
