"""The development chain: one author, well-known keys, everything unlocked that a test needs."""

from __future__ import annotations

from typing import Final

from genesis.spec import ChainSpec
from runtime.crypto import ss58
from runtime.crypto.derive import dev_public
from runtime.frame.pallet import pallet_account
from runtime.spec import RuntimeSpec, SeatSpec

ENDOWMENT: Final = 1_000_000 * 10**9
"""What each development account owns."""
ACCOUNTS: Final = 10
"""How many development accounts there are, unless told otherwise."""
NAMES: Final = ("Alice", "Bob", "Charlie", "Dave", "Eve", "Ferdie")


def dev_names(count: int) -> tuple[str, ...]:
    """The names of the first development accounts: the well-known ones, then numbers."""
    return NAMES[:count] + tuple(str(number) for number in range(max(0, count - len(NAMES))))


def dev(accounts: int = ACCOUNTS, *, extra: tuple[tuple[bytes, int], ...] = ()) -> ChainSpec:
    """The development chain with so many accounts, each in both kinds of key, and `extra` balances beside
    them.
    """
    reserve = ss58.encode(pallet_account("reserve"), 42)
    owners = [
        ss58.encode(dev_public(f"//{name}", kind), 42)
        for name in dev_names(accounts)
        for kind in ("sr25519", "ed25519")
    ]
    return ChainSpec(
        name="Ballast Development",
        id="ballast-dev",
        runtime=RuntimeSpec(
            spec_version=1,
            pallets=(
                SeatSpec(index=0, pallet="System"),
                SeatSpec(index=1, pallet="Timestamp"),
                SeatSpec(
                    index=2,
                    pallet="Balances",
                    config={"existential_deposit": 100_000, "dust_account": reserve},
                ),
                SeatSpec(index=3, pallet="TransactionPayment", config={"fee_account": reserve}),
            ),
        ),
        genesis={
            "Balances": {
                "balances": [*([owner, ENDOWMENT] for owner in (*owners, reserve)), *map(list, extra)]
            }
        },
    )
