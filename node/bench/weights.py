"""What each call of the coin's pallets costs, measured on the real runtime, as constants for the pallets.

Economies live as in `ballast simulate economy`. Before a call is made for good it is made once on the side,
over an overlay of its own that counts the keys it looks at and those it writes, and is undone. Its weight is
the most keys of each kind that any sample needed, and of the samples' processor times the one that 5 % of
them exceed. What grows with the arguments, or with what the chain holds, the pallets say by hand.
"""

from __future__ import annotations

import platform
import re
import time
from collections.abc import Callable, Collection, Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from typing import Any, Final, TypeVar

from node.economy.chain import Chain
from node.economy.episode import Episode
from node.economy.register import OUTSIDE
from node.economy.themes import THEMES
from node.economy.world import World
from runtime.frame import Root, Signed
from runtime.frame.call import BoundCall
from runtime.frame.error import DispatchError
from runtime.frame.host import Call
from runtime.runtime import Runtime
from runtime.state.backend import ABSENT, State
from runtime.state.overlay import Overlay
from runtime.types import AccountId, Weight, db

T = TypeVar("T")
TIMED_MAX: Final = 1_000
"""So many samples of a call are timed; of all of them the keys are counted."""
EPISODE_ACTIONS: Final = 1_000
PATIENCE: Final = 20
"""How many times as many acts there are at most, while a call is wanted that was never made."""
PICOSECONDS: Final = 1e12
ROUND_PICOSECONDS: Final = 1_000_000
TAIL: Final = 20
"""One sample in so many may have taken longer."""
ELSEWHERE: Final = OUTSIDE | {"Balances"}
"""Pallets that are no part of the coin."""
BY_HAND: Final = frozenset(
    {
        "Identity.clear_identity",
        "Identity.kill_identity",
        "Identity.provide_judgement",
        "Identity.review",
        "Identity.set_identity",
        "Providers.add_units",
        "Providers.register",
        "Redemption.cancel",
        "Redemption.redeem",
        "Standards.set_floors",
    }
)
"""Calls with one weight for all arguments that grow all the same, or that seldom meet their worst case: they
are counted by hand for that.
"""
HEAD: Final = '''"""What the calls of {pallet} cost: storage read and written, and picoseconds beside it.

Written by `ballast bench weights --write`, as measured on {machine}.
"""

from __future__ import annotations

from typing import Final

from runtime.types import db

'''
LINE: Final = "{name}: Final = db(reads={reads}, writes={writes}, compute={compute:_})\n"


