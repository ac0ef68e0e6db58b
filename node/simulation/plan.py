"""Plans: who takes part in a run, who of them is a villain, and what breaks when, all drawn from the seed."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import Final

from node.consensus.inputs import Epoch
from runtime.simplex import Committee, Validator

SIZES: Final = (4, 4, 4, 4, 5, 5, 6, 7, 8, 10)
"""How many validators a run has; each is as likely."""
WEIGHT_MAX: Final = 1_000
CRASHES_MAX: Final = 24
PARTITIONS_MAX: Final = 12

VILLAINS: Final = (
    "amnesiac",
    "equivocator",
    "garbage sender",
    "invalid proposer",
    "silent",
    "stale voter",
    "twins",
    "withholder",
)


@dataclass(frozen=True, slots=True)
class Conditions:
    """How the network treats messages: delays in milliseconds, chances in thousandths."""

    delay_min_ms: int
    delay_max_ms: int
    loss_ppt: int = 0
    duplicate_ppt: int = 0
    late_ppt: int = 0
    """Messages that take up to `late_max_ms` instead."""
    late_max_ms: int = 0


GOOD: Final = Conditions(delay_min_ms=5, delay_max_ms=60)
"""A network as it should be."""
SLOW: Final = Conditions(delay_min_ms=1_200, delay_max_ms=2_400)
"""A network that loses nothing and needs longer than a leader is given at first: the waits must grow."""
ENDLESS: Final = 1_000_000
"""Blocks of an epoch that lasts the whole run."""


@dataclass(frozen=True, slots=True)
class Crash:
    """A host stops and starts again."""

    host: int
    at_ms: int
    down_ms: int
    is_writing: bool
    """Whether it stops while it next writes to its journal, and not at once."""


@dataclass(frozen=True, slots=True)
class Partition:
    """For a while nothing goes from some hosts to some others."""

    at_ms: int
    end_ms: int
    cut: tuple[tuple[int, int], ...]
    """Pairs of validators, from and to."""


@dataclass(slots=True)
class Plan:
    """One run."""

    seed: int
    seconds: int
    size: int
    villains: dict[int, str]
    epoch_blocks: int
    block_ms: int
    conditions: Conditions
    healed: Conditions
    """How the network is in the second half."""
    crashes: tuple[Crash, ...]
    partitions: tuple[Partition, ...]
    joins: bool
    """Whether peers learn that one is back."""
    equal: bool = False
    """Whether all validators weigh the same, in the order of their places."""
    watchers: int = 0
    """Hosts beside the validators that are in no committee."""
    _committees: dict[int, Committee] = field(default_factory=dict[int, Committee])

    @property
    def heal_ms(self) -> int:
        """When everything that breaks is mended."""
        return self.seconds * 1_000 // 2

    @property
    def progress_blocks(self) -> int:
        """Blocks that every honest host must gain in a minute once all is mended."""
        return 10 if self.healed is GOOD else 2

    def committee(self, epoch: int) -> Committee:
        """Who votes in an epoch, and with what weight; villains have less than a third."""
        found = self._committees.get(epoch)
        if found is None:
            found = self._committees[epoch] = _draw_committee(self, epoch)
        return found

    def epoch(self, number: int, validator: int, parent_hash: bytes, parent_number: int) -> Epoch:
        """An epoch as one validator enters it."""
        committee = self.committee(number)
        key = peer_of(validator)
        me = next((place for place, each in enumerate(committee.validators) if each.network == key), None)
        return Epoch(committee, me, parent_hash, parent_number, parent_number + self.epoch_blocks)


def peer_of(validator: int) -> bytes:
    """A validator's network key."""
    return b"peer" + validator.to_bytes(28, "big")


def key_of(validator: int) -> bytes:
    """A validator's BLS key: its first bytes differ from all others', and from all others' sums."""
    return (1 << 3 * validator).to_bytes(8, "little") + bytes(40)


