"""Redemption: a coin is exchanged in kind, for an hour of standard compute, and burned."""

from pallets.redemption.pallet import Redemption
from runtime.frame import register

register_pallets = register(Redemption)

__all__ = ["Redemption"]
