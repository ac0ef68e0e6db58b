"""The urns: who is drawn to serve, by lot, with the weight of its debt.

An issuer has a lot as long as it owes coins, in the urn of its region and in that of all regions. Its weight
is its debt, and nothing while it can take no ticket. Those that drain have urns of their own, which are drawn
from before the others', or after them for a ticket that failed. Drawing goes without putting back until one
is drawn that can serve. Whom of several that can it finds has therefore the probability of its weight among
theirs, however many that cannot are drawn before,

    P(i) = m_i / (sum of m_j over all j that can serve)

Weights stand in pages of 32, under one page with their sums: to move a weight writes two pages in each of two
urns, to draw reads two, with 1,024 issuers as with one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Final

from pallets.redemption import types as t
from pallets.redemption.types import LOTS_MAX, PAGE
from runtime.crypto.hashing import blake2b_256
from runtime.frame import Pallet, StorageDoubleMap, StorageMap, Twox64Concat
from runtime.frame.coin import Region
from runtime.scale import U8, U16
from runtime.types import AccountId, Balance

EMPTY: Final = (0,) * PAGE
EVERYWHERE: Final = 0
"""As a region: all of them."""


class Urns(Pallet[t.RedemptionEvent, t.RedemptionError]):
    """The lots of all issuers."""

    lots = StorageMap[AccountId, t.Lot](doc="Where each issuer's weight stands.")
    holders = StorageDoubleMap[t.Urn, U16, AccountId](
        hashers=(Twox64Concat, Twox64Concat), doc="Whose lot stands at each place of each urn."
    )
    sizes = StorageMap[t.Urn, U16](default=0, hasher=Twox64Concat, doc="How many lots each urn holds.")
    pages = StorageDoubleMap[t.Urn, U8, t.Weights](
        default=EMPTY,
        hashers=(Twox64Concat, Twox64Concat),
        doc="The weights of each urn, by urn and page.",
    )
    sums = StorageMap[t.Urn, t.Weights](
        default=EMPTY, hasher=Twox64Concat, doc="What the weights of each page are together, by urn."
    )

    def _weigh(self, who: AccountId, region: Region, weight: Balance, *, drains: bool) -> None:
        """Give the issuer lots of this weight."""
        lot = self.lots.get(who)
        if lot is not None and (lot.region, lot.drains) != (region, drains):
            self._take_out(who)
            lot = None
        if lot is None:
            lot = t.Lot(region, drains, 0, 0)
            everywhere, at_home = (self._put_in(who, urn) for urn in lot.urns)
            lot = lot.replace(everywhere=everywhere, at_home=at_home)
            self.lots[who] = lot
        for urn, place in lot.places:
            self._write(urn, place, weight)

    def _take_out(self, who: AccountId) -> None:
        """Take the issuer's lots away, if it has any; the last lot of an urn takes the place that is free."""
        lot = self.lots.get(who)
        if lot is None:
            return
        del self.lots[who]
        for urn, place in lot.places:
            last = self.sizes[urn] - 1
            if place != last:
                self._move(urn, last, place)
            self._write(urn, last, 0)
            del self.holders[urn, last]
            if last:
                self.sizes[urn] = last
            else:
                del self.sizes[urn]

    def _put_in(self, who: AccountId, urn: t.Urn) -> int:
        place = self.sizes[urn]
        assert place < LOTS_MAX, "there are no more issuers than lots"
        self.sizes[urn] = place + 1
        self.holders[urn, place] = who
        return place

    def _move(self, urn: t.Urn, source: int, dest: int) -> None:
        """Move a lot to another place of its urn."""
        who = self.holders[urn, source]
        self.holders[urn, dest] = who
        moved = {"everywhere" if urn.region == EVERYWHERE else "at_home": dest}
        self.lots[who] = self.lots[who].replace(**moved)
        self._write(urn, dest, self._weight_at(urn, source))

    def _weight_at(self, urn: t.Urn, place: int) -> Balance:
        page, at = divmod(place, PAGE)
        return self.pages[urn, page][at]

    def _write(self, urn: t.Urn, place: int, weight: Balance) -> None:
        page, at = divmod(place, PAGE)
        weights = self.pages[urn, page]
        moved = weight - weights[at]
        if moved:
            self.pages[urn, page] = (*weights[:at], weight, *weights[at + 1 :])
            sums = self.sums[urn]
            self.sums[urn] = (*sums[:page], sums[page] + moved, *sums[page + 1 :])

    def _has_issuers(self, region: Region) -> bool:
        """Whether anybody in a region owes coins."""
        return any(self.sizes[t.Urn(region, drains)] for drains in (True, False))

    def _drawn(self, region: Region, seed: bytes, *, drain_first: bool = True) -> Iterator[AccountId]:
        """The issuers of a region with a weight, as they are drawn, those that drain before all others or
        after them. The bias of 256 bits against a weight is below 2^-128.
        """
        number = 0
        for drains in (drain_first, not drain_first):
            urn = t.Urn(region, drains)
            draw = Draw(self.sums[urn], partial(self._page, urn))
            while draw.total:
                lot = int.from_bytes(blake2b_256(seed + number.to_bytes(4, "little")), "little")
                yield self.holders[urn, draw.take(lot % draw.total)]
                number += 1

    def _page(self, urn: t.Urn, page: int) -> tuple[int, ...]:
        return self.pages[urn, page]


class Draw:
    """Drawing from weights without putting back."""

    def __init__(self, sums: tuple[int, ...], page_of: Callable[[int], tuple[int, ...]]) -> None:
        self._sums = list(sums)
        self._page_of = page_of
        self._pages: dict[int, list[int]] = {}
        self.total = sum(sums)
        """The weights that are left in the urn."""

    def take(self, lot: int) -> int:
        """The place on which a lot in [0, total) falls; its weight is gone then."""
        page, lot = _find(self._sums, lot)
        if page not in self._pages:
            self._pages[page] = list(self._page_of(page))
        weights = self._pages[page]
        at, _ = _find(weights, lot)
        self.total -= weights[at]
        self._sums[page] -= weights[at]
        weights[at] = 0
        return page * PAGE + at


def _find(weights: list[int], lot: int) -> tuple[int, int]:
    """On which of the weights, laid end to end, a lot falls, and how far into it."""
    for at, weight in enumerate(weights):
        if lot < weight:
            return at, lot
        lot -= weight
    raise AssertionError("the lot is less than all weights together")
