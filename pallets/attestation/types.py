"""What Attestation stores, tells and refuses."""

from __future__ import annotations

from typing import Annotated, Final, TypeAlias

from pallets.attestation.probe import COUNT_MAX, HASH_BYTES, SIZE_MAX, Opening
from runtime.frame import Error, Event
from runtime.frame.coin import UnitId
from runtime.scale import U8, U16, U32, Doc, Fixed, Max, Struct
from runtime.types import AccountId, BlockNumber, Hash

PATH_MAX: Final = 24
"""The most hashes of a path: 64 rounds of 33,025 rows fit."""
WAIVED_MAX: Final = 2
"""So many windows in 7 days may count neither way."""

Path: TypeAlias = Annotated[tuple[Annotated[bytes, Fixed(HASH_BYTES)], ...], Max(PATH_MAX)]


class Config(Struct):
    """Constants of the chain."""

    size: Annotated[U32, Doc("n: the probe multiplies two n x n matrices of bytes.")]
    positions: Annotated[U16, Doc("q: how many rows a challenge asks for.")]
    commit_blocks: Annotated[U32, Doc("For how many blocks after its opening a window takes commitments.")]
    open_blocks: Annotated[U32, Doc("For how many blocks after that it takes openings.")]


class Genesis(Struct):
    """How often windows open."""

    windows_a_day: U8 = 4


class Window(Struct):
    """A window: every unit answers the seed that its beacon gives."""

    number: U32
    opened_at: BlockNumber
    commit_until: Annotated[BlockNumber, Doc("The first block that takes no more commitments.")]
    closes_at: Annotated[BlockNumber, Doc("The block at whose start the window is counted.")]
    beacon: Annotated[Hash, Doc("The beacon of the block that opened it.")]


class Commitment(Struct):
    """What a unit committed to, before anybody knew what would be asked."""

    root: Annotated[Hash, Doc("The Merkle root over the rows.")]
    at: Annotated[BlockNumber, Doc("The block that took it; the beacon of the next is the challenge.")]
    is_open: Annotated[bool, Doc("Whether the rows asked for were opened, and right.")] = False


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
    """A unit opened the rows asked for, and they are right."""

    who: AccountId
    unit: UnitId


class WindowClosed(AttestationEvent, index=3):
    """A window was counted, or waived as a common outage."""

    outcome: Outcome


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


class NotChallenged(AttestationError, index=5):
    """The challenge is the beacon of the block after the commitment, and that is not there yet."""


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
    """The probe's size, positions or blocks are outside their bounds."""
