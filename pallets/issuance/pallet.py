"""Issuance: coins are minted against measured capacity, and vest as it is proven again.

A mint of x, of which `placed` goes straight into the bond, needs an Active issuer, the mode Green, and after
it

    own      kappa (m_i + x) <= E_i l
    bond     needed_i(m_i + x) <= b_i + placed             ceil(beta_i min(m, M) + max(0, m - M)) for a debt m
    system   kappa (S + x) <= E l
    N-1      105 (S + x - min(b_g, m_g)) <= 100 (E - E_g)  for every operator group g

l is 1, or W/W* while the standard has lagged for so long that the lag clause holds: issuance stops before the
promise does. These are conditions of the call, not of the block's end: what changes later is the mode's
affair. The fee is part of x and is shared out with all fees; the rest is on hold, and each window that the
issuer passes frees an equal part of it. An issuer whose bond is short gets it filled from what vests, and one
that leaves in debt or by a ban gets nothing of it before its debt is cancelled.
"""

from __future__ import annotations

from typing import Final

from pallets.issuance import types as t
from pallets.issuance import weights
from runtime.frame import Pallet, Parameter, Signed, StorageMap, call, hookimpl
from runtime.frame.bond import fill_bond
from runtime.frame.coin import Cause, Issuers, Ledger, Mode, ProviderState, Standards
from runtime.frame.interfaces import Currency
from runtime.scale import U64
from runtime.types import AccountId, Balance
from runtime.types.fixed import PPB, mul_div_ceil

VESTING_WINDOWS: Final = 28
"""Over how many passed windows minted coins vest."""
UNVESTED: Final = t.Unvested()


class Issuance(Pallet[t.IssuanceEvent, t.IssuanceError]):
    """Mints coins against measured capacity."""

    hold_reason = t.HoldReason
    coin: Currency
    ledger: Ledger
    issuers: Issuers
    standards: Standards

    vesting = StorageMap[AccountId, t.Vesting](doc="Minted coins that have not vested yet, by issuer.")

    kappa_ppb = Parameter[U64](
        default=1_250_000_000,
        bounds=(1_200_000_000, 2_000_000_000),
        step=50_000_000,
        track="issuance",
        safer="up",
        doc="kappa: effective capacity that a coin needs behind it when it is minted.",
    )
    mint_fee_ppb = Parameter[U64](
        default=3_000_000,
        bounds=(0, 20_000_000),
        track="fees",
        doc="f_m: the part of a mint that is a fee.",
    )

    @hookimpl
    def build_genesis(self, genesis: t.Genesis) -> None:
        owed = 0
        for who in self.issuers.roster_now():
            debt = self.ledger.debt_of(who).owed
            if debt:
                self._check_lines(who, 0, 0)
            owed += debt
        if owed != self.ledger.total_supply():
            raise t.GenesisUnbacked

    # Calls.

    @call(index=0, weight=weights.MINT)
    def mint(self, origin: Signed, amount: Balance, placed: Balance) -> None:
        """Mint coins as one's own debt, `placed` of them straight into one's bond."""
        issuer = origin.who
        if not amount:
            raise t.NothingToMint
        if self.issuers.state_of(issuer) != ProviderState.Active:
            raise t.NotActive
        if self.ledger.mode_now() != Mode.Green:
            raise t.NotGreen
        fee = mul_div_ceil(amount, self.mint_fee_ppb, PPB)
        if placed + fee > amount:
            raise t.PlacedTooMuch
        self._check_lines(issuer, amount, placed)
        self.ledger.issue(issuer, issuer, amount)
        if fee:
            self.coin.transfer(issuer, self.ledger.fee_account(), fee)
        if placed:
            self.issuers.place_bond(issuer, placed)
        self._hold(issuer, amount - placed - fee)
        self.emit(t.Minted(issuer, amount, placed, fee))

    @call(index=1, weight=weights.BURN)
    def burn(self, origin: Signed, issuer: AccountId, amount: Balance) -> None:
        """Burn one's coins against an issuer's debt; what is under a ticket is not available."""
        if not amount:
            raise t.NothingToBurn
        if amount > self.ledger.debt_of(issuer).unassigned:
            raise t.DebtAssigned
        self.ledger.cancel(issuer, origin.who, amount, Cause.Repaid)
        self.emit(t.Repaid(origin.who, issuer, amount))

    # runtime.frame.coin.Minting

    def kappa_now(self) -> int:
        return self.kappa_ppb

    # runtime.frame.coin.WindowObserver

    def window_counted(self, who: AccountId, passed: bool) -> None:
        vesting = self.vesting.get(who)
        if vesting is None or not passed:
            return
        freed = vesting.amount // vesting.left  # rounded down; the last window frees the rest
        if vesting.left == 1:
            del self.vesting[who]
        else:
            self.vesting[who] = t.Vesting(vesting.amount - freed, vesting.left - 1)
        self.coin.release(UNVESTED, who, freed)
        bonded = fill_bond(self.coin, self.issuers, self.ledger, who, freed)
        self.emit(t.Vested(who, freed, bonded))

    # runtime.frame.coin.Unvested

    def unvested_of(self, who: AccountId) -> Balance:
        vesting = self.vesting.get(who)
        return 0 if vesting is None else vesting.amount

    def cancel_unvested(self, who: AccountId) -> Balance:
        vesting = self.vesting.get(who)
        if vesting is None:
            return 0
        del self.vesting[who]
        burned = min(vesting.amount, self.ledger.debt_of(who).unassigned)
        if burned:
            self.ledger.cancel_held(who, UNVESTED, who, burned, Cause.Liquidated)
        rest = vesting.amount - burned
        if self.issuers.state_of(who) == ProviderState.Banned:
            self.coin.transfer_on_hold(UNVESTED, who, self.ledger.reserve_account(), rest)
        else:
            self.coin.release(UNVESTED, who, rest)
        self.emit(t.VestingEnded(who, burned, rest))
        return burned

    # The lines.

    def _check_lines(self, issuer: AccountId, amount: Balance, placed: Balance) -> None:
        """Refuse a mint after which one of the four lines would fail."""
        ledger, issuers = self.ledger, self.issuers
        owed, supply = ledger.debt_of(issuer).owed + amount, ledger.total_supply() + amount
        counted, of = self.standards.lag_now()
        behind, per = counted * PPB, of * self.kappa_ppb
        if per * owed > behind * issuers.effective_of(issuer):
            raise t.OwnLine
        if issuers.bond_needed(issuer, owed) > issuers.bond_of(issuer) + placed:
            raise t.BondLine
        if per * supply > behind * issuers.effective_total():
            raise t.SystemLine
        if not issuers.survives(supply, issuer, owed=amount, bond=placed):
            raise t.GroupLine

    def _hold(self, issuer: AccountId, amount: Balance) -> None:
        if not amount:
            return
        self.coin.hold(UNVESTED, issuer, amount)
        waiting = self.vesting.get(issuer)
        total = amount + (waiting.amount if waiting else 0)
        self.vesting[issuer] = t.Vesting(total, VESTING_WINDOWS)

    @hookimpl
    def try_state(self) -> None:
        for who, vesting in self.vesting.items():
            held = self.coin.on_hold(UNVESTED, who)
            assert held == vesting.amount, f"0x{who.hex()} has {held} on hold, and {vesting.amount} unvested"
            assert 0 < vesting.left <= VESTING_WINDOWS, f"0x{who.hex()} vests over {vesting.left} windows"
