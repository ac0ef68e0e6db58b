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
