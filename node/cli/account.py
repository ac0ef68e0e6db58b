"""`ballast account`: what accounts own."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Annotated, Any, Final

from cyclopts import App, Parameter

from node.cli.output import Json, columns, print_json, say
from node.cli.places import DEFAULT_CHAIN, DEFAULT_RPC, At, ChainName, Kind, Limit, RpcUrl
from node.cli.remote import Remote, reach
from node.cli.words import inline
from pallets.balances import Balances
from runtime.types.account import AccountInfo

LIMIT: Final = 20
Who = Annotated[str, Parameter(help="An address, 32 bytes of hex, or a secret URI such as //Alice.")]

app = App(
    name="account",
    help_epilogue="""Examples:
  ballast account //Alice
  ballast account 5FHneW46xGXgs5mUiveU4sbTyGBzmstUspZC92UhjJM694ty --at 100
  ballast account list --limit 5 --json""",
)


@app.default
async def show(
    who: Who,
    /,
    *,
    at: At = "best",
    kind: Kind = "sr25519",
    rpc: RpcUrl = DEFAULT_RPC,
    chain: ChainName = DEFAULT_CHAIN,
    json: Json = False,
) -> None:
    """Show what an account owns, what of it is on hold or frozen, and its nonce."""
    async with reach(rpc, chain) as remote:
        account = remote.words.account(who, kind)
        system, balances = remote.chain.system, _balances(remote)
        block_hash = await remote.block_hash(at)

        def look() -> dict[str, Any]:
            info = system.account.get(account)
            report = describe(remote, account, info or AccountInfo())
            report["exists"] = info is not None
            if balances is not None:
                report["holds"] = [remote.words.record(each) for each in balances.holds[account]]
                report["freezes"] = [remote.words.record(each) for each in balances.freezes[account]]
            return report

        report = await remote.chain.view(look, block_hash)
        report["nextNonce"] = await remote.chain.nonce(account)
        if json:
            print_json(report)
            return
        words = remote.words.coin.words
        say(f"Account {report['address']}" + ("" if report["exists"] else " (does not exist yet)"))
        rows = [(name.capitalize(), words(report[name])) for name in ("free", "reserved", "frozen")]
        for line in columns([*rows, ("Nonce", str(report["nextNonce"]))]):
            say(line)
        for name in ("holds", "freezes"):
            for each in report.get(name, ()):
                say(f"{name.capitalize()[:-1]} {inline(each['id'])}: {words(each['amount'])}")


@app.command(name="list")
async def list_(
    *,
    limit: Limit = LIMIT,
    at: At = "best",
    rpc: RpcUrl = DEFAULT_RPC,
    chain: ChainName = DEFAULT_CHAIN,
    json: Json = False,
) -> None:
    """List accounts, in the order in which the chain stores them."""
    async with reach(rpc, chain) as remote:
        system = remote.chain.system

        def look() -> list[dict[str, Any]]:
            found: Iterator[tuple[bytes, AccountInfo]] = islice(system.account.items(), limit)
            return [describe(remote, who, info) for who, info in found]

        accounts = await remote.chain.view(look, await remote.block_hash(at))
        if json:
            print_json(accounts)
            return
        words = remote.words.coin.words
        rows = [(each["address"], str(each["nonce"]), words(each["free"])) for each in accounts]
        for line in columns([("Address", "Nonce", "Free"), *rows]):
            say(line)


def describe(remote: Remote, account: bytes, info: AccountInfo) -> dict[str, Any]:
    """An account as plain values; amounts in the smallest unit."""
    return {
        "address": remote.words.address(account),
        "publicKey": "0x" + account.hex(),
        "nonce": info.nonce,
        "free": info.data.free,
        "reserved": info.data.reserved,
        "frozen": info.data.frozen,
    }


def _balances(remote: Remote) -> Balances | None:
    return next((each for each in remote.runtime.pallets.values() if isinstance(each, Balances)), None)
