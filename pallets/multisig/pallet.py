"""Multisig: an account that several answer for makes a call when enough of them have approved it.

    as_multi / approve_as_multi --> approvals --threshold reached, as_multi--> the call runs
                |                        '--cancel_as_multi, by who opened it--> forgotten
                '--threshold 1: as_multi_threshold_1 runs it at once, and nothing is stored

The account is a hash of its signatories and its threshold: nobody registers it, and every call names the
other signatories. What is approved is the hash of a call; who completes the approvals brings the call itself.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Final

from pallets.multisig import types as t
from runtime.crypto.hashing import blake2b_256
from runtime.frame import (
    Blake2_128Concat,
    Call,
    DispatchError,
    Exhausted,
    Pallet,
    PostInfo,
    RuntimeCall,
    Signed,
    StorageDoubleMap,
    Twox64Concat,
    call,
    constant,
    hookimpl,
)
from runtime.frame.host import CallFiltered
from runtime.frame.interfaces import Currency
from runtime.scale import U16, U32, Err, Ok, compact_bytes
from runtime.types import AccountId, Balance, Weight, db
from runtime.types.dispatch import DispatchResult

PREFIX: Final = b"modlpy/utilisuba"
"""What every account of several is hashed with."""
DEPOSIT: Final = t.OperationDeposit()
BASE: Final = db()
"""What a wrapper costs itself."""
OPERATION: Final = db(reads=3, writes=3, compute=50_000_000)
"""An operation that is opened, approved, completed or ended: its record, and its depositor's hold."""
EACH: Final = Weight(2_000_000, 0)
"""A signatory: compared, hashed, read and written."""
BYTE: Final = Weight(100_000, 0)
"""A byte of a call that is written out to be hashed."""


def weight_of_threshold_1(other_signatories: tuple[AccountId, ...], call: Call) -> Weight:
    """The wrapper, its signatories, and the call."""
    return BASE + EACH.times(len(other_signatories)) + call.weight


def weight_of_operation(others: int, call: Call | None = None) -> Weight:
    """An operation with so many other signatories; with a call to be hashed, if it is brought along."""
    size = 0 if call is None else len(call.info.tag) + len(call.info.args_codec.encode(call.args))
    return OPERATION + EACH.times(others) + BYTE.times(size)


def weight_of_as_multi(
    threshold: int,
    other_signatories: tuple[AccountId, ...],
    maybe_timepoint: t.Timepoint | None,
    call: Call,
    max_weight: Weight,
) -> Weight:
    """The operation, and what the call may weigh; if it is not made, that is given back."""
    return weight_of_operation(len(other_signatories), call) + max_weight


def weight_of_approval(
    threshold: int,
    other_signatories: tuple[AccountId, ...],
    maybe_timepoint: t.Timepoint | None,
    call_hash: bytes,
    max_weight: Weight,
) -> Weight:
    """The operation alone: an approval makes no call."""
    return weight_of_operation(len(other_signatories))


def weight_of_cancel(
    threshold: int, other_signatories: tuple[AccountId, ...], timepoint: t.Timepoint, call_hash: bytes
) -> Weight:
    """The operation."""
    return weight_of_operation(len(other_signatories))


def weight_of_poke(threshold: int, other_signatories: tuple[AccountId, ...], call_hash: bytes) -> Weight:
    """The operation."""
    return weight_of_operation(len(other_signatories))


