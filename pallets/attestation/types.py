"""What Attestation stores, tells and refuses."""

from __future__ import annotations

import enum
from typing import Annotated, Final, TypeAlias

from pallets.attestation.probe import COUNT_MAX, HASH_BYTES, SIZE_MAX, Opening
from runtime.frame import Error, Event
from runtime.frame.coin import ClassId, UnitId
from runtime.scale import U8, U16, U32, U64, U128, Doc, Enum, Fixed, Max, Struct
from runtime.types import AccountId, Balance, BlockNumber, Hash
from runtime.types.fixed import PPB

PATH_MAX: Final = 24
"""The most hashes of a path: 64 rounds of 33,025 rows fit."""
WAIVED_MAX: Final = 2
"""So many windows in 7 days may count neither way."""
WINDOW_BLOCKS_MAX: Final = 1_000_000
"""The longest that a window may take commitments, and openings."""
PROBED_MAX: Final = 1_024
"""The most providers in a window."""
UNITS_MAX: Final = 1_024
"""The most units of one provider."""
KEPT_MAX: Final = 32
"""The most windows whose commitments are kept; while there are as many, none opens."""
DEMANDS_PER_BLOCK_MAX: Final = 16
"""The most leaves that one block demands."""
OPENINGS_MAX_MAX: Final = 4_096
"""The most that `openings_max` may be."""
DEMAND_DEPOSIT: Final = 10**9
"""A coin."""

Path: TypeAlias = Annotated[tuple[Annotated[bytes, Fixed(HASH_BYTES)], ...], Max(PATH_MAX)]
Probed: TypeAlias = Annotated[tuple[AccountId, ...], Max(PROBED_MAX)]


class Config(Struct):
    """Constants of the chain."""

    size: Annotated[U32, Doc("n: the probe multiplies two n x n matrices of bytes.")]
    positions: Annotated[U16, Doc("q: how many rows a challenge asks for.")]
    commit_blocks: Annotated[U32, Doc("For how many blocks after its opening a window takes commitments.")]
    open_blocks: Annotated[
        U32, Doc("For how many blocks it takes openings after the draw, and a demand its answer.")
    ]
    demand_deposit: Annotated[
        Balance, Doc("What whoever demands a leaf loses to a provider that has it.")
    ] = DEMAND_DEPOSIT


class ClassRounds(Struct):
    """How many rounds a class has to do."""

    class_id: ClassId
    rounds: U8


class Genesis(Struct):
    """How often windows open, how many units they draw, and what the classes have to do."""

    windows_a_day: U8 = 4
    drawn_ppb: U64 = PPB // 10
    rounds: tuple[ClassRounds, ...] = ()


class Phase(enum.IntEnum):
    """How far a window has come."""

    Committing = 0
    """Units multiply, and post their roots."""
    Drawing = 1
    """The units that have to open are drawn, a page of them each block."""
    Opening = 2
    """The units drawn open their rows."""
    Counting = 3
    """The window is counted, a page of units each block."""


class Window(Struct):
    """A window: every unit answers the seed that its beacon gives."""

    number: U32
    opened_at: BlockNumber
    commit_until: Annotated[BlockNumber, Doc("The first block that takes no more commitments.")]
    closes_at: Annotated[
        BlockNumber, Doc("The first block that takes no more openings; until the draw is done, the soonest.")
    ]
    beacon: Annotated[Hash, Doc("The beacon of the block that opened it: what the seeds follow from.")]
    phase: Phase = Phase.Committing
    challenge: Annotated[
        Hash | None,
        Doc("The beacon of the block `commit_until`: it draws the units, and the rows that they open."),
    ] = None


class Stage(enum.IntEnum):
    """How far a unit has come."""

    Posted = 0
    """It has committed."""
    Drawn = 1
    """It was drawn, and has to open."""
    Opened = 2
    """It opened the rows asked for, and they are right."""


class Commitment(Struct):
    """What a unit committed to, before anybody knew what would be asked."""

    root: Annotated[Hash, Doc("The Merkle root over the rows of all rounds.")]
    rounds: Annotated[U8, Doc("R: how many rounds it had to do.")]
    stage: Stage = Stage.Posted


class Tally(Struct):
    """The figures of the window that is open."""

    place: Annotated[U32, Doc("How many providers this phase has looked at.")] = 0
    units: U32 = 0
    absent: Annotated[U32, Doc("Units without a commitment, or with a demand left unanswered.")] = 0
    excused: U32 = 0
    newcomers: Annotated[U32, Doc("Units in probation that were drawn.")] = 0
    others: Annotated[U32, Doc("Units past it that were drawn.")] = 0
    opened: U32 = 0
    effective: Annotated[U128, Doc("E when the counting began.")] = 0
    is_waived: Annotated[bool, Doc("Whether it is a common outage, and counts neither way.")] = False

    @property
    def drawn(self) -> int:
        """The units that have to open their rows."""
        return self.newcomers + self.others

    @property
    def missed(self) -> int:
        """The units that the window counts against their providers."""
        return self.absent + self.drawn - self.opened


class Excuse(Struct):
    """A unit that is busy with a ticket."""

    unit: UnitId
    since: Annotated[BlockNumber, Doc("The opening of the first window that it was excused from.")]


Excuses: TypeAlias = Annotated[tuple[Excuse, ...], Max(UNITS_MAX)]
UnitIds: TypeAlias = Annotated[tuple[UnitId, ...], Max(UNITS_MAX)]


class Kept(Struct):
    """A window that is over, and whose commitments still bind."""

    number: U32
    beacon: Hash
    until: Annotated[BlockNumber, Doc("The first block in which no leaf of it is demanded any more.")]


