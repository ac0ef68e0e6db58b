"""What the coin costs a chain: a block in which nothing is asked of it, its calls as it grows, and a window.

    empty block   of a chain with a thousand providers, a hundred thousand accounts and ten thousand open
                  tickets that nobody can serve, against one of a chain with almost nothing, in turn
    calls         mint, redeem, and settle by `confirm`, on chains that grow a hundredfold; everything
                  included: signatures excepted, but state root and database with it
    window        a thousand units post their roots; the draw, the openings of a tenth, and the count are what
                  it takes to verify them

Times are processor times of the process. What a block costs is all from the first hook to the synced batch.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final

from node.bench.coins import CoinChain, Size, coin_chain
from node.bench.probes import bench_window
from node.memory import settle_collector
from pallets.issuance import Issuance
from pallets.redemption.types import TicketState
from runtime.frame.host import Call
from runtime.types import AccountId

SIZES: Final = (Size(10, 1_000, 100), Size(100, 10_000, 1_000), Size(1_000, 100_000, 10_000))
EMPTY: Final = Size(5, 200, 0)
"""As little as a chain of the coin can begin with."""
EMPTY_BLOCKS: Final = 60
"""Of each chain, in turn; the first tenth warms up."""
CALLS: Final = 8
"""Of a kind in one block: as many as are matched in one."""
ROUNDS: Final = 5
RESULT: Final = b"\x0b" * 32
MILLISECONDS: Final = 1e3
MICROSECONDS: Final = 1e6
Asked = Sequence[tuple[AccountId, Call]]


def bench_economy(folder: Path, *, progress: Callable[[str], None]) -> dict[str, Any]:
    """Run the benchmark; the figures by their names."""
    with ExitStack() as chains:
        progress("making a chain with almost nothing")
        small = chains.enter_context(coin_chain(EMPTY, folder))
        grown: list[CoinChain] = []
        for size in SIZES:
            progress(
                f"making a chain with {size.providers:,} providers, {size.accounts:,} accounts and "
                f"{size.tickets:,} tickets"
            )
            grown.append(chains.enter_context(coin_chain(size, folder)))
        settle_collector()
        progress("empty blocks")
        figures: dict[str, Any] = _empty_blocks(small, grown[-1])
        calls: list[dict[str, float]] = []
        for chain in grown:
            progress(f"calls with {chain.size.providers:,} providers")
            calls.append(_calls(chain))
    for name in calls[0]:
        figures[f"{name}_us"] = [round(each[name], 1) for each in calls]
        figures[f"{name}_growth"] = round(calls[-1][name] / calls[0][name], 2)
    progress("a window of 1,000 units: their products are made first")
    return figures | bench_window()


def _empty_blocks(small: CoinChain, large: CoinChain) -> dict[str, float]:
    took: dict[str, list[float]] = {"small": [], "large": []}
    for block in range(EMPTY_BLOCKS):
        for name, chain in (("small", small), ("large", large)):
            each = _time(chain.seal)
            if block >= EMPTY_BLOCKS // 10:
                took[name].append(each * MILLISECONDS)
    nothing, much = statistics.median(took["small"]), statistics.median(took["large"])
    return {
        "empty_block_ms": round(nothing, 3),
        "empty_block_full_ms": round(much, 3),
        "empty_block_more_ms": round(much - nothing, 3),
    }


def _calls(chain: CoinChain) -> dict[str, float]:
    """What each call costs, in microseconds: the median of the rounds."""
    mint = chain[Issuance].mint
    took: dict[str, list[float]] = {"mint": [], "redeem": [], "settle": []}
    for round_ in range(ROUNDS):
        amount = 10**9 + round_
        took["mint"].append(
            _each(chain, [(who, mint.call(amount, amount // 2)) for who in _some(chain.issuers)])
        )
        first = chain.redemption.next_ticket
        took["redeem"].append(_each(chain, [(who, chain.redeeming()) for who in _some(chain.consumers)]))
        delivered = _served(chain, range(first, first + CALLS))
        took["settle"].append(
            _each(chain, [(who, chain.redemption.confirm.call(each)) for each, who in delivered])
        )
    return {name: statistics.median(each) for name, each in took.items()}


def _each(chain: CoinChain, asked: Asked) -> float:
    """What a call costs in a block of such calls, over a block without any."""
    empty = statistics.median(_time(chain.seal) for _ in range(3))
    return (_time(lambda: _block(chain, asked)) - empty) * MICROSECONDS / len(asked)


def _block(chain: CoinChain, asked: Asked) -> None:
    for who, call in asked:
        chain.do(who, call)
    chain.seal()


def _served(chain: CoinChain, numbers: range) -> list[tuple[int, AccountId]]:
    """Tickets that are delivered, with their owners."""
    redemption = chain.redemption
    while any(redemption.tickets[number].state == TicketState.Queued for number in numbers):
        chain.seal()
    owners: list[tuple[int, AccountId]] = []
    for number in numbers:
        ticket = redemption.tickets[number]
        assert ticket.server is not None, "who is matched has a server"
        for who, call in (
            (ticket.server, redemption.accept.call(number)),
            (ticket.owner, redemption.begin.call(number)),
            (ticket.server, redemption.ready.call(number)),
            (ticket.server, redemption.deliver.call(number, RESULT)),
        ):
            chain.do(who, call)
        owners.append((number, ticket.owner))
    chain.seal()
    return owners


def _some(accounts: Sequence[AccountId]) -> list[AccountId]:
    return [accounts[place % len(accounts)] for place in range(CALLS)]


def _time(work: Callable[[], object]) -> float:
    started = time.process_time()
    work()
    return time.process_time() - started
