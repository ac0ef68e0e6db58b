"""The sums over all providers, made anew from each of them: what the chain otherwise keeps as it moves.

    E = sum E_i        n1 = E - S - max_g (E_g - min(b_g, m_g))        W_max = max ceil(m_i / c_i)

It looks at every provider, `PROVIDERS_MAX` of them at most, so it is done once an era.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from runtime.frame.coin import GroupId, Issuers, Ledger, ProviderState
from runtime.types import Balance
from runtime.types.fixed import div_ceil

WAIT_MAX: Final = (1 << 32) - 1
"""Stands for a wait without end: a debt, and no capacity."""
COUNTED: Final = (ProviderState.Active, ProviderState.Deficient, ProviderState.Draining)
"""The states in which somebody waits for a provider."""


class Sums(NamedTuple):
    """What all providers are together."""

    effective: Balance
    owed: Balance
    loss: int
    """What is gone if the worst operator group fails."""
    wait: int
    """In hours."""

    def margin(self, supply: Balance) -> int:
        """n1, while so many coins exist."""
        return self.effective - supply - self.loss


def sums_now(issuers: Issuers, ledger: Ledger) -> Sums:
    """All of it, over the roster."""
    effective = owed = wait = 0
    groups: dict[GroupId, tuple[int, int, int]] = {}
    for who in issuers.roster_now():
        debt, capable, bond = ledger.debt_of(who), issuers.effective_of(who), issuers.bond_of(who)
        effective += capable
        owed += debt.owed
        group = groups.get(debt.group, (0, 0, 0))
        groups[debt.group] = (group[0] + capable, group[1] + bond, group[2] + debt.owed)
        if debt.owed and issuers.state_of(who) in COUNTED:
            capacity = issuers.capacity_of(who)
            wait = max(wait, min(WAIT_MAX, div_ceil(debt.owed, capacity)) if capacity else WAIT_MAX)
    losses = [capable - min(bond, due) for capable, bond, due in groups.values()]
    return Sums(effective, owed, max(losses, default=0), wait)
