"""The chain's own answers about its coin, as commands ask for them: `BallastCoinApi` at one block."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

from node.cli.faults import Fault, expected
from node.cli.remote import Remote, reach
from node.cli.words import Words
from node.client.apis import ask
from node.provider.coin import Coin, NoCoin
from pallets.identity import Identity
from pallets.identity.types import ENTITIES_MAX, EntityInfo
from pallets.ledger.queries import PAGE_MAX as ISSUERS_PAGE_MAX
from pallets.ledger.queries import IssuerInfo
from pallets.providers.queries import PAGE_MAX as PROVIDERS_PAGE_MAX
from pallets.providers.queries import ProviderInfo, UnitInfo
from pallets.redemption.queries import PAGE_MAX as TICKETS_PAGE_MAX
from pallets.redemption.queries import TicketInfo, TicketReport
from pallets.redemption.types import Receipt
from pallets.solvency.types import CoverageReport
from pallets.standards.queries import StandardsPage

PAGES_MAX: Final = 4_096
"""No list has more pages."""


@dataclass(frozen=True, slots=True)
class CoinApi:
    """What anybody may ask of the coin, over the state of one block."""

    remote: Remote
    coin: Coin
    at: bytes
    number: int
    """The block's."""

    @property
    def words(self) -> Words:
        """How the chain's values are written."""
        return self.remote.words

    async def coverage(self) -> CoverageReport:
        """The figures that the block's header carries, and all bonds."""
        return await ask(self.remote.chain, self.at, self.coin.solvency.query_coverage)

    async def provider(self, who: bytes) -> ProviderInfo | None:
        """A provider; None for a stranger."""
        return await ask(self.remote.chain, self.at, self.coin.providers.query_provider, who)

    async def units(self, who: bytes) -> tuple[UnitInfo, ...]:
        """A provider's units, by number."""
        return await ask(self.remote.chain, self.at, self.coin.providers.query_units, who)

    async def providers(self) -> list[ProviderInfo]:
        """Every provider, in the order of registration."""
        found: list[ProviderInfo] = []
        start = 0
        for _ in range(PAGES_MAX):
            question = self.coin.providers.query_providers
            page = await ask(self.remote.chain, self.at, question, start, PROVIDERS_PAGE_MAX)
            found += page.items
            if page.following is None:
                return found
            start = page.following
        raise _endless()

    async def ticket(self, number: int) -> TicketReport | None:
        """An open ticket."""
        return await ask(self.remote.chain, self.at, self.coin.redemption.query_ticket, number)

    async def receipt(self, number: int) -> Receipt | None:
        """What is kept of a ticket that was served."""
        return await ask(self.remote.chain, self.at, self.coin.redemption.query_receipt, number)

    async def tickets(self) -> list[TicketInfo]:
        """Every open ticket, by number."""
        found: list[TicketInfo] = []
        after: int | None = None
        for _ in range(PAGES_MAX):
            question = self.coin.redemption.query_tickets
            page = await ask(self.remote.chain, self.at, question, after, TICKETS_PAGE_MAX)
            found += page.items
            after = page.following
            if after is None:
                return sorted(found, key=lambda each: each.number)
        raise _endless()

    async def standards(self, limit: int) -> StandardsPage:
        """The newest standards, at most so many of them, as one page."""
        question = self.coin.standards.query_standards
        page = await ask(self.remote.chain, self.at, question, None, limit)
        items, following = page.items, page.following
        while following is not None and len(items) < limit:
            more = await ask(self.remote.chain, self.at, question, following, limit - len(items))
            if not more.items:
                raise _endless()
            items, following = items + more.items, more.following
        return page.replace(items=items, following=following)

    async def issuer(self, who: bytes) -> IssuerInfo | None:
        """The public account of an issuer."""
        return await ask(self.remote.chain, self.at, self.coin.ledger.query_issuer, who)

    async def issuers(self) -> list[IssuerInfo]:
        """Every issuer there ever was, the greatest debtor first."""
        found: list[IssuerInfo] = []
        after: bytes | None = None
        for _ in range(PAGES_MAX):
            page = await ask(
                self.remote.chain, self.at, self.coin.ledger.query_issuers, after, ISSUERS_PAGE_MAX
            )
            found += page.items
            after = page.following
            if after is None:
                return sorted(found, key=lambda each: (-each.debt.owed, each.who))
        raise _endless()

    async def entities(self, whose: Sequence[bytes]) -> dict[bytes, EntityInfo]:
        """Who answers for accounts, as far as they have said so."""
        found: dict[bytes, EntityInfo] = {}
        for pallet in self.remote.runtime.pallets.values():
            if not isinstance(pallet, Identity):
                continue
            for start in range(0, len(whose), ENTITIES_MAX):
                some = tuple(whose[start : start + ENTITIES_MAX])
                records = await ask(self.remote.chain, self.at, pallet.query_entities, some)
                found |= {who: each for who, each in zip(some, records, strict=False) if each is not None}
        return found


@asynccontextmanager
async def asking(rpc: str, chain: str, at: str) -> AsyncGenerator[CoinApi]:
    """The coin of the chain at `rpc` as of a block; whatever goes wrong is a Fault."""
    with expected(NoCoin):
        async with reach(rpc, chain) as remote:
            block_hash = await remote.block_hash(at)
            header = await remote.chain.header(block_hash)
            yield CoinApi(remote, Coin.of(remote.runtime), block_hash, header.number)


def plain_entity(entity: EntityInfo | None) -> dict[str, object] | None:
    """An entity for programs."""
    if entity is None:
        return None
    info = entity.info
    return {
        "name": _text(info.name),
        "jurisdiction": _text(info.jurisdiction),
        "number": _text(info.number),
        "web": _text(info.web),
        "undertaking": "0x" + info.undertaking.hex(),
        "isVouched": entity.vouched,
    }


def _text(raw: bytes) -> str:
    """Words of strangers: nothing in them that a terminal would obey."""
    text = raw.decode("utf-8", errors="replace")
    return "".join(each if each.isprintable() else "\N{REPLACEMENT CHARACTER}" for each in text)


def _endless() -> Fault:
    return Fault("the node's list does not end: ask another node")
