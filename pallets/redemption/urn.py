"""The urns: who is drawn to serve, by lot, with the weight of its debt.

An issuer has a lot in one of two urns as long as it owes coins: in the first if it drains, and the first is
drawn from before the second. Its weight is its debt, and nothing while it can take no ticket. Drawing goes
without putting back until one is drawn that can serve. Whom of several that can it finds has therefore the
probability of its weight among theirs, however many that cannot are drawn before:

    P(i) = m_i / (sum of m_j over all j that can serve)

Weights stand in pages of 32, under one page with their sums: to move a weight writes two pages, to draw
reads two, with 1,024 issuers as with one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from pallets.redemption import types as t
from pallets.redemption.types import LOTS_MAX, PAGE
from runtime.crypto.hashing import blake2b_256
from runtime.frame import Pallet, StorageDoubleMap, StorageMap, Twox64Concat
from runtime.frame.coin import Region
from runtime.scale import U8, U16, U32
from runtime.types import AccountId, Balance

DRAINING: Final = 0
OTHERS: Final = 1
EMPTY: Final = (0,) * PAGE


class Urns(Pallet[t.RedemptionEvent, t.RedemptionError]):
    """The lots of all issuers."""

    lots = StorageMap[AccountId, t.Lot](doc="Where each issuer's weight stands.")
    holders = StorageDoubleMap[U8, U16, AccountId](
        hashers=(Twox64Concat, Twox64Concat), doc="Whose lot stands at each place of each urn."
    )
    sizes = StorageMap[U8, U16](default=0, hasher=Twox64Concat, doc="How many lots each urn holds.")
    pages = StorageDoubleMap[U8, U8, t.Weights](
        default=EMPTY,
        hashers=(Twox64Concat, Twox64Concat),
        doc="The weights of each urn, by urn and page.",
    )
    sums = StorageMap[U8, t.Weights](
        default=EMPTY, hasher=Twox64Concat, doc="What the weights of each page are together, by urn."
    )
    regions = StorageMap[Region, U32](
        default=0, hasher=Twox64Concat, doc="How many issuers that owe coins stand in each region."
    )

    def _weigh(self, who: AccountId, urn: int, region: Region, weight: Balance) -> None:
        """Give the issuer a lot of this weight in this urn, and in no other."""
        lot = self.lots.get(who)
        if lot is not None and lot.urn != urn:
            self._take_out(who)
            lot = None
        if lot is None:
            lot = self._put_in(who, urn, region)
        self._write(lot.urn, lot.place, weight)

    def _put_in(self, who: AccountId, urn: int, region: Region) -> t.Lot:
        place = self.sizes[urn]
        assert place < LOTS_MAX, "there are no more issuers than lots"
        lot = t.Lot(urn, place, region)
        self.sizes[urn] = place + 1
        self.holders[urn, place] = who
        self.lots[who] = lot
        self.regions[region] += 1
        return lot

    def _take_out(self, who: AccountId) -> None:
        """Take the issuer's lot away, if it has one; the last lot of the urn takes its place."""
        lot = self.lots.get(who)
        if lot is None:
            return
        last = self.sizes[lot.urn] - 1
        if lot.place != last:
            other = self.holders[lot.urn, last]
            self.holders[lot.urn, lot.place] = other
            self.lots[other] = self.lots[other].replace(place=lot.place)
            self._write(lot.urn, lot.place, self._weight_at(lot.urn, last))
        self._write(lot.urn, last, 0)
        del self.holders[lot.urn, last]
        del self.lots[who]
        self.sizes[lot.urn] = last
        left = self.regions[lot.region] - 1
        if left:
            self.regions[lot.region] = left
        else:
            del self.regions[lot.region]

    def _weight_at(self, urn: int, place: int) -> Balance:
        page, at = divmod(place, PAGE)
        return self.pages[urn, page][at]

    def _write(self, urn: int, place: int, weight: Balance) -> None:
        page, at = divmod(place, PAGE)
        weights = self.pages[urn, page]
        moved = weight - weights[at]
        if moved:
            self.pages[urn, page] = (*weights[:at], weight, *weights[at + 1 :])
            sums = self.sums[urn]
            self.sums[urn] = (*sums[:page], sums[page] + moved, *sums[page + 1 :])

    def _drawn(self, urn: int, seed: bytes) -> Iterator[AccountId]:
        """The issuers of an urn with a weight, as they are drawn. The bias of 256 bits against a weight is
        below 2^-128.
        """
        draw = Draw(self.sums[urn], lambda page: self.pages[urn, page])
        number = 0
        while draw.total:
            lot = int.from_bytes(blake2b_256(seed + bytes((urn,)) + number.to_bytes(4, "little")), "little")
            yield self.holders[urn, draw.take(lot % draw.total)]
            number += 1


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
