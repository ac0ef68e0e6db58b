"""Validators that forget what they signed: they are silent until it is past, and if that is for ever."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from node.simulation.nodes.plan import Crash, End
from support.plans import calm, lines_of

SIZE = 4
SECONDS = 150
LOST_MS = 4_000
LOSERS = (2, 3)

VOTE = re.compile(r"\s*([\d.]+) (\d) vote \w+ 0/(\d+)\b")


class Voted(NamedTuple):
    """A vote that somebody sent."""

    seconds: float
    place: int
    view: int


def votes(lines: list[str]) -> Iterator[Voted]:
    """All votes that are shown."""
    for line in lines:
        if (found := VOTE.match(line)) is not None:
            yield Voted(float(found[1]), int(found[2]), int(found[3]))


def losses(count: int) -> list[Crash]:
    """So many validators lose their disks at once."""
    return [Crash(place, End.DiskLost, LOST_MS, 500) for place in LOSERS[-count:]]


def test_one_is_silent_until_the_others_have_left_all_that_it_may_have_signed() -> None:
    plan = calm(SIZE, SECONDS, crashes=losses(1))
    assert plan.is_within_bounds
    place = LOSERS[-1]
    own = [each for each in votes(lines_of(plan)) if each.place == place]
    before = [each for each in own if each.seconds * 1_000 <= LOST_MS]
    after = own[len(before) :]
    assert before and after
    assert after[0].seconds > LOST_MS / 1_000 + 35
    assert after[0].view > before[-1].view + 50
    assert after[-1].seconds > SECONDS - 1


def test_where_the_others_cannot_go_on_they_wait_for_somebodys_word() -> None:
    """Half of four: nobody may say anything in the view that the others wait in, however long that takes."""
    plan = calm(SIZE, SECONDS, crashes=losses(2))
    assert not plan.is_within_bounds
    lines = lines_of(plan)
    said = [each for each in votes(lines) if each.place in LOSERS]
    lost, healed = LOST_MS / 1_000, plan.heal_ms / 1_000
    assert not [each for each in said if lost + 0.1 < each.seconds < healed]
    warned = [line for line in lines if "stays the last final one, and the key is silent" in line]
    assert {int(line.split()[1]) for line in warned} == set(LOSERS)
    assert {each.place for each in said if each.seconds > SECONDS - 1} == set(LOSERS)


def test_one_that_reaches_nobody_takes_no_chain_for_a_new_one() -> None:
    """With its disk it lost the blocks, too: it asks a quorum whether there are any."""
    off = [Crash(each, End.Killed, LOST_MS, 20_000) for each in range(SIZE) if each != LOSERS[-1]]
    lines = lines_of(calm(SIZE, SECONDS, crashes=[*losses(1), *off]))
    asked = [line for line in lines if "the chain is new to this node, and too few others to ask" in line]
    assert asked
    lost = LOST_MS / 1_000
    own = [each.seconds for each in votes(lines) if each.place == LOSERS[-1]]
    assert min(each for each in own if each > lost + 0.1) > lost + 20
