"""Drafts: the calls by which holders propose, and the tracks that what they propose needs."""

from __future__ import annotations

from collections.abc import Sequence

from governance.origins import TrackOrigin
from governance.parameters.registry import is_safer, may_move
from governance.parameters.types import ParameterInfo
from governance.referenda.status import DispatchTime
from governance.tracks import BY_ID, ROOT, TOPICS, TRACKS, Track
from node.gov.pallets import Governance
from runtime.crypto.hashing import blake2b_256
from runtime.frame import Call, Origin, Root, RuntimeCall
from runtime.frame.governance import INLINE_MAX, BoundedCall, Inline, Lookup
from runtime.scale.errors import show


class NoTrack(ValueError):
    """No track fits; the message says what does."""


def track_named(name: str) -> Track:
    """The track of a name, or of a number in digits. Raises `NoTrack`."""
    for track in TRACKS:
        if name in (track.name, str(track.id)):
            return track
    raise NoTrack(f"no track is named {show(name)}; there are: {', '.join(each.name for each in TRACKS)}")


def origin_of(track: int) -> Origin:
    """The origin on which proposals of a track run."""
    if track == ROOT:
        return Root()
    (kind,) = [each for each in TrackOrigin.__variants__ if each.__variant_index__ == track]
    made = kind()
    assert isinstance(made, TrackOrigin)
    return made


def track_for_moves(moves: Sequence[tuple[ParameterInfo, int]]) -> Track:
    """The quickest track that may decide of all these moves of parameters; root where one of them is about no
    topic. Raises `NoTrack`.
    """
    for track in sorted(TRACKS, key=lambda each: (each.enactment_hours, each.id)):
        if track.id != ROOT and all(_may(track.id, info, value) for info, value in moves):
            return track
    if any(info.topic not in TOPICS for info, _ in moves):
        return BY_ID[ROOT]
    topics = ", ".join(dict.fromkeys(info.topic for info, _ in moves))
    raise NoTrack(f"only root decides of {topics} together: propose them one by one, or with --track root")


def _may(track: int, info: ParameterInfo, value: int) -> bool:
    return may_move(track, info.topic, safe=is_safer(info.safer, info.value, value))


def bound(gov: Governance, call: Call) -> tuple[BoundedCall, bytes | None]:
    """How a proposal is named, and the preimage that must be noted for it; None if it stands for itself."""
    data = encoded(gov, call)
    if len(data) <= INLINE_MAX:
        return Inline(data), None
    return Lookup(blake2b_256(data), len(data)), data


def encoded(gov: Governance, call: Call) -> bytes:
    """A call's encoding."""
    return gov.referenda.host.codec(RuntimeCall).encode(call)


def together(gov: Governance, calls: Sequence[Call]) -> Call:
    """All calls, or none of them; one alone is itself."""
    assert calls
    return calls[0] if len(calls) == 1 else gov.utility.batch_all.call(tuple(calls))


def submission(
    gov: Governance, call: Call, track: int, when: DispatchTime, *, is_noted: bool, index: int | None
) -> Call:
    """Everything that proposes a call, at once: its preimage, if it is long and not noted; the submission;
    and, where the number that it will have is given, its decision deposit.

    Between that number and the deposit stands `set_metadata`, which only who submitted the referendum may
    call: if somebody else takes the number first, nothing of the batch remains.
    """
    proposal, preimage = bound(gov, call)
    calls: list[Call] = []
    if preimage is not None and not is_noted:
        calls.append(gov.preimages.note_preimage.call(preimage))
    calls.append(gov.referenda.submit.call(origin_of(track), proposal, when))
    if index is not None:
        calls += [
            gov.referenda.set_metadata.call(index, None),
            gov.referenda.place_decision_deposit.call(index),
        ]
    return together(gov, calls)
