"""The transaction pool: ready and future queues by tags, as Substrate's. Pure: no clock, no I/O, no runtime.

A transaction is ready when every tag that it requires is provided by the chain or by a ready one, and future
otherwise; the runtime leaves out of `requires` what the chain provides already. Of two that provide one tag
only the one of higher priority stays. Every change returns the events that it caused, in order; a refusal
changes nothing. Whoever enters leaves with a final event.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from node.mempool.errors import (
    AlreadyImported,
    Banned,
    CycleDetected,
    ImmediatelyDropped,
    InvalidTransaction,
    PoolRefusal,
    TooLowPriority,
)
from node.mempool.events import (
    Dropped,
    Event,
    FinalityTimeout,
    Finalized,
    Future,
    InBlock,
    Invalid,
    Ready,
    Retracted,
    Usurped,
)
from node.mempool.queues import BestFirst, FutureQueue, Queue, ReadyQueue
from node.mempool.room import Room, make_room
from node.mempool.transaction import Entry, PoolLimits, Transaction


@dataclass(frozen=True, slots=True)
class Included:
    """One extrinsic of a new block."""

    hash: bytes
    index: int
    provides: tuple[bytes, ...] = ()
    """Its tags; may be left out when the pool holds it."""


@dataclass(frozen=True, slots=True)
class _Plan:
    """What entering the ready queue would change."""

    usurped: list[bytes]
    evicted: list[bytes]


class Pool:
    """Transactions on their way into a block."""

    def __init__(self, limits: PoolLimits | None = None) -> None:
        self.limits = limits or PoolLimits()
        self.ready = ReadyQueue()
        self.future = FutureQueue()
        self._included: dict[bytes, list[tuple[Entry, int]]] = {}
        self._banned: dict[bytes, int] = {}
        self._checked: dict[bytes, int] = {}
        self._arrivals = 0

    def __len__(self) -> int:
        return len(self.ready) + len(self.future)

    def __contains__(self, transaction: bytes) -> bool:
        return transaction in self.ready or transaction in self.future

    def find(self, transaction: bytes) -> Transaction | None:
        """A transaction by its hash."""
        entry = self.ready.entries.get(transaction) or self.future.entries.get(transaction)
        return entry.transaction if entry else None

    def provides(self, tag: bytes) -> bool:
        """True when a ready transaction provides the tag: the account's next nonce is higher."""
        return self.ready.provider(tag) is not None

    def best_first(self) -> BestFirst:
        """Ready transactions in the order in which a block should take them."""
        return self.ready.best_first()

    def waiting(self) -> Iterator[Transaction]:
        """Future transactions in order of arrival."""
        return (entry.transaction for entry in self.future.entries.values())

    # Entering.

    def screen(self, transaction: bytes, number: int) -> None:
        """Refuse, before any work is spent on it, a transaction that is here already or is banned."""
        if transaction in self:
            raise AlreadyImported(transaction)
        if self.is_banned(transaction, number):
            raise Banned

    def submit(self, transaction: Transaction, number: int) -> list[Event]:
        """Take a transaction that was valid on block `number`; raises PoolRefusal when it does not enter."""
        self.screen(transaction.hash, number)
        if not transaction.provides:
            raise InvalidTransaction("it provides no tag")
        if not frozenset(transaction.provides).isdisjoint(transaction.requires):
            raise CycleDetected
        self._arrivals += 1
        events: list[Event] = []
        self._enter(Entry(transaction, number, self._arrivals), events)
        self._checked[transaction.hash] = number
        return events

    def _enter(self, entry: Entry, events: list[Event]) -> None:
        transaction = entry.transaction
        entry.missing = {tag for tag in transaction.requires if self.ready.provider(tag) is None}
        if entry.missing:
            self._enter_future(entry, events)
        else:
            plan = self._plan(entry)
            self._check_account(transaction, plan)
            self._commit(entry, plan, events)
            self._promote(transaction.provides, events)

    def _enter_again(self, entries: Iterable[Entry], events: list[Event]) -> None:
        """Those that had to make way: each goes where it belongs now, or is dropped."""
        for entry in entries:
            try:
                self._enter(entry, events)
            except PoolRefusal as refusal:
                self._checked.pop(entry.transaction.hash, None)
                events.append(Dropped(entry.transaction.hash, str(refusal)))

    def _check_account(self, transaction: Transaction, plan: _Plan) -> None:
        leaving = sum(self.ready.entries[h].transaction.sender == transaction.sender for h in plan.usurped)
        sender, most = transaction.sender, self.limits.account_max
        if self.ready.of_account(sender) + self.future.of_account(sender) - leaving >= most:
            raise ImmediatelyDropped(f"the account has {most} transactions in the pool, the most it may have")

    def _enter_future(self, entry: Entry, events: list[Event]) -> None:
        limits, future, transaction = self.limits, self.future, entry.transaction
        sender = transaction.sender
        if future.of_account(sender) >= limits.account_future_max:
            most = limits.account_future_max
            raise ImmediatelyDropped(f"the account has {most} future transactions, the most it may have")
        self._check_account(transaction, _Plan([], []))
        room = Room(limits.future_max - len(future), limits.future_bytes_max - future.bytes)
        evicted = make_room(room, future, entry, lambda worst: [worst])
        for member in evicted:
            self._lose(member)
            events.append(Dropped(member, "the pool is full"))
        future.insert(entry)
        events.append(Future(transaction.hash))

    def _plan(self, entry: Entry) -> _Plan:
        ready, limits, transaction = self.ready, self.limits, entry.transaction
        providers = (ready.provider(tag) for tag in transaction.provides)
        clashing = list(dict.fromkeys(p for p in providers if p is not None))
        usurped: list[bytes] = []
        if clashing:
            old = sum(ready.entries[member].transaction.priority for member in clashing)
            if old >= transaction.priority:
                raise TooLowPriority(old, transaction.priority)
            usurped = ready.subtree(clashing, spare=transaction.provides)
        leaving = frozenset(usurped)
        if clashing or any(ready.is_required(tag) for tag in transaction.provides):
            self._check_cycle(transaction, leaving)
        freed = sum(len(ready.entries[member].transaction.data) for member in usurped)
        room = Room(
            limits.ready_max - len(ready) + len(usurped), limits.ready_bytes_max - ready.bytes + freed
        )

        def victims(worst: bytes) -> list[bytes]:
            if worst in ready.ancestors(transaction):
                raise ImmediatelyDropped("the pool is full, and what it requires is worth least")
            return [member for member in ready.subtree([worst]) if member not in leaving]

        return _Plan(usurped, make_room(room, ready, entry, victims, leaving))

    def _promote(self, provided: tuple[bytes, ...], events: list[Event]) -> None:
        """Let in, one by one, the future ones that waited for these tags, or for what those provide."""
        pending = deque([provided])
        while pending:
            for entry in self.future.satisfy(pending.popleft()):
                member = entry.transaction.hash
                if member not in self.future or entry.missing:
                    continue
                self.future.remove(member)
                try:
                    plan = self._plan(entry)
                except PoolRefusal as refusal:
                    self._checked.pop(member, None)
                    events.append(Dropped(member, str(refusal)))
                else:
                    self._commit(entry, plan, events)
                    pending.append(entry.transaction.provides)

    def _check_cycle(self, transaction: Transaction, leaving: frozenset[bytes]) -> None:
        """What it depends on may neither be driven out by it nor depend on it."""
        provides = frozenset(transaction.provides)
        for member in self.ready.ancestors(transaction):
            requires = self.ready.entries[member].transaction.requires
            if member in leaving or not provides.isdisjoint(requires):
                raise CycleDetected

    def _commit(self, entry: Entry, plan: _Plan, events: list[Event]) -> None:
        transaction = entry.transaction
        for member in plan.usurped:
            self._lose(member)
            events.append(Usurped(member, transaction.hash))
        for member in plan.evicted:
            self._lose(member)
            events.append(Dropped(member, "the pool is full"))
        self.ready.insert(entry)
        events.append(Ready(transaction.hash))

    # Leaving.

    def _leave(self, member: bytes) -> Entry:
        """Take a transaction out of its queue: what it provided is missing until someone else provides it."""
        if member in self.future:
            return self.future.remove(member)
        entry = self.ready.remove(member)
        self.future.miss(entry.transaction.provides)
        return entry

    def _lose(self, member: bytes) -> None:
        """It leaves for good."""
        self._checked.pop(member, None)
        self._leave(member)

    def _leave_with_dependents(self, member: bytes, spare: tuple[bytes, ...] = ()) -> list[Entry]:
        """Take a transaction for good and what depends on it for now; returns the latter."""
        dependents = self.ready.subtree([member], spare)[1:] if member in self.ready else []
        self._lose(member)
        return [self._leave(dependent) for dependent in dependents]

    def remove_invalid(self, transaction: bytes, reason: str, number: int) -> list[Event]:
        """It was found invalid on block `number`: it is banned, and what depends on it is future again."""
        self.ban(transaction, number)
        if transaction not in self:
            return []
        dependents = self._leave_with_dependents(transaction)
        events: list[Event] = [Invalid(transaction, reason)]
        self._enter_again(dependents, events)
        return events

    def clear(self, reason: str) -> list[Event]:
        """Everything leaves, and nothing is remembered: the chain below is another one now."""
        held = [*self.ready.entries, *self.future.entries]
        for member in held:
            self._lose(member)
        held += [entry.transaction.hash for block in self._included.values() for entry, _ in block]
        self._included.clear()
        self._banned.clear()
        return [Dropped(member, reason) for member in held]

    def ban(self, transaction: bytes, number: int) -> None:
        """Do not look at it again for a while."""
        self._banned.pop(transaction, None)
        self._banned[transaction] = number + self.limits.ban_blocks
        while len(self._banned) > self.limits.banned_max:
            del self._banned[next(iter(self._banned))]

    def is_banned(self, transaction: bytes, number: int) -> bool:
        return number < self._banned.get(transaction, 0)

    # Blocks.

    def on_block(self, block: bytes, number: int, included: Iterable[Included]) -> list[Event]:
        """A new best block: what it holds leaves the queues to wait for finality; what expired is dropped."""
        events: list[Event] = []
        held: list[tuple[Entry, int]] = []
        for extrinsic in included:
            entry = self._take(extrinsic.hash)
            if entry is not None:
                held.append((entry, extrinsic.index))
                events.append(InBlock(extrinsic.hash, block, extrinsic.index))
            tags = extrinsic.provides or (entry.transaction.provides if entry else ())
            self._provided_by_chain(extrinsic.hash, tags, events)
        if held:
            self._included.setdefault(block, []).extend(held)
        while len(self._included) > self.limits.unfinalized_blocks_max:
            oldest = next(iter(self._included))
            events += [FinalityTimeout(e.transaction.hash, oldest) for e, _ in self._included.pop(oldest)]
        self._expire(number, events)
        return events

    def _take(self, transaction: bytes) -> Entry | None:
        """Out of the queues and into the chain: what it provides stays provided."""
        self._checked.pop(transaction, None)
        if transaction in self.ready:
            return self.ready.remove(transaction)
        return self.future.remove(transaction) if transaction in self.future else None

    def _provided_by_chain(self, by: bytes, tags: tuple[bytes, ...], events: list[Event]) -> None:
        for tag in tags:
            rival = self.ready.provider(tag)
            if rival is not None:
                dependents = self._leave_with_dependents(rival, spare=tags)
                events.append(Usurped(rival, by))
                self._enter_again(dependents, events)
            for member in self.future.promising(tag):
                self._lose(member)
                events.append(Usurped(member, by))
        self._promote(tags, events)

    def _expire(self, number: int, events: list[Event]) -> None:
        queues: tuple[Queue, Queue] = (self.ready, self.future)
        for queue in queues:
            expired = [h for h, entry in queue.entries.items() if entry.valid_till <= number]
            for member in expired:
                events += self.remove_invalid(member, "it has expired", number)

    def finalize(self, block: bytes) -> list[Event]:
        """The block is final."""
        return [
            Finalized(entry.transaction.hash, block, index) for entry, index in self._included.pop(block, ())
        ]

    def retract(self, block: bytes) -> tuple[list[Event], list[Transaction]]:
        """The block has left the best chain: its transactions, to be submitted anew.

        What waits must be judged anew too: tags that the block provided may be missing now.
        """
        held = [entry.transaction for entry, _ in self._included.pop(block, ())]
        return [Retracted(transaction.hash, block) for transaction in held], held

    # Validating again.

    def transactions(self) -> list[Transaction]:
        """All of them, ready and future."""
        return [e.transaction for queue in (self.ready, self.future) for e in queue.entries.values()]

    def oldest_checked(self, before: int, count: int) -> list[Transaction]:
        """At most `count` transactions last found valid before block `before`, the longest ago first."""
        found: list[Transaction] = []
        for member, number in self._checked.items():
            if number >= before or len(found) >= count:
                break
            transaction = self.find(member)
            if transaction is not None:
                found.append(transaction)
        return found

    def revalidated(self, transaction: Transaction, number: int) -> list[Event]:
        """It is valid on block `number` too, perhaps with other tags or another priority: it may move."""
        member = transaction.hash
        if member not in self:
            return []
        if self._stays(transaction, number):
            self._checked.pop(member, None)
            self._checked[member] = number
            return []
        dependents = self._leave_with_dependents(member)
        events: list[Event] = []
        try:
            events += self.submit(transaction, number)
        except PoolRefusal as refusal:
            events.append(Dropped(member, str(refusal)))
        self._enter_again(dependents, events)
        return events

    def _stays(self, new: Transaction, number: int) -> bool:
        """True when the new judgement leaves it where it is; the chain may provide more tags than before."""
        queue: Queue = self.ready if new.hash in self.ready else self.future
        entry = queue.entries[new.hash]
        old = entry.transaction
        return (
            old.provides == new.provides
            and Entry(new, number, entry.order).rank == entry.rank
            and frozenset(new.requires) <= frozenset(old.requires)
            and entry.missing == {tag for tag in new.requires if self.ready.provider(tag) is None}
        )
