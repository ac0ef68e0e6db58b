"""What a look tells: two outlooks, and why what was looked at cannot be."""

from __future__ import annotations

import enum
from typing import Annotated, Final

from runtime.frame.coin import Mode
from runtime.frame.governance import Outlook
from runtime.scale import I128, U32, Doc, Enum, Max, Struct
from runtime.types import AccountId, Weight
from runtime.types.dispatch import DispatchErrorValue

TEXT_MAX: Final = 256
"""The most bytes that are kept of what an invariant, or a fault, says of itself."""
NAMED_MAX: Final = 16
"""The most providers that a look names."""
Text = Annotated[str, Max(TEXT_MAX)]


class Figure(enum.IntEnum):
    """A figure of an outlook that a band holds."""

    Supply = 0
    Effective = 1
    Coverage = 2
    Margin = 3
    Wait = 4
    Headroom = 5


class Effect(Struct, path="ballast_governance::whatif::Effect"):
    """What a change does to the figures of a block: after it, less without it.

    Coins and capacity are told as parts per billion of all coins there are without it, rounded down.
    """

    supply: I128
    effective: I128
    coverage: Annotated[I128, Doc("Of E / S, in parts per billion.")]
    margin: I128
    wait: Annotated[I128, Doc("In hours.")]
    headroom: I128


class Refusal(Enum, path="ballast_governance::whatif::Refusal"):
    """Why nothing of a change may remain. The first of these, in their order, that holds."""


class BlockBroken(Refusal, index=0):
    """The block could not have ended even without it."""

    what: Text


class CallRefused(Refusal, index=1):
    """The call is refused."""

    error: DispatchErrorValue


class CallBroken(Refusal, index=2):
    """The call raises what is no refusal: its pallet is wrong."""

    what: Text


class InvariantBroken(Refusal, index=3):
    """An invariant would not hold at the end of the block."""

    name: Text
    figures: Text


class EndBroken(Refusal, index=4):
    """A closing hook, or the look at an invariant, would fail behind it: a pallet is wrong."""

    what: Text


class WorseMode(Refusal, index=5):
    """The next block would begin in a worse mode than without it."""

    before: Mode
    after: Mode


class MadeDeficient(Refusal, index=6):
    """Providers would become Deficient by it."""

    count: U32
    first: AccountId


class OutOfBand(Refusal, index=7):
    """A figure would move by another amount than was looked at before."""

    figure: Figure
    recorded: I128
    found: I128


class Look(Struct, path="ballast_governance::whatif::Look"):
    """What a call would do, or did, to the coin."""

    before: Annotated[Outlook, Doc("The end of the block without it.")]
    after: Annotated[Outlook, Doc("The end of the block with it; without it, if it did not come so far.")]
    made_deficient: Annotated[
        tuple[AccountId, ...],
        Max(NAMED_MAX),
        Doc("Providers that become Deficient by it, the first of them."),
    ]
    refusal: Refusal | None
    weight: Annotated[Weight, Doc("What the call and the look have used.")]
