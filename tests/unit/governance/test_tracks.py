"""Tracks: every topic has both directions, the loose way asks for more than the safe one, and none is easier
than root where root can do the same.
"""

from __future__ import annotations

import pytest

from governance.curves import Curve
from governance.origins import Origins, TrackOrigin, track_of
from governance.tracks import (
    BY_ID,
    LISTS,
    ROOT,
    SLASH_CANCEL,
    TOPICS,
    TRACKS,
    TRACKS_MAX,
    TREASURY,
    Track,
    details,
    looser,
    safer,
)
from pallets.attestation import Attestation
from pallets.issuance import Issuance
from pallets.oracle import Oracle
from pallets.providers import Providers
from pallets.redemption import Redemption
from pallets.reserve import Reserve
from pallets.slashing.pallet import DELAY_HOURS_MAX, GATHER_HOURS
from pallets.staking import Staking
from pallets.standards import Standards
from runtime.frame import Origin, Parameter, Root, Signed
from runtime.frame.names import camel
from runtime.types.fixed import PPB

TIMES = [*range(0, PPB, PPB // 97), 1, PPB - 1, PPB]
GOVERNED = (Attestation, Issuance, Oracle, Providers, Redemption, Reserve, Staking, Standards)


def is_above(high: Curve, low: Curve) -> bool:
    """To one rounding down."""
    return all(high.threshold(x) >= low.threshold(x) - 1 for x in TIMES)


def test_tracks_are_numbered_and_named_once() -> None:
    assert list(BY_ID) == sorted(track.id for track in TRACKS)
    assert tuple(BY_ID.values()) == TRACKS
    assert len({track.name for track in TRACKS}) == len(TRACKS) <= TRACKS_MAX


def test_each_track_but_root_has_the_origin_of_its_name() -> None:
    origins = [each() for each in TrackOrigin.__variants__]
    assert all(isinstance(origin, TrackOrigin) for origin in origins)
    assert {type(origin).__name__ for origin in origins} == {
        camel(track.name) for track in TRACKS if track.id != ROOT
    }
    for origin in (Root(), *origins):
        assert isinstance(origin, Origin)
        number = track_of(origin)
        assert number is not None
        assert camel(BY_ID[number].name) == type(origin).__name__
    assert track_of(Signed(bytes(32))) is None
    assert not Origins.calls
    assert not Origins.storage


def test_every_topic_that_a_parameter_names_has_its_tracks() -> None:
    topics = {
        item.track for pallet in GOVERNED for item in pallet.storage.values() if isinstance(item, Parameter)
    }
    assert topics == set(TOPICS)
    for place, topic in enumerate(TOPICS):
        assert (safer(topic), looser(topic)) == (10 + 2 * place, 11 + 2 * place)
        assert BY_ID[safer(topic)].name == f"{topic}_safer"
        assert BY_ID[looser(topic)].name == f"{topic}_looser"
    with pytest.raises(ValueError, match="not in tuple"):
        safer("weather")


@pytest.mark.parametrize("topic", TOPICS)
def test_loosening_takes_two_weeks_and_twice_the_support(topic: str) -> None:
    loose, safe = BY_ID[looser(topic)], BY_ID[safer(topic)]
    assert (safe.enactment_hours, loose.enactment_hours) == (6, 14 * 24)
    assert is_above(loose.min_approval, safe.min_approval)
    for x in TIMES:
        assert 0 <= 2 * safe.min_support.threshold(x) - loose.min_support.threshold(x) <= 1  # one rounding
    assert loose.min_support.threshold(0) == 2 * safe.min_support.threshold(0)
    assert loose.min_support.threshold(PPB) == 2 * safe.min_support.threshold(PPB)


@pytest.mark.parametrize("track", [track for track in TRACKS if track.name.endswith("looser")])
def test_root_is_no_shorter_way(track: Track) -> None:
    root = BY_ID[ROOT]
    assert root.enactment_hours >= track.enactment_hours
    assert root.prepare_hours >= track.prepare_hours
    assert root.confirm_hours >= track.confirm_hours
    assert root.decision_deposit >= track.decision_deposit
    assert is_above(root.min_support, track.min_support)
    assert is_above(root.min_approval, track.min_approval)


def test_lists_and_the_treasury_wait() -> None:
    assert BY_ID[LISTS] == BY_ID[looser("fees")].replace(id=LISTS, name="lists")
    assert BY_ID[TREASURY].enactment_hours == 7 * 24


def test_a_slash_is_cancelled_before_it_is_applied() -> None:
    """Even if its referendum begins when its faults are gathered, passes in its last hour, and is enacted no
    earlier than it must; two hours are left for the blocks between.
    """
    track = BY_ID[SLASH_CANCEL]
    hours = track.prepare_hours + track.decision_hours + track.confirm_hours + track.enactment_hours
    assert GATHER_HOURS + hours + 2 <= DELAY_HOURS_MAX


@pytest.mark.parametrize("track", TRACKS)
def test_a_bare_majority_and_no_less_passes_at_the_end(track: Track) -> None:
    assert track.min_approval.threshold(PPB) in (PPB // 2, PPB // 2 - 1)  # a reciprocal is rounded down
    assert track.min_support.threshold(PPB) >= PPB // 100


@pytest.mark.parametrize("track", TRACKS)
def test_times_follow_the_chains_hour(track: Track) -> None:
    for hour in (1, 600):
        found = details(track, hour)
        assert (found.prepare_period, found.decision_period) == (
            track.prepare_hours * hour,
            track.decision_hours * hour,
        )
        assert (found.confirm_period, found.min_enactment_period) == (
            track.confirm_hours * hour,
            track.enactment_hours * hour,
        )
        assert min(found.prepare_period, found.decision_period, found.confirm_period) > 0
