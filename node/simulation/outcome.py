"""Outcomes: what a run of the simulation found, by the name of the checker that found it."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Violation:
    """What must never be, and was."""

    checker: str
    facts: str
    at_ms: int


@dataclass(slots=True)
class Outcome:
    """One seed's run."""

    seed: int
    sim_seconds: int
    blocks: int = 0
    messages: int = 0
    safety: list[Violation] = field(default_factory=list[Violation])
    liveness: list[Violation] = field(default_factory=list[Violation])
    cpu_seconds: float = 0.0
    trace_hash: str = ""

    @property
    def is_good(self) -> bool:
        """Whether nothing was found."""
        return not self.safety and not self.liveness
