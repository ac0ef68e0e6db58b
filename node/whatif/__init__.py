"""What-if for people: looks with the reader's own position, and scenarios on a fork of the state."""

from node.whatif.chain import NoFork, apart
from node.whatif.position import Position
from node.whatif.report import Played, Positions, Report, UnknownScenario, what_if
from node.whatif.scenarios import Outcome, Scenario

__all__ = [
    "NoFork",
    "Outcome",
    "Played",
    "Position",
    "Positions",
    "Report",
    "Scenario",
    "UnknownScenario",
    "apart",
    "what_if",
]
