"""Whatever is scheduled, moved and cancelled, however heavy: each task runs once a period, never before its
block, in the order of priorities; none is lost, and nothing remains when all have run.
"""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from governance.preimages import Preimage
from governance.scheduler import Scheduler
from governance.scheduler.service import SHARE
from pallets.balances import Balances
from pallets.system import System
from pallets.timestamp import Timestamp
from runtime.frame import NoError, NoEvent, Pallet, Root, StorageValue, call
from runtime.scale import U8, U32
from runtime.testing import TestChain
from runtime.types import Weight

THIRD = Weight(SHARE.ref_time // 3, SHARE.proof_size // 3)
BLOCKS = 6
NAMES = [bytes([number]) * 32 for number in range(4)]


def weight_of(number: int, thirds: int, text: bytes) -> Weight:
    return THIRD.times(thirds)


class Log(Pallet[NoEvent, NoError]):
    """Says what ran: by number, block and priority."""

    lines = StorageValue[tuple[tuple[U32, U32], ...]](default=())

    @call(index=0, weight=weight_of)
    def run(self, origin: Root, number: U32, thirds: U8, text: bytes) -> None:
        """Write down that it ran."""
        self.lines = (*self.lines, (number, self.host.number))


TYPES = (System, Timestamp, Balances, Preimage, Scheduler, Log)
CONFIG: dict[str, dict[str, Any]] = {
    "Balances": {"existential_deposit": 1, "dust_account": bytes(32)},
    "Preimage": {"base_deposit": 1, "byte_deposit": 1},
}
CHAIN = TestChain(*TYPES, config=CONFIG)

TASK = st.tuples(
    st.integers(1, BLOCKS),  # in how many blocks
    st.integers(0, 255),  # priority
    st.integers(0, 2),  # thirds of what a block has for tasks
    st.booleans(),  # whether it is long
    st.sampled_from([None, *NAMES]),
    st.one_of(st.none(), st.tuples(st.integers(1, 3), st.integers(2, 3))),
)
MOVE = st.tuples(st.sampled_from(["unplan", "replan"]), st.sampled_from(NAMES), st.integers(1, BLOCKS))


@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow])
@given(tasks=st.lists(TASK, max_size=12), moves=st.lists(MOVE, max_size=4))
def test_nothing_is_lost_and_nothing_runs_early(
    tasks: list[tuple[int, int, int, bool, bytes | None, tuple[int, int] | None]],
    moves: list[tuple[str, bytes, int]],
) -> None:
    chain = TestChain(*TYPES, config=CONFIG, runtime=CHAIN.runtime)
    scheduler, log = chain[Scheduler], chain[Log]
    start = chain.number
    due: dict[int, list[int]] = {}
    named: dict[bytes, int] = {}
    priorities: dict[int, int] = {}
    for number, (later, priority, thirds, is_long, name, periodic) in enumerate(tasks):
        if name in named:
            continue
        made = log.run.call(number, thirds, bytes(300) if is_long else b"")
        when = start + later
        if name is None:
            chain.dispatch(scheduler.schedule.call(when, periodic, priority, made), Root())
        else:
            chain.dispatch(scheduler.schedule_named.call(name, when, periodic, priority, made), Root())
            named[name] = number
        step, times = periodic or (0, 1)
        due[number] = [when + step * turn for turn in range(times)]
        priorities[number] = priority
    for kind, name, later in moves:
        if name not in named:
            continue
        number = named[name]
        if kind == "unplan":
            scheduler.unplan(name)
            del named[name], due[number]
        elif scheduler.planned_for(name) != start + later:
            scheduler.replan(name, start + later)
            change = start + later - due[number][0]
            due[number] = [block + change for block in due[number]]
    scheduler.try_state()
    for _ in range(4 * BLOCKS + 3 * len(tasks)):
        chain.next_block()
        scheduler.try_state()
    ran: dict[int, list[int]] = {}
    for number, block in log.lines:
        ran.setdefault(number, []).append(block)
    assert {number: len(blocks) for number, blocks in ran.items()} == {
        number: len(blocks) for number, blocks in due.items()
    }
    for number, blocks in ran.items():
        assert all(at >= block for at, block in zip(blocks, due[number], strict=True))
        assert len(set(blocks)) == len(blocks)
    assert not list(scheduler.agenda) and not list(scheduler.lookup) and scheduler.incomplete_since is None
    assert not list(chain[Preimage].request_status_for)
