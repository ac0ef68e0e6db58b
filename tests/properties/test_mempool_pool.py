"""The pool under any arrivals, blocks, forks and judgements: bounded, in order, and nothing is lost."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from node.mempool.errors import PoolRefusal
from node.mempool.events import Event, Future, InBlock, Ready, Retracted, is_final
from node.mempool.pool import Included, Pool
from node.mempool.transaction import PoolLimits, Transaction

LIMITS = PoolLimits(
    ready_max=5,
    ready_bytes_max=100,
    future_max=4,
    future_bytes_max=80,
    account_max=4,
    account_future_max=3,
    banned_max=4,
    ban_blocks=3,
    unfinalized_blocks_max=3,
)
ACCOUNTS = st.integers(0, 2)
NONCES = st.integers(0, 4)


def tag(account: int, nonce: int) -> bytes:
    return bytes((account, nonce))


class PoolMachine(RuleBasedStateMachine):
    """Accounts with nonces, as the runtime tags them, beside transactions with tags of any kind."""

    def __init__(self) -> None:
        super().__init__()
        self.pool = Pool(LIMITS)
        self.number = 0
        self.counter = 0
        self.chain: set[bytes] = set()
        self.entered: dict[bytes, Transaction] = {}
        self.state: dict[bytes, str] = {}
        self.blocks: list[tuple[bytes, list[bytes]]] = []

    def transaction(self, requires: Sequence[bytes], provides: Sequence[bytes], **fields: int) -> Transaction:
        self.counter += 1
        return Transaction(
            hash=self.counter.to_bytes(4, "big"),
            data=bytes(fields.get("size", 10)),
            priority=fields.get("priority", 1),
            requires=tuple(requires),
            provides=tuple(provides),
            longevity=fields.get("longevity", 1 << 40),
            sender=bytes((fields["account"],)) if "account" in fields else None,
        )

    def judge(self, transaction: Transaction) -> Transaction | None:
        """The runtime: it leaves out tags that the chain provides, and refuses what the chain has already."""
        if not self.chain.isdisjoint(transaction.provides):
            return None
        missing = tuple(each for each in transaction.requires if each not in self.chain)
        return dataclasses.replace(transaction, requires=missing)

    def submit(self, transaction: Transaction) -> None:
        judged = self.judge(transaction)
        if judged is None:
            return
        before = self.picture()
        rivals = {self.pool.ready.provider(each) for each in judged.provides} - {None}
        priorities = [t.priority for t in self.pool.transactions() if t.hash in rivals]
        try:
            events = self.pool.submit(judged, self.number)
        except PoolRefusal:
            assert self.picture() == before, "a refusal changed something"
            return
        assert judged.hash in self.pool.future or not rivals or sum(priorities) < judged.priority
        assert transaction.hash not in self.state or self.state[transaction.hash] == "left"
        self.entered.setdefault(transaction.hash, transaction)
        self.state[transaction.hash] = "submitted"
        self.tell(events)

    def picture(self) -> object:
        pool = self.pool
        return [
            [(h, entry.order, entry.unmet, sorted(entry.missing)) for h, entry in queue.entries.items()]
            for queue in (pool.ready, pool.future)
        ], [t.hash for t in pool.best_first()]

    def tell(self, events: list[Event]) -> None:
        for event in events:
            assert event.hash in self.entered, f"an event of one that never entered: {event}"
            assert self.state[event.hash] != "left", f"an event after the final one: {event}"
            match event:
                case Future() | Ready() | Retracted():
                    self.state[event.hash] = type(event).__name__
                case InBlock():
                    self.state[event.hash] = "InBlock"
                case _:
                    assert is_final(event)
                    self.state[event.hash] = "left"

    # What happens to a pool.

    @rule(
        account=ACCOUNTS,
        nonce=NONCES,
        priority=st.integers(0, 3),
        size=st.sampled_from((1, 10, 10, 45)),
        longevity=st.integers(1, 6) | st.just(1 << 40),
    )
    def arrive(self, account: int, nonce: int, priority: int, size: int, longevity: int) -> None:
        requires = [tag(account, nonce - 1)] if nonce else []
        fields = {"priority": priority, "size": size, "longevity": longevity, "account": account}
        self.submit(self.transaction(requires, [tag(account, nonce)], **fields))

    @rule(
        requires=st.lists(st.integers(0, 3), max_size=2),
        provides=st.lists(st.integers(0, 3), max_size=2),
        priority=st.integers(0, 3),
    )
    def arrive_with_any_tags(self, requires: list[int], provides: list[int], priority: int) -> None:
        self.submit(
            self.transaction([tag(9, n) for n in requires], [tag(9, n) for n in provides], priority=priority)
        )

    @rule(data=st.data())
    def arrive_again(self, data: st.DataObject) -> None:
        if self.entered:
            self.submit(data.draw(st.sampled_from(list(self.entered.values()))))

    @rule(take=st.integers(0, 5), skip=st.integers(0, 3))
    def author(self, take: int, skip: int) -> None:
        best = self.pool.best_first()
        taken: list[Transaction] = []
        rejected: list[Transaction] = []
        for transaction in best:
            if len(taken) == take:
                break
            if len(rejected) < skip and len(taken) % 2:
                rejected.append(transaction)
                best.reject()
            else:
                taken.append(transaction)
        self.block(taken)
        for transaction in rejected:
            self.tell(self.pool.remove_invalid(transaction.hash, "rejected", self.number))

    @rule(account=ACCOUNTS)
    def import_a_strangers_transaction(self, account: int) -> None:
        nonce = next(n for n in range(100) if tag(account, n) not in self.chain)
        self.block([self.transaction([], [tag(account, nonce)])])

    def block(self, transactions: list[Transaction]) -> None:
        self.number += 1
        block = b"block" + self.number.to_bytes(4, "big")
        provided: list[bytes] = []
        for transaction in transactions:
            whole = self.entered.get(transaction.hash, transaction)
            assert self.chain >= set(whole.requires), "taken before what it requires"
            assert self.chain.isdisjoint(whole.provides), "taken though the chain has it"
            self.chain |= set(transaction.provides)
            provided += transaction.provides
        included = [Included(t.hash, index, t.provides) for index, t in enumerate(transactions)]
        self.tell(self.pool.on_block(block, self.number, included))
        self.blocks.append((block, provided))

    @rule()
    def finalize(self) -> None:
        if self.blocks:
            self.tell(self.pool.finalize(self.blocks.pop(0)[0]))

    @rule()
    def retract(self) -> None:
        if not self.blocks:
            return
        block, provided = self.blocks.pop()
        self.chain -= set(provided)
        events, transactions = self.pool.retract(block)
        self.tell(events)
        for waiting in self.pool.transactions():
            self.judge_anew(waiting)
        for transaction in transactions:
            assert self.state[transaction.hash] == "Retracted"
            self.state[transaction.hash] = "left"
            self.submit(self.entered[transaction.hash])

    @rule(data=st.data(), priority=st.integers(0, 3))
    def judge_again(self, data: st.DataObject, priority: int) -> None:
        due = self.pool.oldest_checked(self.number, 3)
        assert len(due) <= 3
        for old in due:
            if data.draw(st.booleans()):
                self.entered[old.hash] = dataclasses.replace(self.entered[old.hash], priority=priority)
            self.judge_anew(old)

    @rule()
    def judge_everything(self) -> None:
        """After that nothing waits that need not."""
        for waiting in self.pool.transactions():
            self.judge_anew(waiting)
        for transaction in self.pool.waiting():
            missing = set(self.entered[transaction.hash].requires) - self.chain
            assert any(self.pool.ready.provider(each) is None for each in missing)

    def judge_anew(self, old: Transaction) -> None:
        new = self.judge(self.entered[old.hash])
        if new is None:
            self.tell(self.pool.remove_invalid(old.hash, "outdated", self.number))
        else:
            self.tell(self.pool.revalidated(new, self.number))

    # What is always true.

    @invariant()
    def bounds_hold(self) -> None:
        pool = self.pool
        for queue, most, bytes_max in (
            (pool.ready, LIMITS.ready_max, LIMITS.ready_bytes_max),
            (pool.future, LIMITS.future_max, LIMITS.future_bytes_max),
        ):
            transactions = [entry.transaction for entry in queue.entries.values()]
            assert len(transactions) <= most
            assert queue.bytes == sum(len(t.data) for t in transactions) <= bytes_max
        for account in range(3):
            sender = bytes((account,))
            future = [t for t in pool.waiting() if t.sender == sender]
            assert len(future) == pool.future.of_account(sender) <= LIMITS.account_future_max
            assert len(future) + pool.ready.of_account(sender) <= LIMITS.account_max

    @invariant()
    def nothing_is_lost(self) -> None:
        waiting = {h for h, state in self.state.items() if state in ("Ready", "Future")}
        assert waiting == {*self.pool.ready.entries, *self.pool.future.entries}
        assert all(self.state[h] == "Ready" for h in self.pool.ready.entries)
        assert all(self.state[h] == "Future" for h in self.pool.future.entries)

    @invariant()
    def nothing_is_remembered_of_those_that_left(self) -> None:
        assert self.pool._checked.keys() == {*self.pool.ready.entries, *self.pool.future.entries}

    @invariant()
    def queues_do_not_overlap_and_no_tag_is_provided_twice(self) -> None:
        assert not self.pool.ready.entries.keys() & self.pool.future.entries.keys()
        provided = [t for entry in self.pool.ready.entries.values() for t in entry.transaction.provides]
        assert len(provided) == len(set(provided))

    @invariant()
    def all_ready_ones_come_out_each_after_what_it_requires(self) -> None:
        order = list(self.pool.best_first())
        assert sorted(t.hash for t in order) == sorted(self.pool.ready.entries)
        provided_at = {each: place for place, t in enumerate(order) for each in t.provides}
        for place, transaction in enumerate(order):
            for each in self.entered[transaction.hash].requires:
                assert each in self.chain or provided_at[each] < place

    @invariant()
    def future_ones_miss_something(self) -> None:
        for entry in self.pool.future.entries.values():
            assert entry.missing
            assert all(self.pool.ready.provider(each) is None for each in entry.missing)

    @invariant()
    def an_account_without_gaps_comes_out_in_the_order_of_its_nonces(self) -> None:
        for account in range(3):
            nonces = [t.provides[0][1] for t in self.pool.best_first() if t.sender == bytes((account,))]
            assert nonces == sorted(nonces)


PoolMachine.TestCase.settings = settings(max_examples=100, stateful_step_count=50)
test_pool = PoolMachine.TestCase
