"""Balances: who owns how much of the coin, and the one way it moves."""

from pallets.balances.pallet import Balances
from runtime.frame import register

register_pallets = register(Balances)

__all__ = ["Balances"]
