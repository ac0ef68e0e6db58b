"""Curves: how much approval or support a referendum needs, as its time to be decided goes by.

These are the three curves of Substrate's `pallet_referenda`, bit by bit (`Curve` in its `types.rs`, on the
`Perbill` and `FixedI64` of `sp-arithmetic`): clients compute them again from the constants that the chain
publishes, and must come to the same block. (There alone, what is above the whole of a reciprocal has to wait
for the end.) `x` is the part of the decision period that has passed and `y` a fraction of votes or coins,
both in 10^-9. A curve never rises.

    LinearDecreasing    from (0, ceil) to (length, floor), then flat
    SteppedDecreasing   begin, lower by `step` after each `period`, but never below `end`
    Reciprocal          factor / (x + x_offset) + y_offset
"""

from __future__ import annotations

from math import isqrt
from typing import Annotated, Final, TypeAlias

from runtime.scale import I64, U32, Enum, Newtype
from runtime.types.fixed import PPB, mul_div_ceil, mul_div_floor, saturate

Perbill: TypeAlias = Annotated[U32, Newtype("sp_arithmetic::per_things::Perbill")]
"""A fraction in 10^-9, of 10^9 at most."""
FixedI64: TypeAlias = Annotated[I64, Newtype("sp_arithmetic::fixed_point::FixedI64")]
"""A number in 10^-9."""
FIXED_MIN: Final = -(1 << 63)
FIXED_MAX: Final = (1 << 63) - 1
NEVER: Final = PPB
"""The delay of a `y` that does not pass before the end."""


class Curve(Enum, path="pallet_referenda::types::Curve"):
    """What is needed at each time."""

    def threshold(self, x: int) -> int:
        """The least `y` that passes at `x`."""
        raise NotImplementedError

    def delay(self, y: int) -> int:
        """About the first `x` at which `y` passes, or `NEVER`; what to wait for, not what decides."""
        raise NotImplementedError

    def passing(self, x: int, y: int) -> bool:
        """Whether `y` is enough at `x`: exactly what is needed is enough."""
        return y >= self.threshold(x)


class LinearDecreasing(Curve, index=0):
    """From (0, ceil) straight down to (length, floor), then flat."""

    length: Perbill
    floor: Perbill
    ceil: Perbill

    def threshold(self, x: int) -> int:
        """What is needed is rounded up: the part that has passed and what it lowers are rounded down."""
        return self.ceil - mul_div_floor(_part_floor(x, self.length), self.ceil - self.floor, PPB)

    def delay(self, y: int) -> int:
        """Rounded down at last, so that `y` may pass 10^-9 later only."""
        if y < self.floor:
            return NEVER
        if y > self.ceil:
            return 0
        return mul_div_floor(_part_ceil(self.ceil - y, self.ceil - self.floor), self.length, PPB)


class SteppedDecreasing(Curve, index=1):
    """Flat for one `period` after the other, each lower by `step`, down to `end`."""

    begin: Perbill
    end: Perbill
    step: Perbill
    period: Perbill

    def threshold(self, x: int) -> int:
        """Exact: whole periods count."""
        return max(self.end, self.begin - min(self.begin, self.step * (x // self.period)))

    def delay(self, y: int) -> int:
        """Exact: the beginning of a period."""
        if y < self.end:
            return NEVER
        steps = (self.begin - min(y, self.begin) + max(0, self.step - 1)) // self.step
        return min(PPB, self.period * steps)


class Reciprocal(Curve, index=2):
    """A hyperbola, which falls fast at first: factor / (x + x_offset) + y_offset."""

    factor: FixedI64
    x_offset: FixedI64
    y_offset: FixedI64

    def threshold(self, x: int) -> int:
        """The quotient is rounded down; all that is possible where there is none."""
        quotient = _quotient_floor(self.factor, x + self.x_offset)
        return PPB if quotient is None else saturate(quotient + self.y_offset, PPB)

    def delay(self, y: int) -> int:
        """The quotient is rounded up, so that `y` passes then. What is above the whole curve passes at
        once.
        """
        quotient = None if y <= self.y_offset else _quotient_ceil(self.factor, y - self.y_offset)
        return NEVER if quotient is None else saturate(quotient - self.x_offset, NEVER)


# Curves made of what people say.


def linear(length: int, period: int, *, floor: int, ceil: int) -> LinearDecreasing:
    """From `ceil` to `floor` percent, reached after `length` of `period`; as Substrate's `make_linear`."""
    return LinearDecreasing(_nearest(length * PPB, period), percent(floor), percent(ceil))


def reciprocal(delay: int, period: int, *, level: int, floor: int, ceil: int) -> Reciprocal:
    """From `ceil` to `floor` percent, being at `level` after `delay` of `period`; as Substrate's
    `make_reciprocal`: the curve through both ends whose factor, found by halving, comes nearest to the level.
    """
    at, wanted = _nearest(delay * PPB, period), percent(level)
    low, high = 0, PPB
    under, over = (_through(factor, percent(floor), percent(ceil)) for factor in (low, high))
    miss_under = miss_over = FIXED_MAX
    while high - low > 1:
        factor = _nearest((low + high) * PPB, 2 * PPB)
        curve = _through(factor, percent(floor), percent(ceil))
        found = curve.threshold(at)
        if found > wanted:
            high, over, miss_over = factor, curve, found - wanted
        else:
            low, under, miss_under = factor, curve, wanted - found
    return under if miss_under < miss_over else over


def percent(part: int) -> int:
    """So many hundredths in 10^-9."""
    return part * (PPB // 100)


def _through(factor: int, floor: int, ceil: int) -> Reciprocal:
    """The reciprocal with this factor through (0, ceil) and (1, floor), and its offsets: the positive root of
    a x^2 + a x - factor, where a is what the curve falls; each operation to the nearest 10^-9, as there.
    """
    fall = ceil - floor
    root = isqrt((_times(fall, fall) - _times(_times(4 * PPB, fall), -factor)) * PPB)
    x_offset = _over(root - fall, _times(2 * PPB, fall))
    return Reciprocal(factor, x_offset, floor - _over(factor, PPB + x_offset))


# Numbers in 10^-9.


def _part_floor(part: int, whole: int) -> int:
    """The fraction, rounded down; all of it, if it is more or the whole is nothing."""
    return PPB if part >= whole else mul_div_floor(part, PPB, whole)


def _part_ceil(part: int, whole: int) -> int:
    """The fraction, rounded up; all of it, if it is more or the whole is nothing."""
    return PPB if part >= whole else mul_div_ceil(part, PPB, whole)


def _quotient_floor(dividend: int, divisor: int) -> int | None:
    """The quotient, towards minus infinity; None if there is none, or no number holds it."""
    return None if divisor == 0 else _held(mul_div_floor(dividend, PPB, divisor))


def _quotient_ceil(dividend: int, divisor: int) -> int | None:
    """The quotient, towards plus infinity; None if there is none, or no number holds it."""
    return None if divisor == 0 else _held(mul_div_ceil(dividend, PPB, divisor))


def _held(number: int) -> int | None:
    return number if FIXED_MIN <= number <= FIXED_MAX else None


def _times(first: int, second: int) -> int:
    """The product, to the nearest, a half towards minus infinity."""
    return _nearest(first * second, PPB)


def _over(dividend: int, divisor: int) -> int:
    """The quotient, to the nearest, a half towards minus infinity."""
    return _nearest(dividend * PPB, divisor)


def _nearest(dividend: int, divisor: int) -> int:
    """dividend / divisor for a positive divisor, to the nearest, a half towards minus infinity."""
    return -((divisor - 2 * dividend) // (2 * divisor))
