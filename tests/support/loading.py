"""Small chains that a loader test makes, and the message of those that it does not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from pallets.system import System
from pallets.timestamp import Timestamp
from runtime.frame import (
    Pallet,
)
from runtime.lifecycle import LoadError
from runtime.loader import load
from runtime.runtime import Runtime
from runtime.spec import EXTENSIONS, Found, RuntimeSpec, SeatSpec

BASIC = (SeatSpec(index=0, pallet="System"), SeatSpec(index=1, pallet="Timestamp"))


def load_with(*more: SeatSpec, pallets: tuple[type[Pallet[Any, Any]], ...] = (), **spec: Any) -> Runtime:
    """A chain of System, Timestamp and `more`; installed are these and `pallets`."""
    found = {each.__name__: Found(pallet=each) for each in (System, Timestamp, *pallets)}
    given: dict[str, Any] = {
        "spec_version": 1,
        "pallets": (*BASIC, *more),
        "extensions": EXTENSIONS[:-1],
    } | spec
    return load(RuntimeSpec(**given), found)


def refusal_of(work: Callable[[], object]) -> str:
    with pytest.raises(LoadError) as refusal:
        work()
    return str(refusal.value)


def with_pallet(pallet: type[Pallet[Any, Any]], **seat: Any) -> Runtime:
    return load_with(SeatSpec(index=9, pallet=pallet.__name__, **seat), pallets=(pallet,))
