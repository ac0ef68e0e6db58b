"""What a chain is made of, as data: pallets with their indices, constants and wiring, and the order of
extensions.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from runtime.frame.pallet import Pallet

PALLETS_MAX: Final = 256
"""A pallet's index is one byte."""

EXTENSIONS: Final = (
    "CheckSpecVersion",
    "CheckTxVersion",
    "CheckGenesis",
    "CheckMortality",
    "CheckNonce",
    "ChargeTransactionPayment",
)
"""The transaction extensions that every Substrate client knows, in the order in which they are signed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SeatSpec:
    """One pallet of a chain."""

    index: int
    """Its number in encoded calls, events and errors, and its place in the order of hooks."""
    pallet: str
    """The name under which its distribution registers it."""
    name: str = ""
    """Its name in storage keys and metadata; the registered name when empty."""
    config: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """Its constants, as plain values."""
    uses: Mapping[str, str] = field(default_factory=dict[str, str])
    """Which pallet provides each interface, by the name of the pallet's annotation; needed only where several
    could.
    """

    @property
    def seat_name(self) -> str:
        """The name that stands in storage."""
        return self.name or self.pallet


@dataclass(frozen=True, slots=True, kw_only=True)
class RuntimeSpec:
    """What the loader makes a runtime from."""

    spec_version: int
    pallets: tuple[SeatSpec, ...]
    extensions: tuple[str, ...] = EXTENSIONS


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A pallet that is installed here."""

    pallet: type[Pallet[Any, Any]]
    distribution: str = ""
    version: str = ""
    digest: bytes = bytes(32)
    """BLAKE2b-256 over its files; zeros where nobody looked, as in tests of a single pallet."""
