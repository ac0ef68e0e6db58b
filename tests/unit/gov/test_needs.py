"""What a referendum still needs is exactly what makes it pass, by the curves that decide."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from governance.tally import approval_ppb, support_ppb
from governance.tracks import TRACKS, TrackDetails, details
from node.gov.needs import elapsed_ppb, needed, passes_from
from runtime.frame.governance import Tally
from runtime.types.fixed import PPB

ISSUANCE = 10**18
tracks = st.sampled_from([details(each, 600) for each in TRACKS])
votes = st.integers(0, 6 * ISSUANCE)
tallies = st.builds(Tally, votes, votes, st.integers(0, ISSUANCE))
parts = st.integers(0, PPB)


def passes(track: TrackDetails, tally: Tally, x_ppb: int) -> bool:
    """The rule of `Referenda`."""
    support = support_ppb(tally, ISSUANCE)
    return track.min_support.passing(x_ppb, support) and track.min_approval.passing(
        x_ppb, approval_ppb(tally)
    )


@given(tracks, tallies, parts)
def test_it_is_met_exactly_when_it_passes(track: TrackDetails, tally: Tally, x_ppb: int) -> None:
    assert needed(track, tally, ISSUANCE, x_ppb).is_met == passes(track, tally, x_ppb)


@given(tracks, tallies, parts)
def test_what_is_missing_is_enough_and_one_less_is_not(track: TrackDetails, tally: Tally, x_ppb: int) -> None:
    need = needed(track, tally, ISSUANCE, x_ppb)
    if need.ayes_missing is None:
        assert not passes(track, tally.replace(ayes=tally.ayes + 10**30, support=ISSUANCE), x_ppb)
        return
    enough = Tally(tally.ayes + need.ayes_missing, tally.nays, tally.support + need.support_missing)
    assert passes(track, enough, x_ppb)
    if need.ayes_missing:
        assert not passes(track, enough.replace(ayes=enough.ayes - 1), x_ppb)
    if need.support_missing:
        assert not passes(track, enough.replace(support=enough.support - 1), x_ppb)


@given(tracks, tallies, st.integers(0, 1_000))
def test_it_passes_from_the_block_that_was_said(track: TrackDetails, tally: Tally, since: int) -> None:
    found = passes_from(track, tally, ISSUANCE, since)
    if found is None:
        assert not passes(track, tally, PPB)
        return
    # A linear curve may let it pass 10^-9 of the period later than it says (`governance.curves`).
    assert since <= found <= since + track.decision_period
    assert passes(track, tally, elapsed_ppb(track, since, found + 1))


def test_before_the_decision_no_time_has_passed() -> None:
    track = details(TRACKS[0], 10)
    assert elapsed_ppb(track, None, 5) == 0
    assert elapsed_ppb(track, 5, 5 + track.decision_period // 2) == PPB // 2
    assert elapsed_ppb(track, 5, 5 + 2 * track.decision_period) == PPB
