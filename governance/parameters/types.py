"""What Parameters stores, answers, tells and refuses."""

from __future__ import annotations

from typing import Annotated, Final, TypeAlias

from runtime.frame import Error, Event
from runtime.frame.governance import PollIndex, TrackId
from runtime.scale import U32, U128, Doc, Enum, Max, Struct
from runtime.types import BlockNumber

PATH_BYTES_MAX: Final = 128
HISTORY_MAX: Final = 256
"""The most moves that are told at once."""
PARAMETERS_MAX: Final = 1_024
"""The most parameters that are told at once."""
Path: TypeAlias = Annotated[str, Max(PATH_BYTES_MAX)]
"""`Pallet.Item`, as metadata names both."""


class Config(Struct):
    """Constants of the chain."""

    blocks_per_hour: Annotated[U32, Doc("How many blocks pass in an hour; at least one.")]


class Mover(Enum):
    """Who moved a parameter."""


class Referendum(Mover, index=0):
    """Those who vote, by a referendum."""

    index: PollIndex


class ByRoot(Mover, index=1, name="Root"):
    """Root without a referendum: the key of a development chain."""


class Change(Struct):
    """One move of a parameter."""

    at: Annotated[BlockNumber, Doc("The block.")]
    old: Annotated[U128, Doc("The value until then.")]
    new: Annotated[U128, Doc("The value since.")]
    by: Mover


class ParameterInfo(Struct):
    """A parameter: what its pallet declares, and where it stands."""

    path: Path
    kind: Annotated[str, Doc("Its type: u8, u16, u32, u64 or u128.")]
    doc: Annotated[str, Doc("What it is, in a sentence.")]
    value: U128
    default: Annotated[U128, Doc("What it is until somebody moves it, or a genesis says otherwise.")]
    low: Annotated[U128, Doc("The least that it can ever be.")]
    high: Annotated[U128, Doc("The most that it can ever be.")]
    step: Annotated[
        U128 | None, Doc("No two values that it has within 14 days are further apart; none: no limit.")
    ]
    least: Annotated[U128, Doc("The least that it may be set to now, by bounds and step.")]
    most: Annotated[U128, Doc("The most that it may be set to now.")]
    topic: Annotated[str, Doc("What it is about, as its pallet says.")]
    safer: Annotated[str, Doc("The safe side: up, down, or empty for none.")]
    up_track: Annotated[TrackId, Doc("The track with the least delay that may raise it.")]
    down_track: Annotated[TrackId, Doc("The track with the least delay that may lower it.")]
    changes: Annotated[U32, Doc("How often it has moved.")]


History: TypeAlias = Annotated[tuple[Change, ...], Max(HISTORY_MAX)]
Infos: TypeAlias = Annotated[tuple[ParameterInfo, ...], Max(PARAMETERS_MAX)]


class ParametersEvent(Event):
    """What Parameters tells the world."""


class ParameterSet(ParametersEvent, index=0):
    """A parameter has moved."""

    path: Path
    old: U128
    new: U128
    by: Mover


class ParametersError(Error):
    """Why Parameters refuses."""


class UnknownParameter(ParametersError, index=0):
    """No pallet of the chain declares a parameter of this path: write `Pallet.Item`, as metadata has them."""


class IsConstant(ParametersError, index=1):
    """The path names a constant of the chain: no vote on a parameter moves it."""


class OutsideBounds(ParametersError, index=2):
    """The value is outside of the bounds that the parameter's pallet declares."""


class NothingMoves(ParametersError, index=3):
    """The parameter has this value already."""


class WrongTrack(ParametersError, index=4):
    """The track does not decide of this move: a topic has one for moves to the safe side, and one for all."""


class NoReferendum(ParametersError, index=5):
    """Only a referendum that is being enacted moves a parameter of this chain."""


class StepTooLong(ParametersError, index=6):
    """The value is further than a step from one that the parameter has had within 14 days."""


class TooManyMoves(ParametersError, index=7):
    """The parameter has moved as often as it may within 14 days."""