class Multisig(Pallet[t.MultisigEvent, t.MultisigError]):
    """Accounts that several answer for."""

    hold_reason = t.HoldReason
    config: t.Config
    coin: Currency

    multisigs = StorageDoubleMap[AccountId, t.CallHash, t.Operation](
        hashers=(Twox64Concat, Blake2_128Concat), doc="The set of open multisig operations."
    )

    @constant
    def max_signatories(self) -> U32:
        """The maximum amount of signatories allowed in the multisig."""
        return t.SIGNATORIES_MAX

    # Calls.

    @call(index=0, weight=weight_of_threshold_1)
    def as_multi_threshold_1(
        self, origin: Signed, other_signatories: tuple[AccountId, ...], call: RuntimeCall
    ) -> PostInfo:
        """Make a call at once as the account of which each signatory may do so alone."""
        multi = self._account(origin.who, 1, other_signatories)
        used = self.host.dispatch(call, Signed(multi)).weight_of(call)
        return PostInfo(BASE + EACH.times(len(other_signatories)) + used)

    @call(index=1, weight=weight_of_as_multi)
    def as_multi(
        self,
        origin: Signed,
        threshold: U16,
        other_signatories: tuple[AccountId, ...],
        maybe_timepoint: t.Timepoint | None,
        call: RuntimeCall,
        max_weight: Weight,
    ) -> PostInfo:
        """Approve a call, and make it if that completes the approvals; or make one that has them already.

        The first approval opens the operation for a deposit, and gives no timepoint; each later one gives the
        timepoint of the first. `MultisigExecuted` tells how the call ended. A call that weighs more than
        `max_weight` is not made.
        """
        call_hash = blake2b_256(self.host.codec(RuntimeCall).encode(call))
        base = weight_of_operation(len(other_signatories), call)
        multi = self._many(origin.who, threshold, other_signatories)
        operation = self._approve(origin.who, threshold, multi, maybe_timepoint, call_hash, completes=True)
        if operation is None:
            return PostInfo(base)
        if not call.weight.fits(max_weight):
            raise t.MaxWeightTooLow
        self._end(multi, call_hash, operation)
        result, used = self._make(call, multi)
        self.emit(t.MultisigExecuted(origin.who, operation.when, multi, call_hash, result))
        return PostInfo(base + used)

    @call(index=2, weight=weight_of_approval)
    def approve_as_multi(
        self,
        origin: Signed,
        threshold: U16,
        other_signatories: tuple[AccountId, ...],
        maybe_timepoint: t.Timepoint | None,
        call_hash: t.CallHash,
        max_weight: Weight,
    ) -> None:
        """Approve a call by its hash. It is not made by that: who wants it made uses `as_multi`."""
        multi = self._many(origin.who, threshold, other_signatories)
        self._approve(origin.who, threshold, multi, maybe_timepoint, call_hash, completes=False)

    @call(index=3, weight=weight_of_cancel)
    def cancel_as_multi(
        self,
        origin: Signed,
        threshold: U16,
        other_signatories: tuple[AccountId, ...],
        timepoint: t.Timepoint,
        call_hash: t.CallHash,
    ) -> None:
        """Forget an operation that one opened, and have its deposit back."""
        multi = self._many(origin.who, threshold, other_signatories)
        operation = self._opened_by(origin.who, multi, call_hash, timepoint)
        self._end(multi, call_hash, operation)
        self.emit(t.MultisigCancelled(origin.who, timepoint, multi, call_hash))

    @call(index=4, weight=weight_of_poke)
    def poke_deposit(
        self,
        origin: Signed,
        threshold: U16,
        other_signatories: tuple[AccountId, ...],
        call_hash: t.CallHash,
    ) -> PostInfo:
        """Make the deposit of an operation that one opened what the chain asks for now. Costs no fee if that
        changes it.
        """
        who, multi = origin.who, self._many(origin.who, threshold, other_signatories)
        operation = self._opened_by(who, multi, call_hash)
        old, new = operation.deposit, self._deposit(threshold)
        if new == old:
            return PostInfo()
        if new > old:
            self.coin.hold(DEPOSIT, who, new - old)
        else:
            self.coin.release(DEPOSIT, who, old - new)
        self.multisigs[multi, call_hash] = operation.replace(deposit=new)
        self.emit(t.DepositPoked(who, call_hash, old, new))
        return PostInfo(pays=False)

    # Operations.

    def _approve(
        self,
        who: AccountId,
        threshold: int,
        multi: AccountId,
        timepoint: t.Timepoint | None,
        call_hash: bytes,
        *,
        completes: bool,
    ) -> t.Operation | None:
        """Note one's approval where one is missing. With `completes`, the operation if it has all that it
        needs with this one.
        """
        operation = self.multisigs.get((multi, call_hash))
        if operation is None:
            if timepoint is not None:
                raise t.UnexpectedTimepoint
            self._open(who, threshold, multi, call_hash)
            return None
        if timepoint is None:
            raise t.NoTimepoint
        if timepoint != operation.when:
            raise t.WrongTimepoint
        approvals = operation.approvals
        is_needed = len(approvals) < threshold and who not in approvals
        if completes and len(approvals) + is_needed >= threshold:
            return operation
        if not is_needed:
            raise t.AlreadyApproved
        self.multisigs[multi, call_hash] = operation.replace(approvals=tuple(sorted((*approvals, who))))
        self.emit(t.MultisigApproval(who, timepoint, multi, call_hash))
        return None

    def _open(self, who: AccountId, threshold: int, multi: AccountId, call_hash: bytes) -> None:
        deposit = self._deposit(threshold)
        self.coin.hold(DEPOSIT, who, deposit)
        self.multisigs[multi, call_hash] = t.Operation(self._now(), deposit, who, (who,))
        self.emit(t.NewMultisig(who, multi, call_hash))

    def _end(self, multi: AccountId, call_hash: bytes, operation: t.Operation) -> None:
        """Forget an operation before its call is made: it is made once."""
        del self.multisigs[multi, call_hash]
        self.coin.release(DEPOSIT, operation.depositor, operation.deposit)

    def _make(self, call: Call, multi: AccountId) -> tuple[DispatchResult, Weight]:
        """Make a call as the account; how it ended, and what it weighed.

        What stands around this call (a wrapper's filter, the depth of wrappers) is its maker's choice, not
        that of those who approved: a refusal for such a reason is passed on, and the operation stays open.
        """
        try:
            used = self.host.dispatch(call, Signed(multi)).weight_of(call)
        except (CallFiltered, Exhausted):
            raise
        except DispatchError as refusal:
            return Err(self.host.failure(refusal)), call.weight
        return Ok(()), used

    def _opened_by(
        self, who: AccountId, multi: AccountId, call_hash: bytes, timepoint: t.Timepoint | None = None
    ) -> t.Operation:
        """The operation, which `who` opened at `timepoint`, if that is given."""
        operation = self.multisigs.get((multi, call_hash))
        if operation is None:
            raise t.NotFound
        if timepoint is not None and timepoint != operation.when:
            raise t.WrongTimepoint
        if operation.depositor != who:
            raise t.NotOwner
        return operation

    # Figures.

    def _many(self, who: AccountId, threshold: int, others: tuple[AccountId, ...]) -> AccountId:
        """The account for which one does not suffice."""
        if threshold < 2:
            raise t.MinimumThreshold
        return self._account(who, threshold, others)

    def _account(self, who: AccountId, threshold: int, others: tuple[AccountId, ...]) -> AccountId:
        """The account for which `who` and the others answer."""
        if not others:
            raise t.TooFewSignatories
        if len(others) >= t.SIGNATORIES_MAX:
            raise t.TooManySignatories
        if any(low >= high for low, high in pairwise(others)):
            raise t.SignatoriesOutOfOrder
        if who in others:
            raise t.SenderInSignatories
        return multi_account(tuple(sorted((*others, who))), threshold)

    def _deposit(self, threshold: int) -> Balance:
        return self.config.deposit_base + self.config.deposit_factor * threshold

    def _now(self) -> t.Timepoint:
        """This extrinsic; outside of one the index is 0, as in Substrate."""
        return t.Timepoint(self.host.number, int.from_bytes(self.host.phase[1:], "little"))

    @hookimpl
    def try_state(self) -> None:
        held: dict[AccountId, Balance] = {}
        for (_, call_hash), operation in self.multisigs.items():
            name = f"operation 0x{call_hash.hex()}"
            approvals = operation.approvals
            assert approvals == tuple(sorted(set(approvals))), f"the approvals of {name} are not in order"
            assert operation.depositor in approvals, f"who opened {name} did not approve it"
            held[operation.depositor] = held.get(operation.depositor, 0) + operation.deposit
        for who, amount in held.items():
            assert self.coin.on_hold(DEPOSIT, who) == amount, f"the deposits of 0x{who.hex()} are not on hold"


def multi_account(signatories: tuple[AccountId, ...], threshold: int) -> AccountId:
    """The account for which `threshold` of the signatories, sorted, answer: BLAKE2b-256 of `PREFIX`, the
    vector of them, and the threshold as u16.
    """
    listed = compact_bytes(len(signatories)) + b"".join(signatories)
    return blake2b_256(PREFIX + listed + threshold.to_bytes(2, "little"))
