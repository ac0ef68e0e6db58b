"""The words of the kitchen sink: its constants, records, events, errors, reasons and origins.

All of them are frozen records with SCALE encodings, and all of their docstrings become metadata.
"""

from __future__ import annotations

from typing import Annotated, Final, TypeAlias

from runtime.frame import Error, Event, Origin
from runtime.scale import U32, Doc, Enum, Max, Struct
from runtime.types import AccountId, Balance, BlockNumber
from runtime.types.dispatch import DispatchResult

TEXT_BYTES_MAX: Final = 256
Text: TypeAlias = Annotated[bytes, Max(TEXT_BYTES_MAX)]
"""A bounded type: what is longer is refused when the call is decoded, before anybody sees it."""


class Config(Struct):
    """Constants of the chain: its specification gives them, metadata publishes them. The first has no
    default, so every specification must name it.
    """

    lifetime: Annotated[BlockNumber, Doc("For how many blocks a notice hangs.")]
    notices_per_block_max: Annotated[U32, Doc("A bound on the work of one block's sweep.")] = 16


class Genesis(Struct):
    """The pallet's part of block zero, read from the chain's specification."""

    caretaker: AccountId | None = None
    stickers: tuple[tuple[AccountId, U32, Balance], ...] = ()


class Notice(Struct):
    """A record in storage. To change one, write `notice.replace(...)` back: records are frozen."""

    owner: AccountId
    text: Text
    deposit: Balance
    """What is on hold for it."""
    until: BlockNumber
    """The block at whose end it comes down."""


class HoldReason(Enum):
    """Why this pallet holds coins. All pallets' reasons together are the chain's RuntimeHoldReason."""


class PinDeposit(HoldReason, index=0):
    """For a notice on the board."""


class FreezeReason(Enum):
    """Why this pallet freezes coins."""


class Promise(FreezeReason, index=0):
    """The owner promised to keep them."""


class KitchenSinkOrigin(Origin):
    """Authorities of this pallet's own: a call that wants one names this type."""


class Caretaker(KitchenSinkOrigin, index=0):
    """Whoever looks after the board."""


class KitchenSinkEvent(Event):
    """What this pallet tells the world: past participles."""


class Pinned(KitchenSinkEvent, index=0):
    """A notice hangs."""

    id: U32
    owner: AccountId


class Unpinned(KitchenSinkEvent, index=1):
    """A notice came down, and its deposit went back."""

    id: U32


class Postponed(KitchenSinkEvent, index=2):
    """A call was stored for a later block."""

    when: BlockNumber


class PostponedDone(KitchenSinkEvent, index=3):
    """A stored call was made; how it ended."""

    result: DispatchResult


class BellRung(KitchenSinkEvent, index=4):
    """Somebody without an account rang the bell."""

    count: U32


class KitchenSinkError(Error):
    """Why this pallet refuses: the fact, as a name."""


class NoSuchNotice(KitchenSinkError, index=0):
    """No notice hangs under this number."""


class NotYours(KitchenSinkError, index=1):
    """Somebody else pinned the notice."""


class NotTheCaretaker(KitchenSinkError, index=2):
    """The signer does not look after the board."""


class TooLate(KitchenSinkError, index=3):
    """The block is not ahead."""


class TooMany(KitchenSinkError, index=4):
    """As much waits for that block as one block can do."""
