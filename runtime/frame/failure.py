"""How a refusal, raised as an exception, is written into events: `sp_runtime::DispatchError`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from runtime.frame import error as raised
from runtime.types import dispatch as value

_PLAIN: Final[dict[int, value.DispatchErrorValue]] = {
    0: value.OtherError(),
    1: value.CannotLookup(),
    2: value.BadOrigin(),
    4: value.ConsumerRemaining(),
    5: value.NoProviders(),
    6: value.TooManyConsumers(),
    10: value.Exhausted(),
    11: value.Corruption(),
    12: value.Unavailable(),
    13: value.RootNotAllowed(),
}
_TOKEN: Final[tuple[value.TokenErrorValue, ...]] = (
    value.FundsUnavailable(),
    value.OnlyProvider(),
    value.BelowMinimum(),
    value.CannotCreate(),
    value.UnknownAsset(),
    value.Frozen(),
    value.Unsupported(),
    value.CannotCreateHold(),
    value.NotExpendable(),
    value.Blocked(),
)
_ARITHMETIC: Final[tuple[value.ArithmeticErrorValue, ...]] = (
    value.Underflow(),
    value.Overflow(),
    value.DivisionByZero(),
)


def failure_of(
    error: raised.DispatchError, pallets: Mapping[type[raised.Error], int]
) -> value.DispatchErrorValue:
    """The value that stands for `error`; `pallets` gives the index of each pallet by its error root."""
    if isinstance(error, raised.Error):
        index = pallets.get(error.root)
        if index is None:
            return value.OtherError()
        return value.Module(value.ModuleError(index, bytes((error.index, 0, 0, 0))))
    if isinstance(error, raised.TokenError):
        return value.Token(_TOKEN[error.token])
    if isinstance(error, raised.ArithmeticRefusal):
        return value.Arithmetic(_ARITHMETIC[error.arithmetic])
    return _PLAIN[error.code]
