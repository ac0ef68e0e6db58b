"""A chain of the whole coin on a database of its own, with as many providers, accounts and tickets as wanted.

Its tickets wait, in two queues, for a class of hardware that nobody has: so all of them stay open, and every
block looks for somebody in vain, as long as it may.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from genesis.coin import COIN, CPU_WORK_PER_HOUR, Backing, coin_genesis, covering_work
from genesis.seats import ESCROW, EXISTENTIAL_DEPOSIT, FEES, RESERVE, Timing, seats
from node.economy.chain import AUTHOR, Chain, account, accounts, hex_of
from node.plugins import discover
from node.storage import RocksStates
from pallets.redemption import Redemption
from pallets.redemption.tickets import SMALLEST_SHARE
from pallets.redemption.types import Service
from runtime.frame.host import Call
from runtime.frame.validity import ExhaustsResources
from runtime.loader import load
from runtime.runtime import Runtime
from runtime.spec import RuntimeSpec
from runtime.types import AccountId
from runtime.types.fixed import div_ceil

BLOCKS_PER_HOUR: Final = 600
ROOT: Final = account("root")
WEALTH: Final = 20 * COIN
CONSUMERS: Final = 200
"""How many of the accounts have tickets."""
RICH: Final = 20_000 * COIN
"""What each of those has."""
RARE_CLASS: Final = 9
"""Hardware that is rated, and that nobody has."""
COVERAGE_PPB: Final = 1_400_000_000
HOME: Final = 1
"""The region of all providers."""
ANY: Final = 0
"""No wish."""
JOB: Final = bytes(32)


@dataclass(frozen=True, slots=True)
class Size:
    """How much there is of everything."""

    providers: int
    accounts: int
    tickets: int


def coin_runtime(timing: Timing) -> Runtime:
    """A runtime of its own, so that chains can be looked at in turn."""
    return load(RuntimeSpec(spec_version=1, pallets=seats(timing, sudo=True)), discover())


def genesis_of(providers: Sequence[AccountId], endowed: Sequence[tuple[AccountId, int]]) -> dict[str, Any]:
    """Providers with a unit each, all of one class, and coins of people."""
    everybody: list[tuple[bytes | str, int]] = [*endowed, (ROOT, 1_000 * COIN)]
    everybody += [(RESERVE, COIN), (ESCROW, EXISTENTIAL_DEPOSIT), (FEES, EXISTENTIAL_DEPOSIT)]
    backing = Backing(providers=providers, author=bytes(AUTHOR.verify_key), windows_a_day=2)
    backing = replace(backing, work=covering_work(everybody, backing, COVERAGE_PPB))
    found = coin_genesis(everybody, backing)
    found["Standards"]["classes"].append(
        {"id": RARE_CLASS, "name": "rare", "work_per_hour": 10 * CPU_WORK_PER_HOUR}
    )
    for provider in found["Providers"]["providers"]:
        provider["domain"]["region"] = HOME
    found["Sudo"] = {"key": hex_of(ROOT)}
    return found


class Busy(Chain):
    """A chain of which more is asked than goes into one block."""

    def do(self, who: AccountId, call: Call) -> None:
        """A transaction that succeeds, in the next block if this one is full."""
        try:
            refusal = self.submit(call, who).refusal
        except ExhaustsResources:
            self.seal()
            refusal = self.submit(call, who).refusal
        assert refusal is None, f"{call}: {refusal}"


class CoinChain(Busy):
    """One such chain."""

    def __init__(self, size: Size, states: RocksStates) -> None:
        self.consumers = accounts("consumer", min(CONSUMERS, size.accounts))
        others = accounts("holder", size.accounts - len(self.consumers))
        self.issuers = accounts("provider", size.providers)
        endowed = [*((who, RICH) for who in self.consumers), *((who, WEALTH) for who in others)]
        timing = Timing(blocks_per_hour=BLOCKS_PER_HOUR)
        super().__init__(coin_runtime(timing), genesis_of(self.issuers, endowed), ROOT, states)
        self.size = size
        self.redemption = self[Redemption]

    def fill(self) -> None:
        """Make the tickets, as many a block as it takes."""
        for number in range(self.size.tickets):
            consumer, region = self.consumers[number % len(self.consumers)], number % 2
            self.do(consumer, self.redeeming(RARE_CLASS, region))
        self.seal()
        assert self.redemption.waiting.tickets == self.size.tickets, "tickets are served, or were not made"

    def redeeming(self, class_floor: int = ANY, region: int = ANY) -> Call:
        """The smallest ticket that there is, with these wishes."""
        supply = self.redemption.ledger.total_supply()
        smallest = max(COIN, div_ceil(supply, SMALLEST_SHARE))
        return self.redemption.redeem.call(smallest, Service.Infer, class_floor, region, JOB)


@contextmanager
def coin_chain(size: Size, folder: Path) -> Generator[CoinChain]:
    """A chain with all that, in a database below `folder`, removed at the end."""
    with TemporaryDirectory(dir=folder) as place:
        states = RocksStates.open(Path(place) / "db")
        try:
            chain = CoinChain(size, states)
            chain.fill()
            yield chain
        finally:
            states.close()
