"""Looks: what a call would do to the coin, seen by doing it and undoing it.

    open layer -> end the block, read, undo -> dispatch -> end the block, read, undo -> judge -> undo, or keep

The call really runs, over what the block has written so far, and the block really ends behind it: closing
hooks, every invariant. What is judged is the difference that the call makes to this one block. Nothing of a
look remains, neither state nor events; of an enactment the call remains, if nothing speaks against it.

Neither raises for a call that is wrong: a hook may look, and a proposal that is broken stops no chain.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from governance.whatif import types as t
from governance.whatif.band import effect, outside
from runtime.frame import Call, DispatchError, Exhausted, Host, InvalidBlock, Origin
from runtime.frame.governance import Outlook, Outlooks
from runtime.frame.invalid import InvariantBroken
from runtime.state.overlay import LayersTooDeep
from runtime.types import AccountId, Weight, db

LOOK: Final = db(reads=6_144, compute=200_000_000_000)
"""What a look costs beside its call, at worst: the block ends twice, and each time all 1,024 providers are
judged, a committee is elected, and the 20,000 values that a full block can write are compared with what was
before. Measured on AMD EPYC, CPython 3.11: 140 ms, all of it read already.
"""
_OUTSIDE: Final = (MemoryError, RecursionError)
"""What is the machine's fault, and no pallet's."""


class _Seen(NamedTuple):
    """The end of the block."""

    outlook: Outlook
    falling: tuple[AccountId, ...]


def weight_of(call: Call) -> Weight:
    """What a look at a call, or its enactment, costs at most."""
    return LOOK + call.weight


def look(host: Host, outlooks: Outlooks, call: Call, origin: Origin) -> t.Look:
    """What would happen if the call ran now on the authority of `origin`, and then the block ended. Raises
    `Exhausted` where storage layers nest too deep to look.
    """
    return _run(host, outlooks, call, origin, None, keeps=False)


def enact(host: Host, outlooks: Outlooks, call: Call, origin: Origin, band: t.Effect | None = None) -> t.Look:
    """Run the call, and keep what it did if the block could end with it, no mode is worse and no provider
    Deficient by it, and, where a `band` was recorded, its effect is within it; else nothing remains, and
    `refusal` says why. Raises `Exhausted` as `look` does.
    """
    return _run(host, outlooks, call, origin, band, keeps=True)


def _run(
    host: Host, outlooks: Outlooks, call: Call, origin: Origin, band: t.Effect | None, *, keeps: bool
) -> t.Look:
    overlay = host.overlay
    try:
        mark = overlay.open()
    except LayersTooDeep:
        raise Exhausted from None
    try:
        found = _try(host, outlooks, call, origin, band)
    except BaseException:
        overlay.undo(mark)
        raise
    if keeps and found.refusal is None:
        overlay.keep(mark)
    else:
        overlay.undo(mark)
    return found


def _try(host: Host, outlooks: Outlooks, call: Call, origin: Origin, band: t.Effect | None) -> t.Look:
    """Run the call between two looks at the end of the block, and judge it."""
    before = _at_end(host, outlooks)
    if isinstance(before, t.Refusal):
        here = outlooks.outlook()
        return t.Look(here, here, (), t.BlockBroken(_text(str(before))), LOOK)
    used, refusal = _dispatch(host, call, origin)
    after = before
    if refusal is None:
        end = _at_end(host, outlooks)
        if isinstance(end, t.Refusal):
            refusal = end
        else:
            after = end
    anyhow = dict.fromkeys(before.falling)
    fallen = tuple(who for who in after.falling if who not in anyhow)
    if refusal is None:
        refusal = _judge(before.outlook, after.outlook, fallen, band)
    return t.Look(before.outlook, after.outlook, fallen[: t.NAMED_MAX], refusal, LOOK + used)


def _dispatch(host: Host, call: Call, origin: Origin) -> tuple[Weight, t.Refusal | None]:
    """Run the call; what it used, and what was wrong with it. What it wrote fits its types, or is undone."""
    overlay = host.overlay
    mark = overlay.open()
    try:
        used = host.dispatch_apart(call, origin).weight_of(call)
        overlay.try_encode(mark)
    except DispatchError as error:
        overlay.undo(mark)
        return call.weight, t.CallRefused(host.failure(error))
    except _OUTSIDE:
        overlay.undo(mark)
        raise
    except Exception as cause:  # noqa: BLE001 - a broken proposal is refused, and stops no chain
        overlay.undo(mark)
        return call.weight, t.CallBroken(_text(f"{call}: {type(cause).__name__}"))
    overlay.keep(mark)
    return used, None


def _at_end(host: Host, outlooks: Outlooks) -> _Seen | t.Refusal:
    """The end of the block as it stands; or why it cannot end so."""
    try:
        return host.at_end(lambda: _Seen(outlooks.outlook(), outlooks.falling()))
    except InvariantBroken as broken:
        return t.InvariantBroken(_text(broken.name), _text(broken.figures))
    except InvalidBlock as broken:
        return t.EndBroken(_text(str(broken)))
    except _OUTSIDE:
        raise
    except Exception as cause:  # noqa: BLE001 - what breaks an end is refused, and stops no chain
        return t.EndBroken(_text(type(cause).__name__))


def _judge(
    before: Outlook, after: Outlook, fallen: tuple[AccountId, ...], band: t.Effect | None
) -> t.Refusal | None:
    """What speaks against a change that the block could end with."""
    if after.mode > before.mode:
        return t.WorseMode(before.mode, after.mode)
    if fallen:
        return t.MadeDeficient(len(fallen), fallen[0])
    left = None if band is None else outside(band, effect(before, after))
    return None if left is None else t.OutOfBand(*left)


def _text(said: str) -> str:
    """As much of a text as is kept."""
    return said.encode()[: t.TEXT_MAX].decode(errors="ignore")
