"""What Issuance stores, tells and refuses."""

from __future__ import annotations

from typing import Annotated

from runtime.frame import Error, Event
from runtime.scale import U8, Doc, Enum, Struct
from runtime.types import AccountId, Balance


class Genesis(Struct):
    """Nothing to say: the debts of the genesis are checked against the lines of minting."""


class Vesting(Struct):
    """Minted coins that their issuer may not move yet."""

    amount: Annotated[Balance, Doc("What is still on hold.")]
    left: Annotated[U8, Doc("Over how many more passed windows it is freed.")]


class HoldReason(Enum):
    """Why Issuance holds coins."""


class Unvested(HoldReason, index=0):
    """Minted coins that have not vested yet."""


class IssuanceEvent(Event):
    """What Issuance tells the world."""


class Minted(IssuanceEvent, index=0):
    """An issuer minted coins: some into its bond, a fee, and the rest vests."""

    issuer: AccountId
    amount: Balance
    placed: Balance
    fee: Balance


class Vested(IssuanceEvent, index=1):
    """A passed window freed coins; what the bond line lacked went into the bond."""

    issuer: AccountId
    amount: Balance
    bonded: Balance


class Repaid(IssuanceEvent, index=2):
    """Somebody burned coins against an issuer's debt."""

    payer: AccountId
    issuer: AccountId
    amount: Balance


class VestingEnded(IssuanceEvent, index=3):
    """An issuer stands for its debt no more: of its unvested coins these cancelled debt, and the rest is
    free, or the reserve's if the issuer is banned.
    """

    issuer: AccountId
    burned: Balance
    rest: Balance


class IssuanceError(Error):
    """Why Issuance refuses."""


class NothingToMint(IssuanceError, index=0):
    """The amount is zero."""


class NotActive(IssuanceError, index=1):
    """Only an Active provider may mint."""


class NotGreen(IssuanceError, index=2):
    """Coins are minted while the mode is Green, and in no other."""


class PlacedTooMuch(IssuanceError, index=3):
    """The part placed in the bond and the fee are more than the amount."""


class OwnLine(IssuanceError, index=4):
    """kappa (m_i + x) would exceed the issuer's effective capacity, less what the standard lags."""


class BondLine(IssuanceError, index=5):
    """The debt would need more bond than the issuer has, what is placed included."""


class SystemLine(IssuanceError, index=6):
    """kappa (S + x) would exceed the effective capacity of all, less what the standard lags."""


class GroupLine(IssuanceError, index=7):
    """Without one operator group, the others could not serve the coins."""


class NothingToBurn(IssuanceError, index=8):
    """The amount is zero."""


class DebtAssigned(IssuanceError, index=9):
    """The issuer owes less than the amount, apart from what is under a ticket."""


class GenesisUnbacked(IssuanceError, index=10):
    """The coins of a genesis are debts of genesis providers, and of nobody else."""
