"""How a distribution offers its pallets: `register_pallets = register(MyPallet)` in the module of its entry
point.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from runtime.frame.pallet import Pallet


def register(*pallets: type[Pallet[Any, Any]]) -> Callable[[], tuple[type[Pallet[Any, Any]], ...]]:
    """What an entry point in the group `pallets` must have as `register_pallets`."""

    def register_pallets() -> tuple[type[Pallet[Any, Any]], ...]:
        return pallets

    return register_pallets
