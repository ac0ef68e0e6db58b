"""`ballast issuer`: the public account of each debtor, and what became of the coins that it issued."""

from __future__ import annotations

from typing import Annotated, Any, Final

from cyclopts import App, Parameter

from node.cli.coin_api import CoinApi, asking, plain_entity
from node.cli.faults import Fault
from node.cli.names import account_of
from node.cli.output import Json, columns, print_json, say
from node.cli.places import DEFAULT_CHAIN, DEFAULT_RPC, At, ChainName, Kind, Limit, RpcUrl
from pallets.identity.types import EntityInfo
from pallets.ledger.queries import IssuerInfo

LIMIT: Final = 100

app = App(
    name="issuer",
    help_epilogue="""Examples:
  ballast issuer ledger
  ballast issuer ledger //Provider//1 --json""",
)


@app.command
async def ledger(
    who: Annotated[
        str | None, Parameter(help="One issuer alone: an address, 32 bytes of hex, or a name.")
    ] = None,
    /,
    *,
    limit: Limit = LIMIT,
    at: At = "best",
    kind: Kind = "sr25519",
    rpc: RpcUrl = DEFAULT_RPC,
    chain: ChainName = DEFAULT_CHAIN,
    json: Json = False,
) -> None:
    """Show who owes the coins, what became of those that each issuer issued, and what it failed."""
    account = None if who is None else account_of(who, kind)
    async with asking(rpc, chain, at) as api:
        if account is None:
            await _everybody(api, limit, as_json=json)
            return
        info = await api.issuer(account)
        if info is None:
            raise Fault(f"{who} never issued a coin: `ballast issuer ledger` names who did")
        found = describe(api, info, (await api.entities([account])).get(account))
        if json:
            print_json(found)
            return
        for line in columns(_lines(api, found)):
            say(line)


async def _everybody(api: CoinApi, limit: int, *, as_json: bool) -> None:
    """The greatest debtors; and that all debts, with the orphan debt, are all coins."""
    issuers = await api.issuers()
    entities = await api.entities([each.who for each in issuers[:limit]])
    figures = (await api.coverage()).figures
    found = [describe(api, each, entities.get(each.who)) for each in issuers[:limit]]
    owed = sum(each.debt.owed for each in issuers)
    if as_json:
        print_json(
            {
                "supply": figures.supply,
                "owed": owed,
                "orphaned": figures.orphaned,
                "issuerCount": len(issuers),
                "issuers": found,
            }
        )
        return
    coins = api.words.coin.words
    heads = ("Address", "Owes", "Issued", "Redeemed", "Repaid", "Liquidated", "Failed", "Slashed", "Name")
    rows = [
        (
            each["address"],
            *(
                coins(each[name])
                for name in ("owed", "issued", "redeemed", "repaid", "liquidated", "failed", "slashed")
            ),
            each["entity"]["name"] if each["entity"] else "-",
        )
        for each in found
    ]
    for line in columns([heads, *rows]):
        say(line)
    if len(issuers) > limit:
        say(f"... and {len(issuers) - limit} more: --limit shows more than {limit}")
    say(f"All coins, {coins(figures.supply)}: owed {coins(owed)}, orphan debt {coins(figures.orphaned)}")


def describe(api: CoinApi, info: IssuerInfo, entity: EntityInfo | None) -> dict[str, Any]:
    """An issuer's account as plain values, coins in 10^-9:
    issued + novatedIn = owed + redeemed + repaid + liquidated + novatedOut + orphaned.
    """
    record = info.record
    return {
        "account": "0x" + info.who.hex(),
        "address": api.words.address(info.who),
        "entity": plain_entity(entity),
        "owed": info.debt.owed,
        "assigned": info.debt.assigned,
        "issued": record.issued,
        "novatedIn": record.novated_in,
        "redeemed": record.redeemed,
        "repaid": record.repaid,
        "liquidated": record.liquidated,
        "novatedOut": record.novated_out,
        "orphaned": record.orphaned,
        "failures": record.failures,
        "failed": record.failed,
        "slashed": record.slashed,
    }


_COLUMNS: Final = {
    "issued": "Issued",
    "novatedIn": "Taken over from others",
    "owed": "Owes now",
    "assigned": "  of it under tickets",
    "redeemed": "Redeemed: served",
    "repaid": "Repaid: burned by holders",
    "liquidated": "Liquidated: from its own coins",
    "novatedOut": "Taken over by others",
    "orphaned": "Left to everybody",
    "slashed": "Slashed",
}


def _lines(api: CoinApi, found: dict[str, Any]) -> list[tuple[str, str]]:
    coins, entity = api.words.coin.words, found["entity"]
    return [
        ("Address", found["address"]),
        *([("Name", f"{entity['name']} ({entity['jurisdiction']} {entity['number']})")] if entity else []),
        *((words, coins(found[name])) for name, words in _COLUMNS.items()),
        ("Failed", f"{found['failures']} tickets, {coins(found['failed'])}"),
    ]
