"""Soundness: what holds of all referenda together, at any cost; for tests, upgrades and tools."""

from __future__ import annotations

from collections import Counter

from governance.referenda import status as s
from governance.referenda import types as t
from governance.referenda.clockwork import NUDGE, name_of
from governance.referenda.machine import Machine
from governance.tracks import BY_ID
from runtime.frame.interfaces import Currency


def check(machine: Machine, coin: Currency) -> None:
    """Raises AssertionError."""
    ongoing: dict[int, s.ReferendumStatus] = {}
    deciding: Counter[int] = Counter()
    waiting: Counter[int] = Counter()
    held: Counter[tuple[t.HoldReason, bytes]] = Counter()
    count = 0
    for index, info in machine.referendum_info_for.items():
        count += 1
        assert index < machine.referendum_count, f"referendum {index} was never submitted"
        assert (index in machine.records) != isinstance(info, s.Ongoing), f"the record of referendum {index}"
        if isinstance(info, s.Ongoing):
            status = ongoing[index] = info.status
            assert status.track in BY_ID, f"referendum {index} is on no track"
            assert not (status.in_queue and status.deciding), f"referendum {index} waits and is decided"
            deciding[status.track] += status.deciding is not None
            waiting[status.track] += status.in_queue
            if status.alarm is not None:
                assert status.alarm[1] == name_of(NUDGE, index), f"the alarm of referendum {index}"
            _count(held, status)
        elif not isinstance(info, s.Killed):
            assert isinstance(info, s.Ended)
            _count(held, info)
    assert count == machine.referendum_count, "a referendum is gone"
    for number, track in BY_ID.items():
        queue = machine.track_queue[number]
        assert machine.deciding_count[number] == deciding[number], f"places of {track.name}"
        assert len(queue) == waiting[number], f"the queue of {track.name}"
        assert list(queue) == sorted(queue, key=lambda place: place[1]), f"the order of {track.name}"
        for index, _ in queue:
            assert ongoing[index].in_queue, f"referendum {index} does not wait"
    for (reason, who), amount in held.items():
        assert coin.on_hold(reason, who) == amount, f"deposits of 0x{who.hex()}"


def _count(held: Counter[tuple[t.HoldReason, bytes]], of: s.ReferendumStatus | s.Ended) -> None:
    for reason, deposit in (
        (t.SubmissionDeposit(), of.submission_deposit),
        (t.DecisionDeposit(), of.decision_deposit),
    ):
        if deposit is not None:
            held[reason, deposit.who] += deposit.amount
