"""A position: what somebody's coins are, and what a redemption of them would cost, wait and get."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from node.whatif.chain import pallet_of
from pallets.balances import Balances
from pallets.ledger import Ledger
from pallets.providers import Providers
from pallets.redemption import Redemption
from pallets.redemption import types as r
from pallets.redemption.fee import FEE_PPB_MAX, decayed, fee_ppb, grown
from pallets.standards import Standards
from runtime.frame import DispatchError, Signed
from runtime.frame.coin import Mode
from runtime.runtime import Runtime
from runtime.types import AccountId
from runtime.types.fixed import PPB, div_ceil, mul_div_ceil

JOB: Final = bytes(32)


@dataclass(frozen=True, slots=True)
class Position:
    """Somebody's coins, and what redeeming all that can be redeemed now would mean; amounts in 10^-9."""

    account: AccountId
    total: int
    """All coins of the account, on hold ones included."""
    spendable: int
    redeemed: int
    """What can be redeemed, its fee paid besides."""
    fee: int
    borne: int
    """The share of a loss, cancelled without service."""
    served: int
    """The rest: so many SCU-h of inference, by the standard of the hour in which a server is drawn."""
    wait_hours: int | None
    """How long it would be until the last of it is served, if all who serve shared the work and it came last
    of all: an estimate; None where nobody has capacity.
    """
    promised_hours: int
    """W_max: how long it can be at the most."""
    work: int
    """What is served, as work under the standard in force."""
    refusal: str = ""
    """Why it cannot be redeemed; then nothing is."""


def redeemable(runtime: Runtime, who: AccountId) -> int:
    """The most coins that somebody can redeem now and pay the fee for."""
    ledger, redemption = pallet_of(runtime, Ledger), pallet_of(runtime, Redemption)
    spendable = pallet_of(runtime, Balances).reducible_balance(who, keep_alive=False)
    if ledger.mode_now() >= Mode.Orange:
        return spendable
    supply, base = max(1, ledger.total_supply()), redemption.base
    passed = pallet_of(runtime, Standards).hours_in(runtime.host.number - base.at)
    standing = decayed(base.ppb, passed)
    low, high = spendable * PPB // (PPB + FEE_PPB_MAX), spendable
    while low < high:
        amount = (low + high + 1) // 2
        rate = fee_ppb(redemption.fee_floor_ppb, grown(standing, min(amount, supply), supply))
        if amount + mul_div_ceil(amount, rate, PPB) <= spendable:
            low = amount
        else:
            high = amount - 1
    return low


def position_of(runtime: Runtime, who: AccountId) -> Position:
    """A position in the block that the host stands in; nothing of the redemption that is tried remains."""
    coins, redemption = pallet_of(runtime, Balances), pallet_of(runtime, Redemption)
    total = coins.total_balance(who)
    spendable = coins.reducible_balance(who, keep_alive=False)
    amount, first = redeemable(runtime, who), redemption.next_ticket
    promised = pallet_of(runtime, Providers).wait_now()
    overlay = runtime.host.overlay
    mark = overlay.open()
    try:
        call = redemption.redeem.call(amount, r.Service.Infer, 0, 0, JOB)
        runtime.host.dispatch(call, Signed(who))
        fee = spendable - amount - coins.reducible_balance(who, keep_alive=False)
        borne = _loss(runtime, amount)
        _, _, work = pallet_of(runtime, Standards).work_owed(amount - borne)
        assert redemption.next_ticket > first, "a redemption makes a ticket"
        wait = _hours_until(runtime, redemption.eta_of(redemption.next_ticket - 1))
    except DispatchError as refusal:
        return Position(who, total, spendable, 0, 0, 0, 0, None, promised, 0, str(refusal))
    finally:
        overlay.undo(mark)
    return Position(who, total, spendable, amount, fee, borne, amount - borne, wait, promised, work)


def _loss(runtime: Runtime, amount: int) -> int:
    """The share of orphan debt that coins which wait already would bear, were servers drawn for them now."""
    ledger, redemption = pallet_of(runtime, Ledger), pallet_of(runtime, Redemption)
    orphaned, waiting = ledger.total_orphaned(), redemption.waiting
    if not orphaned:
        return 0
    bearing = ledger.total_supply() - (redemption.escrowed - waiting.coins) - waiting.borne
    return min(amount, orphaned, mul_div_ceil(amount, orphaned, bearing))


def _hours_until(runtime: Runtime, block: int | None) -> int | None:
    """How many hours it is to a block, rounded up."""
    if block is None:
        return None
    hour = pallet_of(runtime, Standards).blocks_in(1)
    hours = max(1, pallet_of(runtime, Standards).hours_in(hour))
    return div_ceil(max(0, block - runtime.host.number), hour) * hours
