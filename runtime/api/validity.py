"""Validity as clients read it: the types of `sp_runtime::transaction_validity`, name by name."""

from __future__ import annotations

from enum import IntEnum
from typing import Final

from runtime.frame import validity
from runtime.scale import U8, U64, Enum, Struct


class TransactionSource(IntEnum):
    """Where a transaction came from; it is judged the same."""

    __type_path__ = ("sp_runtime", "transaction_validity", "TransactionSource")

    InBlock = 0
    """It is in a block already."""
    Local = 1
    """This node made it."""
    External = 2
    """Somebody sent it."""


class ValidTransaction(Struct, path="sp_runtime::transaction_validity::ValidTransaction"):
    """What the pool needs to know of a valid transaction."""

    priority: U64
    requires: tuple[bytes, ...]
    provides: tuple[bytes, ...]
    longevity: U64
    propagate: bool

    @classmethod
    def of(cls, answer: validity.ValidTransaction) -> ValidTransaction:
        """The same answer, encodable."""
        return cls(*answer)


class InvalidTransaction(Enum, path="sp_runtime::transaction_validity::InvalidTransaction"):
    """The transaction is wrong, and waiting does not mend it."""


class Call(InvalidTransaction, index=0):
    """The call is not expected."""


class Payment(InvalidTransaction, index=1):
    """The sender cannot pay the fee."""


class Future(InvalidTransaction, index=2):
    """The nonce is ahead of the account's."""


class Stale(InvalidTransaction, index=3):
    """The nonce is used already."""


class BadProof(InvalidTransaction, index=4):
    """The signature does not hold."""


class AncientBirthBlock(InvalidTransaction, index=5):
    """The mortal era is over, or its birth block is no longer known."""


class ExhaustsResources(InvalidTransaction, index=6):
    """The block has no room left."""


class Custom(InvalidTransaction, index=7, unnamed=True):
    """Refused by a pallet's own rule, by number."""

    number: U8


class BadMandatory(InvalidTransaction, index=8):
    """A mandatory call failed."""


class MandatoryValidation(InvalidTransaction, index=9):
    """A mandatory call came as a transaction."""


class BadSigner(InvalidTransaction, index=10):
    """The signer may not sign transactions."""


class UnknownTransaction(Enum, path="sp_runtime::transaction_validity::UnknownTransaction"):
    """The chain cannot judge the transaction."""


class CannotLookup(UnknownTransaction, index=0):
    """The address names no account."""


class NoUnsignedValidator(UnknownTransaction, index=1):
    """No pallet takes this call unsigned."""


class TransactionValidityError(Enum, path="sp_runtime::transaction_validity::TransactionValidityError"):
    """Why a transaction cannot enter a block now."""


class Invalid(TransactionValidityError, index=0, unnamed=True):
    """It is wrong."""

    why: InvalidTransaction


class Unknown(TransactionValidityError, index=1, unnamed=True):
    """It cannot be judged."""

    why: UnknownTransaction


_INVALID: Final[dict[int, InvalidTransaction]] = {
    0: Call(),
    1: Payment(),
    2: Future(),
    3: Stale(),
    4: BadProof(),
    5: AncientBirthBlock(),
    6: ExhaustsResources(),
    8: BadMandatory(),
    9: MandatoryValidation(),
    10: BadSigner(),
}
_UNKNOWN: Final[dict[int, UnknownTransaction]] = {0: CannotLookup(), 1: NoUnsignedValidator()}


def refusal_of(error: validity.TransactionValidityError) -> TransactionValidityError:
    """The value that stands for a refusal that was raised."""
    if isinstance(error, validity.UnknownTransaction):
        return Unknown(_UNKNOWN[error.code])
    if isinstance(error, validity.CustomInvalid):
        return Invalid(Custom(error.number))
    return Invalid(_INVALID[error.code])
