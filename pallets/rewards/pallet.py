"""Rewards: fees are shared out, to the reserve first, then to those who make the coin work.

All fees (of transactions, mints and redemptions) come into one account, the pot. At the start of each block
what has come into it is split (`split`). The reserve's, the pools' and the treasury's part is paid at once.

    providers      in rounds of a day, by SCU-h delivered: reward = pool * delivered / delivered by all
    validators     in epochs, by blocks proposed, at the end of the epoch

Each is rounded down, and the dust is shared out with the next fees. A provider is paid when it delivers again
after the round, or when anybody claims for it: one step each, however many providers there are. Nothing is
created here: the pot is all that can be paid.

    I7  rewards paid <= fees collected, cumulatively, and what is promised is in the pot
"""

from __future__ import annotations

from functools import partial
from typing import Final

from pallets.rewards import types as t
from pallets.rewards import weights
from pallets.rewards.split import split
from runtime.frame import (
    Pallet,
    Signed,
    StorageMap,
    StorageValue,
    Twox64Concat,
    call,
    hookimpl,
    invariant,
)
from runtime.frame.bond import fill_bond
from runtime.frame.coin import Issuers, Ledger, ProviderState, ReserveFund, Standards
from runtime.frame.interfaces import Authors, Currency
from runtime.scale import U32
from runtime.simplex import Validator
from runtime.types import AccountId, Balance, BlockNumber, Weight, db
from runtime.types.fixed import mul_div_floor

ROUND_HOURS: Final = 24
"""How long a round lasts."""


