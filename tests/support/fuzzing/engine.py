"""The fuzzer: mutates what was interesting, keeps what is new, and reports the first input that breaks a
promise.

An input is interesting when its outcome was not seen before: `accepted`, or the decoder's own refusal with
the figures taken out. So the refusals themselves lead it deeper into a format. Everything follows from one
seed.
"""

from __future__ import annotations

import re
import signal
import time
import tracemalloc
from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from types import FrameType

from support.fuzzing.mutate import mutant

CORPUS = Path(__file__).resolve().parent.parent.parent / "fuzz" / "corpus"
MEASURED = 16
"""Of so many inputs, the memory of one is measured, beside that of every interesting one."""
KEPT_BYTES_MAX = 600
KEPT_MAX = 40
"""What is written into the corpus: this many of the shortest inputs, none longer than this."""
POOL_MAX = 2_000
SHOWN_MAX = 400
ACCEPTED = "accepted"

FOUND = "found:"
"""Marks what once broke a promise: it stays in the corpus for ever."""

_FIGURES = re.compile(r"0x[0-9a-fA-F]*|-?\d+|'[^']*'|\"[^\"]*\"")


def outcome(error: BaseException) -> str:
    """A refusal with its figures and quotations taken out, so that alike refusals are one."""
    return f"{type(error).__name__}: {_FIGURES.sub('#', str(error))[:160]}"


class TooSlow(BaseException):
    """Raised into a check that has used up its time."""


@dataclass(frozen=True)
class Target:
    """One decoder, or what stands around one.

    `check` gives the outcome of an input and lets nothing pass but what the decoder promises: any exception
    that leaves it is a finding.
    """

    name: str
    seeds: Callable[[], Sequence[bytes]]
    check: Callable[[bytes], str]
    fresh: Callable[[Random], bytes] | None = None
    """A new input of the right form, for one try in three: where mutants seldom have it."""
    words: Sequence[bytes] = ()
    """Pieces of the format, for mutants."""
    is_json: bool = False
    rounds: int = 600
    """Mutants in the short form."""
    bytes_max: int = 8 << 20
    """Memory that one input may take."""
    seconds_max: float = 2.0
    """Processor time that one input may take; honest ones take milliseconds."""


class Broken(AssertionError):
    """An input that breaks the promise of its target."""

    def __init__(self, target: Target, data: bytes, cause: BaseException) -> None:
        self.target = target
        self.line = f"{data.hex() or '-'}  # {FOUND} {_plain(outcome(cause))}"
        """The input as a line of the corpus."""
        what = f"{target.name}: {type(cause).__name__}: {cause}"
        super().__init__(f"{what[:SHOWN_MAX]}\ninput of {len(data)} bytes: {data[:SHOWN_MAX]!r}")


@dataclass
class Session:
    """One run over a target."""

    target: Target
    dice: Random
    pool: list[bytes] = field(default_factory=list)
    outcomes: dict[str, bytes] = field(default_factory=dict)
    """The shortest input of each outcome."""
    inputs: int = 0

    def run(self, *, rounds: int, seconds: float = 0.0) -> None:
        """Try what is kept and the seeds, then mutants: so many, or for so long if that is longer."""
        started = time.monotonic()
        for data in (*kept(self.target.name), *self.target.seeds()):
            self.attempt(data, measured=True)
            self.pool.append(data)
        assert self.pool, f"{self.target.name} has no seeds"
        done = 0
        while done < rounds or time.monotonic() - started < seconds:
            data = self._next()
            self.attempt(data, measured=done % MEASURED == 0)
            done += 1

    def _next(self) -> bytes:
        target, dice = self.target, self.dice
        if target.fresh is not None and dice.randrange(3) == 0:
            return target.fresh(dice)
        return mutant(dice, self.pool, target.words, is_json=target.is_json)

    def attempt(self, data: bytes, *, measured: bool) -> None:
        """Check one input; raises Broken."""
        self.inputs += 1
        found = self._outcome(data, measured=measured)
        shortest = self.outcomes.get(found)
        if shortest is None or len(data) < len(shortest):
            self.outcomes[found] = data
            if not measured:
                self._outcome(data, measured=True)
            if shortest is None and len(self.pool) < POOL_MAX:
                self.pool.append(data)

    def _outcome(self, data: bytes, *, measured: bool) -> str:
        target = self.target
        try:
            with at_most(target.seconds_max):
                if not measured:
                    return target.check(data)
                with peak_of() as peak:
                    found = target.check(data)
            if peak[0] > target.bytes_max:
                raise MemoryError(f"{peak[0]} bytes were taken, {target.bytes_max} are allowed")
        except (Exception, TooSlow) as error:
            raise Broken(target, data, error) from error
        return found


@contextmanager
def at_most(seconds: float) -> Generator[None]:
    """Raise TooSlow into what takes more processor time than this."""

    def ring(number: int, frame: FrameType | None) -> None:
        raise TooSlow(f"more than {seconds:g} s of processor time")

    before = signal.signal(signal.SIGVTALRM, ring)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


@contextmanager
def peak_of() -> Generator[list[int]]:
    """The memory that the body allocates at its peak, in bytes, known when it has ended."""
    peak = [0]
    tracemalloc.start()
    try:
        yield peak
        peak[0] = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


# The corpus.


def kept(name: str) -> list[bytes]:
    """The kept inputs of a target: a line each, in hex, with a word on what it is; `-` is the empty one."""
    file = CORPUS / f"{name}.txt"
    if not file.exists():
        return []
    lines = (line.partition("#")[0].strip() for line in file.read_text(encoding="utf-8").splitlines())
    return [bytes.fromhex("" if line == "-" else line) for line in lines if line]


def findings(name: str) -> list[str]:
    """The lines of a target's corpus that once broke a promise."""
    file = CORPUS / f"{name}.txt"
    lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
    return [line for line in lines if f"# {FOUND}" in line]


def corpus_lines(outcomes: Iterable[tuple[str, bytes]]) -> list[str]:
    """The shortest inputs of different outcomes, as the lines of a corpus file."""
    short = sorted((len(data), data, found) for found, data in outcomes if len(data) <= KEPT_BYTES_MAX)
    return [f"{data.hex() or '-'}  # {_plain(found)}" for _, data, found in short[:KEPT_MAX]]


def _plain(text: str) -> str:
    return "".join(each if each.isprintable() and each.isascii() else "?" for each in text)[:100]
