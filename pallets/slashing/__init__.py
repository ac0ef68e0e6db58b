"""Slashing: what a provider's faults cost it."""

from pallets.slashing.pallet import Slashing
from runtime.frame import register

register_pallets = register(Slashing)

__all__ = ["Slashing"]
