"""The planner: who is asked for what, who is left alone, and when a sync is done."""

from __future__ import annotations

from random import Random

import pytest

from node.sync.blocks import BLOCKS_MAX, Batch
from node.sync.sync import (
    FAILURES_MAX,
    RANGES_MAX,
    REST_SECONDS,
    Action,
    Ask,
    Blame,
    Done,
    Failed,
    Fault,
    Gone,
    Happening,
    Heard,
    Hinted,
    Import,
    Moved,
    Planner,
    Refused,
    Replied,
    Ticked,
)

A, B, C = (bytes([place]) * 32 for place in (1, 2, 3))


def batch(first: int, last: int) -> Batch:
    return Batch(first, last, ())


def asks(actions: list[Action]) -> list[tuple[bytes, int, int]]:
    return [(each.peer, each.first, each.count) for each in actions if isinstance(each, Ask)]


def test_ranges_are_asked_for_ahead_each_from_another_peer_and_imported_in_order() -> None:
    planner = Planner(0)
    first = asks(planner.step(Heard(A, 0, 1000), 0))
    second = asks(planner.step(Heard(B, 0, 1000), 0))
    assert (first, second) == ([(A, 1, 50)], [(B, 51, 50)])
    assert planner.target == 1000 and not planner.is_done

    late = planner.step(Replied(B, batch(51, 100)), 0)
    assert late == [Ask(B, 101, 50)], "what came early waits for what comes before it"
    early = planner.step(Replied(A, batch(1, 50)), 0)
    assert early == [Import(batch(1, 50)), Ask(A, 151, 50)]
    assert planner.step(Moved(50, imported=True), 0) == [Import(batch(51, 100))]


def test_the_rest_of_a_short_answer_is_asked_for_again() -> None:
    planner = Planner(0)
    planner.step(Heard(A, 0, 60), 0)
    assert planner.step(Replied(A, batch(1, 20)), 0) == [Import(batch(1, 20)), Ask(A, 21, 50)]


def test_an_answer_that_reaches_into_what_is_asked_of_another_is_no_reason_to_ask_twice() -> None:
    planner = Planner(0)
    planner.step(Heard(A, 0, 200), 0)
    planner.step(Replied(A, batch(1, 10)), 0)
    assert asks(planner.step(Heard(B, 0, 200), 0)) == [(B, 61, 50)]


def test_no_more_is_held_than_was_said() -> None:
    """One peer after the other answers and nothing is imported: the asking stops."""
    planner = Planner(0)
    peers = [bytes([place]) * 32 for place in range(1, 20)]
    owed = [each for peer in peers for each in asks(planner.step(Heard(peer, 0, 10**6), 0))]
    assert len(owed) == RANGES_MAX
    for peer, first, count in owed[1:]:
        owed += asks(planner.step(Replied(peer, batch(first, first + count - 1)), 0))
    assert len(owed) == RANGES_MAX, "what comes next is still owed, so nothing could be imported"
    peer, first, count = owed[0]
    told = planner.step(Replied(peer, batch(first, first + count - 1)), 0)
    assert [type(each) for each in told] == [Import, Ask]


def test_what_comes_next_is_asked_for_even_when_everything_later_is_here() -> None:
    planner = Planner(0)
    peers = [bytes([place]) * 32 for place in range(1, RANGES_MAX + 2)]
    owed = [each for peer in peers for each in asks(planner.step(Heard(peer, 0, 10**6), 0))]
    for peer, first, count in owed[1:]:
        planner.step(Replied(peer, batch(first, first + count - 1)), 0)
    told = planner.step(Failed(owed[0][0], Fault.Stalled), 0)
    assert [(each.first, each.count) for each in told if isinstance(each, Ask)] == [(1, 50)]


def test_a_peer_that_is_behind_is_not_asked_and_not_faulted() -> None:
    planner = Planner(100)
    assert planner.step(Heard(A, 0, 40), 0) == [Done()]
    assert planner.step(Heard(B, 0, 100), 0) == []
    assert planner.is_done and planner.target == 100


def test_a_peer_that_stalls_rests_longer_each_time_and_is_left_alone_in_the_end() -> None:
    planner = Planner(0)
    planner.step(Heard(A, 0, 100), 0)
    now = 0.0
    for failure in range(1, FAILURES_MAX + 1):
        told = planner.step(Failed(A, Fault.Stalled, "no answer"), now)
        assert told[0] == Blame(A, Fault.Stalled, "no answer")
        rest = REST_SECONDS * 2 ** (failure - 1)
        assert asks(planner.step(Ticked(), now + rest - 0.1)) == []
        now += rest
        again = planner.step(Ticked(), now)
        assert asks(again) == ([(A, 1, 50)] if failure < FAILURES_MAX else [])
    assert planner.is_done and planner.target == 0, "nobody keeps a sync waiting by claiming a height"


