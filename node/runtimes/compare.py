"""Comparing: which of a manifest's seats the code that is here could fill, one by one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from runtime.manifest import Manifest, ManifestPallet
from runtime.spec import Found


class Match(StrEnum):
    """How what is here stands to what a manifest wants."""

    Same = "same"
    Missing = "missing"
    OtherVersion = "another version"
    OtherFiles = "other files"


@dataclass(frozen=True, slots=True)
class SeatMatch:
    """One seat of a manifest, and what is here for it."""

    index: int
    seat: str
    wanted: str
    """The distribution and its version."""
    here: str
    """Those that offer the pallet here; empty where none does."""
    match: Match


def match_runtime(manifest: Manifest, digest: bytes) -> Match:
    """Whether the `runtime` package here, of digest `digest`, is the one that a manifest wants."""
    return Match.Same if manifest.runtime == digest else Match.OtherFiles


def match_seats(manifest: Manifest, found: Mapping[str, Found]) -> tuple[SeatMatch, ...]:
    """Every seat of a manifest against the pallets `found` here, by the names under which they are
    registered. Constants are the chain spec's, and not looked at.
    """
    return tuple(_match(each, found.get(each.pallet)) for each in manifest.pallets)


def _match(wanted: ManifestPallet, here: Found | None) -> SeatMatch:
    name = f"{wanted.distribution} {wanted.version}".strip()
    if here is None:
        return SeatMatch(wanted.index, wanted.name, name, "", Match.Missing)
    if (here.distribution, here.version) != (wanted.distribution, wanted.version):
        match = Match.OtherVersion
    else:
        match = Match.Same if here.digest == wanted.digest else Match.OtherFiles
    return SeatMatch(wanted.index, wanted.name, name, f"{here.distribution} {here.version}".strip(), match)
