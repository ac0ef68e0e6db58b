"""Hooks: what a pallet does at the fixed points of a block's life, and how it promises that it is sound.

`@hookimpl` marks a method as one of the hooks of `runtime.frame.hookspecs`. Hooks run in the order of the
chain spec's indices, each in a storage layer of its own; a hook never raises: work that can be refused runs
in `Pallet.attempt`. `@invariant` marks a method that must find nothing wrong at the end of every block.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, NamedTuple, TypeVar

import pluggy

PROJECT: Final = "ballast"
hookspec: Final = pluggy.HookspecMarker(PROJECT)
hookimpl: Final = pluggy.HookimplMarker(PROJECT)

F = TypeVar("F", bound=Callable[[Any], str | None])
_INVARIANT: Final = "__ballast_invariant__"


class Invariant(NamedTuple):
    """Something that holds at the end of every block; a block that breaks it is invalid."""

    name: str
    """Short and unique on the chain: `I1`."""
    promise: str
    """What holds, in one line."""
    attribute: str
    """The method that looks."""


def invariant(name: str, promise: str) -> Callable[[F], F]:
    """Declare a method as the check of an invariant: it returns None, or the figures that break it."""

    def mark(function: F) -> F:
        setattr(function, _INVARIANT, Invariant(name, promise, function.__name__))
        return function

    return mark


def invariant_of(function: object) -> Invariant | None:
    """What `@invariant` said of a method, if it did."""
    return getattr(function, _INVARIANT, None)
