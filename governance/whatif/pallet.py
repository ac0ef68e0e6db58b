"""WhatIf: looks, for whoever asks a state. It stores nothing, and nobody can call it."""

from __future__ import annotations

from typing import Final

from governance.whatif import band, simulate
from governance.whatif.types import CallRefused, Look
from runtime.frame import NoError, NoEvent, Pallet, RuntimeCall, RuntimeOrigin, constant, runtime_api
from runtime.frame.governance import Outlook, Outlooks, ParameterBook
from runtime.scale import U8, U32, U64
from runtime.types import Weight
from runtime.types.dispatch import Exhausted
from runtime.types.limits import BLOCK_MAX

SOME_REFERENDUM: Final = (1 << 32) - 1
"""Whose change it would be: that of one that is not there yet."""


class WhatIf(Pallet[NoEvent, NoError]):
    """What would be, if."""

    outlooks: Outlooks
    books: tuple[ParameterBook, ...]

    @runtime_api("WhatIfApi", version=1)
    def outlook(self) -> Outlook:
        """Where the coin stands."""
        return self.outlooks.outlook()

    @runtime_api("WhatIfApi", version=1)
    def look(self, call: RuntimeCall, origin: RuntimeOrigin) -> Look:
        """What a call would do to the coin, were it made on that authority in the next block, and all alone;
        one that no block has room for is not run.
        """
        self.host.number += 1  # a block that has ended cannot end again: the next one does
        if not simulate.weight_of(call).fits(BLOCK_MAX):
            here = self.outlooks.outlook()
            return Look(here, here, (), CallRefused(Exhausted()), Weight(0, 0))
        for book in self.books:
            book.begin_change(SOME_REFERENDUM)
        return simulate.look(self.host, self.outlooks, call, origin)

    @constant
    def look_weight(self) -> Weight:
        """What a look costs beside its call, at worst."""
        return simulate.LOOK

    @constant
    def band_share_percent(self) -> U8:
        """How far an effect may differ from the recorded one, in percent of that."""
        return band.SHARE_PERCENT

    @constant
    def band_floor_ppb(self) -> U64:
        """How far it may differ in any case, in parts per billion of all coins."""
        return band.FLOOR_PPB

    @constant
    def band_floor_hours(self) -> U32:
        """The same of the longest wait, in hours."""
        return band.FLOOR_HOURS
