"""The pallets of a chain and their constants. Their indices are the order of their hooks: who proposed, dice,
what compute costs, windows, the standard, capacity, slashes, fees, the reserve against orphan debt, matching;
then the judgement of all; who answers for what; who may change what; and last who acts for whom.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from genesis.coin import COIN
from genesis.proxies import proxy_filters
from runtime.crypto import ss58
from runtime.frame.pallet import pallet_account
from runtime.frame.plain import SS58_PREFIX
from runtime.spec import SeatSpec

EXISTENTIAL_DEPOSIT: Final = 100_000
PROVIDER_DEPOSIT: Final = 100 * COIN
IDENTITY_DEPOSIT: Final = 20 * COIN
IDENTITY_BYTE_DEPOSIT: Final = COIN // 100
ENTRY_DEPOSIT: Final = 20 * COIN
"""What it costs to have an operation of a multisig open, or proxies, or announcements."""
FACTOR_DEPOSIT: Final = COIN
"""And each approval, proxy or announcement."""
PREIMAGE_DEPOSIT: Final = 10 * COIN
PREIMAGE_BYTE_DEPOSIT: Final = COIN // 100
SUBMISSION_DEPOSIT: Final = 10 * COIN
SPEND_MAX: Final = 10_000 * COIN
"""What the treasury's track may spend in a day."""
WEEK: Final = 7 * 24
"""Hours."""
PROBE_SIZE: Final = 512
POSITIONS: Final = 16


def pallet_address(name: str) -> str:
    """The address of a pallet's own account."""
    return ss58.encode(pallet_account(name), SS58_PREFIX)


RESERVE: Final = pallet_address("Reserve")
FEES: Final = pallet_address("Rewards")
ESCROW: Final = pallet_address("Redemption")
TREASURY: Final = pallet_address("Treasury")


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """How a chain's promises in hours become blocks."""

    blocks_per_hour: int
    commit_blocks: int = 10
    """How long a window takes commitments."""
    open_blocks: int = 10
    """How long it takes openings after them."""
    block_ms: int = 1
    """The least time between two blocks, in milliseconds: what validators keep to."""
    blocks_per_epoch: int = 0
    """How long a committee serves; 0 on a development chain, which has none."""
    slash_delay_hours: int = 72
    """How long a slash can be cancelled before it is applied."""


def seats(timing: Timing, *, sudo: bool) -> tuple[SeatSpec, ...]:
    """Everything: the coin, those who may change it, and accounts that many keys act for."""
    validators = bool(timing.blocks_per_epoch)
    return (
        *coin_seats(timing, sudo=sudo),
        *governance_seats(timing),
        SeatSpec(
            index=33,
            pallet="Multisig",
            config={"deposit_base": ENTRY_DEPOSIT, "deposit_factor": FACTOR_DEPOSIT},
        ),
        SeatSpec(
            index=34,
            pallet="Proxy",
            config={
                "proxy_deposit_base": ENTRY_DEPOSIT,
                "proxy_deposit_factor": FACTOR_DEPOSIT,
                "announcement_deposit_base": ENTRY_DEPOSIT,
                "announcement_deposit_factor": FACTOR_DEPOSIT,
                "filters": list(proxy_filters(validators=validators)),
            },
        ),
    )


def coin_seats(timing: Timing, *, sudo: bool) -> tuple[SeatSpec, ...]:
    """The whole coin; with validators, or with the one author of a development chain."""
    validators = bool(timing.blocks_per_epoch)
    beacon = "Beacon" if validators else "DevBeacon"
    found = [
        SeatSpec(index=0, pallet="System"),
        SeatSpec(index=1, pallet="Timestamp", config={"minimum_period": timing.block_ms}),
        SeatSpec(
            index=2,
            pallet="Balances",
            config={"existential_deposit": EXISTENTIAL_DEPOSIT, "dust_account": RESERVE},
        ),
        SeatSpec(index=3, pallet="TransactionPayment", config={"fee_account": FEES}),
        SeatSpec(index=4, pallet="Utility"),
    ]
    if sudo:
        found.append(SeatSpec(index=5, pallet="Sudo"))
    if validators:
        found.append(
            SeatSpec(index=9, pallet="Authorities", config={"blocks_per_epoch": timing.blocks_per_epoch})
        )
    found += [
        SeatSpec(index=10, pallet=beacon, name="Beacon"),
        SeatSpec(index=11, pallet="Ledger", config={"reserve": RESERVE, "fees": FEES}),
        SeatSpec(index=12, pallet="Oracle"),
        SeatSpec(
            index=13,
            pallet="Attestation",
            config={
                "size": PROBE_SIZE,
                "positions": POSITIONS,
                "commit_blocks": timing.commit_blocks,
                "open_blocks": timing.open_blocks,
            },
        ),
        SeatSpec(index=14, pallet="Standards", config={"blocks_per_hour": timing.blocks_per_hour}),
        SeatSpec(index=15, pallet="Providers", config={"deposit": PROVIDER_DEPOSIT}),
        SeatSpec(
            index=16,
            pallet="Identity",
            config={"basic_deposit": IDENTITY_DEPOSIT, "byte_deposit": IDENTITY_BYTE_DEPOSIT},
        ),
        SeatSpec(index=17, pallet="Slashing", config={"delay_hours": timing.slash_delay_hours}),
        SeatSpec(index=18, pallet="Rewards", config={"treasury": TREASURY}),
        SeatSpec(index=19, pallet="Reserve"),
        SeatSpec(index=20, pallet="Issuance"),
        SeatSpec(index=21, pallet="Redemption"),
        SeatSpec(index=22, pallet="Solvency"),
    ]
    if validators:
        found += [
            SeatSpec(index=23, pallet="Staking"),
            SeatSpec(index=24, pallet="Offences", config={"delay_hours": timing.slash_delay_hours}),
        ]
    return tuple(found)


def governance_seats(timing: Timing) -> tuple[SeatSpec, ...]:
    """Who may change what: proposals, votes, and when they are carried out."""
    hour = {"blocks_per_hour": timing.blocks_per_hour}
    return (
        SeatSpec(
            index=25,
            pallet="Preimage",
            config={"base_deposit": PREIMAGE_DEPOSIT, "byte_deposit": PREIMAGE_BYTE_DEPOSIT},
        ),
        SeatSpec(index=26, pallet="Scheduler"),
        SeatSpec(index=27, pallet="Origins"),
        SeatSpec(
            index=28,
            pallet="Referenda",
            config={**hour, "submission_deposit": SUBMISSION_DEPOSIT, "slash_account": RESERVE},
        ),
        SeatSpec(
            index=29,
            pallet="ConvictionVoting",
            config={**hour, "vote_locking_hours": WEEK, "seasoning_hours": WEEK},
        ),
        SeatSpec(index=30, pallet="WhatIf"),
        SeatSpec(index=31, pallet="Parameters", config=hour),
        SeatSpec(
            index=32,
            pallet="Treasury",
            config={
                **hour,
                "spend_max": SPEND_MAX,
                "spend_period_hours": 24,
                "payout_period_hours": 30 * 24,
            },
        ),
    )
