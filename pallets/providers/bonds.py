"""Bonds: what stands behind a debt, by how well the chain knows who owes it.

    needed(m) = ceil(beta min(m, M) + max(0, m - M))        M = (90-day mean of E_i) / kappa, rounded down

The tier's beta holds for the debt that a provider of three months' standing could carry, and not for what
it has grown by since. Attested is whom the chain itself has seen Active for 90 days without a fault (a failed
ticket, an outage, a slash) or a deficit; a fault takes the tier, a deficit does not, and both begin the 90
days again. Accountable is a registrar's word, and no fault takes it.

A slash reaches the coins that were unbonded and still wait: for that they wait.
"""

from __future__ import annotations

from functools import partial
from typing import Any, Final

from pallets.providers import types as t
from pallets.providers import weights
from pallets.providers.books import COUNTED, GONE
from pallets.providers.registry import Register
from runtime.frame import Parameter, Root, Signed, StorageMap, call
from runtime.frame.coin import ANONYMOUS, UNBONDING_HOURS, Cause, GroupId, Mode, ProviderState, Tier
from runtime.scale import U64
from runtime.types import AccountId, Balance
from runtime.types.fixed import PPB, div_ceil, mul_div_floor

BOND: Final = t.Bond()
DEPOSIT: Final = t.Deposit()
LEAVING: Final = t.LeavingBond()
CLEAN_HOURS: Final = 90 * 24
"""For how long a provider is clean before the chain attests it."""
BOUNTY_PERCENT: Final = 50
"""The part of a deposit that who proves a fraud gets: for all of it, an author would prove his own."""


