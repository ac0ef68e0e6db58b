"""The measure of a class: what this machine does of the probe, and how many rounds fill a window.

What is timed is what the agent does in a window: both matrices expanded from a seed, then round after round
the product by the float64 BLAS, the next input, and the hashes of all rows. A unit is one such run at a time
with all the threads that the BLAS takes; `cores_busy` says how many that were. Nothing else is measured: not
memory beside what the product needs, not the network, not the service.
"""

from __future__ import annotations

import math
import os
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from node.provider.challenge import Work
from pallets.attestation.probe import COUNT_MAX, ROUNDS_MAX, Task, check
from runtime.types.limits import BLOCK_LENGTH

FILL: Final = 0.7
"""The part of a window that a class shall need."""
ROUNDS: Final = 4
"""How many rounds a timed run has."""
RUNS_MIN: Final = 3
RUNS_MAX: Final = 10_000
HOUR_SECONDS: Final = 3_600
LEAF_OVERHEAD_BYTES: Final = 16
"""Of a leaf in a call: its round, its position, and three lengths."""
HASH_BYTES: Final = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is to be measured."""

    size: int
    """n of the chain's probe."""
    positions: int
    """q of the chain's probe."""
    window_seconds: float
    """How long a window takes commitments."""
    seconds: float
    """How long to measure."""


def measure(plan: Plan, progress: Callable[[str], None]) -> dict[str, Any]:
    """Measure this machine; the figures by their names."""
    progress("warming up")
    _run(plan, 1, bytes(32))
    singles: list[float] = []
    wholes: list[float] = []
    busy: list[float] = []
    began, told = time.perf_counter(), 0.0
    for number in range(RUNS_MAX):
        passed = time.perf_counter() - began
        if number >= RUNS_MIN and passed >= plan.seconds:
            break
        if passed >= told:
            progress(f"{passed:.0f} of {plan.seconds:g} s")
            told = passed + 1
        seed = number.to_bytes(32, "little")
        taken, _ = _run(plan, 1, seed)
        singles.append(taken)
        taken, cpu = _run(plan, ROUNDS, seed)
        wholes.append(taken)
        busy.append(cpu / taken)
    rounds_seconds = [(whole - one) / (ROUNDS - 1) for one, whole in zip(singles, wholes, strict=True)]
    typical = max(statistics.median(rounds_seconds), 1e-9)
    slow = max(_ninth_decile(rounds_seconds), typical)
    fixed = max(0.0, statistics.median(singles) - typical)
    progress("checking an opening")
    return _figures(plan, typical, slow, fixed, statistics.median(busy), len(wholes), _check_seconds(plan))


def _run(plan: Plan, rounds: int, seed: bytes) -> tuple[float, float]:
    """The seconds, and the processor's, that a probe of so many rounds takes."""
    started, busy = time.perf_counter(), time.process_time()
    Work(Task(seed, plan.size, rounds))
    return time.perf_counter() - started, time.process_time() - busy


def _check_seconds(plan: Plan) -> float:
    """The processor's seconds that a node takes to check one opening of one round."""
    task = Task(bytes(32), plan.size)
    work, beacon = Work(task), bytes(32)
    openings = work.answer(beacon, plan.positions)
    times: list[float] = []
    for _ in range(RUNS_MIN):
        started = time.process_time()
        check(task, work.root, beacon, plan.positions, openings)
        times.append(time.process_time() - started)
    return statistics.median(times)


def _figures(
    plan: Plan, typical: float, slow: float, fixed: float, busy: float, runs: int, check_seconds: float
) -> dict[str, Any]:
    wanted = int((FILL * plan.window_seconds - fixed) / typical)
    possible = rounds_possible(plan.size, plan.positions)
    rounds = max(1, min(wanted, possible))
    work = plan.size**3
    return {
        "size": plan.size,
        "runs": runs,
        "cores": os.cpu_count() or 1,
        "coresBusy": round(busy, 2),
        "productsPerSecond": round(1 / typical, 2),
        "workPerHour": int(HOUR_SECONDS * rounds * work / (fixed + rounds * typical)),
        "windowSeconds": plan.window_seconds,
        "rounds": rounds,
        "roundsWanted": max(wanted, 0),
        "roundsPossible": possible,
        "windowShare": round((fixed + rounds * typical) / plan.window_seconds, 4),
        "margin": round(1 - (fixed + rounds * slow) / plan.window_seconds, 4),
        "openingBytes": opening_bytes(plan.size, plan.positions, rounds),
        "checkMs": round(1_000 * check_seconds, 2),
    }


def opening_bytes(size: int, positions: int, rounds: int) -> int:
    """What a unit posts when it is drawn: its rows of all rounds, with their paths."""
    leaf = 5 * size + HASH_BYTES * Task(bytes(32), size, rounds).depth + LEAF_OVERHEAD_BYTES
    return min(positions, size) * rounds * leaf


def rounds_possible(size: int, positions: int) -> int:
    """The most rounds whose opening is a transaction: at most `ROUNDS_MAX`, `COUNT_MAX` leaves, and the bytes
    that ordinary transactions of a block have; at least one.
    """
    most = min(ROUNDS_MAX, COUNT_MAX // positions)
    fits = (
        each for each in range(most, 0, -1) if opening_bytes(size, positions, each) <= BLOCK_LENGTH.max.normal
    )
    return next(fits, 1)


def size_wanted(figures: dict[str, Any]) -> int | None:
    """About the n with which this machine would fill the window, where n as it is leaves it idle: a multiple
    of 64. The time of a round grows with its cube.
    """
    if figures["roundsWanted"] <= figures["rounds"]:
        return None
    growth = math.cbrt(figures["roundsWanted"] / figures["rounds"])
    size: int = figures["size"]
    return 64 * max(1, round(size * growth / 64))


def _ninth_decile(values: list[float]) -> float:
    return sorted(values)[min(len(values) - 1, len(values) * 9 // 10)]
