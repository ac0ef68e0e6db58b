"""The end of a block: its closing hooks, and every invariant behind them; for good, or for a look."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from runtime.executive.parts import Hook, Parts
from runtime.frame.host import PHASE_FINALIZATION
from runtime.frame.invalid import HookFailed, InvalidBlock, InvariantBroken, Unfinished
from runtime.state.overlay import Overlay

T = TypeVar("T")


class Closing:
    """Ends the block that the host stands in, for a look, and undoes it again.

    What the closing hooks settle, such as the fees on their way to their account, is settled for the look. A
    hook that misses what the author has still to put in is left out: a look may come before it.
    """

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def __call__(self, read: Callable[[], T]) -> T:
        """What `read` gives at the end. Raises `InvalidBlock`."""
        parts, host = self._parts, self._parts.host
        overlay, phase = host.overlay, host.phase
        mark = overlay.open()
        host.phase = PHASE_FINALIZATION
        try:
            for hook in parts.hooks["on_finalize"]:
                try:
                    run_hook(overlay, hook, "on_finalize", host.number)
                except Unfinished:
                    continue
            check_invariants(parts)
            return read()
        finally:
            overlay.undo(mark)
            host.phase = phase


def check_invariants(parts: Parts) -> None:
    """Look at every invariant now; raises `InvariantBroken` with the first that does not hold."""
    for invariant, run in parts.checks:
        figures = run()
        if figures is not None:
            raise InvariantBroken(invariant.name, invariant.promise, figures)


def run_hook(overlay: Overlay, hook: Hook, name: str, *given: Any) -> Any:
    """What a hook gives, run in a storage layer of its own. Raises `InvalidBlock`."""
    result: list[Any] = []
    in_layer(overlay, lambda: result.append(hook.run(*given)), hook.pallet, name)
    return result[0]


def in_layer(overlay: Overlay, work: Callable[[], None], pallet: str, hook: str) -> None:
    """Do the work of a hook in a storage layer of its own. Raises `InvalidBlock`, and `HookFailed` for all
    else that the hook raises.
    """
    mark = overlay.open()
    try:
        work()
    except InvalidBlock:
        overlay.undo(mark)
        raise
    except Exception as cause:
        overlay.undo(mark)
        raise HookFailed(pallet, hook, f"{type(cause).__name__}: {cause}") from cause
    try:
        overlay.keep(mark)
    except Exception as cause:
        raise HookFailed(pallet, hook, f"{type(cause).__name__}: {cause}") from cause
