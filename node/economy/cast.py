"""Who there is in an economy, and what they own when it begins."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from genesis.coin import COIN, CPU_WORK_PER_HOUR, Backing, coin_genesis, covering_work
from genesis.seats import ESCROW, EXISTENTIAL_DEPOSIT, FEES, RESERVE
from node.economy.chain import AUTHOR, account, accounts, hex_of

ROOT: Final = account("root")
PROVIDERS: Final = accounts("provider", 16)
"""Those who stand behind the first coins."""
NEWCOMERS: Final = accounts("newcomer", 8)
"""Those who may become providers."""
CONSUMERS: Final = accounts("consumer", 20)
REPORTERS: Final = accounts("reporter", 8)
"""Of these the last has no seat when the chain begins."""
REGISTRARS: Final = accounts("registrar", 3)
"""Of these the last is none when the chain begins."""
HOSTILE: Final = accounts("hostile", 8)
EVERYBODY: Final = (*PROVIDERS, *NEWCOMERS, *CONSUMERS, *REPORTERS, *REGISTRARS, *HOSTILE)

SMALL_CLASS: Final = 1
LARGE_CLASS: Final = 2
REGIONS: Final = 4
WEALTH: Final = 10_000 * COIN
FUND: Final = 90_000 * COIN
"""What the reserve begins with: a little more than its target."""
SEAT_BOND: Final = 2_000 * COIN
"""What a reporter has bonded when the chain begins."""
BOND_SHARE_PPB: Final = 550_000_000
"""More than the half that an attested provider needs."""
COVERAGE_PPB: Final = 1_350_000_000
"""What the first unit of every provider covers; the second units of some come on top."""


def first_genesis() -> dict[str, Any]:
    """The genesis of an economy: providers of two tiers in groups, regions and classes, people, reporters,
    registrars, and a root.
    """
    people = (*CONSUMERS, *NEWCOMERS, *HOSTILE, *REGISTRARS, *REPORTERS, ROOT)
    endowed: list[tuple[bytes | str, int]] = [(who, WEALTH) for who in people]
    endowed += [(RESERVE, FUND), (ESCROW, EXISTENTIAL_DEPOSIT), (FEES, EXISTENTIAL_DEPOSIT)]
    backing = Backing(
        providers=PROVIDERS, author=bytes(AUTHOR.verify_key), bond_share_ppb=BOND_SHARE_PPB, windows_a_day=4
    )
    work = covering_work(endowed, backing, COVERAGE_PPB)
    parts = coin_genesis(endowed, replace(backing, work=work))
    parts["Standards"]["classes"].append(
        {
            "id": LARGE_CLASS,
            "name": "large",
            "work_per_hour": 2 * CPU_WORK_PER_HOUR,
            "memory_gib": 80,
            "link_gbps": 400,
        }
    )
    for number, provider in enumerate(parts["Providers"]["providers"]):
        provider["tier"] = "Attested" if number % 3 == 2 else "Accountable"
        provider["group"] = 1 + number // 2 if number < 6 else 10 + number
        provider["domain"] = {"region": 1 + number % REGIONS, "operator": number // 2}
        provider["units"] = [SMALL_CLASS, LARGE_CLASS] if number % 5 == 4 else [SMALL_CLASS]
    parts["Oracle"]["reporters"] = [
        {
            "account": hex_of(who),
            "entity": number,
            "region": 1 + number % REGIONS,
            "operator": number,
            "source": number,
            "bond": SEAT_BOND,
        }
        for number, who in enumerate(REPORTERS[:-1])
    ]
    parts["Identity"] = {"registrars": [hex_of(who) for who in REGISTRARS[:-1]]}
    parts["Sudo"] = {"key": hex_of(ROOT)}
    return parts
