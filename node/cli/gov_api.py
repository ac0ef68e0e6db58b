"""Governance as commands ask for it: referenda, votes and parameters at one block, and about when that is."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import TypeVar, TypeVarTuple

from governance.parameters.types import ParameterInfo
from node.cli.faults import Fault, expected
from node.cli.remote import Remote, reach
from node.cli.words import Words
from node.client.apis import ask
from node.gov.clock import Clock, clock_at
from node.gov.drafts import NoTrack
from node.gov.pallets import Governance, NoGovernance
from node.gov.referenda import Referendum, read
from runtime.scale.errors import show

T = TypeVar("T")
Arguments = TypeVarTuple("Arguments")


@dataclass(frozen=True, slots=True)
class GovApi:
    """What anybody may ask of governance, over the state of one block."""

    remote: Remote
    gov: Governance
    at: bytes
    clock: Clock
    turnout_max: int
    """All coins, in 10^-9: what support is a part of."""

    @property
    def words(self) -> Words:
        """How the chain's values are written."""
        return self.remote.words

    @property
    def number(self) -> int:
        """The block's."""
        return self.clock.number

    @property
    def undeciding_timeout(self) -> int:
        """For how many blocks a referendum may wait for its decision."""
        return self.gov.referenda.undeciding_timeout()

    async def view(self, question: Callable[[], T]) -> T:
        """What a function that reads pallets answers over the state."""
        return await self.remote.chain.view(question, self.at)

    async def ask(self, question: Callable[[*Arguments], T], *arguments: *Arguments) -> T:
        """What a runtime API answers over the state."""
        return await ask(self.remote.chain, self.at, question, *arguments)

    async def referendum(self, index: int) -> Referendum:
        """All of one referendum. Raises Fault."""
        found = await self.view(partial(read, self.gov, index))
        if found is None:
            raise Fault(f"there is no referendum {index}: `ballast gov list` names those that go on")
        return found

    async def parameter(self, path: str) -> ParameterInfo:
        """A parameter, by its path `Pallet.Item`. Raises Fault."""
        found = await self.ask(self.gov.parameters.get, path)
        if found is None:
            raise Fault(f"no pallet declares a parameter {show(path)}: `ballast param list` names them")
        return found

    def when(self, block: int) -> str:
        """A block and about when it is."""
        return f"block {block:,}, {self.clock.left(block)} ({self.clock.date(block)})"


@asynccontextmanager
async def asking_gov(rpc: str, chain: str, at: str = "best") -> AsyncGenerator[GovApi]:
    """The governance of the chain at `rpc` as of a block; whatever goes wrong is a Fault."""
    with expected(NoGovernance, NoTrack):
        async with reach(rpc, chain) as remote:
            gov = Governance.of(remote.runtime)
            block_hash = await remote.block_hash(at)
            number = (await remote.chain.header(block_hash)).number
            per_hour = gov.referenda.config.blocks_per_hour
            clock = await clock_at(remote.chain, block_hash, number, per_hour)
            turnout = await remote.chain.view(gov.voting.turnout_max, block_hash)
            yield GovApi(remote, gov, block_hash, clock, turnout)
