"""What a validator or follower counts of the agreement, for people and for `/metrics`."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True)
class AgreementStats:
    """Plain counters; they begin at zero with the process."""

    epoch: int = 0
    """The epoch that is being agreed on."""
    view: int = 0
    """The view that the node is in; 0 when it only follows."""
    views: int = 0
    """Views entered."""
    proposals: int = 0
    """Blocks proposed by this node."""
    votes: int = 0
    """Votes cast by this node."""
    nullifications: int = 0
    """Views that a quorum skipped."""
    finalizations: int = 0
    """Certificates of finality seen."""
    reports: int = 0
    """Pairs of conflicting votes found."""
    missed: dict[str, int] = field(default_factory=dict[str, int])
    """By validator, its account in hex: certificates of finality that its vote is not part of."""
