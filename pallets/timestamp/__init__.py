"""Timestamp: the time of each block, set by its author as an inherent."""

from pallets.timestamp.pallet import Timestamp
from runtime.frame import register

register_pallets = register(Timestamp)

__all__ = ["Timestamp"]
