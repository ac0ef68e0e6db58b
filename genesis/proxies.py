"""What a limited key may do for its account, by type: the lists of `Proxy`.

No list has a call that promises another by its hash (multisig, preimages, referenda), or one by which coins
go to somebody else.
"""

from __future__ import annotations

from typing import Any, Final

BATCHES: Final = ("Utility.batch", "Utility.batch_all", "Utility.force_batch")
VOTES: Final = ("ConvictionVoting",)
MACHINE: Final = (
    *("Attestation.commit", "Attestation.open", "Attestation.meet_demand"),
    *("Redemption.accept", "Redemption.ready", "Redemption.deliver"),
)
"""What a provider's agent does."""
REPORTS: Final = ("Oracle.commit", "Oracle.reveal")
CAPACITY: Final = (
    *("Providers.register", "Providers.add_units", "Providers.remove_unit", "Providers.give_notice"),
    *("Providers.bond", "Providers.unbond", "Providers.withdraw_unbonded"),
)
VALIDATING: Final = ("Staking", "Authorities")


def proxy_filters(*, validators: bool) -> tuple[dict[str, Any], ...]:
    """The lists of a chain with or without validators."""
    staking = VALIDATING if validators else ()
    lists: tuple[tuple[str, tuple[str, ...]], ...] = (
        (
            "NonTransfer",
            (*MACHINE, *CAPACITY, *REPORTS, *staking, *VOTES, "Rewards.claim", "Redemption.begin"),
        ),
        ("Governance", VOTES),
        ("Staking", staking),
        ("Provider", MACHINE),
        ("Reporter", REPORTS),
        ("CancelProxy", ("Proxy.reject_announcement",)),
    )
    return tuple({"proxy_type": kind, "calls": [*sorted(calls), *BATCHES]} for kind, calls in lists if calls)
