"""Oracle: what compute costs and what the mainstream does, by bonded reporters, or that nobody knows."""

from pallets.oracle.pallet import Oracle, commitment_of
from runtime.frame import register

register_pallets = register(Oracle)

__all__ = ["Oracle", "commitment_of"]
