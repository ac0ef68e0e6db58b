"""Preimages: the encodings of calls that are named by their hash before they run."""

from governance.preimages.pallet import Preimage
from runtime.frame import register

register_pallets = register(Preimage)

__all__ = ["Preimage"]
