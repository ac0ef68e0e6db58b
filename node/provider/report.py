"""What the chain knows of the coin and of its providers, as plain figures: what commands print."""

from __future__ import annotations

from typing import Any

from node.provider.coin import Coin
from pallets.solvency.pallet import ENGINE
from pallets.solvency.types import Coverage
from runtime.crypto import ss58
from runtime.frame.coin import TERM_HOURS
from runtime.frame.plain import SS58_PREFIX
from runtime.scale import codec_of
from runtime.types.block import Header
from runtime.types.digest import Consensus


class NoCoverage(Exception):
    """A header lacks the coverage figures, or they are not what the state says."""


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


def coverage_report(coin: Coin, header: Header) -> dict[str, Any]:
    """What stands behind the coin after a block: the figures of its header, which the state must repeat.

    Bonds over supply stand beside E over S: capacity is no custody. Raises `NoCoverage`.
    """
    figures = coverage_of(header)
    stored = coin.solvency.coverage
    if figures is None and header.number:
        raise NoCoverage(f"block {header.number} has no digest item {ENGINE.decode()}")
    if figures is not None and figures != stored:
        raise NoCoverage(f"the header of block {header.number} says {figures}, and its state {stored}")
    bonds = sum(coin.providers.bond_of(who) for who in coin.providers.roster_now())
    return {
        "block": header.number,
        "blockHash": "0x" + header.hash.hex(),
        "supply": stored.supply,
        "effective": stored.effective,
        "ratioPpb": stored.ratio_ppb,
        "bonds": bonds,
        "margin": stored.margin,
        "waitHours": stored.wait_hours,
        "standard": stored.standard,
        "work": stored.work,
        "orphaned": stored.orphaned,
        "reserve": stored.reserve,
        "mode": stored.mode.name,
        "queue": stored.queue,
        "queued": stored.queued,
    }


def coverage_of(header: Header) -> Coverage | None:
    """The figures in a header's digest item; block zero has none."""
    for item in header.digest.logs:
        if isinstance(item, Consensus) and item.engine == ENGINE:
            return codec_of(Coverage).decode(item.data)
    return None
