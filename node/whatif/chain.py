"""The chain of a fork: the real runtime over a copied state, in fast time.

Blocks are hours apart instead of seconds. What a chain does by the block goes on: hooks see the block number
jump, and whatever has become due is done, as much at a time as one block does; where more is due, blocks
follow at once until it is done. Nobody signs anything, and no fee of a transaction is charged. Every
invariant is checked at the end of every block.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final, TypeAlias, TypeVar

from node.whatif.fork import Fork
from node.whatif.stand_ins import Dice, RollCall, Standing
from node.whatif.voted import begin_voted, end_voted
from pallets.attestation import Attestation
from pallets.authorities import Authorities
from pallets.beacon.wheel import ENGINE as BEACON_ENGINE
from pallets.beacon.wheel import Wheel
from pallets.providers import Providers
from pallets.proxy import Proxy
from pallets.redemption import Redemption
from pallets.standards import Standards
from pallets.system import System
from pallets.timestamp import Timestamp
from runtime.crypto.hashing import blake2b_256
from runtime.executive.builder import BlockBuilder
from runtime.frame import Call, DispatchError, Origin, Pallet
from runtime.frame.inherents import TIMESTAMP
from runtime.frame.late import RuntimeCall, RuntimeEvent
from runtime.loader import load
from runtime.runtime import Runtime
from runtime.spec import Found, SeatSpec
from runtime.state import State
from runtime.state.overlay import RECORD_PARTS
from runtime.types.block import Header
from runtime.types.digest import Digest, DigestItem, PreRuntime

P = TypeVar("P", bound=Pallet[Any, Any])
HOUR_MS: Final = 3_600_000
DAY_HOURS: Final = 24
SETTLING_BLOCKS_MAX: Final = 64
"""How many blocks follow at once on one of a later hour, at most, while more is due than a block does."""
StandIns: TypeAlias = tuple[tuple[type[Any], type[Pallet[Any, Any]]], ...]
STAND_INS: Final[StandIns] = (
    (Wheel, Dice),
    (Authorities, Standing),
    (Attestation, RollCall),
)


class NoFork(Exception):
    """The chain lacks a pallet that a scenario needs."""

    def __init__(self, lacks: str) -> None:
        super().__init__(lacks)
        self.lacks = lacks

    def __str__(self) -> str:
        return f"a scenario needs the pallet {self.lacks}, and the chain has none: look without a scenario"


def pallet_of(runtime: Runtime, kind: type[P]) -> P:
    """The pallet of a class. Raises `NoFork`."""
    found = runtime.pallet(kind)
    if found is not None:
        return found
    raise NoFork(kind.__name__)


def moved_to(other: Runtime, runtime: Runtime, call: Call) -> Call:
    """A call of one runtime as the same call of another one: calls belong to the pallets of theirs."""
    moved: Call = other.host.codec(RuntimeCall).decode(runtime.host.codec(RuntimeCall).encode(call))
    return moved


def apart(runtime: Runtime) -> Runtime:
    """The same runtime once more, for whoever must not touch the first: another thread."""
    return _again(runtime, ())


def forkable(runtime: Runtime) -> Runtime:
    """The same runtime with stand-ins in the seats of what a fork cannot run. Nobody acts by proxy on a fork,
    and the lists of what proxies may do name the calls of the real ones: there are none.
    """
    return _again(runtime, STAND_INS)


def _again(runtime: Runtime, stand_ins: StandIns) -> Runtime:
    found: dict[str, Found] = {}
    seats: list[SeatSpec] = []
    for seat in runtime.spec.pallets:
        kind: type[Pallet[Any, Any]] = type(runtime.pallets[seat.seat_name])
        for real, stand_in in stand_ins:
            kind = stand_in if issubclass(kind, real) else kind
        found[seat.pallet] = Found(pallet=kind)
        is_proxy = issubclass(kind, Proxy) and bool(stand_ins)
        seats.append(replace(seat, config={**seat.config, "filters": []}) if is_proxy else seat)
    return load(replace(runtime.spec, pallets=tuple(seats)), found)


class ForkChain:
    """Blocks on a fork of one state, one of them open at any time; one chain at a time on one runtime."""

    def __init__(self, runtime: Runtime, state: State, seed: int) -> None:
        """`runtime` as `forkable` made it."""
        self.runtime = runtime
        self.state: State = Fork.of(state)
        self.seed = seed
        runtime.over(self.state)
        self.standards = self[Standards]
        self.providers = self[Providers]
        self.redemption = self[Redemption]
        self._clock = self[Timestamp]
        number = self[System].number
        self.header = Header(self[System].parent_hash, number, state.root, bytes(32), Digest())
        self.hour_blocks = self.standards.blocks_in(1)
        """How many blocks an hour, or the shortest time that is longer, has."""
        self.step_hours = max(1, self.standards.hours_in(self.hour_blocks))
        """How many hours those are."""
        self.builder = self._open(self.hour_blocks - number % self.hour_blocks)
        self._born = self.number

    def __getitem__(self, kind: type[P]) -> P:
        """The pallet of a class. Raises `NoFork`."""
        return pallet_of(self.runtime, kind)

    @property
    def number(self) -> int:
        """The block that is open."""
        return self.runtime.host.number

    @property
    def hour(self) -> int:
        """How many whole hours have passed since the first block of the fork."""
        return (self.number - self._born) // self.hour_blocks * self.step_hours

    def perform(self, call: Call, origin: Origin) -> DispatchError | None:
        """Make a call in the open block, as if it had been voted; what refused it."""
        begin_voted(self.runtime)
        try:
            self.runtime.host.dispatch(call, origin)
        except DispatchError as refusal:
            return refusal
        finally:
            end_voted(self.runtime)
        return None

    def events(self) -> list[Any]:
        """The events of the open block so far."""
        parts, decode = self.builder.overlay.events, self.runtime.host.codec(RuntimeEvent).decode
        records = zip(parts[1::RECORD_PARTS], parts[2::RECORD_PARTS], strict=True)
        return [decode(pallet + event) for pallet, event in records]

    def act(self, work: Callable[[], None]) -> None:
        """Do to the open block what no call does."""
        overlay = self.builder.overlay
        mark = overlay.open()
        try:
            work()
        except BaseException:
            overlay.undo(mark)
            raise
        overlay.keep(mark)

    def pass_time(self, steps: int, each_block: Callable[[], None]) -> None:
        """Let time pass to the next multiple of `steps` times `step_hours`, and then what has become due be
        done; `each_block` acts in every block that opens. A new day has an eve, so that what is said of the
        old one is fresh. Raises `InvalidBlock`.
        """
        span, day = steps * self.hour_blocks, self.standards.blocks_in(DAY_HOURS)
        blocks = span - self.number % span
        if blocks > 1 and not (self.number + blocks) % day:
            self._next(blocks - 1)
            each_block()
            blocks = 1
        self._next(blocks)
        each_block()
        for _ in range(min(SETTLING_BLOCKS_MAX, self.hour_blocks - 1)):
            waiting = self.redemption.waiting.coins
            if not self._is_due() and not waiting:
                return
            self._next(1)
            each_block()
            if not self._is_due() and self.redemption.waiting.coins == waiting:
                return

    def _is_due(self) -> bool:
        """Whether time has to do with some provider, and has not come to it yet."""
        first = next(iter(self.providers.agenda.keys()), None)
        return first is not None and int.from_bytes(first[0], "big") <= self.number

    def _next(self, blocks: int) -> None:
        """End the open block, and open the one that comes so many later."""
        built = self.builder.finish()
        self.state, self.header = built.state, built.block.header
        self.builder = self._open(blocks)

    def _open(self, blocks: int) -> BlockBuilder:
        runtime, state = self.runtime, self.state
        runtime.over(state)
        number, now = self.header.number + blocks, self._clock.now
        parent = self.header.replace(number=number - 1)
        builder = runtime.build(state, parent, logs=self._logs(number))
        passed = blocks * HOUR_MS * self.step_hours // self.hour_blocks
        for raw in builder.inherents({TIMESTAMP: (now + passed).to_bytes(8, "little")}):
            builder.apply(raw)
        return builder

    def _logs(self, number: int) -> tuple[DigestItem, ...]:
        """A throw of the seed's dice."""
        dice = blake2b_256(b"what if" + self.seed.to_bytes(8, "little") + number.to_bytes(4, "little"))
        return (PreRuntime(BEACON_ENGINE, dice),)
