"""Reserve: the coins of everybody, which cancel the debts that nobody serves any more.

What comes here is fees until the reserve has its target, and their twentieth after that; what slashes leave;
what a banned provider leaves; and dust. At the start of each block, before redemption, min(R, O) of them are
burned against orphan debt, so that a loss meets the reserve before it meets those who redeem.
"""

from __future__ import annotations

from runtime.frame import NoError, NoEvent, Pallet, Parameter, hookimpl
from runtime.frame.coin import Ledger
from runtime.scale import U64
from runtime.types import Balance, BlockNumber, Weight, db
from runtime.types.fixed import PPB, mul_div_ceil


class Reserve(Pallet[NoEvent, NoError]):
    """The coins of everybody."""

    ledger: Ledger

    target_ppb = Parameter[U64](
        default=50_000_000,
        bounds=(30_000_000, 200_000_000),
        track="reserve",
        safer="up",
        doc="The part of all coins that the reserve holds before anybody else gets of the fees.",
    )

    @hookimpl
    def on_initialize(self, now: BlockNumber) -> Weight:
        """Burn what the reserve can spare against orphan debt."""
        self.attempt(self._offset)
        return db(reads=4, writes=4)

    # runtime.frame.coin.ReserveFund

    def lacking_now(self) -> Balance:
        target = mul_div_ceil(self.ledger.total_supply(), self.target_ppb, PPB)
        return max(0, target - self.ledger.reserve_balance())

    def _offset(self) -> None:
        self.ledger.offset_orphaned()
