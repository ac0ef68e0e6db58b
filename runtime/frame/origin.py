"""Origins: on whose authority a call runs. The type of a call's `origin` is its permission check."""

from __future__ import annotations

from runtime.scale import Enum
from runtime.types.account import AccountId


class Origin(Enum):
    """Any origin. A pallet declares its own by deriving an enum from this, and naming it `origin_type`."""


class RawOrigin(Origin, path="frame_support::dispatch::RawOrigin"):
    """The origins that every chain has."""


class Root(RawOrigin, index=0):
    """The chain's highest authority: scheduled governance, or sudo on a development chain."""


class Signed(RawOrigin, index=1, unnamed=True):
    """The signer of a transaction, or an account that a wrapper answers for."""

    who: AccountId


class Unsigned(RawOrigin, index=2, name="None"):
    """Nobody: inherents, and unsigned transactions that a pallet itself validates."""
