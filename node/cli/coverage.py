"""`ballast coverage`: what stands behind the coin, from the header that proves it."""

from __future__ import annotations

from typing import Any

from cyclopts import App

from node.cli.amounts import Coin as Words
from node.cli.faults import expected
from node.cli.figures import coverage_of, ratio
from node.cli.output import Json, columns, print_json, say
from node.cli.places import DEFAULT_CHAIN, DEFAULT_RPC, At, ChainName, RpcUrl
from node.cli.remote import reach
from node.client import ChainClient
from node.client.apis import ask as ask_api
from node.provider.coin import Coin, NoCoin
from pallets.solvency.types import Coverage, CoverageReport
from runtime.types.block import Header
from runtime.types.fixed import PPB

app = App(
    name="coverage",
    help_epilogue="""Examples:
  ballast coverage
  ballast coverage --at 100 --json""",
)


class NoCoverage(Exception):
    """A header lacks the coverage figures, or they are not what the state says."""


@app.default
async def coverage(
    *, at: At = "best", rpc: RpcUrl = DEFAULT_RPC, chain: ChainName = DEFAULT_CHAIN, json: Json = False
) -> None:
    """Show the coverage figures of a block: its header and its state must agree on them."""
    with expected(NoCoin, refused=(NoCoverage,)):
        async with reach(rpc, chain) as remote:
            found = await ask(remote.chain, Coin.of(remote.runtime), await remote.block_hash(at))
    if json:
        print_json(found)
    else:
        for line in describe(found, remote.words.coin):
            say(line)


async def ask(chain: ChainClient, coin: Coin, block_hash: bytes) -> dict[str, Any]:
    """The figures of a block as plain values, amounts in 10^-9. Raises `NoCoverage` and `RemoteError`.

    Bonds over supply stand beside E over S: capacity is no custody.
    """
    header = await chain.header(block_hash)
    answer = await ask_api(chain, block_hash, coin.solvency.query_coverage)
    stored = figures_of(header, answer)
    return {
        "block": header.number,
        "blockHash": "0x" + block_hash.hex(),
        "supply": stored.supply,
        "effective": stored.effective,
        "ratioPpb": stored.ratio_ppb,
        "bonds": answer.bonds,
        "margin": stored.margin,
        "waitHours": stored.wait_hours,
        "standard": stored.standard,
        "work": stored.work,
        "orphaned": stored.orphaned,
        "reserve": stored.reserve,
        "mode": stored.mode.name,
        "queue": stored.queue,
        "queued": stored.queued,
    }


def figures_of(header: Header, answer: CoverageReport) -> Coverage:
    """What a block's state says, and its header must say too, but at genesis. Raises `NoCoverage`."""
    figures, stored = coverage_of(header), answer.figures
    if figures is None and header.number:
        raise NoCoverage(f"the header of block {header.number} has no coverage figures")
    if figures is not None and figures != stored:
        raise NoCoverage(f"the header of block {header.number} says {figures}, and its state {stored}")
    return stored


def describe(found: dict[str, Any], coin: Words) -> list[str]:
    """The same for people, a line each."""
    supply = found["supply"]
    bonds = found["bonds"] * PPB // supply if supply else 0
    return columns(
        [
            ("Block", f"{found['block']:,} ({found['blockHash']})"),
            ("Mode", found["mode"]),
            ("Supply S", coin.words(supply)),
            ("Effective capacity E", f"{found['effective'] // PPB:,} SCU-h within 720 hours"),
            ("Coverage E / S", ratio(found["ratioPpb"])),
            ("Bonds / S", ratio(bonds)),
            ("Left without the worst group n1", coin.words(found["margin"])),
            ("Longest wait W_max", f"{found['waitHours']:,} hours"),
            ("Standard k", f"{found['standard']}: {found['work']:,} byte multiply-adds a coin"),
            ("Orphan debt O", coin.words(found["orphaned"])),
            ("Reserve R", coin.words(found["reserve"])),
            ("Queue", f"{found['queue']} tickets, {coin.words(found['queued'])}"),
        ]
    )
