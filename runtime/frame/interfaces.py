"""What pallets may expect of one another: behaviours, never names. The chain spec says who provides them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol, runtime_checkable

from runtime.simplex import Committee, Validator
from runtime.types.account import AccountData, AccountId, AccountInfo, Balance, BlockNumber, Hash, Moment
from runtime.types.digest import DigestItem
from runtime.types.dispatch import DispatchErrorValue, DispatchEventInfo
from runtime.types.limits import ConsumedWeight


@runtime_checkable
class AccountStore(Protocol):
    """Keeps one record an account: nonce, references, and the balances that another pallet manages in it."""

    def account_info(self, who: AccountId) -> AccountInfo:
        """The whole record; zeros for an account that does not exist."""
        ...

    def account_exists(self, who: AccountId) -> bool:
        """Whether anything provides for the account."""
        ...

    def set_account_data(self, who: AccountId, before: AccountInfo, data: AccountData) -> None:
        """Write the balances over `before`, the record as it stands; an account is created by its first and
        removed with its last.

        Raises `ConsumerRemaining` when the account would be removed while something depends on it.
        """
        ...

    def balances(self) -> int:
        """The sum of all balances, held ones included, account by account: for checks that may take long."""
        ...

    def balances_grown(self) -> int:
        """By how much the sum of all balances, held ones included, has grown in the block being executed:
        from the accounts that it changed, and from nothing that any pallet counts.
        """
        ...

    def inc_consumers(self, who: AccountId) -> None:
        """Something depends on the account: it may not vanish. Raises `NoProviders`."""
        ...

    def dec_consumers(self, who: AccountId) -> None:
        """One thing less depends on the account."""
        ...


@runtime_checkable
class Nonces(Protocol):
    """Counts each account's transactions."""

    def nonce(self, who: AccountId) -> int:
        """The nonce that the account's next transaction must carry."""
        ...

    def use_nonce(self, who: AccountId, nonce: int) -> int:
        """Count one transaction if it carries the nonce that it must; which that is."""
        ...


@runtime_checkable
class Blocks(Protocol):
    """Knows the block being executed and the ones before it."""

    def recent_hash(self, number: BlockNumber) -> Hash | None:
        """The hash of a recent block, or None when it is no longer kept."""
        ...

    def genesis_hash(self) -> Hash:
        """The hash of block zero."""
        ...

    def digest_logs(self) -> tuple[DigestItem, ...]:
        """The digest items of the block being executed, so far."""
        ...

    def deposit_log(self, item: DigestItem) -> None:
        """Add an item to the block's digest."""
        ...


@runtime_checkable
class Clock(Protocol):
    """Knows the time of the block."""

    def moment(self) -> Moment:
        """Milliseconds since the Unix epoch, as the author set it."""
        ...


@runtime_checkable
class Currency(Protocol):
    """The chain's coin: holds balances and moves them. It cannot create any; see `Mint`."""

    def issuance(self) -> Balance:
        """All that exists."""
        ...

    def minimum_balance(self) -> Balance:
        """The existential deposit: an account holding less does not exist."""
        ...

    def free_balance(self, who: AccountId) -> Balance:
        """What the account has free, frozen parts included."""
        ...

    def total_balance(self, who: AccountId) -> Balance:
        """Free and on hold together."""
        ...

    def reducible_balance(self, who: AccountId, keep_alive: bool) -> Balance:
        """What may leave the account: free, less what is frozen or must stay."""
        ...

    def transfer(self, source: AccountId, dest: AccountId, amount: Balance, keep_alive: bool = True) -> None:
        """Move free coins. Raises a `TokenError`."""
        ...

    def on_hold(self, reason: Any, who: AccountId) -> Balance:
        """What is held for this reason."""
        ...

    def hold(self, reason: Any, who: AccountId, amount: Balance) -> None:
        """Put free coins on hold: they stay the account's and cannot be spent. Raises a `TokenError`."""
        ...

    def release(self, reason: Any, who: AccountId, amount: Balance) -> None:
        """Free coins that were on hold. Raises a `TokenError` when less is held."""
        ...

    def transfer_on_hold(
        self, reason: Any, source: AccountId, dest: AccountId, amount: Balance, *, free: bool = True
    ) -> None:
        """Move coins on hold to another account, as free coins or into its hold for the same reason."""
        ...

    def set_freeze(self, reason: Any, who: AccountId, amount: Balance) -> None:
        """Freeze `amount` for this reason, replacing what was; zero thaws."""
        ...


