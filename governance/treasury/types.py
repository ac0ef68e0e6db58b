"""What Treasury stores, tells and refuses: the names and shapes of Substrate's pallet_treasury."""

from __future__ import annotations

from typing import Annotated, Final, TypeAlias

from runtime.frame import Error, Event
from runtime.scale import U32, Doc, Enum, Max, Newtype, Struct
from runtime.types import AccountId, Balance, BlockNumber

APPROVALS_MAX: Final = 100
"""The most spends that wait for the end of a period: Substrate's figure."""
BLOCK_MAX: Final = (1 << 32) - 1
"""The last block that there can be."""
ProposalIndex: TypeAlias = U32
SpendIndex: TypeAlias = U32
Permill: TypeAlias = Annotated[U32, Newtype("sp_arithmetic::per_things::Permill")]
"""Parts per million."""
Nothing: TypeAlias = tuple[()]
"""Stands where Substrate names an asset, or a payment in another one: there is one coin, paid at once."""


class Config(Struct):
    """Constants of the chain."""

    blocks_per_hour: Annotated[U32, Doc("How many blocks pass in an hour; at least one.")]
    spend_max: Annotated[Balance, Doc("The most coins that the track `treasury` approves in one block.")]
    spend_period_hours: Annotated[U32, Doc("How long a period is, in hours; at least one.")] = 24
    payout_period_hours: Annotated[U32, Doc("How long a spend can be claimed, in hours; at least one.")] = 720


class Proposal(Struct, path="pallet_treasury::Proposal", params={"AccountId": AccountId, "Balance": Balance}):
    """A spend that is paid at the end of a period."""

    proposer: Annotated[AccountId, Doc("Its beneficiary.")]
    value: Balance
    beneficiary: AccountId
    bond: Annotated[Balance, Doc("Zero: nobody puts up anything for it.")]


class PaymentState(Enum, path="pallet_treasury::PaymentState", params={"Id": Nothing}):
    """How far a spend is. A payment is made at once or not at all, so none is ever kept but pending."""


class Pending(PaymentState, index=0):
    """Nobody has claimed it."""


class Attempted(PaymentState, index=1):
    """It is on its way."""

    id: Nothing


class Failed(PaymentState, index=2):
    """It came back."""


class SpendStatus(
    Struct,
    path="pallet_treasury::SpendStatus",
    params={
        "AssetKind": Nothing,
        "AssetBalance": Balance,
        "Beneficiary": AccountId,
        "BlockNumber": BlockNumber,
        "PaymentId": Nothing,
    },
):
    """A spend that anybody may let be paid."""

    asset_kind: Annotated[Nothing, Doc("The coin.")]
    amount: Balance
    beneficiary: AccountId
    valid_from: Annotated[BlockNumber, Doc("The first block in which it can be claimed.")]
    expire_at: Annotated[BlockNumber, Doc("The first one in which it cannot any more.")]
    status: PaymentState


class Approved(Struct):
    """What the track has approved in the last block in which it approved anything."""

    at: BlockNumber = 0
    amount: Balance = 0


Approvals: TypeAlias = Annotated[tuple[ProposalIndex, ...], Max(APPROVALS_MAX)]


class TreasuryEvent(Event, path="pallet_treasury::pallet::Event"):
    """What Treasury tells the world."""


class Spending(TreasuryEvent, index=0):
    """A period has ended, and what waits is paid."""

    budget_remaining: Balance


class Awarded(TreasuryEvent, index=1):
    """Coins were paid."""

    proposal_index: ProposalIndex
    award: Balance
    account: AccountId


class Rollover(TreasuryEvent, index=3):
    """All is paid that can be; so much is left for the next period."""

    rollover_balance: Balance


class SpendApproved(TreasuryEvent, index=5):
    """A spend waits for the end of the period."""

    proposal_index: ProposalIndex
    amount: Balance
    beneficiary: AccountId


class AssetSpendApproved(TreasuryEvent, index=7):
    """A spend can be claimed from a block on, until another."""

    index: SpendIndex
    asset_kind: Nothing
    amount: Balance
    beneficiary: AccountId
    valid_from: BlockNumber
    expire_at: BlockNumber


class AssetSpendVoided(TreasuryEvent, index=8):
    """A spend was taken back."""

    index: SpendIndex


class Paid(TreasuryEvent, index=9):
    """A spend was paid."""

    index: SpendIndex
    payment_id: Nothing


class SpendProcessed(TreasuryEvent, index=11):
    """A spend is over: paid, or expired."""

    index: SpendIndex


class TreasuryError(Error):
    """Why Treasury refuses."""


class InvalidIndex(TreasuryError, index=0):
    """There is no spend of this number."""


class TooManyApprovals(TreasuryError, index=1):
    """As many spends wait as can: a period pays first."""


class InsufficientPermission(TreasuryError, index=2):
    """The track may not approve so much in one block."""


class ProposalNotApproved(TreasuryError, index=3):
    """No spend of this number waits for the end of a period."""


class SpendExpired(TreasuryError, index=5):
    """The spend has expired, or would have before anybody could claim it."""


class EarlyPayout(TreasuryError, index=6):
    """The spend cannot be claimed yet."""


class PayoutError(TreasuryError, index=8):
    """The treasury cannot pay this now: it has less, or the beneficiary could not exist with so little."""


class NotAttempted(TreasuryError, index=9):
    """The spend can still be claimed, and nobody has: there is nothing to check."""


class ZeroSpend(TreasuryError, index=11):
    """A spend is of coins: name more than none."""
