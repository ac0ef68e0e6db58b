"""Solvency: how sound the coin is, judged at the end of every block and written into its header."""

from pallets.solvency.pallet import Solvency
from pallets.solvency.types import Coverage
from runtime.frame import register

register_pallets = register(Solvency)

__all__ = ["Coverage", "Solvency"]
