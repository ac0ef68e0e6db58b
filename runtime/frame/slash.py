"""A slash: in what order the coins that a fault costs reach those who have a claim on them.

    victims, at once -> own debt, until m_i <= E_i / kappa -> the reporter, a fifth of the rest -> the reserve

It is the same for validators and for providers. The treasury gets nothing, so nobody is fined for its sake.
"""

from __future__ import annotations

from typing import Annotated, Final

from runtime.frame.coin import Debt
from runtime.scale import Doc, Struct
from runtime.types import Balance
from runtime.types.fixed import PPB, mul_div_floor

REPORTER_PERCENT: Final = 20
"""The reporter's share of what is left once debts are cancelled."""


class Settled(Struct):
    """Where slashed coins went; the sums since genesis."""

    victims: Annotated[Balance, Doc("To those who were harmed. Equivocation harms nobody by name.")] = 0
    burned: Annotated[Balance, Doc("Against debts of the offenders.")] = 0
    reporters: Annotated[Balance, Doc("To those who brought the evidence.")] = 0
    reserve: Annotated[Balance, Doc("To the reserve.")] = 0

    @property
    def total(self) -> int:
        """All of it."""
        return self.victims + self.burned + self.reporters + self.reserve

    def plus(self, *, victims: int = 0, burned: int = 0, reporters: int = 0, reserve: int = 0) -> Settled:
        """The sums with so much more in them."""
        return Settled(
            self.victims + victims, self.burned + burned, self.reporters + reporters, self.reserve + reserve
        )


def excess_of(debt: Debt, effective: int, kappa_ppb: int) -> Balance:
    """What an issuer owes beyond E_i / kappa, rounded up, as far as no ticket holds it."""
    backed = mul_div_floor(effective, PPB, kappa_ppb)
    return max(0, min(debt.owed - backed, debt.unassigned))


def reward_of(rest: Balance) -> Balance:
    """The reporter's share of what debts have left, rounded down."""
    return mul_div_floor(rest, REPORTER_PERCENT, 100)
