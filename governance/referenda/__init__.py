"""Referenda: what holders propose, how it is decided, and what is carried out."""

from governance.referenda.pallet import Referenda
from runtime.frame import register

register_pallets = register(Referenda)

__all__ = ["Referenda"]
