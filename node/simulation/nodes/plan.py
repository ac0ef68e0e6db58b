"""Plans: which nodes there are, who of them is a villain, and what breaks when, all drawn from the seed.

Places 0 and on are validators, the newcomers last among them, and behind them are those who only follow.
"""

from __future__ import annotations

import enum
import random
from dataclasses import dataclass
from typing import Final

SIZES: Final = (4, 4, 4, 5, 5, 6, 7)
"""How many validators a chain begins with; each is as likely."""
FOLLOWERS: Final = (1, 1, 2)
CRASHES_MAX: Final = 16
PARTITIONS_MAX: Final = 8
BLOCK_MS: Final = 500
VILLAINS: Final = (
    "equivocator",
    "garbage sender",
    "hasty clock",
    "invalid proposer",
    "silent",
    "withholder",
)
LISTENING_MS: Final = 100_000
"""A validator loses its disk so long before all is mended at least: it may have listened by then."""
SKEW_MS_MAX: Final = 200
"""How far an honest clock is off."""


@dataclass(frozen=True, slots=True)
class Conditions:
    """How the network treats what is sent: delays in milliseconds, chances in millionths."""

    delay_min_ms: int
    delay_max_ms: int
    break_ppm: int = 0
    """How often a chunk finds its connection broken."""


GOOD: Final = Conditions(delay_min_ms=5, delay_max_ms=60)
"""A network as it should be."""


class End(enum.Enum):
    """How a node's life ends."""

    Stopped = enum.auto()
    """It is told to stop, and does."""
    Killed = enum.auto()
    """Its process is killed; the machine goes on."""
    PowerCut = enum.auto()
    """Its machine goes dark, and forgets what was not synced."""
    DiskLost = enum.auto()
    """It loses all but its keys."""
    DatabaseFull = enum.auto()
    """Its database takes no more writes."""
    JournalFull = enum.auto()
    """Its disk takes no more bytes."""


@dataclass(frozen=True, slots=True)
class Crash:
    """A life ends, and a new one begins."""

    place: int
    end: End
    at_ms: int
    down_ms: int


ENDS: Final = tuple(end for end in End if end is not End.DiskLost)
"""What happens to several at once, too."""


class Break(enum.Enum):
    """What a partition does to connections that are cut."""

    Holds = enum.auto()
    """What is sent arrives when it is over, as TCP's repetitions do."""
    Swallows = enum.auto()
    """What is sent is gone, and all behind it: nobody says so."""
    Resets = enum.auto()
    """They break at once."""


@dataclass(frozen=True, slots=True)
class Partition:
    """For a while nothing goes from some nodes to some others."""

    at_ms: int
    end_ms: int
    how: Break
    cut: frozenset[tuple[int, int]]
    """Pairs of places, from and to."""


class Change(enum.Enum):
    """What changes the committee."""

    Join = enum.auto()
    """A newcomer bonds, registers its keys, and stands for election."""
    Chill = enum.auto()
    """A validator stands for election no more."""
    Return = enum.auto()
    """It does again."""


@dataclass(frozen=True, slots=True)
class Plan:
    """One run."""

    seed: int
    seconds: int
    size: int
    """Validators of the genesis."""
    newcomers: int
    """Providers that may become validators."""
    followers: int
    villains: dict[int, str]
    bonds: tuple[int, ...]
    """What each validator, newcomers included, puts up: whole coins."""
    epoch_blocks: int
    conditions: Conditions
    slow: dict[int, int]
    """Places of slow nodes, and by what their delays are multiplied."""
    sync_ms_max: tuple[int, ...]
    """How long each place's disk takes to sync, at most."""
    skew_ms: tuple[int, ...]
    """How far each place's clock is off."""
    crashes: tuple[Crash, ...]
    partitions: tuple[Partition, ...]
    changes: tuple[tuple[int, int, Change], ...]
    """When, in milliseconds, which place, and what."""
    transfer_ms: int
    """How long between two transfers, on average."""

    @property
    def validators(self) -> int:
        """Everybody with a validator's keys."""
        return self.size + self.newcomers

    @property
    def nodes(self) -> int:
        """Everybody."""
        return self.validators + self.followers

    @property
    def losers(self) -> frozenset[int]:
        """Places of validators that lose what they signed."""
        lost = (each.place for each in self.crashes if each.end is End.DiskLost)
        return frozenset(place for place in lost if place < self.validators)

    @property
    def is_within_bounds(self) -> bool:
        """Whether villains and losers are less than a third of the weight at all times: then the others agree
        without them. With more, nothing false may be agreed on, and that is all.
        """
        leavers = {place for _, place, change in self.changes if change is Change.Chill}
        weight = sum(self.bonds[place] for place in range(self.size) if place not in leavers - self.losers)
        return 3 * sum(self.bonds[place] for place in self.losers | self.villains.keys()) < weight

    @property
    def heal_ms(self) -> int:
        """When everything that breaks is mended."""
        return self.seconds * 1_000 // 2


