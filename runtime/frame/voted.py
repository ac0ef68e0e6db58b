"""Voted origins: on whose authority an approved proposal runs, one a track.

The number of a variant is the number of its track (`governance.tracks`). They stand here because a pallet
that wants to be governed names one in its call, beside Root, and knows no more of governance than that.
Nobody can sign for one of them.
"""

from __future__ import annotations

from runtime.frame.origin import Origin


class TrackOrigin(Origin, path="ballast_governance::origins::Origin"):
    """A track that has approved what runs."""


class FeesSafer(TrackOrigin, index=10):
    """May move the parameters of fees to the safe side."""


class FeesLooser(TrackOrigin, index=11):
    """May move the parameters of fees to either side."""


class IssuanceSafer(TrackOrigin, index=12):
    """May move the parameters of issuance to the safe side."""


class IssuanceLooser(TrackOrigin, index=13):
    """May move the parameters of issuance to either side."""


class CollateralSafer(TrackOrigin, index=14):
    """May move the parameters of collateral to the safe side."""


class CollateralLooser(TrackOrigin, index=15):
    """May move the parameters of collateral to either side."""


class AttestationSafer(TrackOrigin, index=16):
    """May move the parameters of attestation to the safe side."""


class AttestationLooser(TrackOrigin, index=17):
    """May move the parameters of attestation to either side."""


class OracleSafer(TrackOrigin, index=18):
    """May move the parameters of the oracle to the safe side."""


class OracleLooser(TrackOrigin, index=19):
    """May move the parameters of the oracle to either side."""


class ReserveSafer(TrackOrigin, index=20):
    """May move the parameters of the reserve to the safe side."""


class ReserveLooser(TrackOrigin, index=21):
    """May move the parameters of the reserve to either side."""


class StandardsSafer(TrackOrigin, index=22):
    """May move the parameters of standards to the safe side."""


class StandardsLooser(TrackOrigin, index=23):
    """May move the parameters of standards to either side."""


class Lists(TrackOrigin, index=24):
    """May change lists: class floors, service factors, registrars, reporters."""


class Treasury(TrackOrigin, index=30):
    """May spend from the treasury."""


class SlashCancel(TrackOrigin, index=31):
    """May cancel a slash that waits."""


class ReferendumCanceller(TrackOrigin, index=32):
    """May cancel referenda."""


class ReferendumKiller(TrackOrigin, index=33):
    """May kill referenda, with their deposits."""
