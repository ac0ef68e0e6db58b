"""The local network: validators with well-known keys on one machine, and all else as on a development chain.

The first development accounts are validators and providers in one, as `ballast net up` starts them. An hour
of this chain has 120 blocks, a minute at two blocks a second, so that days can be watched in minutes; and a
slash is applied in the block after its evidence, so that it can be watched at once: no vote could cancel it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from genesis.coin import COIN, PROBE_WORK, Backing, coin_genesis, covering_work
from genesis.presets.dev import (
    ACCOUNTS,
    AUTHOR,
    COVERAGE_PPB,
    PROVIDERS,
    dev_address,
    dev_endowments,
    dev_names,
)
from genesis.presets.dev_validators import DEV_KEYS
from genesis.seats import Timing, seats
from genesis.spec import ChainSpec
from genesis.validators import FirstValidator, validators_genesis
from pallets.authorities.types import Keys, KeysProof
from runtime.crypto.derive import dev_public
from runtime.spec import RuntimeSpec

VALIDATORS: Final = 4
"""How many validators there are, unless told otherwise."""
VALIDATORS_MAX: Final = len(DEV_KEYS)
TIMING: Final = Timing(blocks_per_hour=120, block_ms=500, blocks_per_epoch=50, slash_delay_hours=0)
PROBES_PER_HOUR: Final = 1_200
"""What one core of a laptop does in a minute, at a probe in 50 ms."""
BOND: Final = 1_000 * COIN
"""What each validator puts up."""


def dev_validators(count: int, bond: int) -> tuple[FirstValidator, ...]:
    """The first development accounts as validators. Raises ValueError for more than have keys."""
    if not 1 <= count <= VALIDATORS_MAX:
        raise ValueError(f"there are keys for 1 to {VALIDATORS_MAX} development validators, not {count}")
    return tuple(_dev_validator(f"//{name}", bond) for name in dev_names(count))


def _dev_validator(uri: str, bond: int) -> FirstValidator:
    known = DEV_KEYS[uri]
    return FirstValidator(
        account=dev_public(uri),
        keys=Keys(bytes.fromhex(known.bls), dev_public(uri, "ed25519")),
        proof=KeysProof(bytes.fromhex(known.possession), bytes.fromhex(known.network)),
        bond=bond,
    )


def local(
    validators: int = VALIDATORS,
    accounts: int = ACCOUNTS,
    *,
    timing: Timing = TIMING,
    extra: tuple[tuple[bytes, int], ...] = (),
) -> ChainSpec:
    """A network of so many validators, with so many endowed accounts, and `extra` balances beside them."""
    first = dev_validators(validators, BOND)
    endowed = [*dev_endowments(max(accounts, validators)), *extra]
    providers = dev_names(max(PROVIDERS, validators))
    backing = Backing(
        providers=tuple(dev_public(f"//{name}", "sr25519") for name in providers),
        work_per_hour=PROBES_PER_HOUR * PROBE_WORK,
    )
    backing = replace(backing, work=covering_work(endowed, backing, COVERAGE_PPB))
    return ChainSpec(
        name="Ballast Local Network",
        id="ballast-local",
        runtime=RuntimeSpec(spec_version=1, pallets=seats(timing, sudo=True)),
        genesis={
            **coin_genesis(endowed, backing),
            **validators_genesis(first),
            "Sudo": {"key": dev_address(AUTHOR)},
        },
    )
