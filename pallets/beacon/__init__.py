"""Beacon: public randomness, one value a block; the validators' own, and a development chain's."""

from pallets.beacon.dev import DevBeacon, dev_message
from pallets.beacon.pallet import Beacon, message
from pallets.beacon.wheel import ENGINE
from runtime.frame import register

register_pallets = register(Beacon, DevBeacon)

__all__ = ["ENGINE", "Beacon", "DevBeacon", "dev_message", "message"]
