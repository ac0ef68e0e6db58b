"""`ballast gov what-if`: what a proposal would do to the coin, and to one's own coins, if it ran now."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Final

from cyclopts import Parameter
from cyclopts.validators import Number

from node.cli.faults import Fault, Refused, expected
from node.cli.figures import days, ratio
from node.cli.gov_api import GovApi, asking_gov
from node.cli.gov_show import Index
from node.cli.gov_words import WAIT_ENDLESS, look_rows
from node.cli.names import account_of
from node.cli.output import Json, columns, print_json, say
from node.cli.places import DEFAULT_CHAIN, DEFAULT_RPC, At, ChainName, Kind, RpcUrl
from node.gov.distant import StateTooLarge, over
from node.gov.forecast import plain_report
from node.gov.looks import refusal_words
from node.whatif import NoFork, Outcome, Position, Report, Scenario
from node.whatif import what_if as look_ahead
from runtime.frame import Call, Origin

SEED_MAX: Final = (1 << 64) - 1


async def what_if(
    referendum: Index,
    /,
    *,
    account: Annotated[
        str | None, Parameter(help="Say also what it would mean for this account's coins.")
    ] = None,
    scenario: Annotated[
        Scenario | None,
        Parameter(help="How the coin would fare, with it and without it, if things went badly."),
    ] = None,
    seed: Annotated[
        int, Parameter(validator=Number(gte=0, lte=SEED_MAX), help="The dice of the scenario.")
    ] = 0,
    at: At = "best",
    kind: Kind = "sr25519",
    rpc: RpcUrl = DEFAULT_RPC,
    chain: ChainName = DEFAULT_CHAIN,
    json: Json = False,
) -> None:
    """Say what a proposal would do to the coin if it ran now; with an account, to its coins too.

    An account or a scenario is forecast here, on what of the state it needs;
    the node only hands that out.
    """
    who = None if account is None else account_of(account, kind)
    with expected(NoFork, StateTooLarge):
        async with asking_gov(rpc, chain, at) as api:
            found = await api.referendum(referendum)
            call = found.proposal.call
            if call is None:
                raise Fault(f"the proposal of referendum {referendum} cannot be read: {found.proposal.why}")
            origin = found.stand.origin
            if who is None and scenario is None:
                look = await api.ask(api.gov.what_if.look, call, origin)
                report = Report(api.number, look, None, None)
            else:
                report = await _report(api, call, origin, scenario, who, seed)
            if json:
                print_json(plain_report(api.words, referendum, report))
                return
            for line in _lines(api, report):
                say(line)
            refusal = report.look.refusal
            if refusal is not None:
                raise Refused(f"it would be refused: {refusal_words(api.words, refusal)}")


async def _report(
    api: GovApi, call: Call, origin: Origin, scenario: Scenario | None, who: bytes | None, seed: int
) -> Report:
    """The forecast; a scenario takes seconds of this machine's processor."""
    name, runtime = None if scenario is None else scenario.value, api.remote.runtime
    return await over(
        api.remote.chain, api.at, lambda state: look_ahead(state, runtime, call, origin, name, who, seed=seed)
    )


def _lines(api: GovApi, report: Report) -> Iterator[str]:
    yield f"Over block {report.number:,}"
    yield from columns([("", "Without it", "With it"), *look_rows(api.words, report.look)])
    if report.positions is not None:
        before, after = report.positions.before, report.positions.after
        yield f"Coins of {api.words.address(before.account)}, all redeemed now"
        yield from _side_by_side(_position(api, before), None if after is None else _position(api, after))
    if report.played is not None:
        yield f"Scenario {report.played.scenario}, seed {report.played.seed}"
        after_it = report.played.after
        yield from _side_by_side(
            _outcome(api, report.played.before), None if after_it is None else _outcome(api, after_it)
        )


def _side_by_side(before: dict[str, str], after: dict[str, str] | None) -> list[str]:
    there = {} if after is None else after
    return columns([(name, value, there.get(name, "-")) for name, value in before.items()], indent="  ")


def _position(api: GovApi, position: Position) -> dict[str, str]:
    coin = api.words.coin.words
    wait = "without end" if position.wait_hours is None else days(position.wait_hours)
    return {
        "All coins": coin(position.total),
        "Redeemed": coin(position.redeemed),
        "Fee": coin(position.fee),
        "Share of a loss": coin(position.borne),
        "Served": coin(position.served),
        "About the wait": wait,
        "Promised": _wait(position.promised_hours),
        "Work": f"{position.work:,}",
        **({"Refused": position.refusal} if position.refusal else {}),
    }


def _outcome(api: GovApi, outcome: Outcome) -> dict[str, str]:
    coin, reader = api.words.coin.words, outcome.reader
    found = {
        "Coins that take part": coin(outcome.taking_part),
        "Lasted": days(outcome.hours),
        "Worst mode": outcome.worst_mode.name,
        "Lowest coverage": ratio(outcome.lowest_coverage_ppb),
        "Longest wait": _wait(outcome.longest_wait_hours),
    }
    if reader is None:
        return found
    return {
        **found,
        "Reader redeemed": coin(reader.redeemed),
        "Reader was served": f"{coin(reader.served)}, the last of it after {days(reader.waited_hours)}",
        "Reader bore": coin(reader.borne),
        **({"Reader was refused": reader.refusal} if reader.refusal else {}),
    }


def _wait(hours: int) -> str:
    return "without end" if hours == WAIT_ENDLESS else days(hours)
