"""Proxy: keys that act for an account, each within what its type allows."""

from pallets.proxy.pallet import Proxy
from runtime.frame import register

register_pallets = register(Proxy)

__all__ = ["Proxy"]