class Demand(Struct):
    """A row that somebody wants to see."""

    by: AccountId
    position: Annotated[U32, Doc("The row, whose leaves of all rounds are to be opened.")]
    beacon: Annotated[Hash, Doc("The beacon of the block of the demand: it draws r.")]
    deadline: Annotated[BlockNumber, Doc("The first block that takes no answer.")]
    deposit: Balance


class Asked(Struct):
    """Of which commitment a row is demanded."""

    window: U32
    who: AccountId
    unit: UnitId


class Leaf(Struct):
    """One opened row."""

    round: U8
    position: U32
    inputs: Annotated[bytes, Max(SIZE_MAX), Doc("The row of the left matrix: n bytes.")]
    outputs: Annotated[
        bytes, Max(4 * SIZE_MAX), Doc("The row of the product: n numbers of 4 bytes, little-endian.")
    ]
    path: Annotated[Path, Doc("The siblings, from the leaf upwards.")]

    @property
    def opening(self) -> Opening:
        """The same, as the mathematics knows it."""
        return Opening(self.round, self.position, self.inputs, self.outputs, self.path)


Leaves: TypeAlias = Annotated[tuple[Leaf, ...], Max(COUNT_MAX)]


class Outcome(Struct):
    """How a window ended."""

    number: U32
    units: Annotated[U32, Doc("How many units were probed.")]
    missed: Annotated[U32, Doc("How many of them did not answer.")]
    is_counted: Annotated[bool, Doc("False for a common outage, which counts neither way.")]
    excused: Annotated[U32, Doc("How many were busy with a ticket.")] = 0
    drawn: Annotated[U32, Doc("How many had to open their rows.")] = 0


class HoldReason(Enum):
    """Why Attestation holds coins."""


class DemandDeposit(HoldReason, index=0):
    """A leaf that was demanded, and not opened yet."""


class AttestationEvent(Event):
    """What Attestation tells the world."""


class WindowOpened(AttestationEvent, index=0):
    """A window is open: every unit commits before the block `commit_until`."""

    number: U32
    commit_until: BlockNumber
    closes_at: BlockNumber


class Committed(AttestationEvent, index=1):
    """A unit committed."""

    who: AccountId
    unit: UnitId
    root: Hash


class Answered(AttestationEvent, index=2):
    """A unit that was drawn opened the rows asked for, and they are right."""

    who: AccountId
    unit: UnitId


class WindowClosed(AttestationEvent, index=3):
    """A window was counted, or waived as a common outage."""

    outcome: Outcome


class WindowDrawn(AttestationEvent, index=4):
    """It is drawn who opens: those units, before the block `closes_at`."""

    number: U32
    drawn: U32
    closes_at: BlockNumber


class RoundsChanged(AttestationEvent, index=5):
    """A class has to do another number of rounds."""

    class_id: ClassId
    rounds: U8


class LeafDemanded(AttestationEvent, index=6):
    """Somebody wants to see a row that a unit committed to."""

    asked: Asked
    position: U32
    deadline: BlockNumber


class DemandMet(AttestationEvent, index=7):
    """The row was opened, and is right; the deposit is the provider's."""

    asked: Asked


class DemandUnmet(AttestationEvent, index=8):
    """The row was not opened in time; the unit misses the next window that is counted."""

    asked: Asked


class FraudProven(AttestationEvent, index=9):
    """A committed leaf is wrong: its provider is banned, and who proved it has the bounty."""

    asked: Asked
    by: AccountId
    bounty: Balance


class UnitRestarted(AttestationEvent, index=10):
    """A unit committed, was drawn, and did not open: its probation begins again."""

    who: AccountId
    unit: UnitId


class AttestationError(Error):
    """Why Attestation refuses."""


class NoWindow(AttestationError, index=0):
    """No window is open."""


class TooLate(AttestationError, index=1):
    """The window takes no more commitments."""


class NotProbed(AttestationError, index=2):
    """This window does not probe such a unit of the signer."""


class AlreadyCommitted(AttestationError, index=3):
    """The unit has committed in this window."""


class NotCommitted(AttestationError, index=4):
    """The unit has not committed in this window."""


class NotOpening(AttestationError, index=5):
    """The window takes no openings now: they begin when the units that open are drawn."""


class AlreadyAnswered(AttestationError, index=6):
    """The unit has answered this window."""


class WrongOpening(AttestationError, index=7):
    """The opened rows do not prove the work."""

    def __init__(self, why: str = "") -> None:
        super().__init__(why)
        self.why = why

    def __str__(self) -> str:
        return f"{super().__str__()} {self.why}".rstrip()


class BadSize(AttestationError, index=8):
    """The probe's size, positions, rounds or blocks are outside their bounds."""


class NotDrawn(AttestationError, index=9):
    """The unit was not drawn: it has nothing to open, and its root is its answer."""


class UnknownClass(AttestationError, index=10):
    """Nobody rated this class of hardware."""


class WindowIsOpen(AttestationError, index=11):
    """The rounds of a class change between windows."""


class UnknownWindow(AttestationError, index=12):
    """No commitment of such a window is kept: it is to come, or over for more than an hour."""


class TooManyDemands(AttestationError, index=13):
    """The block demands as many leaves as it may: try the next."""


class AlreadyDemanded(AttestationError, index=14):
    """A row of this commitment is demanded already."""


class NoSuchRow(AttestationError, index=15):
    """The matrices have fewer rows."""


class NotDemanded(AttestationError, index=16):
    """Nobody waits for a row of this commitment."""


class NoFraud(AttestationError, index=17):
    """The leaf is what its task and its path say: it proves nothing."""


class AlreadyBanned(AttestationError, index=18):
    """The provider is banned already, or gone."""
