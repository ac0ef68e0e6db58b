"""Utility: several calls at once, and calls on another authority."""

from pallets.utility.pallet import Utility
from runtime.frame import register

register_pallets = register(Utility)

__all__ = ["Utility"]
