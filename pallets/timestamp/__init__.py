"""Timestamp: the time of each block, set by its author as an inherent."""

from pallets.timestamp.pallet import DRIFT_MS_MAX, Timestamp
from runtime.frame import register

register_pallets = register(Timestamp)

__all__ = ["DRIFT_MS_MAX", "Timestamp"]
