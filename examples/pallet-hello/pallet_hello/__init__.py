"""Hello: accounts say hello, and are counted."""

from pallet_hello.pallet import Hello
from runtime.frame import register

register_pallets = register(Hello)

__all__ = ["Hello"]
