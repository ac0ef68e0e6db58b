"""Referenda in words: what one proposes, where it stands, why it was refused, what it does to the coin."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

from governance.referenda.enactment import Stage
from governance.whatif import Look
from node.cli.figures import days, ratio, scu_hours
from node.cli.words import Words, inline
from node.gov.calls import CallTree, Move, moves, tree
from node.gov.pallets import Governance
from node.gov.referenda import Phase, Proposal
from runtime.frame import Call
from runtime.frame.governance import Outlook
from runtime.scale.errors import abridged
from runtime.types.fixed import PPB

SHORT_MAX: Final = 72
"""Characters of a proposal in a list."""
ARGUMENT_MAX: Final = 200
"""Characters of each end of an argument in a tree."""
WAIT_ENDLESS: Final = (1 << 32) - 1
PPB_PATH: Final = "Ppb"
"""How the paths of parameters end that are parts per billion."""
SET_PARAMETER: Final = "Parameters.set_parameter"
COINS: Final = frozenset(
    ((None, "amount"), (None, "balance"), (None, "fee"), (None, "max_fee"), ("Balances", "value"))
)
"""Arguments that are coins, by pallet (None: any) and name; others of their type count something else."""
PHASES: Final = {
    Phase.UNPAID: "needs its decision deposit",
    Phase.PREPARING: "being prepared",
    Phase.QUEUED: "waits for a place",
    Phase.DECIDING: "being decided, does not pass",
    Phase.CONFIRMING: "passes, being confirmed",
    Phase.APPROVED: "approved, not yet enacted",
    Phase.ENACTED: "enacted",
    Phase.REFUSED: "approved, but its enactment was refused",
    Phase.REJECTED: "rejected",
    Phase.CANCELLED: "cancelled",
    Phase.TIMED_OUT: "timed out",
    Phase.KILLED: "killed",
}
STAGES: Final = {
    Stage.Submission: "at submission",
    Stage.Decision: "when its decision began",
    Stage.Enactment: "at enactment",
}


def value_words(path: str, value: int) -> str:
    """A parameter's value for people; parts per billion as percent too."""
    return f"{value:,} ({part(value)})" if path.endswith(PPB_PATH) else f"{value:,}"


def part(ppb: int) -> str:
    """Parts per billion as percent, every digit: `0.5 %`."""
    whole, rest = divmod(ppb * 100, PPB)
    digits = f"{rest:09d}".rstrip("0")
    return f"{whole:,}{'.' + digits if digits else ''} %"


def printable(text: str) -> str:
    """Words of whoever proposes: nothing in them that a terminal would obey."""
    return "".join(each if each.isprintable() else "\N{REPLACEMENT CHARACTER}" for each in text)


# What is proposed.


def summary(gov: Governance, words: Words, proposal: Proposal, values: dict[str, int]) -> str:
    """What a proposal proposes, on one short line; `values` are those of parameters now."""
    if proposal.call is None:
        return f"cannot be read: {proposal.why}"
    moved = moves(gov, proposal.call)
    text = printable("; ".join(move_words(each, values) for each in moved) or _short(words, proposal.call))
    return text if len(text) <= SHORT_MAX else text[: SHORT_MAX - 3] + "..."


def move_words(move: Move, values: dict[str, int]) -> str:
    """A move of a parameter on one line."""
    now = values.get(move.path)
    before = "" if now is None else f"{now:,} "
    return f"{move.path} {before}-> {move.value:,}"


def _short(words: Words, call: Call) -> str:
    found = tree(call)
    if found.inner:
        return f"{call}: " + "; ".join(_short(words, each.call) for each in found.inner[:4])
    return f"{call} {inline(words.plain_call(call)[str(call)])}"


def tree_lines(words: Words, found: CallTree, indent: str = "  ") -> Iterator[str]:
    """A call as a tree, its arguments in words."""
    told = ", ".join(f"{name} {argument(words, found, name)}" for name, _, _ in found.arguments)
    yield printable(f"{indent}{found.call}" + (f"  {told}" if told else ""))
    for each in found.inner:
        yield from tree_lines(words, each, indent + "  ")
    if found.cut:
        yield f"{indent}  ... and {found.cut} more"


def argument(words: Words, found: CallTree, name: str) -> str:
    """An argument of a call; coins as coins, a parameter's value as one."""
    kind, value = next((kind, value) for each, kind, value in found.arguments if each == name)
    if (found.call.info.pallet, name) in COINS or (None, name) in COINS:
        return words.coin.words(value)
    if str(found.call) == SET_PARAMETER and name == "value":
        return value_words(found.call.args[0], value)
    return abridged(inline(words.plain(kind, value)), ARGUMENT_MAX)


def plain_tree(words: Words, found: CallTree) -> dict[str, Any]:
    """A call and the calls in it for programs."""
    return {
        "call": str(found.call),
        "arguments": {name: words.plain(kind, value) for name, kind, value in found.arguments},
        "calls": [plain_tree(words, each) for each in found.inner],
        "notShown": found.cut,
    }


# What it does.


def look_rows(words: Words, look: Look) -> list[tuple[str, str, str]]:
    """The figures of a look: what, without the change, with it."""
    before, after = _figures(words, look.before), _figures(words, look.after)
    return [(name, value, after[name]) for name, value in before.items()]


def _figures(words: Words, outlook: Outlook) -> dict[str, str]:
    endless = outlook.wait_hours == WAIT_ENDLESS
    margin = outlook.margin
    return {
        "Coins S": words.coin.words(outlook.supply),
        "Capacity E": scu_hours(outlook.effective),
        "Coverage E / S": ratio(outlook.coverage_ppb),
        "Left if the worst group fails": ("-" if margin < 0 else "") + scu_hours(abs(margin)),
        "Longest wait": "without end" if endless else days(outlook.wait_hours),
        "Headroom": words.coin.words(outlook.headroom),
        "Mode": outlook.mode.name,
        "Become Deficient": str(outlook.deficient),
    }


def together_rows(words: Words, looks: Sequence[tuple[str, Look]]) -> list[tuple[str, ...]]:
    """Looks side by side: for each, the figure without and with the change; one value where nothing moves."""
    heads = ("", *(stage for stage, _ in looks))
    columns = [look_rows(words, look) for _, look in looks]
    rows = [
        (first[0], *(_moved(*column[at][1:]) for column in columns)) for at, first in enumerate(columns[0])
    ]
    return [heads, *rows]


def _moved(before: str, after: str) -> str:
    return before if before == after else f"{before} -> {after}"
