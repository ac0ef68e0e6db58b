"""System: accounts, blocks, events; what every chain has."""

from pallets.system.pallet import System
from runtime.frame import register

register_pallets = register(System)

__all__ = ["System"]
