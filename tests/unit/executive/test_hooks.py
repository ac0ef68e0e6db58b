"""Hooks: in the order of the indices, each in its own layer; one that raises is named, and leaves nothing."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import pytest

from pallets.system import System
from pallets.timestamp import Timestamp
from runtime.executive.builder import CallBroken
from runtime.executive.execute import HeaderMismatch
from runtime.frame import (
    Error,
    Event,
    InvalidBlock,
    NoError,
    NoEvent,
    Pallet,
    Signed,
    StorageValue,
    call,
    hookimpl,
    invariant,
)
from runtime.frame.inherents import TIMESTAMP
from runtime.frame.invalid import HookFailed, InvariantBroken
from runtime.frame.late import RuntimeCall
from runtime.scale import U32
from runtime.spec import EXTENSIONS, RuntimeSpec, SeatSpec
from runtime.testing import TestChain, Trusting
from runtime.types import BlockNumber, Weight, db
from runtime.types.digest import PreRuntime
from runtime.types.era import IMMORTAL

ALICE = bytes([1]) * 32
TRACE: list[str] = []


class WatchEvent(Event):
    """What it tells."""


class Seen(WatchEvent, index=0):
    """Something was done."""

    number: U32


class WatchError(Error):
    """Why it refuses."""


class Odd(WatchError, index=0):
    """The number is odd."""


class Watch(Pallet[WatchEvent, WatchError]):
    """Does a unit of work in each hook, and what it is told to."""

    total = StorageValue[U32](default=0)
    fail = StorageValue[str](default="")
    left = StorageValue[U32](default=0)

    @hookimpl
    def on_initialize(self, now: BlockNumber) -> Weight:
        for number in range(4):
            self.attempt(partial(self.work, number))
        self._maybe("on_initialize")
        return db(writes=1)

    @hookimpl
    def on_idle(self, now: BlockNumber, remaining: Weight) -> Weight:
        self.left = remaining.ref_time // 1_000_000
        self._maybe("on_idle")
        return Weight(remaining.ref_time // 2, 0)

    @hookimpl
    def on_finalize(self, now: BlockNumber) -> None:
        self._maybe("on_finalize")

    @call(index=0, weight=db(writes=1))
    def set_fail(self, origin: Signed, where: str) -> None:
        self.fail = where

    @call(index=1, weight=db(writes=1))
    def set_total(self, origin: Signed, total: U32) -> None:
        self.total = total

    @call(index=2, weight=db(writes=1))
    def crash(self, origin: Signed) -> None:
        self.total = 7
        raise ZeroDivisionError("by nothing")

    @invariant("W1", "the total stays below a thousand")
    def total_is_small(self) -> str | None:
        return f"the total is {self.total}" if self.total >= 1_000 else None

    def work(self, number: int) -> None:
        """Counts and tells, and refuses the odd."""
        self.total += 1
        self.emit(Seen(number))
        if number % 2:
            raise Odd

    def _maybe(self, where: str) -> None:
        if self.fail == where:
            self.total += 500
            raise ValueError("told to")


@pytest.fixture
def chain() -> TestChain:
    return TestChain(System, Timestamp, Watch)


def test_a_refused_unit_of_a_hook_is_undone_alone_events_included(chain: TestChain) -> None:
    assert chain[Watch].total == 2
    assert [event for event in chain.events if isinstance(event, Seen)] == [Seen(0), Seen(2)]
    chain.next_block()
    assert chain[Watch].total == 4


@pytest.mark.parametrize("hook", ["on_initialize", "on_idle", "on_finalize"])
def test_a_hook_that_raises_stops_the_chain_in_one_line_and_leaves_nothing(
    chain: TestChain, hook: str
) -> None:
    if hook == "on_initialize":
        chain.submit(chain[Watch].set_fail.call(hook), ALICE)
        with pytest.raises(HookFailed) as refusal:
            chain.next_block()
    else:
        chain.submit(chain[Watch].set_fail.call(hook), ALICE)
        overlay = chain.builder.overlay
        with pytest.raises(HookFailed) as refusal:
            chain.builder.finish()
        chain.host.overlay = overlay
        assert chain[Watch].total == 2
    assert str(refusal.value) == f"Watch.{hook} failed: ValueError: told to"
    assert (refusal.value.pallet, refusal.value.hook) == ("Watch", hook)


def test_on_idle_sees_what_is_left_after_those_before_it(chain: TestChain) -> None:
    before = chain.builder.weight_left.ref_time // 1_000_000
    chain.next_block()
    assert chain[Watch].left == before
    used = chain[System].block_weight.mandatory.ref_time
    assert used >= before * 1_000_000 // 2


class Clerk(Pallet[NoEvent, NoError]):
    """Says when it runs. It tells and refuses nothing, so a chain may hold several."""

    @hookimpl
    def on_initialize(self, now: BlockNumber) -> None:
        TRACE.append(f"{self.seat.name if self.seat else ''}.on_initialize({now})")

    @hookimpl
    def on_finalize(self, now: BlockNumber) -> None:
        TRACE.append(f"{self.seat.name if self.seat else ''}.on_finalize({now})")


def test_hooks_run_by_index_whatever_the_order_of_discovery() -> None:
    TRACE.clear()
    seats = (
        SeatSpec(index=9, pallet="Clerk", name="Last"),
        SeatSpec(index=3, pallet="Clerk", name="First"),
        SeatSpec(index=0, pallet="System"),
        SeatSpec(index=1, pallet="Timestamp"),
    )
    spec = RuntimeSpec(spec_version=1, pallets=seats, extensions=EXTENSIONS[:-1])
    TestChain(Clerk, Timestamp, System, spec=spec).builder.finish()
    assert TRACE == [
        "First.on_initialize(1)",
        "Last.on_initialize(1)",
        "First.on_finalize(1)",
        "Last.on_finalize(1)",
    ]


def test_a_broken_invariant_makes_the_block_invalid_and_is_named(chain: TestChain) -> None:
    chain.submit(chain[Watch].set_total.call(1_000), ALICE)
    with pytest.raises(InvariantBroken) as broken:
        chain.builder.finish()
    assert str(broken.value) == "W1 is broken: the total stays below a thousand; the total is 1000"
    assert (broken.value.name, broken.value.figures) == ("W1", "the total is 1000")


def test_while_authoring_an_extrinsic_that_breaks_an_invariant_is_dropped_and_named(chain: TestChain) -> None:
    parts, watch = chain.runtime.parts, chain[Watch]

    def signed(total: int, nonce: int) -> bytes:
        values: dict[str, Any] = {"CheckMortality": IMMORTAL, "CheckNonce": nonce}
        extra_bytes = parts.codec.extras(tuple(values.get(each.identifier, ()) for each in parts.extensions))
        call_bytes = chain.host.codec(RuntimeCall).encode(watch.set_total.call(total))
        return parts.codec.signed(ALICE, 0, bytes(64), extra_bytes, call_bytes)

    with pytest.raises(InvariantBroken):
        chain.builder.try_apply(signed(1_000, 0))
    assert watch.total == 2
    chain.builder.try_apply(signed(999, 0))
    assert watch.total == 999
    assert len(chain.builder.extrinsics) == 2  # the time, and this


def test_a_call_that_crashes_enters_no_block(chain: TestChain) -> None:
    left = chain.builder.weight_left
    with pytest.raises(CallBroken) as broken:
        chain.submit(chain[Watch].crash.call(), ALICE)
    assert str(broken.value) == "Watch.crash is broken: ZeroDivisionError: by nothing"
    assert chain[Watch].total == 2
    assert chain[System].account[ALICE].nonce == 0
    assert chain.builder.weight_left == left
    chain.next_block()


def test_a_hook_may_make_the_block_invalid(chain: TestChain) -> None:
    with pytest.raises(InvalidBlock, match=r"^the block does not say its time: it lacks Timestamp\.set$"):
        chain.runtime.build(chain.state, chain.header).finish()


class Cache:
    """What no pallet may have: memory outside of storage."""

    value = 0


class Cheat(Pallet[NoEvent, NoError]):
    """Remembers beside its storage."""

    total = StorageValue[U32](default=0)

    @call(index=0, weight=db())
    def count(self, origin: Signed) -> None:
        Cache.value += 1
        self.total = Cache.value


def test_the_testing_kit_catches_memory_outside_of_storage() -> None:
    chain = TestChain(System, Timestamp, Cheat)
    chain.submit(chain[Cheat].count.call(), ALICE)
    with pytest.raises(HeaderMismatch, match=r"^the header's state root is 0x"):
        chain.next_block()


class Loose(Pallet[NoEvent, NoError]):
    """Stores a value that is not what its type decodes to."""

    flag = StorageValue[U32](default=0)
    seen = StorageValue[U32](default=0)

    @call(index=0, weight=db())
    def raise_flag(self, origin: Signed) -> None:
        self.flag = True

    @hookimpl
    def on_initialize(self, now: BlockNumber) -> Weight:
        self.seen = 5 if self.flag is True else 6
        return db()


def test_the_testing_kit_replays_from_bytes_and_not_from_what_the_author_remembers() -> None:
    """A value whose type is looser than its declaration differs between the author and a stranger."""
    chain = TestChain(System, Timestamp, Loose)
    chain.submit(chain[Loose].raise_flag.call(), ALICE)
    chain.next_block()
    with pytest.raises(HeaderMismatch):
        chain.next_block()


class Lookout(Pallet[NoEvent, NoError]):
    """Wants an inherent that nobody else wants."""

    seen = StorageValue[U32](default=0)

    @call(index=0, weight=db())
    def see(self, origin: Signed, what: U32) -> None: ...

    @hookimpl
    def create_inherent(self, data: Mapping[bytes, bytes]) -> Any:
        return None

    @hookimpl
    def check_inherent(self, call: Any, data: Mapping[bytes, bytes]) -> str | None:
        return None if call.info.pallet != "Timestamp" else "the clock is not believed"


def test_any_pallet_may_refuse_an_inherent_while_importing() -> None:
    chain = TestChain(System, Timestamp, Lookout)
    state, header = chain.state, chain.header
    block = chain.builder.finish().block
    chain.runtime.execute(state, header, block, verified=Trusting())
    with pytest.raises(InvalidBlock) as refusal:
        chain.runtime.execute(
            state, header, block, observed={TIMESTAMP: bytes([255] * 8)}, verified=Trusting()
        )
    assert str(refusal.value) == "the inherent of Lookout is wrong: the clock is not believed"


def test_a_refused_digest_is_quoted_in_a_line() -> None:
    """Of a header with many items, the first that is otherwise, and no more of it than one can read."""
    mismatch = HeaderMismatch("digest item 2", PreRuntime(b"TEST", bytes(4_000)), None)
    assert str(mismatch).startswith("the header's digest item 2 is PreRuntime(")
    assert len(str(mismatch)) < 300
