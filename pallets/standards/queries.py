"""Questions about standards that anybody may ask of a state: every one that ever was in force, in pages."""

from __future__ import annotations

from typing import Annotated, Final

from pallets.standards import types as t
from pallets.standards.ratings import FIRST, Ratings
from runtime.frame import StorageOption, runtime_api
from runtime.frame.coin import COIN_API, COIN_API_VERSION
from runtime.scale import U32, Doc, Max, Struct

PAGE_MAX: Final = 256
"""The most standards of one answer."""


class StandardInfo(Struct):
    """A standard with its number."""

    number: U32
    standard: t.Standard


class StandardsPage(Struct):
    """Some standards, the newest first, and what keeps the last one from moving."""

    items: Annotated[tuple[StandardInfo, ...], Max(PAGE_MAX)]
    following: Annotated[U32 | None, Doc("The latest standard of the next page, if there is one.")]
    held: Annotated[t.Held | None, Doc("Why the last daily step was not taken, if it should have been.")]
    lag: Annotated[t.Lag | None, Doc("How far the standard lags behind, if by more than a quarter.")]


class Queries(Ratings):
    """What was promised, and when."""

    held = StorageOption[t.Held](doc="Why the last daily step was not taken, if it should have been.")
    lag = StorageOption[t.Lag](doc="How far the standard lags behind, if by more than a quarter.")

    @runtime_api(COIN_API, version=COIN_API_VERSION)
    def query_standards(self, latest: U32 | None, limit: U32) -> StandardsPage:
        """At most `limit` standards, and 256 at most, from `latest` down, or from the one in force."""
        top = self.current if latest is None else min(latest, self.current)
        end = max(FIRST - 1, top - min(limit, PAGE_MAX))
        items = tuple(StandardInfo(number, self.standards[number]) for number in range(top, end, -1))
        return StandardsPage(items, end if items and end >= FIRST else None, self.held, self.lag)
