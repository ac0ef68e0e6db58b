"""Identity: who a provider is before the law, and who has looked."""

from pallets.identity.pallet import Identity
from runtime.frame import register

register_pallets = register(Identity)

__all__ = ["Identity"]
