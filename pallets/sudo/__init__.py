"""Sudo: one key that is Root, for development chains."""

from pallets.sudo.pallet import Sudo
from runtime.frame import register

register_pallets = register(Sudo)

__all__ = ["Sudo"]
