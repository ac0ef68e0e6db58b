"""Utility: several calls at once, and calls on another authority.

It keeps nothing. A wrapper adds no power: each inner call is dispatched on the authority that the wrapper
itself was called on (or on a lesser one), through every filter of the chain, in a storage layer of its own. A
wrapper weighs what its calls weigh together, and what they did not use is given back.
"""

from __future__ import annotations

from typing import Final

from pallets.utility.types import (
    BatchCompleted,
    BatchCompletedWithErrors,
    BatchInterrupted,
    DispatchedAs,
    ItemCompleted,
    ItemFailed,
    TooManyCalls,
    UtilityError,
    UtilityEvent,
)
from runtime.crypto.hashing import blake2b_256
from runtime.frame import (
    BadOrigin,
    Call,
    DispatchError,
    Origin,
    Pallet,
    PostInfo,
    Root,
    RuntimeCall,
    RuntimeOrigin,
    Signed,
    Unsigned,
    call,
    constant,
)
from runtime.scale import U16, U32
from runtime.types import AccountId, Weight, db

CALLS_MAX: Final = 10_922
"""The most calls of one batch: Substrate's figure, a third of its allocation limit at a kilobyte each."""
DERIVED: Final = b"modlpy/utilisuba"
"""What every derived account is hashed with."""
BASE: Final = db()
"""What a wrapper costs itself."""
EACH: Final = db(compute=2_000_000)
"""What a batch costs for each call, beside the call."""


def weight_of_batch(calls: tuple[Call, ...]) -> Weight:
    """The wrapper, and each call."""
    return sum((EACH + each.weight for each in calls), BASE)


def weight_of_derivative(index: int, call: Call) -> Weight:
    """The wrapper, and the call."""
    return BASE + call.weight


def weight_of_dispatch(as_origin: Origin, call: Call) -> Weight:
    """The wrapper, and the call."""
    return BASE + call.weight


class Utility(Pallet[UtilityEvent, UtilityError]):
    """Several calls at once, and calls on another authority."""

    @constant
    def batched_calls_limit(self) -> U32:
        """The limit on the number of batched calls."""
        return CALLS_MAX

    @call(index=0, weight=weight_of_batch)
    def batch(self, origin: Origin, calls: tuple[RuntimeCall, ...]) -> PostInfo:
        """Make calls one after the other until one is refused: `BatchInterrupted` tells which and why.

        The batch itself succeeds all the same; the calls before the refused one stand.
        """
        self._check(origin, calls)
        used = BASE
        for index, each in enumerate(calls):
            try:
                used += EACH + self._run(each, origin)
            except DispatchError as refusal:
                self.emit(BatchInterrupted(index, self.host.failure(refusal)))
                return PostInfo(used + EACH + each.weight)
            self.emit(ItemCompleted())
        self.emit(BatchCompleted())
        return PostInfo(used)

    @call(index=1, weight=weight_of_derivative)
    def as_derivative(self, origin: Signed, index: U16, call: RuntimeCall) -> PostInfo:
        """Make a call as the signer's derived account of number `index`; every filter holds for it too."""
        return PostInfo(BASE + self._run(call, Signed(derived_account(origin.who, index))))

    @call(index=2, weight=weight_of_batch)
    def batch_all(self, origin: Origin, calls: tuple[RuntimeCall, ...]) -> PostInfo:
        """Make every call, or none: the first refusal undoes all and is the batch's own. It does not nest."""
        self._check(origin, calls)
        used = BASE
        for each in calls:
            used += EACH + self.host.dispatch(each, origin, only=self._is_no_batch_all).weight_of(each)
            self.emit(ItemCompleted())
        self.emit(BatchCompleted())
        return PostInfo(used)

    @call(index=3, weight=weight_of_dispatch)
    def dispatch_as(self, origin: Root, as_origin: RuntimeOrigin, call: RuntimeCall) -> None:
        """Make a call on any authority; `DispatchedAs` tells how it ended."""
        self.emit(DispatchedAs(self.host.try_dispatch(call, as_origin)))

    @call(index=4, weight=weight_of_batch)
    def force_batch(self, origin: Origin, calls: tuple[RuntimeCall, ...]) -> PostInfo:
        """Try every call, whether or not others are refused: `ItemFailed` tells why."""
        self._check(origin, calls)
        used, has_errors = BASE, False
        for each in calls:
            try:
                used += EACH + self._run(each, origin)
            except DispatchError as refusal:
                used += EACH + each.weight
                has_errors = True
                self.emit(ItemFailed(self.host.failure(refusal)))
            else:
                self.emit(ItemCompleted())
        self.emit(BatchCompletedWithErrors() if has_errors else BatchCompleted())
        return PostInfo(used)

    def _check(self, origin: Origin, calls: tuple[Call, ...]) -> None:
        if isinstance(origin, Unsigned):
            raise BadOrigin
        if len(calls) > CALLS_MAX:
            raise TooManyCalls

    def _run(self, inner: Call, origin: Origin) -> Weight:
        """Make one call; the weight that it used."""
        return self.host.dispatch(inner, origin).weight_of(inner)

    def _is_no_batch_all(self, inner: Call) -> bool:
        return inner.info is not self.batch_all


def derived_account(who: AccountId, index: int) -> AccountId:
    """The account of number `index` that belongs to `who`: BLAKE2b-256 of `DERIVED`, `who`, `index`."""
    return blake2b_256(DERIVED + who + index.to_bytes(2, "little"))
