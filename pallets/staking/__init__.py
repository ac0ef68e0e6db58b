"""Staking: the coins with which validators answer for what they sign, and their election."""

from pallets.staking.pallet import Staking
from runtime.frame import register

register_pallets = register(Staking)

__all__ = ["Staking"]