@dataclass(slots=True)
class Samples:
    """What one call needed."""

    count: int = 0
    reads: int = 0
    writes: int = 0
    seconds: list[float] = field(default_factory=list[float])
    short: int = 0
    """By how many picoseconds what a call declared fell short of its storage alone, at most."""

    @property
    def picoseconds(self) -> int:
        """Processor time, rounded up to a microsecond."""
        slow = sorted(self.seconds, reverse=True)[len(self.seconds) // TAIL]
        return -(-round(slow * PICOSECONDS) // ROUND_PICOSECONDS) * ROUND_PICOSECONDS

    @property
    def weight(self) -> Weight:
        """All of it."""
        return db(self.reads, self.writes, self.picoseconds)


class Open:
    """A state as the open block sees it."""

    def __init__(self, chain: Chain) -> None:
        self._overlay = chain.builder.overlay
        self._below: State = chain.state

    @property
    def root(self) -> bytes:
        return self._below.root

    def get(self, key: bytes, /) -> bytes | None:
        return self._below.get(key)

    def read(self, key: bytes, decode: Callable[[bytes], T], /) -> T | None:
        value = self._overlay.get(key, decode)
        return None if value is ABSENT else value

    def keys(self, prefix: bytes, after: bytes | None = None) -> Iterator[bytes]:
        return self._overlay.keys(prefix, after)

    def prove(self, keys: Sequence[bytes], /) -> tuple[bytes, ...]:
        return self._below.prove(keys)

    def child(
        self,
        changes: Mapping[bytes, bytes | None],
        decoded: Mapping[bytes, object],
        known: Container[bytes] = (),
        /,
    ) -> State:
        return self._below.child(changes, decoded, known)


class Counting(Overlay):
    """An overlay that knows which keys were looked at, and which were written."""

    __slots__ = ("looked", "wrote")

    def __init__(self, state: State) -> None:
        super().__init__(state)
        self.looked: dict[bytes, None] = {}
        self.wrote: dict[bytes, None] = {}

    def load(self, key: bytes, decode: Callable[[bytes], Any]) -> Any:
        self.looked[key] = None
        return super().load(key, decode)

    def keys(self, prefix: bytes, after: bytes | None = None) -> Iterator[bytes]:
        for key in super().keys(prefix, after):
            self.looked[key] = None
            yield key

    def put(self, key: bytes, value: Any, write: Any) -> None:
        self.wrote[key] = None
        super().put(key, value, write)


class Scale(World):
    """A world that weighs what is done in it."""

    samples: dict[str, Samples]

    def perform(self, who: AccountId | None, call: Call) -> str | None:
        samples = self.samples.setdefault(str(call), Samples())
        weigh(self.chain, call, Root() if who is None else Signed(who), samples)
        return super().perform(who, call)


def weigh(chain: Chain, call: Call, origin: Any, into: Samples) -> None:
    """Make a call on the side; nothing of it remains but the sample, and not even that if it is refused."""
    host, overlay = chain.runtime.host, chain.runtime.host.overlay
    host.overlay = counting = Counting(Open(chain))
    started = time.process_time()
    try:
        host.dispatch(call, origin)
    except DispatchError:
        return
    finally:
        host.overlay = overlay
    if into.count < TIMED_MAX:
        into.seconds.append(time.process_time() - started)
    into.count += 1
    reads, writes = len(counting.looked), len(counting.wrote)
    into.reads, into.writes = max(into.reads, reads), max(into.writes, writes)
    into.short = max(into.short, db(reads, writes, compute=0).ref_time - call.weight.ref_time)


def measure(
    actions: int, seed: int, *, wanted: Collection[str] = (), progress: Callable[[int, int], None]
) -> dict[str, Samples]:
    """Every call that was made in so many acts, as `Pallet.call`; in more, up to `PATIENCE` times as many,
    until those that are `wanted` were made too. `progress` is told the acts so far, and how many there will
    be at least.
    """
    samples: dict[str, Samples] = {}
    done = number = 0
    least = actions
    while done < least:
        part = min(EPISODE_ACTIONS, least - done)
        theme = THEMES[number % len(THEMES)]
        episode = Episode(theme, f"weights {seed} {number}")
        world = Scale(theme.hours, episode.random)
        world.samples = samples
        episode.world, episode.outcome.tally = world, world.tally
        episode.run(part)
        done, number = done + part, number + 1
        if done == least < PATIENCE * actions and not all(
            name in samples and samples[name].count for name in wanted
        ):
            least = min(least + EPISODE_ACTIONS, PATIENCE * actions)
        progress(done, least)
    return {name: each for name, each in samples.items() if each.count}


def _calls(runtime: Runtime) -> dict[str, BoundCall[Any, Any]]:
    """The calls of the coin's pallets, as `Pallet.call`."""
    return {
        f"{name}.{value.name}": value
        for name, pallet in runtime.pallets.items()
        if name not in ELSEWHERE
        for value in vars(pallet).values()
        if isinstance(value, BoundCall)
    }


def measured_calls(runtime: Runtime) -> list[str]:
    """Those of them whose weight is a measured constant."""
    calls = _calls(runtime)
    return sorted(name for name in calls.keys() - BY_HAND if calls[name].fixed_weight is not None)


def figures_of(samples: Mapping[str, Samples], runtime: Runtime) -> dict[str, dict[str, int | None]]:
    """What was measured, beside what is declared, by call; times in microseconds."""
    calls = _calls(runtime)
    figures: dict[str, dict[str, int | None]] = {}
    for name in sorted(samples.keys() & calls.keys()):
        each, fixed = samples[name], calls[name].fixed_weight
        figures[name] = {
            "samples": each.count,
            "reads": each.reads,
            "writes": each.writes,
            "us": each.picoseconds // ROUND_PICOSECONDS,
            "weight_us": each.weight.ref_time // ROUND_PICOSECONDS,
            "declared_us": None if fixed is None else fixed.ref_time // ROUND_PICOSECONDS,
            "short_us": each.short // ROUND_PICOSECONDS,
        }
    return figures


def write_all(samples: Mapping[str, Samples], runtime: Runtime, root: Path) -> list[Path]:
    """Write `weights.py` of every pallet of the coin below `root`, the folder of the sources; which they
    are. Raises `NotMeasured`.
    """
    names = measured_calls(runtime)
    missing = [name for name in names if name not in samples]
    if missing:
        raise NotMeasured(missing)
    written: list[Path] = []
    for pallet, calls in groupby(names, key=lambda name: name.split(".")[0]):
        package = type(runtime.pallets[pallet]).__module__.rpartition(".")[0]
        place = root.joinpath(*package.split("."), "weights.py")
        place.write_text(_page(pallet, {name: samples[name] for name in calls}), encoding="utf-8")
        written.append(place)
    return written


class NotMeasured(Exception):
    """Some calls were never made."""

    def __init__(self, names: Sequence[str]) -> None:
        super().__init__(f"{', '.join(names)}: never made; take more --actions, or another --seed")
        self.names = tuple(names)


def _page(pallet: str, samples: Mapping[str, Samples]) -> str:
    lines = [
        LINE.format(
            name=name.split(".")[1].upper(),
            reads=each.reads,
            writes=each.writes,
            compute=each.picoseconds,
        )
        for name, each in samples.items()
    ]
    return HEAD.format(pallet=pallet, machine=machine()) + "".join(lines)


def machine() -> str:
    """The machine that this is, in words."""
    found = re.search(r"^model name\s*: (.+)$", _processors(), re.MULTILINE)
    model = found[1] if found else platform.machine()
    return f"{model}, {platform.python_implementation()} {platform.python_version()}"


def _processors() -> str:
    place = Path("/proc/cpuinfo")
    return place.read_text(encoding="utf-8") if place.exists() else ""
