"""The tally: how often each call succeeded and was refused, and which states and modes were seen."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field


@dataclass(slots=True)
class Tally:
    """What was done and seen."""

    succeeded: Counter[str] = field(default_factory=Counter[str])
    """By call."""
    refused: Counter[str] = field(default_factory=Counter[str])
    """By call."""
    reasons: Counter[str] = field(default_factory=Counter[str])
    """By call and refusal."""
    states: Counter[str] = field(default_factory=Counter[str])
    """Blocks that ended with something in that state."""
    modes: Counter[str] = field(default_factory=Counter[str])
    """Blocks that ended in that mode."""

    def count(self, call: str, refusal: str | None) -> None:
        """A call was made."""
        if refusal is None:
            self.succeeded[call] += 1
        else:
            self.refused[call] += 1
            self.reasons[f"{call}: {refusal}"] += 1

    def add(self, other: Tally) -> None:
        """What another economy counted."""
        self.succeeded.update(other.succeeded)
        self.refused.update(other.refused)
        self.reasons.update(other.reasons)
        self.states.update(other.states)
        self.modes.update(other.modes)
