"""How the node uses Python's garbage collector."""

from __future__ import annotations

import gc
from typing import Final

YOUNG_MAX: Final = 100_000
MIDDLE_MAX: Final = 50
OLD_MAX: Final = 100


def settle_collector() -> None:
    """Leave what is alive now out of collections, and collect seldom.

    The chain's records, change sets and trie nodes hold no cycles: they go when their last holder lets go of
    them. With the usual thresholds a block's worth of them sets off collections that walk all that the caches
    hold.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG_MAX, MIDDLE_MAX, OLD_MAX)
