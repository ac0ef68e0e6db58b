"""Standards: what one SCU-h of work is, and what a unit of each class yields."""

from pallets.standards.pallet import Standards
from runtime.frame import register

register_pallets = register(Standards)

__all__ = ["Standards"]
