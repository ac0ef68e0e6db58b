"""Balances: who owns how much of the coin, and the one way it moves.

Free, held and frozen amounts live in the account store (`System.Account`), one key an account. No call sets a
balance or creates a coin: `mint_into` and the burns are an interface for the pallet that keeps the debts.
What is left of a removed account goes to the dust account, so the sum of all balances changes by minting and
burning alone.
"""

from __future__ import annotations

from typing import Any, Final

from pallets.balances.types import (
    BalancesError,
    BalancesEvent,
    Burned,
    BurnedHeld,
    Config,
    DeadAccount,
    Deposit,
    DustLost,
    Endowed,
    Frozen,
    FrozenAmount,
    Genesis,
    Held,
    HeldAmount,
    Minted,
    Released,
    Thawed,
    TooManyFreezes,
    TooManyHolds,
    Transfer,
    TransferOnHold,
    TransferredFromHold,
    Withdraw,
)
from runtime.frame import (
    FundsUnavailable,
    Pallet,
    Root,
    Signed,
    StorageMap,
    StorageValue,
    call,
    hookimpl,
    lookup,
)
from runtime.frame.error import BelowMinimum, NotExpendable, Overflow
from runtime.frame.error import Frozen as FundsFrozen
from runtime.frame.interfaces import AccountStore
from runtime.frame.validity import Payment
from runtime.scale import Compact, replace
from runtime.types import AccountId, Balance, MultiAddress, db
from runtime.types.account import AccountInfo

REASONS_MAX: Final = 32
"""For how many reasons an account may hold, or be frozen."""
BALANCE_MAX: Final = (1 << 128) - 1


