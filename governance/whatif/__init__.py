"""What-if: what a change would do to the coin, seen before it is decided and held to when it is enacted."""

from governance.whatif.band import effect_of
from governance.whatif.pallet import WhatIf
from governance.whatif.simulate import LOOK, enact, look, weight_of
from governance.whatif.types import Effect, Figure, Look, Refusal
from runtime.frame import register

register_pallets = register(WhatIf)

__all__ = ["LOOK", "Effect", "Figure", "Look", "Refusal", "WhatIf", "effect_of", "enact", "look", "weight_of"]
