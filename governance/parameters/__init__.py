"""Parameters: the registry of what governance may move, and the one call that moves it."""

from governance.parameters.pallet import Parameters
from runtime.frame import register

register_pallets = register(Parameters)

__all__ = ["Parameters"]
