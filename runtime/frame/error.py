"""Errors: why a call is refused. Raising one undoes the call's storage layer.

A pallet's errors are classes under one root, numbered by `index`; their docstrings become metadata. The
others are the refusals that every Substrate chain knows.
"""

from __future__ import annotations

from typing import ClassVar


class DispatchError(Exception):
    """A call was refused: expected in normal operation, reported in `System.ExtrinsicFailed`."""

    code: ClassVar[int]
    """Variant index in `sp_runtime::DispatchError`."""

    def __str__(self) -> str:
        doc = " ".join((type(self).__doc__ or "").split())
        return f"{type(self).__name__}: {doc}" if doc else type(self).__name__


class Other(DispatchError):
    """Refused for a reason that has no name of its own."""

    code = 0


class CannotLookup(DispatchError):
    """The address names no account that this chain can find."""

    code = 1


class BadOrigin(DispatchError):
    """The call may not be made on this authority."""

    code = 2


class ConsumerRemaining(DispatchError):
    """The account cannot be removed: something still depends on it."""

    code = 4


class NoProviders(DispatchError):
    """The account does not exist, so nothing may come to depend on it."""

    code = 5


class TooManyConsumers(DispatchError):
    """Too many things depend on the account already."""

    code = 6


class TokenError(DispatchError):
    """Something about the tokens moved does not fit."""

    code = 7
    token: ClassVar[int]
    """Variant index in `sp_runtime::TokenError`."""


class FundsUnavailable(TokenError):
    """The account holds less than the amount."""

    token = 0


class OnlyProvider(TokenError):
    """The account must stay alive, and this would leave it below the existential deposit."""

    token = 1


class BelowMinimum(TokenError):
    """The receiver would hold less than the existential deposit."""

    token = 2


class CannotCreate(TokenError):
    """The account cannot be created."""

    token = 3


class UnknownAsset(TokenError):
    """There is no such asset."""

    token = 4


class Frozen(TokenError):
    """The funds exist, and are frozen."""

    token = 5


class Unsupported(TokenError):
    """The asset does not support this operation."""

    token = 6


class CannotCreateHold(TokenError):
    """The account cannot hold for this reason."""

    token = 7


class NotExpendable(TokenError):
    """The account must keep this balance."""

    token = 8


class Blocked(TokenError):
    """The account may not receive this asset."""

    token = 9


class ArithmeticRefusal(DispatchError):
    """A number left its range."""

    code = 8
    arithmetic: ClassVar[int]
    """Variant index in `sp_arithmetic::ArithmeticError`."""


class Underflow(ArithmeticRefusal):
    """A number would fall below its least value."""

    arithmetic = 0


class Overflow(ArithmeticRefusal):
    """A number would rise above its greatest value."""

    arithmetic = 1


class DivisionByZero(ArithmeticRefusal):
    """A division by zero."""

    arithmetic = 2


class Exhausted(DispatchError):
    """A bounded resource of the chain is used up for now."""

    code = 10


class Corruption(DispatchError):
    """Stored data is not what it must be."""

    code = 11


class Unavailable(DispatchError):
    """Something that the call needs is not available for now."""

    code = 12


class RootNotAllowed(DispatchError):
    """The root origin may not make this call."""

    code = 13


class Error(DispatchError):
    """A pallet's own refusal. Derive one root a pallet, and from it one class an error, with `index=`."""

    code = 3
    index: ClassVar[int]
    """The error's number in its pallet."""
    variants: ClassVar[dict[int, type[Error]]]
    """On the pallet's root class: its errors by number."""
    root: ClassVar[type[Error]]
    """The pallet's root class."""

    def __init_subclass__(cls, index: int | None = None) -> None:
        if index is None:
            if Error not in cls.__bases__:
                raise TypeError(f"{cls.__qualname__} is one of several errors: give it index=")
            cls.root, cls.variants = cls, {}
            return
        if not 0 <= index <= 255:
            raise TypeError(f"{cls.__qualname__}: index={index} is outside [0, 255]")
        taken = cls.root.variants.get(index)
        if taken is not None:
            raise TypeError(f"{cls.__qualname__}: index={index} is already {taken.__qualname__}")
        cls.index = index
        cls.root.variants[index] = cls


class NoError(Error):
    """The error root of a pallet that refuses nothing of its own."""