def draw(seed: int, seconds: int) -> Plan:
    """The plan of a seed."""
    dice = random.Random(f"plan/{seed}")
    size = dice.choice(SIZES)
    faulty = dice.choice([0, 1, 1, 1]) if size < 7 else dice.randint(0, 2 if size < 10 else 3)
    villains = {place: dice.choice(VILLAINS) for place in sorted(dice.sample(range(size), faulty))}
    slowest = dice.choice([100, 300, 800, 1_500])
    conditions = Conditions(
        delay_min_ms=5,
        delay_max_ms=slowest,
        loss_ppt=dice.choice([0, 10, 50, 200]),
        duplicate_ppt=dice.choice([0, 20, 100]),
        late_ppt=dice.choice([0, 10, 50]),
        late_max_ms=10_000,
    )
    half_ms = seconds * 1_000 // 2
    return Plan(
        seed=seed,
        seconds=seconds,
        size=size,
        villains=villains,
        epoch_blocks=dice.choice([5, 10, 20, 40, ENDLESS]),
        block_ms=dice.choice([600, 1_000]),
        conditions=conditions,
        healed=GOOD if dice.random() < 0.9 else SLOW,
        crashes=_draw_crashes(dice, size, half_ms),
        partitions=_draw_partitions(dice, size, half_ms),
        joins=dice.random() < 0.7,
    )


def _draw_crashes(dice: random.Random, size: int, half_ms: int) -> tuple[Crash, ...]:
    count = dice.choice([0, 3, 8, CRASHES_MAX])
    drawn: list[Crash] = []
    for _ in range(count):
        at_ms = dice.randrange(half_ms)
        down_ms = dice.choice([50, 2_000, 20_000])
        crashed = dice.sample(range(size), dice.choice([1, 1, 1, 2, size]))
        is_writing = dice.random() < 0.5
        drawn += [Crash(host, at_ms, dice.randint(10, down_ms), is_writing) for host in sorted(crashed)]
    return tuple(sorted(drawn, key=lambda each: (each.at_ms, each.host)))


def _draw_partitions(dice: random.Random, size: int, half_ms: int) -> tuple[Partition, ...]:
    drawn: list[Partition] = []
    at_ms = 0
    for _ in range(dice.choice([0, 2, 6, PARTITIONS_MAX])):
        at_ms += dice.randint(1_000, 20_000)
        end_ms = at_ms + dice.choice([1_000, 5_000, 20_000])
        if end_ms >= half_ms:
            break
        side = [dice.random() < 0.5 for _ in range(size)]
        is_one_way = dice.random() < 0.3
        pairs = [(a, b) for a in range(size) for b in range(size) if a != b]
        cut = [(a, b) for a, b in pairs if side[a] != side[b] and not (is_one_way and side[a])]
        drawn.append(Partition(at_ms, end_ms, tuple(cut)))
        at_ms = end_ms
    return tuple(drawn)


def _draw_committee(plan: Plan, epoch: int) -> Committee:
    if plan.equal:
        return Committee(
            epoch, tuple(Validator(bytes(32), key_of(place), peer_of(place), 1) for place in range(plan.size))
        )
    dice = random.Random(f"committee/{plan.seed}/{epoch}")
    honest = [place for place in range(plan.size) if place not in plan.villains]
    if epoch and len(honest) > 3 and dice.random() < 0.5:
        honest = sorted(dice.sample(honest, dice.randint(3, len(honest))))
    spread = dice.choice([1, 3, WEIGHT_MAX])
    weights = {place: 10 * dice.randint(1, spread) for place in honest}
    allowed = (sum(weights.values()) - 1) // 2
    for left, place in zip(range(len(plan.villains), 0, -1), plan.villains, strict=True):
        weights[place] = dice.randint(max(1, allowed // left // 2), max(1, allowed // left))
        allowed -= weights[place]
    members = sorted(weights)
    dice.shuffle(members)
    return Committee(
        epoch,
        tuple(Validator(bytes(32), key_of(place), peer_of(place), weights[place]) for place in members),
    )
