"""What a call reads and writes, counted."""

from __future__ import annotations

from typing import Any, cast

from node.bench.weights import Counting, Open
from runtime.frame import Call, Origin, PostInfo
from runtime.testing import TestChain


def weigh(chain: TestChain, call: Call, origin: Origin) -> tuple[int, int, PostInfo]:
    """How many keys a call reads and writes, and what it reports; nothing of it stays."""
    host, overlay = chain.host, chain.host.overlay
    host.overlay = counting = Counting(Open(cast("Any", chain)))
    try:
        info = host.dispatch(call, origin)
    finally:
        host.overlay = overlay
    return len(counting.looked), len(dict(counting.changes())), info
