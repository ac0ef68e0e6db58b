"""Migrations: how storage that older code laid out becomes what this code expects, a bounded step at a time.

    storage_version = 2

    @migration(to=2, step=db(reads=1, writes=1))
    def give_each_an_owner(self, cursor: bytes) -> bytes | None:
        \"\"\"Rewrite one entry.\"\"\"

A step does as much as its weight says and returns where the next one goes on, or None when nothing is left.
After a change of runtime the executive takes as many steps a block as fit, in the order of the chain spec's
indices; until all are done, transactions wait.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, NamedTuple, TypeVar

from runtime.types.limits import MIGRATION_MAX
from runtime.types.weight import Weight

F = TypeVar("F", bound=Callable[[Any, bytes], bytes | None])
VERSION_MAX: Final = (1 << 16) - 1
_MIGRATION: Final = "__ballast_migration__"


class Migration(NamedTuple):
    """One way from a version of a pallet's storage to the next."""

    to: int
    """The version that it leads to."""
    step: Weight
    """The most that one step uses."""
    attribute: str
    """The method that takes a step."""


def migration(*, to: int, step: Weight) -> Callable[[F], F]:
    """Declare a method as the migration from storage version `to - 1`, taken in steps of weight `step`.

    The method gets the cursor that its last step returned, empty at first; it returns the next, or None when
    done.
    """
    if not 0 < to <= VERSION_MAX:
        raise TypeError(f"a migration to version {to}: versions are in [1, {VERSION_MAX}]")
    if not step.fits(MIGRATION_MAX):
        raise TypeError(f"a migration's step of {step} does not fit a block, which leaves {MIGRATION_MAX}")

    def mark(function: F) -> F:
        setattr(function, _MIGRATION, Migration(to, step, function.__name__))
        return function

    return mark


def migration_of(function: object) -> Migration | None:
    """What `@migration` said of a method, if it did."""
    return getattr(function, _MIGRATION, None)


def in_order(pallet: str, version: int, found: tuple[Migration, ...]) -> tuple[Migration, ...]:
    """A pallet's migrations by version. Raises TypeError unless they lead to `version` without a gap."""
    if not 0 <= version <= VERSION_MAX:
        raise TypeError(f"{pallet}: storage_version = {version} is outside [0, {VERSION_MAX}]")
    ordered = tuple(sorted(found, key=lambda each: each.to))
    leads = [each.to for each in ordered]
    if leads != list(range(version - len(leads) + 1, version + 1)):
        shown = ", ".join(map(str, leads))
        raise TypeError(f"{pallet}: migrations lead to {shown}, and storage_version is {version}")
    return ordered
