"""The split of fees: a pure function of the amount, the mode, what the reserve lacks, and who is there.

    Orange and worse     all to the reserve
    Yellow               half to the reserve, the other half as in Green
    Green                the reserve until it has its target; then providers 35 %, validators 30 %,
                         pools 20 %, treasury 10 %, reserve 5 %

Shares are rounded down. What is left by that, and the share of whoever is not there, is the reserve's.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from runtime.frame.coin import Mode
from runtime.types import Balance
from runtime.types.fixed import div_ceil

PROVIDERS_PERCENT: Final = 35
VALIDATORS_PERCENT: Final = 30
POOLS_PERCENT: Final = 20
TREASURY_PERCENT: Final = 10


class Split(NamedTuple):
    """Who gets how much of an amount."""

    providers: Balance
    validators: Balance
    pools: Balance
    treasury: Balance
    reserve: Balance


def split(
    amount: Balance,
    mode: Mode,
    lacking: Balance,
    *,
    has_validators: bool,
    has_pools: bool,
    has_treasury: bool,
) -> Split:
    """Share out `amount` while the reserve lacks so many coins to its target."""
    if mode >= Mode.Orange:
        return Split(0, 0, 0, 0, amount)
    kept = div_ceil(amount, 2) if mode == Mode.Yellow else 0
    first = min(amount - kept, max(0, lacking - kept))
    shared = amount - kept - first
    providers = shared * PROVIDERS_PERCENT // 100
    validators = shared * VALIDATORS_PERCENT // 100 if has_validators else 0
    pools = shared * POOLS_PERCENT // 100 if has_pools else 0
    treasury = shared * TREASURY_PERCENT // 100 if has_treasury else 0
    return Split(providers, validators, pools, treasury, amount - providers - validators - pools - treasury)
