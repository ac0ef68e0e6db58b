"""The development chain: one author, well-known keys, everything unlocked that a test needs; and the whole
coin, whose first coins are the debts of five providers.

Its hour has ten blocks, so that what the coin promises in hours can be watched in minutes; at two seconds a
block a provider's core does `PROBES_PER_HOUR` probes in one. The first standard is as large as it can be with
five such cores behind the coins of the genesis, so more or richer accounts make a coin worth less work, and
never less covered.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from genesis.coin import COIN, PROBE_WORK, Backing, coin_genesis, covering_work
from genesis.seats import ESCROW, EXISTENTIAL_DEPOSIT, FEES, RESERVE, Timing, seats
from genesis.spec import ChainSpec
from runtime.crypto import ss58
from runtime.crypto.derive import KeyKind, dev_public
from runtime.frame.plain import SS58_PREFIX
from runtime.spec import RuntimeSpec
from runtime.types.fixed import PPB

ENDOWMENT: Final = 2_000 * COIN
"""What each development account owns."""
ACCOUNTS: Final = 10
"""How many development accounts there are, unless told otherwise."""
NAMES: Final = ("Alice", "Bob", "Charlie", "Dave", "Eve", "Ferdie")
AUTHOR: Final = "//Alice"
"""Who signs the blocks, with an ed25519 key, and whose sr25519 key is Root."""
PROVIDERS: Final = 5
"""How many providers there are at genesis."""
KINDS: Final[tuple[KeyKind, ...]] = ("sr25519", "ed25519")
TIMING: Final = Timing(blocks_per_hour=10)
PROBES_PER_HOUR: Final = 400
"""What one core of a laptop does in ten blocks of two seconds, at a probe in 50 ms."""
ROUNDS: Final = 2
"""How many products a unit chains in a window, every one of which is opened: enough to see it."""
COVERAGE_PPB: Final = 3 * PPB // 2
"""E / S at genesis: a fifth more coins can be minted before kappa is reached."""


def dev_names(count: int) -> tuple[str, ...]:
    """The names of the first development accounts: the well-known ones, then numbers."""
    return NAMES[:count] + tuple(str(number) for number in range(max(0, count - len(NAMES))))


def provider_uris() -> tuple[str, ...]:
    """The secret URIs of the genesis providers, whose keys are sr25519."""
    return tuple(f"//Provider//{number}" for number in range(1, PROVIDERS + 1))


def dev(accounts: int = ACCOUNTS, *, extra: tuple[tuple[bytes, int], ...] = ()) -> ChainSpec:
    """The development chain with so many accounts, each in both kinds of key, and `extra` balances beside
    them.
    """
    endowed = [*dev_endowments(accounts), *extra]
    backing = Backing(
        providers=tuple(dev_public(uri, "sr25519") for uri in provider_uris()),
        author=dev_public(AUTHOR, "ed25519"),
        work_per_hour=PROBES_PER_HOUR * PROBE_WORK,
        drawn_ppb=PPB,
        rounds=ROUNDS,
    )
    backing = replace(backing, work=covering_work(endowed, backing, COVERAGE_PPB))
    return ChainSpec(
        name="Ballast Development",
        id="ballast-dev",
        runtime=RuntimeSpec(spec_version=1, pallets=seats(TIMING, sudo=True)),
        genesis={**coin_genesis(endowed, backing), "Sudo": {"key": dev_address(AUTHOR)}},
    )


def dev_address(uri: str, kind: KeyKind = "sr25519") -> str:
    """The address of a development account."""
    return ss58.encode(dev_public(uri, kind), SS58_PREFIX)


def dev_endowments(accounts: int) -> list[tuple[bytes | str, int]]:
    """What the first development accounts own, each in both kinds of key, and the least that the coin's own
    accounts need.
    """
    return [
        *((dev_address(f"//{name}", kind), ENDOWMENT) for name in dev_names(accounts) for kind in KINDS),
        (RESERVE, COIN),
        (ESCROW, EXISTENTIAL_DEPOSIT),
        (FEES, EXISTENTIAL_DEPOSIT),
    ]
