"""What a pallet declares is whole, or the loader refuses it by name: hooks, and all else."""

from __future__ import annotations

from typing import Any

import pytest

from runtime.frame import (
    NoError,
    NoEvent,
    Pallet,
    Signed,
    StorageValue,
    call,
    hookimpl,
    invariant,
    runtime_api,
)
from runtime.frame.hooks import hookimpl as mark
from runtime.lifecycle import HOOKS
from runtime.scale import U32
from runtime.types import BlockNumber, db
from support.loading import refusal_of, with_pallet

# Hooks.


class Misspelt(Pallet[NoEvent, NoError]):
    """Means well."""

    @hookimpl
    def on_finalise(self, now: BlockNumber) -> None: ...


class Unmarked(Pallet[NoEvent, NoError]):
    """Forgets the mark."""

    def on_finalize(self, now: BlockNumber) -> None: ...


class Waiting(Pallet[NoEvent, NoError]):
    """Waits."""

    @hookimpl
    async def on_finalize(self, now: BlockNumber) -> None: ...


class First(Pallet[NoEvent, NoError]):
    """Wants to be first."""

    @mark(tryfirst=True)
    def on_finalize(self, now: BlockNumber) -> None: ...


class Last(Pallet[NoEvent, NoError]):
    """Wants to be last."""

    @mark(trylast=True)
    def on_finalize(self, now: BlockNumber) -> None: ...


class Around(Pallet[NoEvent, NoError]):
    """Wants to be around the others."""

    @mark(wrapper=True)
    def on_finalize(self, now: BlockNumber) -> Any:
        return (yield)


class Curious(Pallet[NoEvent, NoError]):
    """Asks for what no hook gives."""

    @hookimpl
    def on_finalize(self, now: BlockNumber, weather: str) -> None: ...


class Blind(Pallet[NoEvent, NoError]):
    """Does not take what the hook gives."""

    @hookimpl
    def on_finalize(self) -> None: ...


@pytest.mark.parametrize(
    ("pallet", "message"),
    [
        (Misspelt, f"Misspelt.on_finalise is no hook; hooks are: {', '.join(HOOKS)}"),
        (Unmarked, "Unmarked.on_finalize is named like a hook, and is not marked @hookimpl"),
        (Waiting, "Waiting.on_finalize is async, and a hook cannot wait"),
        (Curious, "Curious.on_finalize is written (self, now, weather), and the hook is (self, now)"),
        (Blind, "Blind.on_finalize is written (self), and the hook is (self, now)"),
        (First, "First.on_finalize is marked tryfirst, and the order of hooks is the chain spec's alone"),
        (Last, "Last.on_finalize is marked trylast, and the order of hooks is the chain spec's alone"),
        (Around, "Around.on_finalize is marked wrapper, and the order of hooks is the chain spec's alone"),
    ],
)
def test_odd_hooks_are_refused_by_name(pallet: type[Pallet[Any, Any]], message: str) -> None:
    assert refusal_of(lambda: with_pallet(pallet)) == message


# Declarations.


class Untyped(Pallet[NoEvent, NoError]):
    """Stores who knows what."""

    total = StorageValue(default=0)


class Plain(Pallet[NoEvent, NoError]):
    """Stores an int of no width."""

    total = StorageValue[int](default=0)


class Speechless(Pallet[NoEvent, NoError]):
    """Has a call whose argument has no type."""

    @call(index=0, weight=db())
    def say(self, origin: Signed, what) -> None:  # type: ignore[no-untyped-def]
        ...


class Promising(Pallet[NoEvent, NoError]):
    """Promises twice."""

    @invariant("P1", "one")
    def one(self) -> str | None: ...

    @invariant("P1", "two")
    def two(self) -> str | None: ...


class Impostor(Pallet[NoEvent, NoError]):
    """Answers what the chain answers."""

    @runtime_api("Core", version=1)
    def version(self) -> U32:
        return 0


@pytest.mark.parametrize(
    ("pallet", "message"),
    [
        (Untyped, "Untyped: storage 'total' names no types: write StorageValue[...](...)"),
        (Plain, "Plain: int has no SCALE encoding: use U8 to U256 or I8 to I256"),
        (Speechless, "Speechless: Speechless.say: parameter 'what' names no type"),
        (Promising, "Promising declares invariant P1, and another pallet did already"),
    ],
)
def test_declarations_that_are_not_whole_are_refused_by_name(
    pallet: type[Pallet[Any, Any]], message: str
) -> None:
    assert refusal_of(lambda: with_pallet(pallet)) == message


def test_a_runtime_api_has_one_version_and_one_owner() -> None:
    message = refusal_of(lambda: with_pallet(Impostor))
    assert message.startswith("Core has version ")
    assert message.endswith(" in Core and 1 in Impostor")
