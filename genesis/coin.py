"""The first coins: every one the debt of a genesis provider, with a bond behind it, and lines that hold.

What people hold at block zero is owed by the providers in equal parts; a provider also owes its own bond and
the coins that it works with, for those exist too:

    m_i = share of the endowments + working coins + b_i,        b_i = bond share of m_i, rounded up
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from pallets.providers.registry import WINDOWS_MAX
from pallets.providers.wilson import wilson_ppb
from runtime.frame.coin import TERM_HOURS
from runtime.types.fixed import PPB, div_ceil

COIN: Final = 10**9
"""The smallest units in a coin."""
PROBE_WORK: Final = 512**3
"""Byte multiply-adds of one probe of n = 512."""
STANDARD_WORK: Final = 128 * PROBE_WORK
"""W_1 of a development chain: one SCU-h is as much as 128 probes, a few seconds of one core."""
CPU_WORK_PER_HOUR: Final = 72_000 * PROBE_WORK
"""What one core of a laptop does in an hour at one probe in 50 ms."""
CPU_CLASS: Final = 1
BOND_SHARE_PPB: Final = 300_000_000
"""More than the 25 % that an accountable provider needs."""
WORKING_COINS: Final = 1_000 * COIN
"""What a genesis provider has free, for deposits and fees."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Backing:
    """Who owes the first coins, and what stands behind them."""

    providers: Sequence[bytes]
    """Accounts of the genesis providers; each is an operator group of its own."""
    author: bytes = b""
    """The ed25519 key that signs the beacon of a development chain; a chain of validators has none."""
    windows_a_day: int = 12
    drawn_ppb: int = PPB // 10
    """The share of the units past probation that open their rows in a window."""
    rounds: int = 1
    """How many products a unit of the one class chains in a window."""
    work: int = STANDARD_WORK
    work_per_hour: int = CPU_WORK_PER_HOUR
    bond_share_ppb: int = BOND_SHARE_PPB
    working: int = WORKING_COINS
    seed: bytes = field(default=bytes(32))
    """The beacon of block zero."""


def covering_work(endowed: Sequence[tuple[bytes | str, int]], backing: Backing, coverage_ppb: int) -> int:
    """The largest W_1 under which the providers, a unit each, cover all coins of the genesis so many times.

    From E = providers T a rho / W and E >= coverage S follows W, which is rounded down to four digits;
    `backing.work` plays no part.
    """
    count = len(backing.providers)
    owed = sum(amount for _, amount in endowed) + count * backing.working
    supply = div_ceil(owed * PPB, PPB - backing.bond_share_ppb) + count
    proven = wilson_ppb(WINDOWS_MAX, WINDOWS_MAX)
    work = count * TERM_HOURS * proven * backing.work_per_hour * PPB // (coverage_ppb * supply)
    digit: int = 10 ** max(0, len(str(work)) - 4)
    return work - work % digit


def coin_genesis(endowed: Sequence[tuple[bytes | str, int]], backing: Backing) -> dict[str, Any]:
    """The genesis parts of the coin's pallets, Balances included, as plain values by pallet name.

    `endowed` is every account that holds coins at block zero beside the providers, its key or its address:
    people, and the accounts of the reserve, the escrow and the fees, which need the existential deposit. The
    pallets refuse a genesis whose lines do not hold.
    """
    count = len(backing.providers)
    public = sum(amount for _, amount in endowed)
    shares = [public // count + (place < public % count) for place in range(count)]
    free = [share + backing.working for share in shares]
    bonds = [div_ceil(each * backing.bond_share_ppb, PPB - backing.bond_share_ppb) for each in free]
    return {
        "Balances": {
            "balances": [
                *([who if isinstance(who, str) else _hex(who), amount] for who, amount in endowed),
                *(
                    [_hex(who), backing.working + bond]
                    for who, bond in zip(backing.providers, bonds, strict=True)
                ),
            ]
        },
        "Beacon": {
            **({"author": _hex(backing.author)} if backing.author else {}),
            "seed": _hex(backing.seed),
        },
        "Ledger": {
            "debts": [
                {"issuer": _hex(who), "amount": each + bond}
                for who, each, bond in zip(backing.providers, free, bonds, strict=True)
            ]
        },
        "Oracle": {"mainstream": backing.work},
        "Standards": {
            "work": backing.work,
            "classes": [{"id": CPU_CLASS, "name": "cpu", "work_per_hour": backing.work_per_hour}],
        },
        "Attestation": {
            "windows_a_day": backing.windows_a_day,
            "drawn_ppb": backing.drawn_ppb,
            "rounds": [{"class_id": CPU_CLASS, "rounds": backing.rounds}],
        },
        "Providers": {
            "providers": [
                {
                    "account": _hex(who),
                    "group": number,
                    "domain": {"region": number, "operator": number},
                    "tier": "Accountable",
                    "bond": bond,
                    "units": [CPU_CLASS],
                }
                for number, (who, bond) in enumerate(zip(backing.providers, bonds, strict=True), start=1)
            ]
        },
    }


def _hex(raw: bytes) -> str:
    return "0x" + raw.hex()
