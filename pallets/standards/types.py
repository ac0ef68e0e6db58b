"""What Standards stores, tells and refuses."""

from __future__ import annotations

import enum
from typing import Annotated, Final, TypeAlias

from runtime.frame import Error, Event
from runtime.frame.coin import ClassId
from runtime.scale import U32, U128, Doc, Max, Struct
from runtime.types import Balance, BlockNumber

CLASSES_MAX: Final = 1_024
"""The most classes of hardware that a chain knows."""
Name: TypeAlias = Annotated[bytes, Max(32)]


class Config(Struct):
    """Constants of the chain: the one conversion between hours and blocks."""

    blocks_per_hour: Annotated[U32, Doc("How many blocks pass in `hours` hours.")]
    hours: Annotated[U32, Doc("More than one only where a block takes longer than an hour.")] = 1


class Reason(enum.IntEnum):
    """Why there is a standard."""

    First = 0
    """The chain began with it."""
    Step = 1
    """A daily step towards the mainstream."""
    Splice = 2
    """Work is measured in another way since."""


class Standard(Struct):
    """One numbered standard; it never changes once it is written."""

    work: Annotated[U128, Doc("W_k: exact byte multiply-adds of the probe in one SCU-h.")]
    since: Annotated[BlockNumber, Doc("The block from which on it is in force.")]
    reason: Reason = Reason.First
    effective: Annotated[Balance, Doc("E' with which it was enacted; 0 for the first.")] = 0
    supply: Annotated[Balance, Doc("S when it was enacted; 0 for the first.")] = 0


class Class(Struct):
    """A class of hardware."""

    name: Annotated[Name, Doc("What people call it.")]
    work_per_hour: Annotated[U128, Doc("rho_h: attested work that one unit does in an hour.")]
    memory_gib: Annotated[U32, Doc("Memory of a unit, in GiB.")] = 0
    link_gbps: Annotated[U32, Doc("Bandwidth between units, in Gbit/s.")] = 0


class Floors(Struct):
    """What a unit has at least; one with less yields nothing, however fast it is."""

    memory_gib: Annotated[U32, Doc("Memory, in GiB.")] = 0
    link_gbps: Annotated[U32, Doc("Bandwidth between units, in Gbit/s.")] = 0


class ClassWork(Struct):
    """What a class does in an hour by another measure."""

    id: ClassId
    work_per_hour: U128


Works: TypeAlias = Annotated[tuple[ClassWork, ...], Max(CLASSES_MAX)]


class Lag(Struct):
    """The standard lags behind its target by more than a quarter."""

    since: Annotated[BlockNumber, Doc("Since which daily step it does.")]
    target: Annotated[U128, Doc("W*: the target of the last step.")]


class Held(enum.IntEnum):
    """Why the daily step is not taken."""

    OracleSilent = 0
    """The oracle's values are not Fresh."""
    NothingIssued = 1
    """There are no coins."""
    Unsound = 2
    """The mode is Orange or worse."""
    Uncovered = 3
    """E' under the next standard would be less than kappa_u S."""
    WindDown = 4
    """The standard is frozen for good."""


class GenesisClass(Struct):
    """A class of hardware, with its number."""

    id: ClassId
    name: Name
    work_per_hour: U128
    memory_gib: U32 = 0
    link_gbps: U32 = 0


class Genesis(Struct):
    """The first standard, and the classes that exist from the start."""

    work: U128
    classes: Annotated[tuple[GenesisClass, ...], Max(CLASSES_MAX)] = ()
    floors: Floors = Floors()


class StandardsEvent(Event):
    """What Standards tells the world."""


class ClassRated(StandardsEvent, index=0):
    """A class of hardware was rated."""

    id: ClassId
    work_per_hour: U128


class StandardEnacted(StandardsEvent, index=1):
    """Another standard is in force."""

    number: U32
    work: U128
    reason: Reason


class StepHeld(StandardsEvent, index=2):
    """The daily step is not taken, and why; told once, until one is taken or the reason is another."""

    reason: Held


class LagBegan(StandardsEvent, index=3):
    """The standard lags behind its target by more than a quarter; after 180 days of that capacity counts for
    less when coins are minted.
    """

    work: U128
    target: U128


class LagEnded(StandardsEvent, index=4):
    """The standard does not lag any more."""


class FloorsSet(StandardsEvent, index=5):
    """What a unit has at least is another amount."""

    floors: Floors


class StandardsError(Error):
    """Why Standards refuses."""


class ClassKnown(StandardsError, index=0):
    """The class is rated already: a rating moves with the standard alone."""


class WorkMissing(StandardsError, index=1):
    """A standard and a class of hardware need an amount of work above zero."""


class TooManyClasses(StandardsError, index=2):
    """The chain knows as many classes of hardware as it can."""


class WorksIncomplete(StandardsError, index=3):
    """A splice names every class of hardware once, in the order of their numbers."""


class StandardFrozen(StandardsError, index=4):
    """The coin is being wound down: what it promises does not change any more."""


class WouldUncover(StandardsError, index=5):
    """Effective capacity would fall below kappa_u S, or, where it is below already, would fall further."""
