"""A manifest against what is here: each seat says what of it is wrong."""

from __future__ import annotations

from dataclasses import replace

from node.runtimes.compare import Match, match_runtime, match_seats
from pallets.system import System
from pallets.timestamp import Timestamp
from runtime.loader import load
from runtime.spec import EXTENSIONS, Found, RuntimeSpec, SeatSpec

FOUND = {
    "System": Found(pallet=System, distribution="core", version="1", digest=bytes([1]) * 32),
    "Timestamp": Found(pallet=Timestamp, distribution="time", version="2", digest=bytes([2]) * 32),
}
SPEC = RuntimeSpec(
    spec_version=3,
    pallets=(SeatSpec(index=0, pallet="System"), SeatSpec(index=7, pallet="Timestamp", name="Clock")),
    extensions=EXTENSIONS[:-1],
)
MANIFEST = load(SPEC, FOUND, runtime_digest=bytes([9]) * 32).manifest


def test_all_is_here() -> None:
    assert [each.match for each in match_seats(MANIFEST, FOUND)] == [Match.Same, Match.Same]
    assert match_runtime(MANIFEST, bytes([9]) * 32) == Match.Same
    assert match_runtime(MANIFEST, bytes([8]) * 32) == Match.OtherFiles


def test_each_difference_is_named_with_its_seat() -> None:
    for here, match, said in (
        (None, Match.Missing, ""),
        (replace(FOUND["Timestamp"], version="3"), Match.OtherVersion, "time 3"),
        (replace(FOUND["Timestamp"], distribution="clock"), Match.OtherVersion, "clock 2"),
        (replace(FOUND["Timestamp"], digest=bytes(32)), Match.OtherFiles, "time 2"),
    ):
        found = {"System": FOUND["System"], **({} if here is None else {"Timestamp": here})}
        system, clock = match_seats(MANIFEST, found)
        assert system.match == Match.Same
        assert (clock.index, clock.seat, clock.wanted, clock.here, clock.match) == (
            *(7, "Clock", "time 2"),
            *(said, match),
        )
