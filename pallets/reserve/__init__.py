"""Reserve: the coins of everybody, which cancel the debts that nobody serves any more."""

from pallets.reserve.pallet import Reserve
from runtime.frame import register

register_pallets = register(Reserve)

__all__ = ["Reserve"]
