"""Mutants: the machine with one rule broken each. A simulation that lets one live would not see such a bug.

A mutant counts as caught by a checker's name alone, never by an exception. `mutants.json` beside this folder
keeps, for each, the seed or the scenario in which it dies; `tests/simulation/keep.py` finds them anew.
"""

from node.simulation.mutants import epochs, fetching, journal, proposals, views, votes
from node.simulation.mutants.registry import MUTANTS, Mutant

__all__ = ["MUTANTS", "Mutant", "epochs", "fetching", "journal", "proposals", "views", "votes"]
