"""The registry: mutants by name, each a sentence and a way to break the machine."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeAlias

from node.simulation.patches import Patch

Apply: TypeAlias = Callable[[Patch], None]


@dataclass(frozen=True, slots=True)
class Mutant:
    """One broken rule."""

    name: str
    sentence: str
    apply: Apply


MUTANTS: Final[dict[str, Mutant]] = {}


def mutant(sentence: str) -> Callable[[Apply], Apply]:
    """Enter a mutant under its function's name."""

    def enter(apply: Apply) -> Apply:
        name = apply.__name__.replace("_", " ")
        assert name not in MUTANTS
        MUTANTS[name] = Mutant(name, sentence, apply)
        return apply

    return enter
