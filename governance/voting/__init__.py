"""ConvictionVoting: coins that stand still vote, and may be lent to another's voice."""

from governance.voting.pallet import ConvictionVoting
from runtime.frame import register

register_pallets = register(ConvictionVoting)

__all__ = ["ConvictionVoting"]
