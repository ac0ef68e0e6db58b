"""What transaction payment tells, and the answers to fee queries, as Substrate's clients read them."""

from __future__ import annotations

from typing import Annotated

from runtime.frame import Event
from runtime.scale import U64, Doc, Struct
from runtime.types import AccountId, Balance, DispatchClass, Weight


class Config(Struct):
    """Constants of the chain."""

    fee_account: Annotated[AccountId, Doc("Where fees go at the end of each block.")]
    base_fee: Annotated[Balance, Doc("What every transaction costs.")] = 100_000
    byte_fee: Annotated[Balance, Doc("What each byte of a transaction costs.")] = 1_000
    picoseconds_per_unit: Annotated[
        U64, Doc("How much reference time one smallest unit buys; rounded up.")
    ] = 10_000


class TransactionPaymentEvent(Event, path="pallet_transaction_payment::pallet::Event"):
    """What transaction payment tells the world."""


class TransactionFeePaid(TransactionPaymentEvent, index=0):
    """A fee was paid, the tip included."""

    who: AccountId
    actual_fee: Balance
    tip: Balance


class InclusionFee(
    Struct, path="pallet_transaction_payment::types::InclusionFee", params={"Balance": Balance}
):
    """What it costs to be included, by cause."""

    base_fee: Balance
    len_fee: Balance
    adjusted_weight_fee: Balance


class FeeDetails(Struct, path="pallet_transaction_payment::types::FeeDetails", params={"Balance": Balance}):
    """A fee by its parts."""

    inclusion_fee: InclusionFee | None
    tip: Annotated[Balance, Doc("Zero in queries: the sender chooses it.")] = 0


class RuntimeDispatchInfo(
    Struct,
    path="pallet_transaction_payment::types::RuntimeDispatchInfo",
    params={"Balance": Balance, "Weight": Weight},
):
    """What a call weighs and costs."""

    weight: Weight
    class_: DispatchClass
    partial_fee: Balance
    """The fee without a tip."""
