"""Multisig: accounts that several answer for."""

from pallets.multisig.pallet import Multisig
from runtime.frame import register

register_pallets = register(Multisig)

__all__ = ["Multisig"]
