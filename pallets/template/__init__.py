"""Template: remember one number, and who said it."""

from pallets.template.pallet import Template
from runtime.frame import register

register_pallets = register(Template)

__all__ = ["Template"]
