"""Ready and future, replacement, room, bans, blocks: one case each, its events and its words."""

from __future__ import annotations

import itertools

import pytest

from node.mempool.errors import PoolRefusal
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
from node.mempool.pool import Included, Pool
from node.mempool.transaction import PoolLimits, Transaction

BLOCK = b"B" * 32


def tx(
    name: str, requires: str = "", provides: str | None = None, priority: int = 1, **fields: int
) -> Transaction:
    """A transaction whose tags are letters; it provides its own name unless told otherwise."""
    return Transaction(
        hash=name.encode(),
        data=bytes(fields.get("size", 10)),
        priority=priority,
        requires=tuple(letter.encode() for letter in requires),
        provides=tuple(letter.encode() for letter in (name if provides is None else provides)),
        longevity=fields.get("longevity", 1_000),
        sender=bytes((fields["account"],)) if "account" in fields else None,
    )


def fill(pool: Pool, *transactions: Transaction) -> list[Event]:
    return list(itertools.chain.from_iterable(pool.submit(each, 1) for each in transactions))


def order(pool: Pool) -> str:
    return "".join(each.hash.decode() for each in pool.best_first())


def refusal(pool: Pool, transaction: Transaction, number: int = 1) -> tuple[int, str, str | None]:
    """Code, message and data of the refusal, which has changed nothing."""
    before = (order(pool), [each.hash for each in pool.waiting()], pool.ready.bytes, pool.future.bytes)
    with pytest.raises(PoolRefusal) as refused:
        pool.submit(transaction, number)
    assert before == (
        order(pool),
        [each.hash for each in pool.waiting()],
        pool.ready.bytes,
        pool.future.bytes,
    )
    return refused.value.code, refused.value.message, refused.value.data


def test_ready_ones_come_by_priority_then_by_what_expires_first_then_by_arrival() -> None:
    pool = Pool()
    fill(pool, tx("a"), tx("b", priority=5), tx("c"), tx("d", longevity=7), tx("e", priority=5))
    assert order(pool) == "bedac"


def test_what_is_required_comes_first_whatever_its_priority() -> None:
    pool = Pool()
    fill(pool, tx("a", priority=1), tx("b", "a", priority=9), tx("c", priority=5), tx("d", "bc", priority=9))
    assert order(pool) == "cabd"


def test_a_rejected_one_takes_along_what_depends_on_it_for_this_block() -> None:
    pool = Pool()
    fill(pool, tx("a"), tx("b", "a"), tx("c", "b"), tx("d"))
    best = pool.best_first()
    assert next(best).hash == b"a"
    best.reject()
    assert [each.hash for each in best] == [b"d"]
    assert order(pool) == "abcd"


def test_future_ones_become_ready_in_a_chain() -> None:
    pool = Pool()
    assert fill(pool, tx("c", "b"), tx("b", "a")) == [Future(b"c"), Future(b"b")]
    assert fill(pool, tx("a")) == [Ready(b"a"), Ready(b"b"), Ready(b"c")]
    assert order(pool) == "abc"


def test_a_promotion_that_takes_away_what_another_waits_for_leaves_that_one_waiting() -> None:
    pool = Pool()
    fill(pool, tx("r", provides="pq"), tx("x", "a", provides="p", priority=5), tx("y", "aq", provides="y"))
    assert fill(pool, tx("a")) == [Ready(b"a"), Usurped(b"r", b"x"), Ready(b"x")]
    assert [each.hash for each in pool.waiting()] == [b"y"]
    assert fill(pool, tx("q")) == [Ready(b"q"), Ready(b"y")]


def test_a_higher_priority_replaces_and_what_depends_on_the_shared_tag_stays() -> None:
    pool = Pool()
    fill(pool, tx("a", provides="1"), tx("b", "1", provides="2", priority=9), tx("c", "2", provides="3"))
    assert fill(pool, tx("A", provides="1", priority=2)) == [Usurped(b"a", b"A"), Ready(b"A")]
    assert order(pool) == "Abc"


