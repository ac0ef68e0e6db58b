"""Who agrees on a chain's blocks, asked of its states: whatever pallet answers."""

from __future__ import annotations

from typing import Any

from runtime.frame.api import UnknownMethod
from runtime.runtime import Runtime
from runtime.scale import U32, codec_of
from runtime.simplex import Committee
from runtime.state.backend import State


def committee_after(runtime: Runtime, state: State) -> Committee | None:
    """The committee that decides on the block built over `state`; that of an epoch's last block names the
    next epoch's. None on a chain without validators.
    """
    found: Committee | None = _ask(runtime, state, "SimplexApi_committee_after", Committee)
    return found


def blocks_per_epoch(runtime: Runtime, state: State) -> int | None:
    """L: epoch e is the blocks e L + 1 to (e + 1) L. None on a chain without validators."""
    found: int | None = _ask(runtime, state, "SimplexApi_blocks_per_epoch", U32)
    return found


def _ask(runtime: Runtime, state: State, method: str, answer: Any) -> Any:
    """What the runtime says over `state`; a block under construction goes on as if nobody had asked."""
    host = runtime.host
    before = host.overlay, host.number, host.phase
    runtime.over(state)
    try:
        return codec_of(answer).decode(runtime.apis.call(method, b""))
    except UnknownMethod:
        return None
    finally:
        host.overlay, host.number, host.phase = before
