"""Ledger: every coin is somebody's debt, and every burn names the debt that it cancels."""

from pallets.ledger.pallet import Ledger
from runtime.frame import register

register_pallets = register(Ledger)

__all__ = ["Ledger"]
