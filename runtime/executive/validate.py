"""Whether a transaction may wait in the pool: judged over a state, changing nothing."""

from __future__ import annotations

from collections.abc import Container

from runtime.executive.extrinsic import Extrinsic, Implied, Proof, verify
from runtime.executive.limits import check_single
from runtime.executive.parts import Parts
from runtime.frame.host import PHASE_INITIALIZATION, Call
from runtime.frame.validity import (
    BadProof,
    CannotLookupSigner,
    MandatoryValidation,
    NoUnsignedValidator,
    ValidTransaction,
)
from runtime.state.backend import State
from runtime.state.overlay import Overlay
from runtime.types.account import Address
from runtime.types.weight import DispatchClass


class Validator:
    """Judges transactions for the block after `parent_hash`; one serves until the head changes."""

    def __init__(self, parts: Parts, state: State, *, number: int, parent_hash: bytes) -> None:
        self._parts = parts
        self._number = number
        self._overlay = Overlay(state)
        self._implied: Implied = {}
        self._enter()
        parts.system.begin_block(number, parent_hash, ())

    def validate(self, extrinsic: Extrinsic, *, verified: Container[Proof] = ()) -> ValidTransaction:
        """What the pool should know of an extrinsic. Raises `TransactionValidityError`."""
        self._enter()
        mark = self._overlay.open()
        try:
            return self._judge(extrinsic, verified)
        finally:
            self._overlay.undo(mark)

    def _judge(self, extrinsic: Extrinsic, verified: Container[Proof]) -> ValidTransaction:
        parts, call, signature = self._parts, extrinsic.call, extrinsic.signature
        declaration = call.info.declaration
        if declaration.dispatch_class == DispatchClass.Mandatory:
            raise MandatoryValidation
        check_single(call.info.weight_of(call.args), len(extrinsic.raw), declaration.dispatch_class)
        if signature is None:
            return validate_unsigned(parts, call)
        address = signature.address
        if not isinstance(address, Address):
            raise CannotLookupSigner
        check_proof(parts, extrinsic, address.account, verified, self._implied)
        answer = ValidTransaction()
        for extension, extra in zip(parts.extensions, signature.extras, strict=True):
            answer = answer.combine(extension.validate(address.account, call, len(extrinsic.raw), extra))
        return answer

    def payload(self, extrinsic: Extrinsic) -> bytes:
        """What an extrinsic's signature covers, over this head. Raises `TransactionValidityError`."""
        self._enter()
        return self._parts.codec.payload(extrinsic, self._implied)

    def _enter(self) -> None:
        host = self._parts.host
        host.overlay, host.number, host.phase = self._overlay, self._number, PHASE_INITIALIZATION


def validate_unsigned(parts: Parts, call: Call) -> ValidTransaction:
    """What the call's own pallet says of it, unsigned; raises `NoUnsignedValidator` if nothing."""
    hook = parts.unsigned.get(call.info.pallet)
    if hook is None:
        raise NoUnsignedValidator
    answer: ValidTransaction = hook.run(call)
    return answer


def check_proof(
    parts: Parts, extrinsic: Extrinsic, who: bytes, verified: Container[Proof], implied: Implied
) -> None:
    """Whether the signature of an extrinsic holds; `verified` are proofs already found good, `implied` as for
    `ExtrinsicCodec.payload`.

    Raises `BadProof`, or what an extension says of data that is no longer known.
    """
    signature = extrinsic.signature
    assert signature is not None
    proof = signature.kind, who, parts.codec.payload(extrinsic, implied), signature.signature
    if proof not in verified and not verify(*proof):
        raise BadProof