def test_what_depends_on_a_tag_that_the_replacement_does_not_provide_leaves_too() -> None:
    pool = Pool()
    fill(pool, tx("a", provides="12"), tx("b", "1", provides="3"), tx("c", "2", provides="4"), tx("d", "4"))
    events = fill(pool, tx("A", provides="1", priority=2))
    assert events == [Usurped(b"a", b"A"), Usurped(b"c", b"A"), Usurped(b"d", b"A"), Ready(b"A")]
    assert order(pool) == "Ab"


def test_a_replacement_must_outbid_all_that_it_replaces_together() -> None:
    pool = Pool()
    fill(pool, tx("a", priority=2), tx("b", priority=3))
    why = "it provides what others in the pool provide, at no higher priority"
    assert refusal(pool, tx("c", provides="ab", priority=5)) == (1014, "Priority is too low: (5 vs 5)", why)
    assert fill(pool, tx("d", provides="ab", priority=6)) == [
        Usurped(b"a", b"d"),
        Usurped(b"b", b"d"),
        Ready(b"d"),
    ]


def test_what_cannot_enter_at_all() -> None:
    pool = Pool()
    fill(pool, tx("a"), tx("f", "x"))
    assert refusal(pool, tx("a")) == (1013, "Transaction Already Imported", "0x61")
    assert refusal(pool, tx("f", "x")) == (1013, "Transaction Already Imported", "0x66")
    assert refusal(pool, tx("n", provides="")) == (1010, "Invalid Transaction", "it provides no tag")
    assert refusal(pool, tx("s", "s")) == (1015, "Cycle Detected", None)


def test_cycles_are_refused() -> None:
    pool = Pool()
    fill(pool, tx("a"), tx("b", "a"), tx("c", "b"))
    assert refusal(pool, tx("A", "c", provides="a", priority=9)) == (1015, "Cycle Detected", None)
    held = Pool()
    fill(held, tx("a"), tx("b", "a"))
    held.on_block(BLOCK, 2, [Included(b"a", 0)])
    assert refusal(held, tx("A", "b", provides="a", priority=9)) == (1015, "Cycle Detected", None)


def test_a_full_pool_drops_the_worst_with_what_depends_on_it() -> None:
    pool = Pool(PoolLimits(ready_max=3))
    fill(pool, tx("a", priority=1), tx("b", "a", priority=9), tx("c", priority=5))
    assert refusal(pool, tx("d", priority=1)) == (1016, "Immediately Dropped", "the pool is full")
    assert fill(pool, tx("e", priority=2)) == [
        Dropped(b"a", "the pool is full"),
        Dropped(b"b", "the pool is full"),
        Ready(b"e"),
    ]
    assert order(pool) == "ce"


def test_a_full_pool_does_not_drop_what_the_newcomer_requires() -> None:
    pool = Pool(PoolLimits(ready_max=2))
    fill(pool, tx("a", priority=1), tx("b", priority=2))
    why = "the pool is full, and what it requires is worth least"
    assert refusal(pool, tx("c", "a", priority=9)) == (1016, "Immediately Dropped", why)


def test_bytes_are_bounded_too_and_a_replacement_counts_what_it_frees() -> None:
    pool = Pool(PoolLimits(ready_bytes_max=100))
    fill(pool, tx("a", size=60), tx("b", size=40, priority=2))
    assert refusal(pool, tx("c", size=101, priority=9)) == (1016, "Immediately Dropped", "the pool is full")
    assert fill(pool, tx("A", provides="a", size=60, priority=2)) == [Usurped(b"a", b"A"), Ready(b"A")]
    assert fill(pool, tx("d", size=50, priority=3)) == [Dropped(b"A", "the pool is full"), Ready(b"d")]
    assert pool.ready.bytes == 90


def test_room_that_two_victims_share_is_counted_once() -> None:
    pool = Pool(PoolLimits(ready_bytes_max=40))
    fill(pool, tx("a"), tx("b"), tx("c", "ab"), tx("d", priority=5))
    events = fill(pool, tx("e", size=35, priority=9))
    assert events[-1] == Ready(b"e")
    assert {event.hash for event in events[:-1]} == {b"a", b"b", b"c", b"d"}
    assert pool.ready.bytes == 35


