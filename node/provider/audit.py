"""The audit: every figure of a stretch of the chain, summed from events on one side and from state on the
other.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from node.client import ChainClient
from node.provider.coin import Coin
from pallets.issuance.types import Minted, Vested
from pallets.ledger.types import Cancelled, Issued, OrphanCancelled
from pallets.redemption.types import Redeemed
from pallets.rewards.types import ProviderPaid, SharedOut, ValidatorPaid
from pallets.slashing.types import Compensated
from pallets.transaction_payment.types import TransactionFeePaid
from runtime.crypto import ss58
from runtime.frame.plain import SS58_PREFIX


@dataclass(frozen=True, slots=True)
class Check:
    """Two ways to the same figure."""

    what: str
    told: object
    """What should be."""
    found: object
    """What is."""

    @property
    def holds(self) -> bool:
        """Whether both agree."""
        return self.told == self.found


@dataclass(frozen=True, slots=True)
class Books:
    """What the state of one block holds, amounts in 10^-9."""

    number: int
    supply: int
    orphaned: int
    issuance: int
    """What the pallet of balances counts."""
    balances: dict[bytes, int]
    """Everything that each account has, free or on hold."""
    debts: dict[bytes, int]
    escrowed: int
    unvested: int
    reserve: bytes
    pot: bytes
    """Where fees are collected."""


@dataclass(slots=True)
class Flows:
    """What the events of a stretch of blocks say, amounts in 10^-9."""

    issued: dict[bytes, int] = field(default_factory=lambda: defaultdict[bytes, int](int))
    cancelled: dict[bytes, int] = field(default_factory=lambda: defaultdict[bytes, int](int))
    orphan_cancelled: int = 0
    fees: dict[bytes, int] = field(default_factory=lambda: defaultdict[bytes, int](int))
    """Transaction fees, by payer."""
    mint_fees: int = 0
    redemption_fees: int = 0
    vested: int = 0
    compensation: int = 0
    rewards: int = 0
    """Fees that went to others than the reserve."""

    def add(self, events: Iterable[Any]) -> None:
        """Count the events of a block."""
        for event in events:
            match event:
                case Issued(issuer=issuer, amount=amount):
                    self.issued[issuer] += amount
                case Cancelled(issuer=issuer, amount=amount):
                    self.cancelled[issuer] += amount
                case OrphanCancelled(amount=amount):
                    self.orphan_cancelled += amount
                case TransactionFeePaid(who=who, actual_fee=fee):
                    self.fees[who] += fee
                case Minted(fee=fee):
                    self.mint_fees += fee
                case Redeemed(fee=fee):
                    self.redemption_fees += fee
                case Vested(amount=amount):
                    self.vested += amount
                case Compensated(amount=amount):
                    self.compensation += amount
                case SharedOut(pools=pools, treasury=treasury):
                    self.rewards += pools + treasury
                case ProviderPaid(amount=amount) | ValidatorPaid(amount=amount):
                    self.rewards += amount
                case _:
                    pass

    @property
    def burned(self) -> int:
        """All coins burned."""
        return sum(self.cancelled.values()) + self.orphan_cancelled


async def books(chain: ChainClient, coin: Coin, block_hash: bytes) -> Books:
    """Read what a block's state holds."""
    header = await chain.header(block_hash)
    system = chain.system

    def look() -> Books:
        accounts = {who: each.data.free + each.data.reserved for who, each in system.account.items()}
        return Books(
            number=header.number,
            supply=coin.ledger.total_supply(),
            orphaned=coin.ledger.total_orphaned(),
            issuance=coin.balances.issuance(),
            balances=accounts,
            debts={who: debt.owed for who, debt in coin.ledger.debts.items()},
            escrowed=coin.redemption.escrowed,
            unvested=sum(each.amount for each in coin.issuance.vesting.values()),
            reserve=coin.ledger.reserve_account(),
            pot=coin.ledger.fee_account(),
        )

    return await chain.view(look, block_hash)


async def flows(chain: ChainClient, first: int, last: int) -> Flows:
    """Sum the events of the blocks from `first` to `last`."""
    found = Flows()
    for number in range(first, last + 1):
        found.add(each.event for each in await chain.events(await chain.hash_at(number)))
    return found


def compare(before: Books, after: Books, between: Flows) -> list[Check]:
    """The coin's own figures: what the events say happened is what the states show."""
    common = (after.reserve, after.pot)
    kept = sum(after.balances[each] - before.balances[each] for each in common)
    fees = sum(between.fees.values()) + between.mint_fees + between.redemption_fees
    held, owed = sum(after.balances.values()), sum(after.debts.values()) + after.orphaned
    grown = after.supply - before.supply
    debts = [
        Check(
            f"debt of {ss58.encode(who, SS58_PREFIX)[:8]}: issued less cancelled",
            between.issued[who] - between.cancelled[who],
            debt - before.debts.get(who, 0),
        )
        for who, debt in after.debts.items()
    ]
    return [
        Check("supply: minted less burned", sum(between.issued.values()) - between.burned, grown),
        Check("supply: the sum of all debts", owed, after.supply),
        Check("supply: the sum of all balances", held, after.supply),
        Check("supply: the issuance that Balances counts", after.issuance, after.supply),
        *debts,
        Check("reserve and pot: all fees less rewards", fees - between.rewards, kept),
        Check("escrow: nothing is left", 0, after.escrowed),
    ]
