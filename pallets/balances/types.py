"""What Balances stores, tells and refuses; Substrate's pallet_balances, name by name."""

from __future__ import annotations

from typing import Annotated

from runtime.frame import Error, Event, RuntimeFreezeReason, RuntimeHoldReason
from runtime.scale import Doc, Struct
from runtime.types import AccountId, Balance


class Config(Struct):
    """Constants of the chain."""

    existential_deposit: Annotated[Balance, Doc("An account holding less than this does not exist.")]
    dust_account: Annotated[AccountId, Doc("Where what is left of a removed account goes.")]


class Genesis(Struct):
    """Balances at block zero."""

    balances: tuple[tuple[AccountId, Balance], ...] = ()


class HeldAmount(
    Struct,
    path="frame_support::traits::tokens::misc::IdAmount",
    params={"Id": RuntimeHoldReason, "Balance": Balance},
):
    """What is held for one reason."""

    id: RuntimeHoldReason
    amount: Balance


class FrozenAmount(
    Struct,
    path="frame_support::traits::tokens::misc::IdAmount",
    params={"Id": RuntimeFreezeReason, "Balance": Balance},
):
    """What is frozen for one reason."""

    id: RuntimeFreezeReason
    amount: Balance


class BalancesEvent(Event, path="pallet_balances::pallet::Event"):
    """What Balances tells the world."""


class Endowed(BalancesEvent, index=0):
    """An account was created with some free balance."""

    account: AccountId
    free_balance: Balance


class DustLost(BalancesEvent, index=1):
    """An account was removed, and what was left of it went to the dust account."""

    account: AccountId
    amount: Balance


class Transfer(BalancesEvent, index=2):
    """Coins moved from one account to another."""

    from_: AccountId
    to: AccountId
    amount: Balance


class Deposit(BalancesEvent, index=7):
    """Coins were put into an account, such as fees."""

    who: AccountId
    amount: Balance


class Withdraw(BalancesEvent, index=8):
    """Coins were taken from an account, such as fees."""

    who: AccountId
    amount: Balance


class Minted(BalancesEvent, index=10):
    """Coins were created, as somebody's debt."""

    who: AccountId
    amount: Balance


class Burned(BalancesEvent, index=11):
    """Coins were destroyed, and a debt with them."""

    who: AccountId
    amount: Balance


class Frozen(BalancesEvent, index=19):
    """More of the balance is frozen than before."""

    who: AccountId
    amount: Balance


class Thawed(BalancesEvent, index=20):
    """Less of the balance is frozen than before."""

    who: AccountId
    amount: Balance


class Held(BalancesEvent, index=22):
    """Coins were put on hold."""

    reason: RuntimeHoldReason
    who: AccountId
    amount: Balance


class BurnedHeld(BalancesEvent, index=23):
    """Coins on hold were destroyed, and a debt with them."""

    reason: RuntimeHoldReason
    who: AccountId
    amount: Balance


class TransferOnHold(BalancesEvent, index=24):
    """Coins on hold moved into another account's hold for the same reason."""

    reason: RuntimeHoldReason
    source: AccountId
    dest: AccountId
    amount: Balance


class TransferredFromHold(BalancesEvent, index=25):
    """Coins on hold moved to another account, and are free there."""

    reason: RuntimeHoldReason
    source: AccountId
    dest: AccountId
    amount: Balance


class Released(BalancesEvent, index=26):
    """Coins are no longer on hold."""

    reason: RuntimeHoldReason
    who: AccountId
    amount: Balance


class BalancesError(Error):
    """Why Balances refuses."""


class LiquidityRestrictions(BalancesError, index=1):
    """The coins may not leave the account."""


class InsufficientBalance(BalancesError, index=2):
    """The account holds less than the amount."""


class ExistentialDeposit(BalancesError, index=3):
    """The amount is less than the existential deposit."""


class DeadAccount(BalancesError, index=6):
    """The receiving account must exist."""


class TooManyHolds(BalancesError, index=8):
    """The account holds for too many reasons."""


class TooManyFreezes(BalancesError, index=9):
    """The account is frozen for too many reasons."""
