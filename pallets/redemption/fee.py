"""The redemption fee: a floor, and a base that grows with what is redeemed and halves every twelve hours.

    f_r = min(2 %, floor + base)        base grows by (x / S) / 2, and decays by 2^(-t / 12 h)

Decay goes by whole hours: `t div 12` halvings, and for the rest a factor from a table of 2^(-k / 12). All is
rounded up, against who redeems.
"""

from __future__ import annotations

from typing import Final

from runtime.types.fixed import PPB, div_ceil, mul_div_ceil

FEE_PPB_MAX: Final = PPB // 50
"""2 %: no exit costs more."""
HALF_LIFE_HOURS: Final = 12
HOURLY_PPB: Final = (
    1_000_000_000,
    943_874_313,
    890_898_719,
    840_896_416,
    793_700_526,
    749_153_539,
    707_106_782,
    667_419_928,
    629_960_525,
    594_603_558,
    561_231_025,
    529_731_548,
)
"""2^(-k / 12) for k = 0 .. 11, rounded up."""


def decayed(base_ppb: int, hours: int) -> int:
    """What is left of the base after so many hours."""
    halvings, rest = divmod(hours, HALF_LIFE_HOURS)
    if halvings >= base_ppb.bit_length():
        return 0
    return mul_div_ceil(div_ceil(base_ppb, 1 << halvings), HOURLY_PPB[rest], PPB)


def grown(base_ppb: int, amount: int, supply: int) -> int:
    """The base after `amount` of `supply` coins were redeemed; it never passes the most that a fee can be."""
    return min(FEE_PPB_MAX, base_ppb + div_ceil(amount * PPB, 2 * supply))


def fee_ppb(floor_ppb: int, base_ppb: int) -> int:
    """The rate of the fee."""
    return min(FEE_PPB_MAX, floor_ppb + base_ppb)
