"""Authorities: who validates in each epoch, with which keys, and who proposed each block."""

from pallets.authorities.pallet import Authorities
from runtime.frame import register

register_pallets = register(Authorities)

__all__ = ["Authorities"]
