"""The two queues of the pool: ready transactions in their graph of tags, future ones with what they miss."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator
from heapq import heapify, heappop, heappush
from typing import Final

from node.mempool.transaction import Entry, Rank, Transaction

STALE_MAX: Final = 64
"""How many more entries than transactions the eviction heap may hold before it is made anew."""


class TagIndex:
    """Which transactions name a tag."""

    def __init__(self) -> None:
        self._hashes: dict[bytes, dict[bytes, None]] = {}

    def add(self, tags: Iterable[bytes], member: bytes) -> None:
        for tag in tags:
            self._hashes.setdefault(tag, {})[member] = None

    def remove(self, tags: Iterable[bytes], member: bytes) -> None:
        for tag in tags:
            members = self._hashes.get(tag)
            if members is not None:
                members.pop(member, None)
                if not members:
                    del self._hashes[tag]

    def __contains__(self, tag: bytes) -> bool:
        return tag in self._hashes

    def of(self, tag: bytes) -> tuple[bytes, ...]:
        """In order of arrival."""
        return tuple(self._hashes.get(tag, ()))


class Queue:
    """Transactions by hash, with their bytes, their number by account, and the worst ones at hand."""

    def __init__(self) -> None:
        self.entries: dict[bytes, Entry] = {}
        self.bytes = 0
        self._accounts: dict[bytes, int] = {}
        self._worst: list[tuple[Rank, bytes]] = []

    def __len__(self) -> int:
        return len(self.entries)

    def __contains__(self, transaction: bytes) -> bool:
        return transaction in self.entries

    def of_account(self, sender: bytes | None) -> int:
        """How many transactions of this account are here."""
        return 0 if sender is None else self._accounts.get(sender, 0)

    def insert(self, entry: Entry) -> None:
        transaction = entry.transaction
        self.entries[transaction.hash] = entry
        self.bytes += len(transaction.data)
        if transaction.sender is not None:
            self._accounts[transaction.sender] = self._accounts.get(transaction.sender, 0) + 1
        heappush(self._worst, (_reversed(entry.rank), transaction.hash))

    def remove(self, member: bytes) -> Entry:
        entry = self.entries.pop(member)
        transaction = entry.transaction
        self.bytes -= len(transaction.data)
        if transaction.sender is not None:
            left = self._accounts[transaction.sender] - 1
            if left:
                self._accounts[transaction.sender] = left
            else:
                del self._accounts[transaction.sender]
        return entry

    def worst_first(self) -> Generator[Entry, None, None]:
        """From the worst rank up, leaving the queue as it is; costs little when few are taken."""
        if len(self._worst) > 2 * len(self.entries) + STALE_MAX:
            self._worst = [(_reversed(e.rank), member) for member, e in self.entries.items()]
            heapify(self._worst)
        taken: list[tuple[Rank, bytes]] = []
        try:
            while self._worst:
                item = heappop(self._worst)
                entry = self.entries.get(item[1])
                if entry is not None and _reversed(entry.rank) == item[0]:
                    taken.append(item)
                    yield entry
        finally:
            for item in taken:
                heappush(self._worst, item)


def _reversed(rank: Rank) -> Rank:
    return (-rank[0], -rank[1], -rank[2])


class ReadyQueue(Queue):
    """Transactions that may go into the next block: each required tag is the chain's or a ready one's."""

    def __init__(self) -> None:
        super().__init__()
        self._providers: dict[bytes, bytes] = {}
        self._dependents = TagIndex()

    def provider(self, tag: bytes) -> bytes | None:
        """The one ready transaction that provides a tag."""
        return self._providers.get(tag)

    def is_required(self, tag: bytes) -> bool:
        """True when a ready transaction requires the tag."""
        return tag in self._dependents

    def insert(self, entry: Entry) -> None:
        """The caller has made sure that nobody else provides one of its tags."""
        super().insert(entry)
        transaction = entry.transaction
        entry.unmet = sum(tag in self._providers for tag in transaction.requires)
        self._dependents.add(transaction.requires, transaction.hash)
        for tag in transaction.provides:
            self._providers[tag] = transaction.hash
            for dependent in self._dependents.of(tag):
                self.entries[dependent].unmet += 1

    def remove(self, member: bytes) -> Entry:
        entry = super().remove(member)
        transaction = entry.transaction
        self._dependents.remove(transaction.requires, member)
        for tag in transaction.provides:
            del self._providers[tag]
            for dependent in self._dependents.of(tag):
                self.entries[dependent].unmet -= 1
        return entry

    def subtree(self, roots: Iterable[bytes], spare: Iterable[bytes] = ()) -> list[bytes]:
        """The roots and all that depends on them, parents first; tags in `spare` will be provided anew."""
        spared = frozenset(spare)
        found = dict.fromkeys(roots)
        pending = list(found)
        for member in pending:
            for tag in self.entries[member].transaction.provides:
                if tag not in spared:
                    for dependent in self._dependents.of(tag):
                        if dependent not in found:
                            found[dependent] = None
                            pending.append(dependent)
        return pending

    def ancestors(self, transaction: Transaction) -> set[bytes]:
        """All ready transactions that it depends on."""
        found: set[bytes] = set()
        pending = [transaction]
        while pending:
            for tag in pending.pop().requires:
                provider = self._providers.get(tag)
                if provider is not None and provider not in found:
                    found.add(provider)
                    pending.append(self.entries[provider].transaction)
        return found

    def best_first(self) -> BestFirst:
        """In the order in which a block should take them."""
        return BestFirst(self, self._dependents)


class BestFirst(Iterator[Transaction]):
    """Ready transactions by rank, each after all that it depends on. The queue may change meanwhile."""

    def __init__(self, queue: ReadyQueue, dependents: TagIndex) -> None:
        self._entries = queue.entries
        self._dependents = dependents
        self._unmet: dict[bytes, int] = {}
        self._heap = [(e.rank, member) for member, e in queue.entries.items() if not e.unmet]
        heapify(self._heap)
        self._last: Transaction | None = None

    def __next__(self) -> Transaction:
        if self._last is not None:
            self._unlock(self._last)
            self._last = None
        while self._heap:
            entry = self._entries.get(heappop(self._heap)[1])
            if entry is not None:
                self._last = entry.transaction
                return entry.transaction
        raise StopIteration

    def reject(self) -> None:
        """The one just given did not go in: leave out all that depends on it."""
        self._last = None

    def _unlock(self, transaction: Transaction) -> None:
        for tag in transaction.provides:
            for member in self._dependents.of(tag):
                entry = self._entries[member]
                left = self._unmet.get(member, entry.unmet) - 1
                self._unmet[member] = left
                if left == 0:
                    heappush(self._heap, (entry.rank, member))


class FutureQueue(Queue):
    """Transactions that wait for tags."""

    def __init__(self) -> None:
        super().__init__()
        self._requiring = TagIndex()
        self._promising = TagIndex()

    def insert(self, entry: Entry) -> None:
        super().insert(entry)
        self._requiring.add(entry.transaction.requires, entry.transaction.hash)
        self._promising.add(entry.transaction.provides, entry.transaction.hash)

    def remove(self, member: bytes) -> Entry:
        entry = super().remove(member)
        self._requiring.remove(entry.transaction.requires, member)
        self._promising.remove(entry.transaction.provides, member)
        return entry

    def promising(self, tag: bytes) -> tuple[bytes, ...]:
        """Those that would provide a tag."""
        return self._promising.of(tag)

    def satisfy(self, tags: Iterable[bytes]) -> list[Entry]:
        """The tags are provided now: those that miss nothing any more, best rank first."""
        complete: list[Entry] = []
        for tag in tags:
            for member in self._requiring.of(tag):
                entry = self.entries[member]
                if tag in entry.missing:
                    entry.missing.discard(tag)
                    if not entry.missing:
                        complete.append(entry)
        return sorted(complete, key=lambda entry: entry.rank)

    def miss(self, tags: Iterable[bytes]) -> None:
        """The tags are provided no longer."""
        for tag in tags:
            for member in self._requiring.of(tag):
                self.entries[member].missing.add(tag)
