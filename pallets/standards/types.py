"""What Standards stores, tells and refuses."""

from __future__ import annotations

from typing import Annotated

from runtime.frame import Error, Event
from runtime.frame.coin import ClassId
from runtime.scale import U32, U128, Doc, Max, Struct
from runtime.types import BlockNumber

Name = Annotated[bytes, Max(32)]


class Config(Struct):
    """Constants of the chain: the one conversion between hours and blocks."""

    blocks_per_hour: Annotated[U32, Doc("How many blocks pass in `hours` hours.")]
    hours: Annotated[U32, Doc("More than one only where a block takes longer than an hour.")] = 1


class Standard(Struct):
    """One numbered standard."""

    work: Annotated[U128, Doc("W_k: exact byte multiply-adds of the probe in one SCU-h.")]
    since: Annotated[BlockNumber, Doc("The block from which on it is in force.")]


class Class(Struct):
    """A class of hardware."""

    name: Annotated[Name, Doc("What people call it.")]
    work_per_hour: Annotated[U128, Doc("rho_h: attested work that one unit does in an hour.")]


class GenesisClass(Struct):
    """A class of hardware, with its number."""

    id: ClassId
    name: Name
    work_per_hour: U128


class Genesis(Struct):
    """The first standard, and the classes that exist from the start."""

    work: U128
    classes: tuple[GenesisClass, ...] = ()


class StandardsEvent(Event):
    """What Standards tells the world."""


class ClassRated(StandardsEvent, index=0):
    """A class of hardware was rated."""

    id: ClassId
    work_per_hour: U128


class StandardsError(Error):
    """Why Standards refuses."""


class ClassKnown(StandardsError, index=0):
    """The class is rated already: a rating moves with the standard alone."""


class WorkMissing(StandardsError, index=1):
    """A standard and a class of hardware need an amount of work above zero."""
