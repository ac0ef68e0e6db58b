"""Providers: who has proven compute, what stands behind their debts, and when they are deficient."""

from pallets.providers.pallet import Providers
from runtime.frame import register

register_pallets = register(Providers)

__all__ = ["Providers"]
