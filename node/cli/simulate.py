"""`ballast simulate`: economies on the real runtime, in memory and in fast time."""

from __future__ import annotations

import sys
from typing import Annotated, Any, Final

from cyclopts import App, Parameter
from cyclopts.validators import Number

from node.cli.faults import INTERRUPTED, REFUSED
from node.cli.output import Json, columns, is_list, print_json, say
from node.cli.simulate_anchor import anchor

app = App(
    name="simulate",
    help="Simulate economies on the real runtime; every seed replays exactly.",
    help_format="plaintext",
    help_epilogue="""Examples:
  ballast simulate economy --actions 20000 --seed 7 --json
  ballast simulate run --dead 30
  ballast simulate anchor --seeds 20 --chart sixty.svg    takes half an hour""",
)

app.command(anchor)

ACTIONS_MAX: Final = 100_000_000
EPISODES_MAX: Final = 1_000_000
DEAD_MAX: Final = 90
SHOWN_MAX: Final = 5
"""Findings shown of one episode: the first say most."""


@app.command
def economy(
    *,
    actions: Annotated[
        int, Parameter(validator=Number(gte=1, lte=ACTIONS_MAX), help="How many acts in all.")
    ] = 20_000,
    seed: Annotated[int, Parameter(help="What decides everything.")] = 0,
    first_episode: Annotated[
        int,
        Parameter(
            validator=Number(gte=0, lte=EPISODES_MAX),
            help="The episode to begin with: to go on after so many, or to see one again.",
        ),
    ] = 0,
    json: Json = False,
) -> int:
    """Let more than fifty people mint, serve, redeem, cheat, leave and run, honest
    and hostile, at random.

    Every call of the coin's pallets is made on the real runtime, with sense and
    without; every block is checked by all invariants of the chain. What the
    pallets keep is computed again every so often. After each episode all act
    honestly, and whatever waits must come to its end. A violation prints the
    command that shows it again. Ctrl-C ends it with what was done so far.
    """
    from node.economy.harness import Summary, simulate

    summary = Summary(seed)

    def progress(so_far: Summary) -> None:
        _tell(
            f"{so_far.actions:,} of {actions:,} acts, {so_far.blocks:,} blocks, "
            f"{so_far.violations} violations, {so_far.stuck} stuck"
        )

    status = 0
    try:
        simulate(actions, seed, first_episode=first_episode, summary=summary, progress=progress)
    except KeyboardInterrupt:
        status = INTERRUPTED
    _show_failed(summary)
    _report(summary.figures, json)
    for wrong in summary.wrong:
        _tell(wrong)
    return status or (REFUSED if summary.wrong else 0)


@app.command
def run(
    *,
    dead: Annotated[
        int,
        Parameter(validator=Number(gte=0, lte=DEAD_MAX), help="How many percent of all capacity die."),
    ] = 20,
    at_once: Annotated[
        bool | None,
        Parameter(
            negative="--settled",
            show_default=False,
            help="Run on the very day, or when the chain is done with the dead: at once unless said, if the "
            "others cover all coins.",
        ),
    ] = None,
    seed: Annotated[int, Parameter(help="What decides the lots.")] = 0,
    json: Json = False,
) -> int:
    """Let a part of all capacity die, and every holder redeem everything in one
    block.

    Twenty providers stand behind coins minted to the last. With a fifth of them
    dead, everybody is served in full within the longest wait that the header
    says. With more, the loss is settled, and everybody bears the same share of
    it: the table shows what each holder got for a coin, in the order in which
    they came.
    """
    from node.economy.run import run as run_on_the_coin

    figures = run_on_the_coin(dead, at_once=at_once, seed=seed, tell=_tell).figures
    if json:
        print_json(figures)
        return 0
    holders: list[dict[str, Any]] = figures.pop("holders")
    for line in columns([(name, _words(value)) for name, value in figures.items()]):
        say(line)
    say()
    for line in columns([tuple(holders[0]), *(tuple(map(_words, each.values())) for each in holders)]):
        say(line)
    return 0


def _show_failed(summary: Any) -> None:
    from node.economy.harness import replay

    for number, outcome in summary.failed:
        for each in outcome.violations[:SHOWN_MAX]:
            _tell(
                f"episode {number} ({outcome.theme}), after act {each.action} in block {each.block}: "
                f"{each.invariant}: {each.facts}"
            )
        for line in outcome.stuck[:SHOWN_MAX]:
            _tell(f"episode {number} ({outcome.theme}), stuck: {line}")
        _tell(f"see it again with `{replay(number, summary.seed, outcome.actions)}`")


def _report(figures: dict[str, Any], json: bool) -> None:
    if json:
        print_json(figures)
        return
    calls: dict[str, dict[str, int]] = figures.pop("calls")
    for line in columns([(name, _words(value)) for name, value in figures.items()]):
        say(line)
    say()
    rows = [("call", "succeeded", "refused")]
    rows += [(name, f"{each['succeeded']:,}", f"{each['refused']:,}") for name, each in calls.items()]
    for line in columns(rows):
        say(line)


def _words(value: object) -> str:
    if is_list(value):
        return ", ".join(map(str, value)) or "none"
    return f"{value:,}" if isinstance(value, int) else str(value)


def _tell(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
