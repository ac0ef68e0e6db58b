"""Origins: on whose authority an approved proposal runs, one a track.

The number of a variant is the number of its track. Nobody can sign for one of them: Referenda dispatches what
was approved on its track, and a pallet that wants to be governed names the origin in its call. The track
`root` has no origin of its own here: what it approves runs as Root.

This pallet is a module of `governance` itself, so what the manifest hashes for it are all files of that
package: tracks, curves and tallies are consensus too.
"""

from __future__ import annotations

from governance.tracks import ROOT
from runtime.frame import NoError, NoEvent, Origin, Pallet, Root, register
from runtime.frame.voted import (
    AttestationLooser,
    AttestationSafer,
    CollateralLooser,
    CollateralSafer,
    FeesLooser,
    FeesSafer,
    IssuanceLooser,
    IssuanceSafer,
    Lists,
    OracleLooser,
    OracleSafer,
    ReferendumCanceller,
    ReferendumKiller,
    ReserveLooser,
    ReserveSafer,
    SlashCancel,
    StandardsLooser,
    StandardsSafer,
    TrackOrigin,
    Treasury,
)


class Origins(Pallet[NoEvent, NoError]):
    """The origins of the tracks; it has no calls and keeps nothing."""

    origin_type = TrackOrigin


def track_of(origin: Origin) -> int | None:
    """The track on which proposals with this origin are decided; None if there is none."""
    if isinstance(origin, Root):
        return ROOT
    return origin.__variant_index__ if isinstance(origin, TrackOrigin) else None


register_pallets = register(Origins)

__all__ = [
    "AttestationLooser",
    "AttestationSafer",
    "CollateralLooser",
    "CollateralSafer",
    "FeesLooser",
    "FeesSafer",
    "IssuanceLooser",
    "IssuanceSafer",
    "Lists",
    "OracleLooser",
    "OracleSafer",
    "Origins",
    "ReferendumCanceller",
    "ReferendumKiller",
    "ReserveLooser",
    "ReserveSafer",
    "SlashCancel",
    "StandardsLooser",
    "StandardsSafer",
    "TrackOrigin",
    "Treasury",
    "register_pallets",
    "track_of",
]