def test_the_future_queue_is_bounded_alike() -> None:
    pool = Pool(PoolLimits(future_max=2, future_bytes_max=30))
    fill(pool, tx("a", "x", priority=3), tx("b", "x", priority=2))
    assert refusal(pool, tx("c", "x", priority=2)) == (1016, "Immediately Dropped", "the pool is full")
    assert fill(pool, tx("d", "x", priority=4)) == [Dropped(b"b", "the pool is full"), Future(b"d")]
    assert fill(pool, tx("e", "x", priority=5, size=25)) == [
        Dropped(b"a", "the pool is full"),
        Dropped(b"d", "the pool is full"),
        Future(b"e"),
    ]


def test_one_account_has_its_bounds_and_may_still_replace() -> None:
    pool = Pool(PoolLimits(account_max=3, account_future_max=1))
    fill(pool, tx("a", account=1), tx("b", account=1), tx("z", "y", account=1))
    assert refusal(pool, tx("c", account=1)) == (
        1016,
        "Immediately Dropped",
        "the account has 3 transactions in the pool, the most it may have",
    )
    assert refusal(pool, tx("w", "y", account=1)) == (
        1016,
        "Immediately Dropped",
        "the account has 1 future transactions, the most it may have",
    )
    assert fill(pool, tx("A", provides="a", priority=2, account=1)) == [Usurped(b"a", b"A"), Ready(b"A")]
    assert fill(pool, tx("o", account=2)) == [Ready(b"o")]
    full = Pool(PoolLimits(account_max=1))
    fill(full, tx("a", account=1))
    assert refusal(full, tx("f", "x", account=1))[0] == 1016


def test_invalid_ones_leave_and_are_banned_for_a_while_and_what_depends_on_them_waits() -> None:
    pool = Pool(PoolLimits(ban_blocks=10, banned_max=2))
    fill(pool, tx("a"), tx("b", "a"), tx("f", "x"))
    assert pool.remove_invalid(b"a", "cannot pay", 5) == [
        Invalid(b"a", "cannot pay"),
        Future(b"b"),
    ]
    assert pool.remove_invalid(b"f", "outdated", 5) == [Invalid(b"f", "outdated")]
    assert refusal(pool, tx("a"), 14) == (1012, "Transaction is temporarily banned", None)
    assert pool.submit(tx("a"), 15) == [Ready(b"a"), Ready(b"b")]
    for name in ("p", "q", "r"):
        assert pool.remove_invalid(name.encode(), "unknown to the pool", 20) == []
    assert [pool.is_banned(name, 21) for name in (b"p", b"q", b"r")] == [False, True, True]


def test_a_block_takes_out_what_it_holds_and_what_can_no_longer_enter() -> None:
    pool = Pool()
    fill(pool, tx("a"), tx("b", "a"), tx("c", "b"), tx("r", provides="st"), tx("t", "t", provides="u"))
    fill(pool, tx("w", "xy"), tx("v", "x", provides="s"))
    events = pool.on_block(BLOCK, 2, [Included(b"a", 1), Included(b"stranger", 2, (b"s", b"x"))])
    assert events == [
        InBlock(b"a", BLOCK, 1),
        Usurped(b"r", b"stranger"),
        Future(b"t"),
        Usurped(b"v", b"stranger"),
    ]
    assert order(pool) == "bc"
    assert fill(pool, tx("y")) == [Ready(b"y"), Ready(b"w")]
    assert pool.finalize(BLOCK) == [Finalized(b"a", BLOCK, 1)]
    assert pool.finalize(BLOCK) == []


def test_a_future_one_may_be_in_the_block() -> None:
    pool = Pool()
    fill(pool, tx("f", "x"), tx("g", "f"))
    assert pool.on_block(BLOCK, 2, [Included(b"f", 0)]) == [InBlock(b"f", BLOCK, 0), Ready(b"g")]