class Balances(Pallet[BalancesEvent, BalancesError]):
    """Who owns how much."""

    config: Config
    accounts: AccountStore

    total_issuance = StorageValue[Balance](default=0, doc="The total units issued in the system.")
    holds = StorageMap[AccountId, tuple[HeldAmount, ...]](
        default=(), doc="What is on hold, by account and reason."
    )
    freezes = StorageMap[AccountId, tuple[FrozenAmount, ...]](
        default=(), doc="What is frozen, by account and reason; the greatest counts."
    )

    @hookimpl
    def build_genesis(self, genesis: Genesis) -> None:
        for who, amount in genesis.balances:
            self.mint_into(who, amount)

    # Calls.

    @call(index=0, weight=db(reads=3, writes=3))
    def transfer_allow_death(self, origin: Signed, dest: MultiAddress, value: Compact[Balance]) -> None:
        """Transfer some liquid free balance to another account; the sender's may be removed by it."""
        self.transfer(origin.who, lookup(dest), value, keep_alive=False)

    @call(index=2, weight=db(reads=3, writes=3))
    def force_transfer(
        self, origin: Root, source: MultiAddress, dest: MultiAddress, value: Compact[Balance]
    ) -> None:
        """Exactly as `transfer_allow_death`, except that root moves the balance of `source`."""
        self.transfer(lookup(source), lookup(dest), value, keep_alive=False)

    @call(index=3, weight=db(reads=2, writes=2))
    def transfer_keep_alive(self, origin: Signed, dest: MultiAddress, value: Compact[Balance]) -> None:
        """Transfer some liquid free balance to another account, and keep the sender's alive."""
        self.transfer(origin.who, lookup(dest), value, keep_alive=True)

    @call(index=4, weight=db(reads=2, writes=2))
    def transfer_all(self, origin: Signed, dest: MultiAddress, keep_alive: bool) -> None:
        """Transfer all that can leave the account; `keep_alive` leaves the existential deposit behind."""
        amount = self.reducible_balance(origin.who, keep_alive)
        self.transfer(origin.who, lookup(dest), amount, keep_alive=keep_alive)

    # runtime.frame.interfaces.Currency

    def issuance(self) -> Balance:
        return self.total_issuance

    def minimum_balance(self) -> Balance:
        return self.config.existential_deposit

    def free_balance(self, who: AccountId) -> Balance:
        return self.accounts.account_info(who).data.free

    def total_balance(self, who: AccountId) -> Balance:
        data = self.accounts.account_info(who).data
        return data.free + data.reserved

    def reducible_balance(self, who: AccountId, keep_alive: bool) -> Balance:
        info = self.accounts.account_info(who)
        data = info.data
        untouchable = max(0, data.frozen - data.reserved)
        if keep_alive or data.reserved or info.consumers:
            untouchable = max(untouchable, self.config.existential_deposit)
        return max(0, data.free - untouchable)

    def transfer(self, source: AccountId, dest: AccountId, amount: Balance, keep_alive: bool = True) -> None:
        if source == dest:
            self._check_withdraw(source, amount, keep_alive)
        elif amount:
            self._take(source, amount, keep_alive)
            self._give(dest, amount)
        self.emit(Transfer(source, dest, amount))

    def on_hold(self, reason: Any, who: AccountId) -> Balance:
        for held in self.holds[who]:
            if held.id == reason:
                return held.amount
        return 0

    def hold(self, reason: Any, who: AccountId, amount: Balance) -> None:
        if not amount:
            return
        info = self._check_withdraw(who, amount, keep_alive=True)
        data = info.data
        self._set_hold(reason, who, self.on_hold(reason, who) + amount)
        self.accounts.set_account_data(
            who, info, replace(data, free=data.free - amount, reserved=data.reserved + amount)
        )
        self.emit(Held(reason, who, amount))

    def release(self, reason: Any, who: AccountId, amount: Balance) -> None:
        if not amount:
            return
        self._lower_hold(reason, who, amount)
        info = self.accounts.account_info(who)
        data = info.data
        self.accounts.set_account_data(
            who, info, replace(data, free=data.free + amount, reserved=data.reserved - amount)
        )
        self.emit(Released(reason, who, amount))

    def transfer_on_hold(
        self, reason: Any, source: AccountId, dest: AccountId, amount: Balance, *, free: bool = True
    ) -> None:
        if not amount:
            return
        if not free and not self.accounts.account_exists(dest):
            raise DeadAccount
        self._lower_hold(reason, source, amount)
        info = self.accounts.account_info(source)
        data = info.data
        self.accounts.set_account_data(source, info, replace(data, reserved=data.reserved - amount))
        if free:
            self._give(dest, amount)
            self.emit(TransferredFromHold(reason, source, dest, amount))
            return
        self._set_hold(reason, dest, self.on_hold(reason, dest) + amount)
        info = self.accounts.account_info(dest)
        data = info.data
        self.accounts.set_account_data(dest, info, replace(data, reserved=data.reserved + amount))
        self.emit(TransferOnHold(reason, source, dest, amount))

    def set_freeze(self, reason: Any, who: AccountId, amount: Balance) -> None:
        others = tuple(each for each in self.freezes[who] if each.id != reason)
        frozen = (*others, FrozenAmount(reason, amount)) if amount else others
        if len(frozen) > REASONS_MAX:
            raise TooManyFreezes
        if frozen:
            self.freezes[who] = frozen
        else:
            self.freezes.discard(who)
        info = self.accounts.account_info(who)
        data = info.data
        most = max((each.amount for each in frozen), default=0)
        if most != data.frozen:
            self.accounts.set_account_data(who, info, replace(data, frozen=most))
            change = abs(most - data.frozen)
            self.emit(Frozen(who, change) if most > data.frozen else Thawed(who, change))

    # runtime.frame.interfaces.Mint

    def mint_into(self, who: AccountId, amount: Balance) -> None:
        if self.total_issuance + amount > BALANCE_MAX:
            raise Overflow
        if amount:
            self._give(who, amount)
        self.total_issuance += amount
        self.emit(Minted(who, amount))

    def burn_from(self, who: AccountId, amount: Balance) -> None:
        if amount:
            self._take(who, amount, keep_alive=False)
        self.total_issuance -= amount
        self.emit(Burned(who, amount))

    def burn_held(self, reason: Any, who: AccountId, amount: Balance) -> None:
        if not amount:
            return
        self._lower_hold(reason, who, amount)
        info = self.accounts.account_info(who)
        data = info.data
        self.accounts.set_account_data(who, info, replace(data, reserved=data.reserved - amount))
        self.total_issuance -= amount
        self.emit(BurnedHeld(reason, who, amount))

    # runtime.frame.interfaces.FeePayment

    def withdraw_fee(self, who: AccountId, amount: Balance) -> None:
        info = self.accounts.account_info(who)
        data = info.data
        left = data.free - amount
        if left < self.config.existential_deposit or left < data.frozen - data.reserved:
            raise Payment
        self.accounts.set_account_data(who, info, replace(data, free=left))
        self.emit(Withdraw(who, amount))

    def refund_fee(self, who: AccountId, amount: Balance) -> None:
        info = self.accounts.account_info(who)
        data = info.data
        self.accounts.set_account_data(who, info, replace(data, free=data.free + amount))
        self.emit(Deposit(who, amount))

    def deposit_fees(self, who: AccountId, amount: Balance) -> None:
        self._give(who, amount)
        self.emit(Deposit(who, amount))

    # The two moves that all the others are made of.

    def _take(self, who: AccountId, amount: Balance, keep_alive: bool) -> None:
        """Take free coins; what is left of a removed account goes to the dust account."""
        info = self._check_withdraw(who, amount, keep_alive)
        data = info.data
        left = data.free - amount
        if left >= self.config.existential_deposit or data.reserved or who == self.config.dust_account:
            self.accounts.set_account_data(who, info, replace(data, free=left))
            return
        self.accounts.set_account_data(who, info, replace(data, free=0))
        if left:
            self.emit(DustLost(who, left))
            self._give(self.config.dust_account, left)

    def _give(self, who: AccountId, amount: Balance) -> None:
        """Give free coins to an account, which exists afterwards."""
        info = self.accounts.account_info(who)
        data = info.data
        free = data.free + amount
        if free > BALANCE_MAX:
            raise Overflow
        if free < self.config.existential_deposit and who != self.config.dust_account:
            raise BelowMinimum
        self.accounts.set_account_data(who, info, replace(data, free=free))
        if not data.free and not data.reserved:
            self.emit(Endowed(who, amount))

    def _check_withdraw(self, who: AccountId, amount: Balance, keep_alive: bool) -> AccountInfo:
        info = self.accounts.account_info(who)
        data = info.data
        left = data.free - amount
        if left < 0:
            raise FundsUnavailable
        if left < data.frozen - data.reserved:
            raise FundsFrozen
        if (keep_alive or data.reserved or info.consumers) and left < self.config.existential_deposit:
            raise NotExpendable
        return info

    def _lower_hold(self, reason: Any, who: AccountId, amount: Balance) -> None:
        held = self.on_hold(reason, who)
        if held < amount:
            raise FundsUnavailable
        self._set_hold(reason, who, held - amount)

    def _set_hold(self, reason: Any, who: AccountId, amount: Balance) -> None:
        others = tuple(each for each in self.holds[who] if each.id != reason)
        held = (*others, HeldAmount(reason, amount)) if amount else others
        if len(held) > REASONS_MAX:
            raise TooManyHolds
        if held:
            self.holds[who] = held
        else:
            self.holds.discard(who)