class Rewards(Pallet[t.RewardsEvent, t.RewardsError]):
    """Shares out the fees."""

    config: t.Config
    coin: Currency
    ledger: Ledger
    issuers: Issuers
    standards: Standards
    reserve: ReserveFund
    authors: tuple[Authors, ...]

    books = StorageValue[t.Books](default=t.Books(), doc="What became of all fees.")
    round = StorageValue[t.Round](default=t.Round(), doc="The round that is open.")
    ended = StorageMap[U32, t.Ended](
        hasher=Twox64Concat, doc="The rounds of which somebody has not got his part."
    )
    parts = StorageMap[AccountId, t.Part](doc="What each provider delivered and is not paid for.")
    validators = StorageValue[Balance](default=0, doc="The validators' share of the fees of this epoch.")

    @hookimpl
    def build_genesis(self, genesis: t.Genesis) -> None:
        if self.coin.free_balance(self.ledger.fee_account()) < self.coin.minimum_balance():
            raise t.NoPot
        self.round = t.Round(ends_at=self.standards.blocks_in(ROUND_HOURS))

    # Calls.

    @call(index=0, weight=weights.CLAIM)
    def claim(self, origin: Signed, who: AccountId) -> None:
        """Pay a provider its part of a round that has ended. Anybody may ask for it."""
        part = self.parts.get(who)
        if part is None:
            raise t.NothingToClaim
        if part.round == self.round.number:
            raise t.RoundOpen
        self._settle(who, part)

    # Hooks.

    @hookimpl
    def on_initialize(self, now: BlockNumber) -> Weight:
        """Share out what has come into the pot, and end the round when its day is over."""
        shared = self._share_out()
        ends = now >= self.round.ends_at
        if ends:
            self._end_round(now)
        return db(reads=4 + 8 * shared, writes=10 * shared + 4 * ends)

    def _share_out(self) -> bool:
        """Split all that is in the pot and not promised; whether there was anything."""
        books, pot = self.books, self._pot()
        amount = pot - books.owed
        if amount <= 0:
            return False
        config = self.config
        parts = split(
            amount,
            self.ledger.mode_now(),
            self.reserve.lacking_now(),
            has_validators=bool(self.authors),
            has_pools=config.pools is not None,
            has_treasury=config.treasury is not None,
        )
        promised = parts.providers + parts.validators
        self.books = t.Books(books.paid + pot, books.paid, books.owed + promised)
        if parts.providers:
            self.round = self.round.replace(pool=self.round.pool + parts.providers)
        if parts.validators:
            self.validators += parts.validators
        kept = parts.reserve
        for to, part in ((config.pools, parts.pools), (config.treasury, parts.treasury)):
            if to is not None and not self._pay(to, part):
                kept += part
        self._pay(self.ledger.reserve_account(), kept)
        self.emit(t.SharedOut(*parts))
        return True

    def _end_round(self, now: BlockNumber) -> None:
        ending = self.round
        if ending.delivered:
            self.ended[ending.number] = t.Ended(
                ending.pool, ending.delivered, left=ending.pool, waiting=ending.delivered
            )
        elif ending.pool:
            self._release(ending.pool)
            self._pay(self.ledger.reserve_account(), ending.pool)
        self.round = t.Round(ending.number + 1, now + self.standards.blocks_in(ROUND_HOURS))
        self.emit(t.RoundEnded(ending.number, ending.pool, ending.delivered))

    # runtime.frame.coin.Rewarded

    def delivered(self, server: AccountId, amount: Balance) -> None:
        if not amount:
            return
        part, current = self.parts.get(server), self.round
        if part is not None and part.round != current.number:
            self._settle(server, part)
            part = None
        before = 0 if part is None else part.delivered
        self.parts[server] = t.Part(current.number, before + amount)
        self.round = current.replace(delivered=current.delivered + amount)

    # runtime.frame.interfaces.EpochObserver

    def epoch_ended(self, epoch: int, authored: tuple[tuple[Validator, int], ...]) -> None:
        pool, blocks = self.validators, sum(count for _, count in authored)
        if not pool or not blocks:
            return
        self._release(pool)
        for validator, count in authored:
            reward = mul_div_floor(pool, count, blocks)
            if self._pay(validator.account, reward):
                bonded = self._fill(validator.account, reward)
                self.emit(t.ValidatorPaid(validator.account, epoch, reward, bonded))
        self.validators = 0

    # Paying.

    def _settle(self, who: AccountId, part: t.Part) -> None:
        """Pay a provider its part of a round that has ended; with the last of them, dust is free again."""
        ended = self.ended[part.round]
        reward = mul_div_floor(ended.pool, part.delivered, ended.delivered)
        left, waiting = ended.left - reward, ended.waiting - part.delivered
        del self.parts[who]
        if waiting:
            self.ended[part.round] = ended.replace(left=left, waiting=waiting)
            self._release(reward)
        else:
            del self.ended[part.round]
            self._release(reward + left)
        is_banned = self.issuers.state_of(who) == ProviderState.Banned
        if self._pay(self.ledger.reserve_account() if is_banned else who, reward):
            self.emit(t.ProviderPaid(who, part.round, reward, self._fill(who, reward)))

    def _pay(self, to: AccountId, amount: Balance) -> bool:
        """Pay from the pot; whether that could be done. What could not stays, and is shared out again."""
        pay = partial(self.coin.transfer, self.ledger.fee_account(), to, amount)
        if not amount or self.attempt(pay) is not None:
            return False
        books = self.books
        self.books = books.replace(paid=books.paid + amount)
        return True

    def _release(self, amount: Balance) -> None:
        """Promise so much less."""
        books = self.books
        self.books = books.replace(owed=books.owed - amount)

    def _fill(self, who: AccountId, amount: Balance) -> Balance:
        """What of a reward a short bond gets."""
        return fill_bond(self.coin, self.issuers, self.ledger, who, amount)

    def _pot(self) -> Balance:
        """What the pot can pay; its account stays alive."""
        return self.coin.reducible_balance(self.ledger.fee_account(), keep_alive=True)

    # Invariants.

    @invariant("I7", "rewards paid <= fees collected, cumulatively, and what is promised is in the pot")
    def rewards_come_from_fees(self) -> str | None:
        books, pot = self.books, self._pot()
        if 0 <= books.owed <= books.collected - books.paid <= pot:
            return None
        return (
            f"collected are {books.collected}, paid {books.paid}, promised {books.owed}, and {pot} are there"
        )

    @hookimpl
    def try_state(self) -> None:
        promised = self.validators + self.round.pool
        waiting: dict[int, int] = {}
        for who, part in self.parts.items():
            assert part.round in self.ended or part.round == self.round.number, (
                f"0x{who.hex()} delivered in round {part.round}, which is not kept"
            )
            waiting[part.round] = waiting.get(part.round, 0) + part.delivered
        assert waiting.pop(self.round.number, 0) == self.round.delivered, "the open round counts otherwise"
        for number, ended in self.ended.items():
            assert waiting.pop(number) == ended.waiting, f"round {number} waits for {ended.waiting}"
            promised += ended.left
        assert promised == self.books.owed, f"promised are {promised}, not {self.books.owed}"
