"""Beacon: public randomness of a development chain, one value a block, signed by its author."""

from pallets.beacon.pallet import ENGINE, Beacon, message
from runtime.frame import register

register_pallets = register(Beacon)

__all__ = ["ENGINE", "Beacon", "message"]
