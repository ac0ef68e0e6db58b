"""What the chain knows of its providers, as plain figures: what commands print."""

from __future__ import annotations

from typing import Any

from node.provider.coin import Coin
from runtime.crypto import ss58
from runtime.frame.coin import TERM_HOURS
from runtime.frame.plain import SS58_PREFIX


def provider_report(coin: Coin, who: bytes) -> dict[str, Any] | None:
    """One provider's figures, amounts in 10^-9; None when the account is no provider."""
    provider = coin.providers.providers.get(who)
    if provider is None:
        return None
    debt = coin.ledger.debt_of(who)
    vesting = coin.issuance.vesting.get(who)
    units = [
        {"unit": number, "class": unit.class_id, "since": unit.since, "passed": unit.passed}
        for (_, number), unit in coin.providers.units.under(who)
    ]
    return {
        "account": "0x" + who.hex(),
        "address": ss58.encode(who, SS58_PREFIX),
        "state": provider.state.name,
        "since": provider.since,
        "tier": provider.tier.name,
        "group": provider.group,
        "region": provider.domain.region,
        "operator": provider.domain.operator,
        "units": units,
        "windows": provider.windows,
        "windowsPassed": provider.history.bit_count(),
        "capacityPerHour": provider.capacity,
        "effective": coin.providers.effective_of(who),
        "termHours": TERM_HOURS,
        "debt": debt.owed,
        "assigned": debt.assigned,
        "bond": provider.bond,
        "bondNeeded": coin.providers.bond_needed(who, debt.owed),
        "unvested": vesting.amount if vesting is not None else 0,
        "free": coin.balances.free_balance(who),
    }


def provider_reports(coin: Coin) -> list[dict[str, Any]]:
    """Every provider's, in the order of registration."""
    reports = (provider_report(coin, who) for who in coin.providers.roster_now())
    return [report for report in reports if report is not None]