def test_an_answer_ends_the_row_of_failures() -> None:
    planner = Planner(0)
    planner.step(Heard(A, 0, 1000), 0)
    for round_ in range(2 * FAILURES_MAX):
        now = 100.0 * round_
        planner.step(Failed(A, Fault.Stalled), now)
        asked = asks(planner.step(Ticked(), now + 50))
        assert len(asked) == 1, round_
        planner.step(Replied(A, batch(asked[0][1], asked[0][1])), now + 50)
        planner.step(Moved(asked[0][1], imported=True), now + 50)


@pytest.mark.parametrize("fault", [fault for fault in Fault if fault.is_lie])
def test_a_liar_is_left_alone_at_once_and_nothing_of_it_is_used(fault: Fault) -> None:
    planner = Planner(0)
    planner.step(Heard(A, 0, 1000), 0)
    planner.step(Replied(A, batch(1, 50)), 0)
    planner.step(Replied(A, batch(51, 100)), 0)
    told = planner.step(Refused(0, fault, "why"), 0)
    assert told == [Blame(A, fault, "why"), Done()]
    assert asks(planner.step(Heard(A, 0, 2000), 10**6)) == []
    assert asks(planner.step(Heard(B, 0, 1000), 0)) == [(B, 1, 50)]


def test_who_is_gone_owes_nothing_and_may_come_again() -> None:
    planner = Planner(0)
    planner.step(Heard(A, 0, 50), 0)
    assert planner.step(Gone(A), 0) == [Done()]
    assert planner.step(Replied(A, batch(1, 50)), 0) == [], "nobody was asked"
    assert asks(planner.step(Heard(A, 0, 50), 0)) == [(A, 1, 50)]


def test_a_pruned_peer_is_asked_only_for_what_it_has() -> None:
    planner = Planner(0)
    assert asks(planner.step(Heard(A, 500, 1000), 0)) == []
    assert planner.is_stranded and planner.is_done
    assert asks(planner.step(Heard(B, 0, 600), 0)) == [(B, 1, 50)]
    assert not planner.is_stranded


def test_a_hint_brings_the_next_block() -> None:
    planner = Planner(7)
    planner.step(Heard(A, 0, 7), 0)
    assert asks(planner.step(Hinted(A), 0)) == [(A, 8, 50)]
    assert asks(planner.step(Hinted(B), 0)) == [], "it is on its way"


def test_when_others_brought_the_chain_on_their_blocks_are_not_imported() -> None:
    planner = Planner(0)
    planner.step(Heard(A, 0, 200), 0)
    planner.step(Heard(B, 0, 200), 0)
    planner.step(Replied(B, batch(51, 100)), 0)
    told = planner.step(Moved(80), 0)
    assert told[0] == Import(batch(51, 100)), "it reaches beyond, and what is known is passed over"
    assert planner.step(Moved(100, imported=True), 0) == [], "A and B still owe something"
    assert planner.step(Replied(A, batch(1, 50)), 0) == [Ask(A, 151, 50)]


def test_whatever_happens_every_block_is_imported_in_order_and_memory_is_bounded() -> None:
    """Random peers, losses, short answers, lies and leavings; one peer is honest."""
    for seed in range(60):
        assert run(Random(seed)), f"seed {seed} never ended"


def run(random: Random) -> bool:
    peers = [bytes([place]) * 32 for place in range(1, 7)]
    honest, target = peers[0], random.randrange(1, 900)
    planner, now, height = Planner(0), 0.0, 0
    owed: dict[bytes, Ask] = {}
    senders: dict[Batch, bytes] = {}
    importing: Batch | None = None
    happenings: list[Happening] = [Heard(peer, 0, target) for peer in peers]
    for _ in range(6_000):
        if not happenings:
            now += random.random()
            if importing is not None and random.random() < 0.5:
                if senders[importing] != honest and random.random() < 0.3:
                    happenings.append(Refused(height, Fault.Foreign, ""))
                else:
                    height = max(height, importing.last)
                    happenings.append(Moved(height, imported=True))
                importing = None
            elif owed:
                peer = random.choice(list(owed))
                ask = owed.pop(peer)
                answer = batch(ask.first, min(target, ask.first + random.randrange(ask.count)))
                senders[answer] = peer
                fails = peer != honest and random.random() < 0.3
                happenings.append(
                    Failed(peer, random.choice(list(Fault))) if fails else Replied(peer, answer)
                )
            elif random.random() < 0.1:
                happenings += [Gone(honest), Heard(honest, 0, target)]
            else:
                happenings.append(Ticked())
        for action in planner.step(happenings.pop(0), now):
            match action:
                case Ask(peer, first, count):
                    assert peer not in owed and 0 < count <= BLOCKS_MAX and first > height
                    owed[peer] = action
                case Import(this):
                    assert importing is None and this.first <= height + 1 <= this.last
                    importing = this
                case Blame(peer):
                    assert peer != honest
                case Done():
                    return height == target
        assert len(owed) <= RANGES_MAX + 1
    return False