class Bonds(Register):
    """What providers have put up."""

    unbonding = StorageMap[AccountId, t.Unbonding](doc="Coins on their way out of bonds.")

    beta_anonymous_ppb = Parameter[U64](
        default=PPB,
        bounds=(PPB // 5, PPB),
        track="collateral",
        safer="up",
        doc="Bond of an anonymous provider, a coin owed.",
    )
    beta_attested_ppb = Parameter[U64](
        default=PPB // 2,
        bounds=(PPB // 5, PPB),
        track="collateral",
        safer="up",
        doc="The same of an attested one.",
    )
    beta_accountable_ppb = Parameter[U64](
        default=PPB // 4,
        bounds=(PPB // 5, PPB),
        track="collateral",
        safer="up",
        doc="The same of an accountable one.",
    )

    # Calls.

    @call(index=3, weight=weights.SET_TIER)
    def set_tier(self, origin: Root, who: AccountId, tier: Tier, group: GroupId) -> None:
        """Say how well the chain knows a provider, and which operator group it belongs to. The 90 days of one
        that is said to be Anonymous begin now.
        """
        provider = self._known(who)
        if group == ANONYMOUS:
            raise t.AnonymousGroup
        if tier == Tier.Anonymous:
            provider = provider.replace(clean_since=self.host.number)
        self._put(who, self._at_tier(who, provider.replace(group=group), tier))

    @call(index=4, weight=weights.BOND)
    def bond(self, origin: Signed, amount: Balance) -> None:
        """Put free coins into the bond."""
        self.place_bond(origin.who, amount)

    @call(index=5, weight=weights.UNBOND)
    def unbond(self, origin: Signed, amount: Balance) -> None:
        """Take coins out of the bond; they wait for 7 days. Both lines and the N-1 line hold afterwards."""
        who = origin.who
        provider = self._known(who)
        if provider.state != ProviderState.Active:
            raise t.NotActive
        if self.ledger.mode_now() >= Mode.Orange:
            raise t.UnbondingFrozen
        if not amount:
            raise t.NothingToBond
        if amount > provider.bond:
            raise t.BondTooSmall
        if provider.bond - amount < self.bond_needed(who, self.ledger.debt_of(who).owed):
            raise t.BondNeeded
        if not self.survives(self.ledger.total_supply(), who, bond=-amount):
            raise t.GroupTooHeavy
        self.coin.release(BOND, who, amount)
        self.coin.hold(LEAVING, who, amount)
        self._put(who, provider.replace(bond=provider.bond - amount))
        waiting = self.unbonding.get(who)
        until = self.host.number + self.standards.blocks_in(UNBONDING_HOURS)
        self.unbonding[who] = t.Unbonding(amount + (waiting.amount if waiting else 0), until)
        self.emit(t.Unbonded(who, amount, until))

    @call(index=6, weight=weights.WITHDRAW_UNBONDED)
    def withdraw_unbonded(self, origin: Signed) -> None:
        """Free the coins that left the bond 7 days ago; not while the mode is Orange or worse."""
        who = origin.who
        waiting = self.unbonding.get(who)
        if waiting is None:
            raise t.NothingUnbonding
        if self.host.number < waiting.until:
            raise t.StillUnbonding
        if self.ledger.mode_now() >= Mode.Orange:
            raise t.UnbondingFrozen
        del self.unbonding[who]
        self.coin.release(LEAVING, who, waiting.amount)
        self.emit(t.Withdrawn(who, waiting.amount))

    # runtime.frame.coin.Issuers: the bond.

    def bond_of(self, who: AccountId) -> Balance:
        provider = self.providers.get(who)
        return 0 if provider is None else provider.bond

    def bond_needed(self, who: AccountId, owed: Balance) -> Balance:
        return self._needed(self._known(who), owed)

    def place_bond(self, who: AccountId, amount: Balance) -> None:
        provider = self._known(who)
        if provider.state in GONE:
            raise t.Leaving
        if not amount:
            raise t.NothingToBond
        self.coin.hold(BOND, who, amount)
        self._put(who, provider.replace(bond=provider.bond + amount))
        self.emit(t.Bonded(who, amount))

    def take_bond(self, who: AccountId, to: AccountId, amount: Balance) -> Balance:
        if not amount:
            return 0
        self._recall(who, amount)
        provider = self._faulty(who, self._known(who))
        taken = min(amount, provider.bond)
        pay = partial(self.coin.transfer_on_hold, BOND, who, to, taken)
        if not taken or self.attempt(pay) is not None:
            self._put(who, provider)
            return 0
        self._put(who, provider.replace(bond=provider.bond - taken))
        self.emit(t.BondTaken(who, to, taken))
        return taken

    def burn_bond(self, who: AccountId, amount: Balance) -> Balance:
        self._recall(who, amount)
        self._put(who, self._faulty(who, self._known(who)))
        return self._burn(who, amount)

    def pay_bounty(self, who: AccountId, to: AccountId) -> Balance:
        self._known(who)
        deposit = self.coin.on_hold(DEPOSIT, who)
        bounty = mul_div_floor(deposit, BOUNTY_PERCENT, 100)
        pay = partial(self.coin.transfer_on_hold, DEPOSIT, who, to, bounty)
        if not bounty or self.attempt(pay) is not None:
            return 0
        self.emit(t.BountyPaid(who, to, bounty))
        return bounty

    # runtime.frame.coin.Issuers: the tier.

    def vouch(self, who: AccountId, tier: Tier) -> None:
        provider = self._known(who)
        if tier == Tier.Anonymous and self._is_clean(provider):
            tier = Tier.Attested
        self._put(who, self._at_tier(who, provider, tier))

    def _at_tier(self, who: AccountId, provider: t.Provider, tier: Tier) -> t.Provider:
        self.emit(t.TierChanged(who, tier, provider.group))
        return provider.replace(tier=tier)

    def _is_clean(self, provider: t.Provider) -> bool:
        """Whether the chain itself attests the provider."""
        clean = self.host.number - provider.clean_since
        return provider.state in COUNTED and clean >= self.standards.blocks_in(CLEAN_HOURS)

    def _faulty(self, who: AccountId, provider: t.Provider) -> t.Provider:
        """The provider after a fault: its 90 days begin again, and what they earned is gone."""
        if provider.tier == Tier.Attested:
            provider = self._at_tier(who, provider, Tier.Anonymous)
        return provider.replace(clean_since=self.host.number)

    # Figures.

    def _betas(self) -> tuple[int, ...]:
        """The bond of a coin owed, by tier."""
        return self.beta_anonymous_ppb, self.beta_attested_ppb, self.beta_accountable_ppb

    def _needed(self, provider: t.Provider, owed: Balance) -> Balance:
        beta, proven = self._betas()[provider.tier], self._proven_debt(provider)
        return div_ceil(beta * min(owed, proven) + PPB * max(0, owed - proven), PPB)

    def _proven_debt(self, provider: t.Provider) -> Balance:
        """M: the debt for which the tier's beta holds."""
        return mul_div_floor(provider.mean, PPB, self.minting.kappa_now())

    # Moving.

    def _burn(self, who: AccountId, amount: Balance) -> Balance:
        """Burn bond against unassigned debt, as far as all three reach; how much that was."""
        provider = self._known(who)
        burned = min(amount, provider.bond, self.ledger.debt_of(who).unassigned)
        if burned:
            self.ledger.cancel_held(who, BOND, who, burned, Cause.Liquidated)
            self._put(who, self._known(who).replace(bond=provider.bond - burned))
        return burned

    def _recall(self, who: AccountId, amount: Balance) -> None:
        """Put coins that wait to leave back into the bond, as far as it is smaller than what is taken."""
        provider, waiting = self._known(who), self.unbonding.get(who)
        if waiting is None or amount <= provider.bond:
            return
        recalled = min(waiting.amount, amount - provider.bond)
        self._move_hold(who, LEAVING, BOND, recalled)
        if recalled == waiting.amount:
            del self.unbonding[who]
        else:
            self.unbonding[who] = waiting.replace(amount=waiting.amount - recalled)
        self._put(who, provider.replace(bond=provider.bond + recalled))

    def _move_hold(self, who: AccountId, source: Any, dest: Any, amount: Balance) -> None:
        self.coin.release(source, who, amount)
        self.coin.hold(dest, who, amount)
