"""Amounts: coins as people write them, `1.5`, to the smallest units that the chain counts, and back."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from node.cli.faults import Fault
from runtime.scale.errors import show

TEXT_MAX: Final = 200
"""No amount takes more characters."""
_AMOUNT: Final = re.compile(r"(\d[\d_,]*)(?:\.(\d+))?\s*(\w+)?")
AMOUNT_MAX: Final = (1 << 128) - 1
"""The chain counts in 128 bits."""
UNITS: Final = "units"
"""What follows a number that counts the smallest units."""


class Coin(NamedTuple):
    """The coin of a chain."""

    symbol: str
    decimals: int

    @classmethod
    def of(cls, properties: Mapping[str, Any]) -> Coin:
        """The coin of a chain with these properties."""
        return cls(str(properties["tokenSymbol"]), int(properties["tokenDecimals"]))

    def words(self, amount: int) -> str:
        """`1,000.5 CPC`: every digit that counts and no other."""
        whole, rest = divmod(abs(amount), 10**self.decimals)
        digits = f"{rest:0{self.decimals}d}".rstrip("0") if self.decimals else ""
        return f"{'-' if amount < 0 else ''}{whole:,}{'.' + digits if digits else ''} {self.symbol}"

    def parse(self, text: str) -> int:
        """The smallest units of `1.5`, `1.5 CPC` (coins) or `1500000000 units`. Raises Fault."""
        amount = self._parse(text)
        if amount > AMOUNT_MAX:
            raise Fault(f"{show(text)} is more than any amount can be")
        return amount

    def _parse(self, text: str) -> int:
        match = _AMOUNT.fullmatch(text.strip())
        if match is None or len(text) > TEXT_MAX:
            raise Fault(f"{show(text)} is no amount: write 1.5, 1.5{self.symbol} or 1500000000units")
        whole, fraction, unit = match[1].replace("_", "").replace(",", ""), match[2] or "", match[3]
        if unit == UNITS:
            if fraction:
                raise Fault(f"{show(text)} is no amount: the smallest unit has no parts")
            return int(whole)
        if unit is not None and unit.upper() != self.symbol.upper():
            raise Fault(f"{show(text)} is no amount of this chain: its coin is {self.symbol}")
        if len(fraction) > self.decimals:
            raise Fault(f"{show(text)} is no amount: {self.symbol} has {self.decimals} decimals")
        return int(whole + fraction.ljust(self.decimals, "0"))
