"""Transaction payment: a transaction pays for its bytes and for its weight, and may add a tip.

    fee = base + bytes * byte_fee + ceil(reference time / picoseconds_per_unit) + tip

The most that it may cost is taken before the call; what the call did not use is given back after it. Fees of
a block are collected in one value and put into the fee account at its end.
"""

from __future__ import annotations

from typing import Final

from msgspec import Struct

from pallets.transaction_payment.types import (
    Config,
    FeeDetails,
    InclusionFee,
    RuntimeDispatchInfo,
    TransactionFeePaid,
    TransactionPaymentEvent,
)
from runtime.frame import (
    Call,
    NoError,
    Pallet,
    RuntimeCall,
    RuntimeExtrinsic,
    StorageValue,
    hookimpl,
    runtime_api,
)
from runtime.frame.bound import BoundValue
from runtime.frame.extension import TransactionExtension
from runtime.frame.interfaces import FeePayment
from runtime.frame.validity import PRIORITY_MAX, ValidTransaction
from runtime.scale import U32, Compact
from runtime.types import AccountId, Balance, BlockNumber, Pays, Weight
from runtime.types.fixed import div_ceil
from runtime.types.limits import EXTRINSIC_BASE

_PAYS: Final = Pays.Yes
TIP_PRIORITY: Final = 1_000
"""How much priority one unit of tip gives."""


class TransactionPayment(Pallet[TransactionPaymentEvent, NoError]):
    """What a transaction costs its sender."""

    config: Config
    coin: FeePayment

    collected = StorageValue[Balance](default=0, doc="Fees of this block, not yet in the fee account.")

    def extensions(self) -> tuple[TransactionExtension, ...]:
        return (ChargeTransactionPayment(self),)

    @hookimpl
    def on_finalize(self, now: BlockNumber) -> None:
        collected = self.collected
        if collected:
            self.coin.deposit_fees(self.config.fee_account, collected)
            del self.collected

    def inclusion_fee(self, weight: Weight, length: int) -> InclusionFee:
        """What it costs to be included, without a tip."""
        time = weight.ref_time + EXTRINSIC_BASE.ref_time
        return InclusionFee(
            self.config.base_fee,
            length * self.config.byte_fee,
            div_ceil(time, self.config.picoseconds_per_unit),
        )

    def fee(self, weight: Weight, length: int) -> Balance:
        """The same as one sum."""
        config = self.config
        time = weight.ref_time + EXTRINSIC_BASE.ref_time
        return config.base_fee + length * config.byte_fee + div_ceil(time, config.picoseconds_per_unit)

    # Runtime APIs.

    @runtime_api("TransactionPaymentApi", version=4)
    def query_info(self, uxt: RuntimeExtrinsic, len_: U32) -> RuntimeDispatchInfo:
        """What an extrinsic of `len` bytes weighs and costs, without a tip; unsigned ones cost nothing."""
        info = self.query_call_info(uxt.call, len_)
        return info if uxt.signature is not None else info.replace(partial_fee=0)

    @runtime_api("TransactionPaymentApi", version=4)
    def query_fee_details(self, uxt: RuntimeExtrinsic, len_: U32) -> FeeDetails:
        """The same fee by its parts."""
        return self.query_call_fee_details(uxt.call, len_) if uxt.signature is not None else FeeDetails(None)

    @runtime_api("TransactionPaymentApi", version=4)
    def query_weight_to_fee(self, weight: Weight) -> Balance:
        """What a weight costs."""
        return div_ceil(weight.ref_time, self.config.picoseconds_per_unit)

    @runtime_api("TransactionPaymentApi", version=4)
    def query_length_to_fee(self, length: U32) -> Balance:
        """What a length in bytes costs."""
        return length * self.config.byte_fee

    @runtime_api("TransactionPaymentCallApi", version=3)
    def query_call_info(self, call: RuntimeCall, len_: U32) -> RuntimeDispatchInfo:
        """What a call weighs and costs in a signed transaction of `len` bytes, without a tip."""
        weight = call.info.weight_of(call.args)
        declaration = call.info.declaration
        pays = declaration.pays == Pays.Yes
        return RuntimeDispatchInfo(weight, declaration.dispatch_class, self.fee(weight, len_) if pays else 0)

    @runtime_api("TransactionPaymentCallApi", version=3)
    def query_call_fee_details(self, call: RuntimeCall, len_: U32) -> FeeDetails:
        """The same fee by its parts."""
        if call.info.declaration.pays == Pays.No:
            return FeeDetails(None)
        return FeeDetails(self.inclusion_fee(call.info.weight_of(call.args), len_))


class _Charged(Struct, frozen=True):
    who: AccountId
    fee: Balance
    tip: Balance
    weight: Weight


class ChargeTransactionPayment(TransactionExtension):
    """Takes the fee before the call, and gives back what was too much after it."""

    identifier = "ChargeTransactionPayment"
    extra_type = Compact[Balance]

    def __init__(self, pallet: TransactionPayment) -> None:
        self._pallet = pallet
        self._collected: BoundValue[Balance] = pallet.stored("collected")

    def validate(self, who: AccountId, call: Call, length: int, extra: Balance) -> ValidTransaction:
        self.prepare(who, call, length, extra)
        return ValidTransaction(priority=min(PRIORITY_MAX, extra * TIP_PRIORITY))

    def prepare(self, who: AccountId, call: Call, length: int, extra: Balance) -> _Charged:
        pallet = self._pallet
        info = call.info
        fee, weight = extra, info.fixed_weight or info.weight_of(call.args)
        if info.declaration.pays is _PAYS:
            fee += pallet.fee(weight, length)
        if fee:
            pallet.coin.withdraw_fee(who, fee)
            self._collected.set(self._collected.get() + fee)
        return _Charged(who, fee, extra, weight)

    def post_dispatch(self, prepared: _Charged, call: Call, length: int, used: Weight, pays: bool) -> None:
        pallet = self._pallet
        who, charged, tip = prepared.who, prepared.fee, prepared.tip
        due = charged
        if used is not prepared.weight or not pays:
            due = tip + (pallet.fee(used, length) if pays else 0)
            if due < charged:
                pallet.coin.refund_fee(who, charged - due)
                self._collected.set(self._collected.get() - (charged - due))
        pallet.emit(TransactionFeePaid(who, due, tip))
