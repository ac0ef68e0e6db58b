"""Issuance: coins are minted against measured capacity, and vest as it is proven again."""

from pallets.issuance.pallet import Issuance
from runtime.frame import register

register_pallets = register(Issuance)

__all__ = ["Issuance"]