def test_what_expires_leaves_with_the_last_block_that_could_hold_it() -> None:
    pool = Pool()
    fill(pool, tx("a", longevity=3), tx("b", "a"), tx("f", "x", longevity=4))
    assert pool.on_block(BLOCK, 3, []) == []
    assert pool.on_block(BLOCK, 4, []) == [
        Invalid(b"a", "it has expired"),
        Future(b"b"),
    ]
    assert pool.on_block(BLOCK, 5, []) == [Invalid(b"f", "it has expired")]
    assert [each.hash for each in pool.waiting()] == [b"b"]
    assert pool.on_block(BLOCK, 1_001, []) == [Invalid(b"b", "it has expired")]


def test_a_retracted_block_gives_back_what_it_held() -> None:
    pool = Pool()
    fill(pool, tx("a"), tx("b", "a"))
    pool.on_block(BLOCK, 2, [Included(b"a", 0)])
    events, transactions = pool.retract(BLOCK)
    assert events == [Retracted(b"a", BLOCK)]
    assert pool.revalidated(tx("b", "a"), 2) == [Future(b"b")]
    assert fill(pool, *transactions) == [Ready(b"a"), Ready(b"b")]
    assert pool.retract(BLOCK) == ([], [])


def test_a_pool_that_is_cleared_tells_everyone() -> None:
    pool = Pool()
    fill(pool, tx("a"), tx("b"), tx("f", "x"))
    pool.on_block(BLOCK, 2, [Included(b"a", 0)])
    pool.ban(b"n", 2)
    assert pool.clear("taken back") == [Dropped(name, "taken back") for name in (b"b", b"f", b"a")]
    assert (len(pool), pool.is_banned(b"n", 2), pool.finalize(BLOCK)) == (0, False, [])


def test_finality_is_not_awaited_for_ever() -> None:
    pool = Pool(PoolLimits(unfinalized_blocks_max=2))
    for number, name in enumerate("abc"):
        fill(pool, tx(name))
        events = pool.on_block(name.encode(), number, [Included(name.encode(), 0)])
        assert events[1:] == ([FinalityTimeout(b"a", b"a")] if name == "c" else [])


def test_a_new_judgement_may_move_a_transaction_and_what_depends_on_it() -> None:
    pool = Pool()
    fill(pool, tx("a"), tx("b", "a"), tx("c", priority=3))
    assert pool.revalidated(tx("a", longevity=999), 2) == []
    assert order(pool) == "cab"
    assert pool.revalidated(tx("a", priority=9, longevity=999), 2) == [Ready(b"a"), Ready(b"b")]
    assert order(pool) == "acb"
    assert pool.revalidated(tx("a", "m", priority=9, longevity=999), 2) == [Future(b"a"), Future(b"b")]
    assert pool.revalidated(tx("a", priority=9, longevity=999), 2) == [Ready(b"a"), Ready(b"b")]
    assert pool.revalidated(tx("gone"), 2) == []


def test_those_judged_longest_ago_are_judged_first() -> None:
    pool = Pool()
    for number, name in enumerate("abc", start=1):
        pool.submit(tx(name), number)
    assert [each.hash for each in pool.oldest_checked(3, 9)] == [b"a", b"b"]
    assert [each.hash for each in pool.oldest_checked(9, 1)] == [b"a"]
    pool.revalidated(tx("a", longevity=1_000 + 1 - 4), 4)
    assert [each.hash for each in pool.oldest_checked(9, 9)] == [b"b", b"c", b"a"]


def test_a_long_chain_of_one_account_costs_no_more_for_each_than_a_short_one() -> None:
    """Counted, not timed: entering looks at no ancestor unless it must."""
    pool = Pool()
    looked = 0
    ancestors = pool.ready.ancestors

    def counted(transaction: Transaction) -> set[bytes]:
        nonlocal looked
        looked += 1
        return ancestors(transaction)

    pool.ready.ancestors = counted  # type: ignore[method-assign]
    for nonce in range(500):
        requires = (bytes((nonce // 256, nonce % 256, 0)),)
        provides = (bytes(((nonce + 1) // 256, (nonce + 1) % 256, 0)),)
        held = requires if nonce else ()
        pool.submit(Transaction(hash=provides[0], data=b"x", requires=held, provides=provides), 1)
    assert looked == 0
    assert len(list(pool.best_first())) == 500
