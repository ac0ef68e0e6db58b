"""Validity: whether a transaction may wait for a block, and how transactions depend on one another."""

from __future__ import annotations

from typing import ClassVar, Final, NamedTuple

LONGEVITY_MAX: Final = (1 << 64) - 1
"""Valid for ever."""
PRIORITY_MAX: Final = (1 << 64) - 1


class ValidTransaction(NamedTuple):
    """What the pool needs to know of a valid transaction."""

    priority: int = 0
    """Higher goes first."""
    requires: tuple[bytes, ...] = ()
    """Tags that other transactions must provide before this one."""
    provides: tuple[bytes, ...] = ()
    """Tags that this one provides; two that provide the same tag exclude each other."""
    longevity: int = LONGEVITY_MAX
    """For how many blocks this answer holds."""
    propagate: bool = True
    """Whether to tell peers."""

    def combine(self, other: ValidTransaction) -> ValidTransaction:
        """What two answers about one transaction say together."""
        return ValidTransaction(
            min(self.priority + other.priority, PRIORITY_MAX),
            self.requires + other.requires,
            self.provides + other.provides,
            min(self.longevity, other.longevity),
            self.propagate and other.propagate,
        )


class TransactionValidityError(Exception):
    """A transaction cannot enter a block now."""

    kind: ClassVar[int]
    """0 invalid, 1 unknown, as `sp_runtime::transaction_validity` numbers them."""
    code: ClassVar[int]
    """The variant index within its kind."""
    message: ClassVar[str] = ""
    """Substrate's sentence for it."""

    def __str__(self) -> str:
        return self.message


class InvalidTransaction(TransactionValidityError):
    """The transaction is wrong, and waiting does not mend it."""

    kind = 0


class UnknownTransaction(TransactionValidityError):
    """The chain cannot judge the transaction."""

    kind = 1


class CallInvalid(InvalidTransaction):
    """The call is not expected."""

    code, message = 0, "Transaction call is not expected"


class Payment(InvalidTransaction):
    """The sender cannot pay the fee."""

    code, message = 1, "Inability to pay some fees (e.g. account balance too low)"


class Future(InvalidTransaction):
    """The nonce is ahead of the account's."""

    code, message = 2, "Transaction will be valid in the future"


class Stale(InvalidTransaction):
    """The nonce is used already."""

    code, message = 3, "Transaction is outdated"


class BadProof(InvalidTransaction):
    """The signature does not hold."""

    code, message = 4, "Transaction has a bad signature"


class AncientBirthBlock(InvalidTransaction):
    """The mortal era is over, or its birth block is no longer known."""

    code, message = 5, "Transaction has an ancient birth block"


class ExhaustsResources(InvalidTransaction):
    """The block has no room left."""

    code, message = 6, "Transaction would exhaust the block limits"


class CustomInvalid(InvalidTransaction):
    """Refused by a pallet's own rule, by number."""

    code = 7

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number

    def __str__(self) -> str:
        return f"InvalidTransaction custom error {self.number}"


class BadMandatory(InvalidTransaction):
    """A mandatory call failed: the block is invalid."""

    code, message = 8, "A call was labelled as mandatory, but resulted in an Error."


class MandatoryValidation(InvalidTransaction):
    """A mandatory call came as a transaction."""

    code, message = 9, "Transaction dispatch is mandatory; transactions must not be validated."


class BadSigner(InvalidTransaction):
    """The signer may not sign transactions."""

    code, message = 10, "Invalid signing address"


class CannotLookupSigner(UnknownTransaction):
    """The address names no account."""

    code, message = 0, "Could not lookup information required to validate the transaction"


class NoUnsignedValidator(UnknownTransaction):
    """No pallet takes this call unsigned."""

    code, message = 1, "Could not find an unsigned validator for the unsigned transaction"
