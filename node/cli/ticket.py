"""`ballast ticket`: where redemptions stand, and what is kept of those that were served."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from cyclopts import App, Parameter
from cyclopts.validators import Number

from node.cli.coin_api import CoinApi, asking
from node.cli.faults import Fault
from node.cli.figures import days
from node.cli.names import account_of
from node.cli.output import Json, columns, print_json, say
from node.cli.places import DEFAULT_CHAIN, DEFAULT_RPC, At, ChainName, Kind, Limit, RpcUrl
from pallets.redemption.queries import TicketReport
from pallets.redemption.types import Receipt, Ticket

LIMIT: Final = 20
NUMBER_MAX: Final = (1 << 64) - 1
State = Literal["queued", "matched", "accepted", "running", "delivered", "disputed"]
Party = Annotated[str | None, Parameter(help="Only those of this account: an address, hex, or a name.")]

app = App(
    name="ticket",
    help_epilogue="""Examples:
  ballast ticket list
  ballast ticket list --owner //Bob --state queued --json
  ballast ticket show 12""",
)


@app.command(name="list")
async def list_(
    *,
    owner: Party = None,
    server: Party = None,
    state: Annotated[State | None, Parameter(help="Only those in this state.")] = None,
    limit: Limit = LIMIT,
    at: At = "best",
    kind: Kind = "sr25519",
    rpc: RpcUrl = DEFAULT_RPC,
    chain: ChainName = DEFAULT_CHAIN,
    json: Json = False,
) -> None:
    """List open tickets, by number."""
    parties = [None if each is None else account_of(each, kind) for each in (owner, server)]
    async with asking(rpc, chain, at) as api:
        found = [
            describe(api, each.number, each.ticket)
            for each in await api.tickets()
            if parties[0] in (None, each.ticket.owner)
            and parties[1] in (None, each.ticket.server)
            and state in (None, each.ticket.state.name.lower())
        ]
        if json:
            print_json(found[:limit])
            return
        heads = ("Ticket", "State", "Coins", "Service", "Owner", "Server", "Ends by itself in block")
        rows = [
            (
                str(each["ticket"]),
                each["state"],
                api.words.coin.words(each["amount"]),
                each["service"],
                each["owner"],
                each["server"] or "-",
                f"{each['deadline']:,}" if each["deadline"] else "-",
            )
            for each in found[:limit]
        ]
        for line in columns([heads, *rows]):
            say(line)
        if len(found) > limit:
            say(f"... and {len(found) - limit} more: --limit shows more than {limit}")


@app.command
async def show(
    ticket: Annotated[
        int, Parameter(validator=Number(gte=0, lte=NUMBER_MAX), help="The ticket, by its number.")
    ],
    /,
    *,
    at: At = "best",
    rpc: RpcUrl = DEFAULT_RPC,
    chain: ChainName = DEFAULT_CHAIN,
    json: Json = False,
) -> None:
    """Show one ticket: what it is owed, where it stands, and when it will be served."""
    async with asking(rpc, chain, at) as api:
        report = await api.ticket(ticket)
        receipt = await api.receipt(ticket) if report is None else None
        if report is not None:
            found = {**describe(api, ticket, report.ticket), **_waiting(report)}
            lines = _open_lines(api, found)
        elif receipt is not None:
            found = _settled(api, ticket, receipt)
            lines = _settled_lines(api, found)
        else:
            raise Fault(
                f"ticket {ticket} is not open, and its receipt is not kept: `ballast ticket list` names "
                "those that are open; --at looks at an earlier block"
            )
        if json:
            print_json(found)
            return
        for line in columns(lines):
            say(line)


def describe(api: CoinApi, number: int, ticket: Ticket) -> dict[str, Any]:
    """A ticket as plain values: coins in 10^-9, times in blocks."""
    late = ticket.late
    address = api.words.address
    return {
        "ticket": number,
        "state": ticket.state.name,
        "amount": ticket.amount,
        "service": ticket.service.name,
        "classFloor": ticket.class_floor,
        "region": ticket.region,
        "owner": address(ticket.owner),
        "server": None if ticket.server is None else address(ticket.server),
        "job": "0x" + ticket.job.hex(),
        "result": None if ticket.result is None else "0x" + ticket.result.hex(),
        "place": ticket.place,
        "queuedAt": ticket.queued_at,
        "standard": ticket.standard or None,
        "deadline": ticket.deadline or None,
        "hasBegun": ticket.has_begun,
        "isReady": ticket.is_ready,
        "hasShared": ticket.has_shared,
        "late": None if late is None else {"server": address(late.server), "since": late.since},
    }


def _waiting(report: TicketReport) -> dict[str, Any]:
    return {"ahead": report.ahead, "expectedAt": report.expected, "latestAt": report.latest}


def _settled(api: CoinApi, number: int, receipt: Receipt) -> dict[str, Any]:
    """What is kept of a ticket that was served."""
    return {
        "ticket": number,
        "state": "Settled",
        "amount": receipt.amount,
        "service": receipt.service.name,
        "owner": api.words.address(receipt.owner),
        "server": api.words.address(receipt.server),
        "job": "0x" + receipt.job.hex(),
        "result": "0x" + receipt.result.hex(),
        "standard": receipt.standard,
        "settledAt": receipt.settled_at,
    }


def _open_lines(api: CoinApi, found: dict[str, Any]) -> list[tuple[str, str]]:
    lines = [
        ("Ticket", f"{found['ticket']}, {found['state']}"),
        ("Coins in escrow", api.words.coin.words(found["amount"])),
        ("Service", found["service"]),
        ("Wishes", _wishes(found)),
        ("Owner", found["owner"]),
        ("Job", found["job"]),
        ("Queued", f"in block {found['queuedAt']:,}, place {found['place']}"),
    ]
    if found["ahead"] is not None:
        lines.append(("Before it", f"{found['ahead']:,} tickets"))
    lines.append(("Expected", _when(api, found["expectedAt"], "nobody can say: none has capacity now")))
    if found["ahead"] is not None:
        lines.append(("At the latest", _when(api, found["latestAt"], "no promise now (docs/economy.md)")))
    if found["server"] is not None:
        lines += [("Server", found["server"]), ("Standard", str(found["standard"]))]
    if found["deadline"] is not None:
        lines.append(("State ends by itself", _when(api, found["deadline"], "")))
    if found["result"] is not None:
        lines.append(("Result", found["result"]))
    if found["late"] is not None:
        lines.append(("Late since", f"block {found['late']['since']:,}, by {found['late']['server']}"))
    return lines


def _settled_lines(api: CoinApi, found: dict[str, Any]) -> list[tuple[str, str]]:
    return [
        ("Ticket", f"{found['ticket']}, settled in block {found['settledAt']:,}"),
        ("Coins burned", api.words.coin.words(found["amount"])),
        ("Service", found["service"]),
        ("Owner", found["owner"]),
        ("Server", found["server"]),
        ("Job", found["job"]),
        ("Result", found["result"]),
        ("Standard", str(found["standard"])),
    ]


def _wishes(found: dict[str, Any]) -> str:
    wishes = [
        *([f"class {found['classFloor']} or better"] if found["classFloor"] else []),
        *([f"region {found['region']}"] if found["region"] else []),
    ]
    return ", ".join(wishes) or "none"


def _when(api: CoinApi, block: int | None, otherwise: str) -> str:
    if block is None:
        return otherwise
    left = days(api.coin.standards.hours_in(max(0, block - api.number)))
    return f"block {block:,}, in {left}"
