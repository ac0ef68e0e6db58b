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
BUSINESS: Final = (
    *("Identity.set_identity", "Identity.clear_identity", "Identity.cancel_request", "Identity.review"),
    *("Issuance.mint", "Oracle.bond", "Oracle.unbond", "Oracle.withdraw_unbonded"),
    *("Providers.add_units", "Providers.remove_unit", "Providers.bond", "Providers.unbond"),
    *("Providers.withdraw_unbonded", "Providers.cancel_novation"),
    *("Redemption.begin", "Redemption.cancel", "Rewards.claim"),
    *("Proxy.remove_proxy", "Proxy.reject_announcement"),
)
"""What a company does from day to day, by which no coin leaves it."""
VALIDATING: Final = ("Staking", "Authorities")


def proxy_filters(*, validators: bool) -> tuple[dict[str, Any], ...]:
    """The lists of a chain with or without validators."""
    staking = VALIDATING if validators else ()
    lists: tuple[tuple[str, tuple[str, ...]], ...] = (
        (
            "NonTransfer",
            (*BUSINESS, *MACHINE, *REPORTS, *staking, *VOTES),
        ),
        ("Governance", VOTES),
        ("Staking", staking),
        ("Provider", MACHINE),
        ("Reporter", REPORTS),
        ("CancelProxy", ("Proxy.reject_announcement",)),
    )
    return tuple({"proxy_type": kind, "calls": [*sorted(calls), *BATCHES]} for kind, calls in lists if calls)
