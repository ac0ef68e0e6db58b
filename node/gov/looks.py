"""Looks in words and as plain values: what a change would do to the coin, and why it may not."""

from __future__ import annotations

from typing import Any

from governance.whatif import Look, Refusal
from governance.whatif import types as w
from node.client.shapes import name_refusal
from node.plain import PlainWriter
from runtime.frame.governance import Outlook


def refusal_words(plain: PlainWriter, refusal: Refusal) -> str:
    """Why nothing of a change may remain, in a sentence."""
    match refusal:
        case w.BlockBroken(what=what):
            return f"the block could not end even without it: {what}"
        case w.CallRefused(error=error):
            return f"the call is refused: {name_refusal(plain.runtime, error)}"
        case w.CallBroken(what=what):
            return f"the call breaks: {what}"
        case w.InvariantBroken(name=name, figures=figures):
            return f"invariant {name} would not hold: {figures}"
        case w.EndBroken(what=what):
            return f"the block could not end with it: {what}"
        case w.WorseMode(before=before, after=after):
            return f"the mode would be {after.name} instead of {before.name}"
        case w.MadeDeficient(count=count, first=first):
            return f"it would make {count} providers Deficient, {plain.address(first)} first"
        case w.OutOfBand(figure=figure, recorded=recorded, found=found):
            return f"{figure.name} would move by {found:,} and not by {recorded:,}, as was seen before"
        case _:
            return str(plain.record(refusal))


def plain_look(plain: PlainWriter, look: Look) -> dict[str, Any]:
    """A look for programs."""
    refusal = look.refusal
    return {
        "before": _plain_outlook(look.before),
        "after": _plain_outlook(look.after),
        "madeDeficient": [plain.address(each) for each in look.made_deficient],
        "refusal": None if refusal is None else plain.record(refusal),
        "why": None if refusal is None else refusal_words(plain, refusal),
    }


def _plain_outlook(outlook: Outlook) -> dict[str, Any]:
    return {
        "supply": outlook.supply,
        "effective": outlook.effective,
        "coveragePpb": outlook.coverage_ppb,
        "margin": outlook.margin,
        "waitHours": outlook.wait_hours,
        "headroom": outlook.headroom,
        "mode": outlook.mode.name,
        "deficient": outlook.deficient,
    }
