"""Figures: what a header says of the coin, and how people read it."""

from __future__ import annotations

from typing import Final

from pallets.solvency.pallet import ENGINE, RATIO_MAX
from pallets.solvency.types import Coverage
from runtime.scale import Codec, codec_of
from runtime.types.block import Header
from runtime.types.digest import Consensus, DigestItem
from runtime.types.fixed import PPB

_COVERAGE: Final[Codec[Coverage]] = codec_of(Coverage)


def coverage_of(header: Header) -> Coverage | None:
    """The coverage figures that a header carries; None on a chain without the coin, and at genesis."""
    for item in header.digest.logs:
        found = coverage_in(item)
        if found is not None:
            return found
    return None


def coverage_in(item: DigestItem) -> Coverage | None:
    """The coverage figures of a digest item, if it is theirs."""
    if isinstance(item, Consensus) and item.engine == ENGINE:
        return _COVERAGE.decode(item.data)
    return None


def ratio(ratio_ppb: int) -> str:
    """A ratio in parts per billion with two decimals, rounded down: `1.31`; a dash where nothing is owed."""
    if ratio_ppb == RATIO_MAX:
        return "-"
    hundredths = ratio_ppb * 100 // PPB
    return f"{hundredths // 100}.{hundredths % 100:02d}"


def percent(ratio_ppb: int) -> str:
    """A part of a whole in parts per billion as `93.57 %`, rounded down."""
    hundredths = ratio_ppb * 10_000 // PPB
    return f"{hundredths // 100}.{hundredths % 100:02d} %"


def scu_hours(amount: int) -> str:
    """10^-9 SCU-h as `1,234.56 SCU-h`, rounded down."""
    hundredths = amount * 100 // PPB
    return f"{hundredths // 100:,}.{hundredths % 100:02d} SCU-h"


def days(hours: int) -> str:
    """Hours as people count them: `5 h`, `90 d 4 h`."""
    whole, rest = divmod(hours, 24)
    return f"{rest} h" if not whole else f"{whole:,} d {rest} h" if rest else f"{whole:,} d"