@runtime_checkable
class Mint(Currency, Protocol):
    """A currency that its one issuer may create and destroy; every coin is somebody's debt, so few are given
    this.
    """

    def mint_into(self, who: AccountId, amount: Balance) -> None:
        """Create free coins at the account. Raises `BelowMinimum` when it would not exist."""
        ...

    def burn_from(self, who: AccountId, amount: Balance) -> None:
        """Destroy free coins of the account. Raises a `TokenError`."""
        ...

    def burn_held(self, reason: Any, who: AccountId, amount: Balance) -> None:
        """Destroy coins that are on hold. Raises a `TokenError`."""
        ...


@runtime_checkable
class Fungibles(Protocol):
    """Many assets by number, each held and moved like the coin."""

    def asset_exists(self, asset: int) -> bool:
        """Whether there is such an asset."""
        ...

    def asset_balance(self, asset: int, who: AccountId) -> Balance:
        """What the account holds of it."""
        ...

    def asset_transfer(self, asset: int, source: AccountId, dest: AccountId, amount: Balance) -> None:
        """Move some of it. Raises a `TokenError`."""
        ...


@runtime_checkable
class FeePayment(Protocol):
    """Takes the fee of a transaction from its sender, and gives back what was too much."""

    def withdraw_fee(self, who: AccountId, amount: Balance) -> None:
        """Take the fee. Raises `Payment` when the account cannot pay and stay alive."""
        ...

    def refund_fee(self, who: AccountId, amount: Balance) -> None:
        """Give a part back."""
        ...

    def deposit_fees(self, who: AccountId, amount: Balance) -> None:
        """Put what was collected into an account."""
        ...


@runtime_checkable
class Beacon(Protocol):
    """Public randomness, one value a block, that nobody could choose after seeing it."""

    def randomness(self) -> bytes:
        """This block's value, 32 bytes."""
        ...

    def is_biasable(self) -> bool:
        """Whether the author could have withheld a value that it did not like, as on a development chain."""
        ...


@runtime_checkable
class Authors(Protocol):
    """Knows who makes the blocks of a chain of validators."""

    def author_now(self) -> Validator:
        """The validator that proposed the block being executed."""
        ...

    def epoch_now(self) -> int:
        """The epoch of the block being executed."""
        ...

    def committee_now(self) -> Committee:
        """The committee of the block being executed; after `on_finalize`, of the next one."""
        ...

    def committee_root(self, epoch: int) -> Hash | None:
        """The root of an epoch's committee; None when the epoch is to come, or began so long ago that coins
        which were bonded then may be free now.
        """
        ...

    def epoch_start(self, epoch: int) -> BlockNumber:
        """The first block of an epoch."""
        ...


@runtime_checkable
class Election(Protocol):
    """Says who shall be the next committee."""

    def elect(self, can_vote: Callable[[AccountId], bool]) -> tuple[tuple[AccountId, int], ...]:
        """The accounts of an epoch's validators with their weights, in the committee's order, from those that
        `can_vote` (have keys); at most `VALIDATORS_MAX`. None at all: the committee stays as it is.
        """
        ...


@runtime_checkable
class EpochObserver(Protocol):
    """Wants to know who made the blocks of an epoch, as one who pays for them does."""

    def epoch_ended(self, epoch: int, authored: tuple[tuple[Validator, int], ...]) -> None:
        """The last block of an epoch is being closed: its committee, and how many of its blocks each member
        proposed. May not raise.
        """
        ...


@runtime_checkable
class System(Protocol):
    """Keeps the books of the block being executed; provided to the executive by exactly one pallet."""

    def begin_block(self, number: BlockNumber, parent_hash: Hash, logs: tuple[DigestItem, ...]) -> None:
        """Open block `number` with the author's digest items."""
        ...

    def extrinsic_applied(self, failure: DispatchErrorValue | None, info: DispatchEventInfo) -> None:
        """Tell how the extrinsic just applied has ended: the last event that belongs to it."""
        ...

    def success(self, info: DispatchEventInfo) -> bytes:
        """The encoded event that tells of a success; for outcomes that are told again and again."""
        ...

    def extrinsic_succeeded(self, success: bytes) -> None:
        """Tell of a success as `extrinsic_applied` would, by the event that `success` gave."""
        ...

    def end_block(self, events: bytes, event_count: int, used: ConsumedWeight) -> tuple[DigestItem, ...]:
        """Close the block's books, with its encoded events (the vector whole); its digest items."""
        ...

    def last_runtime_upgrade(self) -> int:
        """The spec version that last ran its migrations."""
        ...

    def note_runtime_upgrade(self, spec_version: int) -> None:
        """The migrations of this spec version have run."""
        ...
