"""Kitchen sink: a notice board that uses everything a pallet can have, once."""

from pallets.kitchensink.pallet import KitchenSink
from runtime.frame import register

register_pallets = register(KitchenSink)

__all__ = ["KitchenSink"]
