"""How a dispatched call ended, as events and results carry it."""

from __future__ import annotations

from typing import Annotated, TypeAlias

from runtime.scale import U8, Enum, Fixed, Result, Struct
from runtime.types.weight import DispatchClass, Pays, Weight


class ModuleError(Struct, path="sp_runtime::ModuleError"):
    """A pallet's own error."""

    index: U8
    """The pallet."""
    error: Annotated[bytes, Fixed(4)]
    """The error's number in its pallet, then three zeros."""


class TokenErrorValue(Enum, path="sp_runtime::TokenError"):
    """Something about the tokens moved does not fit."""


class FundsUnavailable(TokenErrorValue, index=0):
    """The account holds less than the amount."""


class OnlyProvider(TokenErrorValue, index=1):
    """The account must stay alive."""


class BelowMinimum(TokenErrorValue, index=2):
    """The receiver would hold less than the existential deposit."""


class CannotCreate(TokenErrorValue, index=3):
    """The account cannot be created."""


class UnknownAsset(TokenErrorValue, index=4):
    """There is no such asset."""


class Frozen(TokenErrorValue, index=5):
    """The funds exist, and are frozen."""


class Unsupported(TokenErrorValue, index=6):
    """The asset does not support this operation."""


class CannotCreateHold(TokenErrorValue, index=7):
    """The account cannot hold for this reason."""


class NotExpendable(TokenErrorValue, index=8):
    """The account must keep this balance."""


class Blocked(TokenErrorValue, index=9):
    """The account may not receive this asset."""


class ArithmeticErrorValue(Enum, path="sp_arithmetic::ArithmeticError"):
    """A number left its range."""


class Underflow(ArithmeticErrorValue, index=0):
    """Below the least value."""


class Overflow(ArithmeticErrorValue, index=1):
    """Above the greatest value."""


class DivisionByZero(ArithmeticErrorValue, index=2):
    """Division by zero."""


class TransactionalErrorValue(Enum, path="sp_runtime::TransactionalError"):
    """Something about storage layers."""


class LimitReached(TransactionalErrorValue, index=0):
    """Too many storage layers."""


class NoLayer(TransactionalErrorValue, index=1):
    """A storage layer was expected."""


class TrieErrorValue(Enum, path="sp_runtime::proving_trie::TrieError"):
    """Something about a proof."""


class InvalidStateRoot(TrieErrorValue, index=0):
    """The root is not that of the proof."""


class DispatchErrorValue(Enum, path="sp_runtime::DispatchError"):
    """Why a call was refused."""


class OtherError(DispatchErrorValue, index=0, name="Other"):
    """A reason without a name."""


class CannotLookup(DispatchErrorValue, index=1):
    """The address names no account."""


class BadOrigin(DispatchErrorValue, index=2):
    """Not on this authority."""


class Module(DispatchErrorValue, index=3, unnamed=True):
    """A pallet's own error."""

    error: ModuleError


class ConsumerRemaining(DispatchErrorValue, index=4):
    """Something still depends on the account."""


class NoProviders(DispatchErrorValue, index=5):
    """The account does not exist."""


class TooManyConsumers(DispatchErrorValue, index=6):
    """Too many things depend on the account."""


class Token(DispatchErrorValue, index=7, unnamed=True):
    """The tokens do not fit."""

    error: TokenErrorValue


class Arithmetic(DispatchErrorValue, index=8, unnamed=True):
    """A number left its range."""

    error: ArithmeticErrorValue


class Transactional(DispatchErrorValue, index=9, unnamed=True):
    """Something about storage layers."""

    error: TransactionalErrorValue


class Exhausted(DispatchErrorValue, index=10):
    """A bounded resource is used up for now."""


class Corruption(DispatchErrorValue, index=11):
    """Stored data is not what it must be."""


class Unavailable(DispatchErrorValue, index=12):
    """Something needed is not available for now."""


class RootNotAllowed(DispatchErrorValue, index=13):
    """Root may not make this call."""


class TrieError(DispatchErrorValue, index=14, name="Trie", unnamed=True):
    """Something about a proof."""

    error: TrieErrorValue


DispatchResult: TypeAlias = Result[tuple[()], DispatchErrorValue]
"""How a call dispatched by another one has ended."""


class DispatchEventInfo(Struct, path="frame_system::DispatchEventInfo"):
    """What a dispatched call used."""

    weight: Weight
    """The weight that was counted."""
    class_: DispatchClass
    """Its share of the block."""
    pays_fee: Pays
    """Whether the sender paid."""
