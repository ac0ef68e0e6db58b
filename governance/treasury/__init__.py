"""Treasury: coins for the common good, spent by vote."""

from governance.treasury.pallet import Treasury
from runtime.frame import register

register_pallets = register(Treasury)

__all__ = ["Treasury"]
