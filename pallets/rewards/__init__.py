"""Rewards: fees are shared out, to the reserve first, then to those who make the coin work."""

from pallets.rewards.pallet import Rewards
from runtime.frame import register

register_pallets = register(Rewards)

__all__ = ["Rewards"]