def draw(seed: int, seconds: int) -> Plan:
    """The plan of a seed."""
    dice = random.Random(f"nodes/{seed}")
    size = dice.choice(SIZES)
    newcomers = dice.choice([0, 1])
    followers = dice.choice(FOLLOWERS)
    nodes = size + newcomers + followers
    faulty = dice.choice([0, 1, 1, 1]) if size < 7 else dice.choice([1, 2])
    villains = {place: dice.choice(VILLAINS) for place in sorted(dice.sample(range(size), faulty))}
    half_ms = seconds * 1_000 // 2
    honest = [place for place in range(nodes) if place not in villains]
    return Plan(
        seed=seed,
        seconds=seconds,
        size=size,
        newcomers=newcomers,
        followers=followers,
        villains=villains,
        bonds=tuple(
            1_000 if place in villains else dice.randint(1_100, 2_000) for place in range(size + newcomers)
        ),
        epoch_blocks=dice.choice([10, 20]),
        conditions=Conditions(
            delay_min_ms=5,
            delay_max_ms=dice.choice([60, 200, 500]),
            break_ppm=dice.choice([0, 100, 2_000]),
        ),
        slow={place: dice.randint(3, 10) for place in sorted(dice.sample(honest, dice.choice([0, 0, 1])))},
        sync_ms_max=tuple(dice.choice([4, 4, 20, 200]) for _ in range(nodes)),
        skew_ms=tuple(dice.randint(-SKEW_MS_MAX, SKEW_MS_MAX) for _ in range(nodes)),
        crashes=tuple(
            sorted(
                (
                    *_draw_crashes(dice, nodes, half_ms),
                    *_draw_losses(dice, honest, size + newcomers, half_ms),
                ),
                key=lambda each: (each.at_ms, each.place),
            )
        ),
        partitions=_draw_partitions(dice, nodes, half_ms),
        changes=_draw_changes(dice, size, newcomers, villains, half_ms),
        transfer_ms=dice.choice([200, 500, 1_000]),
    )


def _draw_crashes(dice: random.Random, nodes: int, half_ms: int) -> list[Crash]:
    drawn: list[Crash] = []
    for _ in range(dice.choice([0, 2, 5, CRASHES_MAX])):
        at_ms = dice.randrange(half_ms)
        down_ms = dice.choice([100, 2_000, 10_000])
        crashed = dice.sample(range(nodes), dice.choice([1, 1, 1, 2, nodes]))
        end = dice.choice(ENDS)
        drawn += [Crash(place, end, at_ms, dice.randint(50, down_ms)) for place in sorted(crashed)]
    return drawn


def _draw_losses(dice: random.Random, honest: list[int], validators: int, half_ms: int) -> list[Crash]:
    """One who follows may lose its disk; and one honest validator, in time."""
    drawn: list[Crash] = []
    for place in (dice.choice(honest), honest[-1]):
        latest_ms = half_ms - LISTENING_MS if place < validators else half_ms
        if latest_ms > 0 and dice.random() < 0.5:
            drawn.append(Crash(place, End.DiskLost, dice.randrange(latest_ms), dice.randint(50, 5_000)))
    return drawn


def _draw_partitions(dice: random.Random, nodes: int, half_ms: int) -> tuple[Partition, ...]:
    drawn: list[Partition] = []
    at_ms = 0
    for _ in range(dice.choice([0, 1, 3, PARTITIONS_MAX])):
        at_ms += dice.randint(500, 15_000)
        end_ms = at_ms + dice.choice([1_000, 5_000, 15_000])
        if end_ms >= half_ms:
            break
        side = [dice.random() < 0.5 for _ in range(nodes)]
        is_one_way = dice.random() < 0.3
        pairs = [(a, b) for a in range(nodes) for b in range(nodes) if a != b]
        cut = frozenset((a, b) for a, b in pairs if side[a] != side[b] and not (is_one_way and side[a]))
        drawn.append(Partition(at_ms, end_ms, dice.choice(list(Break)), cut))
        at_ms = end_ms
    return tuple(drawn)


def _draw_changes(
    dice: random.Random, size: int, newcomers: int, villains: dict[int, str], half_ms: int
) -> tuple[tuple[int, int, Change], ...]:
    """A newcomer joins; and where three honest validators stay besides, one leaves and comes back."""
    drawn: list[tuple[int, int, Change]] = []
    if newcomers:
        drawn.append((dice.randrange(half_ms), size, Change.Join))
    honest = [place for place in range(size) if place not in villains]
    if len(honest) > 3:
        place, at_ms = dice.choice(honest), dice.randrange(half_ms)
        drawn += [(at_ms, place, Change.Chill), (dice.randrange(at_ms, 2 * half_ms), place, Change.Return)]
    return tuple(sorted(drawn, key=lambda each: each[:2]))
