"""Offences: evidence against validators, and what it costs them."""

from pallets.offences.pallet import Offences
from runtime.frame import register

register_pallets = register(Offences)

__all__ = ["Offences"]
