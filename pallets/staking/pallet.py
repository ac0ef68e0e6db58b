"""Staking: the coins with which validators answer for what they sign, and the election of those with most.

A validator is a provider that bonds coins, registers its keys with the authorities, and says that it wants to
validate. Coins that are unbonded wait for 7 days, and can be taken meanwhile: evidence of what they stood for
when they were bonded is accepted for as long.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from pallets.staking import types as t
from pallets.staking.election import weights_of
from runtime.frame import Pallet, Parameter, Signed, StorageMap, StorageValue, call, hookimpl, invariant
from runtime.frame.coin import UNBONDING_HOURS, Cause, Issuers, Ledger, ProviderState, Standards
from runtime.frame.interfaces import Currency
from runtime.scale import U128, Compact
from runtime.simplex import VALIDATORS_MAX
from runtime.types import AccountId, Balance, db
from runtime.types.fixed import PPB

MAY_VALIDATE: Final = (ProviderState.Active, ProviderState.Deficient)
"""Providers in other states have proven nothing, or are leaving."""
STAKED: Final = t.Staked()
COIN: Final = PPB
NOTHING: Final = t.Stake()
CLEAN: Final = t.Standing()


class Staking(Pallet[t.StakingEvent, t.StakingError]):
    """Who has put up what, and who is elected."""

    hold_reason = t.HoldReason
    coin: Currency
    ledger: Ledger
    standards: Standards
    issuers: tuple[Issuers, ...]

    stakes = StorageMap[AccountId, t.Stake](default=NOTHING, doc="What each account has bonded.")
    candidates = StorageValue[t.Candidates](
        default=(), doc="Who stands for election, in the order in which they said so."
    )
    standings = StorageMap[AccountId, t.Standing](default=CLEAN, doc="What is held against accounts.")
    staked = StorageValue[Balance](default=0, doc="All stakes together.")
    slashed = StorageValue[Balance](default=0, doc="All that was ever taken from stakes.")

    minimum_bond = Parameter[U128](
        default=1_000 * COIN,
        bounds=(COIN, 10_000_000 * COIN),
        track="collateral",
        safer="up",
        doc="The least that a validator has bonded.",
    )

    @hookimpl
    def build_genesis(self, genesis: t.Genesis) -> None:
        if genesis.minimum_bond is not None:
            self.minimum_bond = genesis.minimum_bond
        for each in genesis.validators:
            if each.account in self.stakes:
                raise t.AlreadyBonded
            self._bond(each.account, each.bond)
            self._stand(each.account)

    # Calls.

    @call(index=0, weight=db(reads=4, writes=4))
    def bond(self, origin: Signed, value: Compact[Balance]) -> None:
        """Bond free coins for the first time."""
        if origin.who in self.stakes:
            raise t.AlreadyBonded
        self._bond(origin.who, value)

    @call(index=1, weight=db(reads=4, writes=4))
    def bond_extra(self, origin: Signed, max_additional: Compact[Balance]) -> None:
        """Add free coins to one's bond."""
        self._known(origin.who)
        self._bond(origin.who, max_additional)

    @call(index=2, weight=db(reads=4, writes=1))
    def unbond(self, origin: Signed, value: Compact[Balance]) -> None:
        """Take coins out of one's bond; they wait for 7 days, and can be slashed meanwhile."""
        who = origin.who
        stake = self._known(who)
        if not value:
            raise t.NothingToBond
        if value > stake.active:
            raise t.BondTooSmall
        left = stake.active - value
        if left < self.minimum_bond and who in self.candidates:
            raise t.InsufficientBond
        until = self.host.number + self.standards.blocks_in(UNBONDING_HOURS)
        chunks = stake.unlocking
        if chunks and chunks[-1].until == until:
            chunks = (*chunks[:-1], chunks[-1].replace(value=chunks[-1].value + value))
        elif len(chunks) == t.CHUNKS_MAX:
            raise t.NoMoreChunks
        else:
            chunks = (*chunks, t.UnlockChunk(value, until))
        self.stakes[who] = t.Stake(left, chunks)
        self.emit(t.Unbonded(who, value, until))

    @call(index=3, weight=db(reads=4, writes=4))
    def withdraw_unbonded(self, origin: Signed) -> None:
        """Free the coins whose 7 days are over; not while one is accused."""
        who = origin.who
        stake = self._known(who)
        if not stake.unlocking:
            raise t.NothingUnbonding
        if self.standings[who].accused:
            raise t.Accused
        waiting = tuple(chunk for chunk in stake.unlocking if self.host.number < chunk.until)
        freed = stake.total - t.Stake(stake.active, waiting).total
        if not freed:
            raise t.StillUnbonding
        self._shrink(who, t.Stake(stake.active, waiting), freed)
        self.coin.release(STAKED, who, freed)
        self.emit(t.Withdrawn(who, freed))

    @call(index=4, weight=db(reads=5, writes=1))
    def validate(self, origin: Signed) -> None:
        """Stand for election, from the next one on. One's keys are registered with the authorities."""
        self._known(origin.who)
        self._stand(origin.who)

    @call(index=6, weight=db(reads=1, writes=1))
    def chill(self, origin: Signed) -> None:
        """Stand for election no more."""
        if origin.who not in self.candidates:
            raise t.NotValidating
        self._chill(origin.who)

    def _bond(self, who: AccountId, amount: Balance) -> None:
        if not amount:
            raise t.NothingToBond
        self.coin.hold(STAKED, who, amount)
        stake = self.stakes[who]
        self.stakes[who] = stake.replace(active=stake.active + amount)
        self.staked += amount
        self.emit(t.Bonded(who, amount))

    def _stand(self, who: AccountId) -> None:
        candidates = self.candidates
        if who in candidates:
            raise t.AlreadyValidating
        if self.standings[who].bans:
            raise t.IsBanned
        if not self._provides(who):
            raise t.NotProvider
        if self.stakes[who].active < self.minimum_bond:
            raise t.InsufficientBond
        if len(candidates) == t.CANDIDATES_MAX:
            raise t.TooManyValidators
        self.candidates = (*candidates, who)
        self.emit(t.Announced(who))

    def _chill(self, who: AccountId) -> None:
        self.candidates = tuple(each for each in self.candidates if each != who)
        self.emit(t.Chilled(who))

    def _provides(self, who: AccountId) -> bool:
        """Whether the account's compute lets it validate; on a chain without providers everybody's does."""
        return all(issuers.state_of(who) in MAY_VALIDATE for issuers in self.issuers)

    def _known(self, who: AccountId) -> t.Stake:
        stake = self.stakes.get(who)
        if stake is None:
            raise t.NotStash
        return stake

    def _shrink(self, who: AccountId, new: t.Stake, amount: Balance) -> None:
        """Write a stake that has become smaller by `amount`."""
        if new == NOTHING:
            del self.stakes[who]
        else:
            self.stakes[who] = new
        self.staked -= amount

    # runtime.frame.interfaces.Election

    def elect(self, can_vote: Callable[[AccountId], bool]) -> tuple[tuple[AccountId, int], ...]:
        minimum = self.minimum_bond
        standing: list[tuple[int, AccountId]] = []
        for who in self.candidates:
            bond = self.stakes[who].active
            if bond >= minimum and self._provides(who) and can_vote(who):
                standing.append((-bond, who))
        elected = sorted(standing)[:VALIDATORS_MAX]
        weights = weights_of([-negative for negative, _ in elected])
        return tuple((who, weight) for (_, who), weight in zip(elected, weights, strict=True))

    # runtime.frame.coin.Bonds

    def stake_of(self, who: AccountId) -> Balance:
        return self.stakes[who].total

    def slashed_total(self) -> Balance:
        return self.slashed

    def accuse(self, who: AccountId) -> None:
        standing = self.standings[who]
        self.standings[who] = t.Standing(standing.accused + 1, standing.bans + 1)
        self.emit(t.Banned(who))
        if who in self.candidates:
            self._chill(who)

    def settle(self, who: AccountId) -> None:
        standing = self.standings[who]
        self.standings[who] = t.Standing(standing.accused - 1, standing.bans)

    def pardon(self, who: AccountId) -> None:
        standing = self.standings[who]
        new = t.Standing(standing.accused - 1, standing.bans - 1)
        if new == CLEAN:
            del self.standings[who]
        else:
            self.standings[who] = new
        self.emit(t.Pardoned(who))

    def burn_stake(self, who: AccountId, amount: Balance) -> None:
        self._take(who, amount)
        self.ledger.cancel_held(who, STAKED, who, amount, Cause.Liquidated)

    def take_stake(self, who: AccountId, to: AccountId, amount: Balance) -> None:
        self._take(who, amount)
        self.coin.transfer_on_hold(STAKED, who, to, amount)

    def _take(self, who: AccountId, amount: Balance) -> None:
        """Take coins off a stake: those that are bonded first, then those that would be free last."""
        stake = self.stakes[who]
        if amount > stake.total:
            raise t.BondTooSmall
        active = max(0, stake.active - amount)
        left = amount - (stake.active - active)
        chunks = list(stake.unlocking)
        while left:
            last = chunks.pop()
            if last.value > left:
                chunks.append(last.replace(value=last.value - left))
            left -= min(left, last.value)
        self._shrink(who, t.Stake(active, tuple(chunks)), amount)
        self.slashed += amount
        self.emit(t.Slashed(who, amount))

    # Invariants.

    @invariant("V2", "every stake is on hold, and all of them are what is staked")
    def stakes_are_on_hold(self) -> str | None:
        grown = self.staked - self.before("staked")
        for change in self.stakes.changes():
            total, held = (change.new or NOTHING).total, self.coin.on_hold(STAKED, change.key)
            if total != held:
                return f"0x{change.key.hex()} has a stake of {total}, and {held} on hold"
            grown -= total - (change.old or NOTHING).total
        return f"the sum of stakes is off by {grown}" if grown else None

    @hookimpl
    def try_state(self) -> None:
        total = 0
        for who, stake in self.stakes.items():
            assert stake.total == self.coin.on_hold(STAKED, who), f"the stake of 0x{who.hex()} is not on hold"
            assert stake != NOTHING, f"0x{who.hex()} has an empty stake"
            total += stake.total
        assert total == self.staked, f"stakes of {total}, and {self.staked} are staked"
        for who in self.candidates:
            assert who in self.stakes, f"0x{who.hex()} stands for election without a stake"
            assert not self.standings[who].bans, f"0x{who.hex()} is banned, and stands for election"
