"""`ballast standard`: what an hour of compute is, now and at every time before."""

from __future__ import annotations

from typing import Any, Final

from cyclopts import App

from node.cli.coin_api import CoinApi, asking
from node.cli.figures import days, ratio
from node.cli.output import Json, columns, print_json, say
from node.cli.places import DEFAULT_CHAIN, DEFAULT_RPC, At, ChainName, Limit, RpcUrl
from pallets.standards.queries import StandardsPage
from pallets.standards.types import Held
from runtime.types.fixed import PPB

LIMIT: Final = 20
_HELD: Final = {
    Held.OracleSilent: "the oracle's values are not fresh",
    Held.NothingIssued: "there are no coins",
    Held.Unsound: "the mode is Orange or worse",
    Held.Uncovered: "coverage under the next standard would be less than kappa_u",
    Held.WindDown: "the coin is being wound down",
}

app = App(
    name="standard",
    help_epilogue="""Examples:
  ballast standard list
  ballast standard list --limit 3 --json""",
)


@app.command(name="list")
async def list_(
    *,
    limit: Limit = LIMIT,
    at: At = "best",
    rpc: RpcUrl = DEFAULT_RPC,
    chain: ChainName = DEFAULT_CHAIN,
    json: Json = False,
) -> None:
    """List the standards, the newest first: the first line is the one in force."""
    async with asking(rpc, chain, at) as api:
        page = await api.standards(limit)
        found = describe(page)
        if json:
            print_json(found)
            return
        for line in _lines(api, page, found):
            say(line)


def describe(page: StandardsPage) -> dict[str, Any]:
    """Standards as plain values: work in byte multiply-adds of the probe, times in blocks."""
    lag = page.lag
    return {
        "standards": [
            {
                "standard": each.number,
                "work": each.standard.work,
                "since": each.standard.since,
                "reason": each.standard.reason.name,
                "effective": each.standard.effective,
                "supply": each.standard.supply,
            }
            for each in page.items
        ],
        "held": None if page.held is None else page.held.name,
        "lag": None if lag is None else {"since": lag.since, "target": lag.target},
    }


def _lines(api: CoinApi, page: StandardsPage, found: dict[str, Any]) -> list[str]:
    heads = ("Standard", "Since block", "Reason", "E'/S when enacted", "Work of a coin, byte multiply-adds")
    rows = [
        (
            str(each["standard"]),
            f"{each['since']:,}",
            each["reason"],
            ratio(each["effective"] * PPB // each["supply"]) if each["supply"] else "-",
            f"{each['work']:,}",
        )
        for each in found["standards"]
    ]
    lines = columns([heads, *rows])
    if page.following is not None:
        lines.append(f"... and {page.following} more: --limit shows more than {len(rows)}")
    if page.held is not None:
        lines.append(f"No step today: {_HELD[page.held]}")
    if page.lag is not None:
        lasted = days(api.coin.standards.hours_in(api.number - page.lag.since))
        lines.append(f"It lags behind its target of {page.lag.target:,} by more than a quarter, for {lasted}")
    return lines
