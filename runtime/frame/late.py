"""Types that only the whole runtime knows: any call, any origin, any pallet's reason to hold or freeze a
balance.

A pallet names them like any other type; the loader binds their codecs when all pallets of the chain are
known.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Protocol, TypeAlias

from runtime.frame.host import Call
from runtime.frame.origin import Origin


@dataclass(frozen=True, slots=True)
class Late:
    """Marks a type that the loader binds."""

    name: str


class Extrinsic(Protocol):
    """A transaction or an inherent, as what a pallet may ask of it."""

    @property
    def call(self) -> Call:
        """What it does."""
        ...

    @property
    def signature(self) -> object | None:
        """Who signed it and how; None when nobody did."""
        ...


RuntimeCall: TypeAlias = Annotated[Call, Late("RuntimeCall")]
"""A call of any pallet of the chain."""
RuntimeEvent: TypeAlias = Annotated[Any, Late("RuntimeEvent")]
"""An event of any pallet of the chain: the pallet's own record."""
RuntimeOrigin: TypeAlias = Annotated[Origin, Late("OriginCaller")]
"""An origin of any pallet of the chain."""
RuntimeHoldReason: TypeAlias = Annotated[Any, Late("RuntimeHoldReason")]
"""Any pallet's reason to hold a balance: an instance of its `hold_reason` enum."""
RuntimeFreezeReason: TypeAlias = Annotated[Any, Late("RuntimeFreezeReason")]
"""Any pallet's reason to freeze a balance: an instance of its `freeze_reason` enum."""
RuntimeExtrinsic: TypeAlias = Annotated[Extrinsic, Late("UncheckedExtrinsic")]
"""Any extrinsic of the chain, decoded; its signature is not verified."""
