"""What Solvency stores and tells: the figures of the header."""

from __future__ import annotations

from typing import Annotated

from runtime.frame import Error, Event
from runtime.frame.coin import Mode
from runtime.scale import I128, U32, U64, U128, Doc, Struct
from runtime.types import Balance, BlockNumber


class Coverage(Struct):
    """What stands behind the coin: the digest item `COVR` of every header."""

    supply: Annotated[Balance, Doc("S: all coins, in 10^-9.")] = 0
    effective: Annotated[U128, Doc("E: what the providers can do within their terms, in 10^-9 SCU-h.")] = 0
    ratio_ppb: Annotated[U64, Doc("E / S, rounded down; the largest number where it does not fit.")] = (
        1 << 64
    ) - 1
    margin: Annotated[I128, Doc("n1: what is left over if the worst operator group fails.")] = 0
    wait_hours: Annotated[U32, Doc("W_max: the longest that a redemption can wait.")] = 0
    standard: Annotated[U32, Doc("k: the standard in force.")] = 0
    work: Annotated[U128, Doc("W_k: its work.")] = 0
    orphaned: Annotated[Balance, Doc("O: debt whose issuer is gone.")] = 0
    reserve: Annotated[Balance, Doc("R: the free coins of the reserve.")] = 0
    mode: Mode = Mode.Green
    queue: Annotated[U32, Doc("How many tickets wait for a server.")] = 0
    queued: Annotated[Balance, Doc("The coins in them.")] = 0


class CoverageReport(Struct):
    """The two figures that are always published: E over S, and all bonds over S."""

    figures: Annotated[Coverage, Doc("What the header says.")]
    bonds: Annotated[Balance, Doc("All bonds together: coins that stand behind debts in custody.")]


class Genesis(Struct):
    """Nothing to say: the first figures follow from what the other pallets begin with."""


class Since(Struct):
    """Since when each condition has held without a break: the last block in which it did not."""

    green: BlockNumber = 0
    yellow: Annotated[BlockNumber, Doc("Yellow or better.")] = 0
    orange: Annotated[BlockNumber, Doc("Orange or better.")] = 0
    red: Annotated[BlockNumber | None, Doc("In Red: the block at whose end it began.")] = None


class SolvencyEvent(Event):
    """What Solvency tells the world."""


class ModeChanged(SolvencyEvent, index=0):
    """The next block begins in another mode."""

    old: Mode
    new: Mode


class WindDownVoted(SolvencyEvent, index=1):
    """It was decided not to wait longer for the coin to recover: it is redeemed to its end."""


class SolvencyError(Error):
    """Why Solvency refuses."""


class NotRed(SolvencyError, index=0):
    """The coin is wound down out of Red, and of no better mode."""


class RedTooShort(SolvencyError, index=1):
    """Red has lasted less than 30 days: there is hope yet."""


class WindingDown(SolvencyError, index=2):
    """The coin is being wound down already, and that is for ever."""
