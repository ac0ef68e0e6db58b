"""The band: how far what a change does may differ from what it was seen to do when its decision began.

The world moves in the weeks between, and figures move with it; that is no fault of the change. So what is
compared is not where the figures stand, but the *effect*: the end of the block with the change, less the end
of the same block without it. And since an effect grows with the chain (a step of kappa frees, or binds, a
part of E), coins and capacity are compared as parts of all coins.

An effect may differ from the recorded one by a quarter of it, or by a hundredth of all coins (24 hours, of a
wait), whichever is more, either way: what was voted on is what happens. A change that does more good than
was said is another change than the one that was decided.

The mode and the providers that become Deficient are in no band: there the rule is that they may not get
worse at all.
"""

from __future__ import annotations

from typing import Final

from governance.whatif import types as t
from governance.whatif.types import Effect, Figure, Look
from runtime.frame.governance import Outlook
from runtime.types.fixed import PPB

SHARE_PERCENT: Final = 25
"""How far an effect may differ from the recorded one, in percent of that."""
FLOOR_PPB: Final = PPB // 100
"""How far it may differ however small the recorded one is, in parts of all coins; of coverage, as it is."""
FLOOR_HOURS: Final = 24
"""The same of the longest wait."""
_LOW: Final = -(1 << 127)
_HIGH: Final = (1 << 127) - 1
_UNSEEN: Final = (t.BlockBroken, t.CallRefused, t.CallBroken, t.InvariantBroken, t.EndBroken)
"""Refusals behind which nobody saw where the change leads."""


def effect_of(look: Look) -> Effect | None:
    """What a change was seen to do; None if it did not come so far."""
    return None if isinstance(look.refusal, _UNSEEN) else effect(look.before, look.after)


def effect(before: Outlook, after: Outlook) -> Effect:
    """What lies between two ends of one block. What is too large for its type is the largest there is."""
    coins = max(1, before.supply)
    return Effect(
        supply=_part(after.supply - before.supply, coins),
        effective=_part(after.effective - before.effective, coins),
        coverage=after.coverage_ppb - before.coverage_ppb,
        margin=_part(after.margin - before.margin, coins),
        wait=after.wait_hours - before.wait_hours,
        headroom=_part(after.headroom - before.headroom, coins),
    )


def outside(recorded: Effect, found: Effect) -> tuple[Figure, int, int] | None:
    """The first figure that leaves the band, with its recorded effect and the one that was found; None if
    there is none.
    """
    for figure in Figure:
        name = figure.name.lower()
        was, now = getattr(recorded, name), getattr(found, name)
        if abs(now - was) > allowed(figure, was):
            return figure, was, now
    return None


def allowed(figure: Figure, recorded: int) -> int:
    """How far an effect may differ from the recorded one, rounded down."""
    floor = FLOOR_HOURS if figure == Figure.Wait else FLOOR_PPB
    return max(floor, abs(recorded) * SHARE_PERCENT // 100)


def _part(amount: int, coins: int) -> int:
    return max(_LOW, min(_HIGH, amount * PPB // coins))
