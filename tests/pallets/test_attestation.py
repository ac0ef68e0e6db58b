"""Attestation: a window asks every unit for its own products; only committed, opened, right rows count."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest

from genesis.build import GenesisError, build_genesis
from node.provider.challenge import Work
from pallets.attestation import types as t
from pallets.attestation import windows
from pallets.attestation.probe import Task, draw
from pallets.attestation.windows import is_lot
from pallets.beacon import DevBeacon
from runtime.executive.builder import Applied
from runtime.frame import BadOrigin, Call, Signed
from runtime.frame.error import DispatchError
from runtime.frame.parameter import OutOfBounds
from runtime.scale import EncodeError
from runtime.state import MemoryStates
from runtime.testing import refuses
from runtime.types.fixed import PPB
from support.coin import (
    ALICE,
    COMMIT_BLOCKS,
    CPU_CLASS,
    DAY,
    ISSUERS,
    OPEN_BLOCKS,
    POSITIONS,
    SIZE,
    CoinChain,
    coin_parts,
)

ONE, TWO, THREE, *OTHERS = ISSUERS
ROUNDS = 3


def opened(**changes: Any) -> CoinChain:
    """A chain whose first window has just opened; it draws every unit."""
    chain = CoinChain(**{"drawn_ppb": PPB, "rounds": ROUNDS, **changes})
    chain.until_window()
    return chain


@pytest.fixture
def chain() -> CoinChain:
    return opened()


def refused(chain: CoinChain, call: Call, who: bytes) -> DispatchError:
    applied: Applied = chain.submit(call, who)
    assert applied.refusal is not None, f"{call} was expected to be refused"
    return applied.refusal


def commit(chain: CoinChain, who: bytes, unit: int = 0) -> Work:
    work = chain.work_of(who, unit)
    chain.submit_well(chain.attestation.commit.call(unit, work.root), who)
    return work


def outcome(chain: CoinChain) -> t.Outcome:
    chain.until_window(False)
    assert chain.attestation.last is not None
    return chain.attestation.last


def add_units(chain: CoinChain, who: bytes, count: int) -> None:
    """Units in probation, which the next window probes."""
    chain.until_window(False)
    chain.submit_well(chain.providers.add_units.call((CPU_CLASS,) * count), who)
    chain.next_block()


# A window.


def test_a_window_says_what_it_asks_and_until_when(chain: CoinChain) -> None:
    window = chain.attestation.window
    assert window == t.Window(
        number=1,
        opened_at=chain.number,
        commit_until=chain.number + COMMIT_BLOCKS,
        closes_at=chain.number + COMMIT_BLOCKS + OPEN_BLOCKS,
        beacon=chain[DevBeacon].value,
    )
    chain.until_drawn()
    drawn = chain.attestation.window
    assert drawn == window.replace(phase=t.Phase.Opening, challenge=chain[DevBeacon].value)
    assert chain.number == window.commit_until
    chain.assert_event(t.WindowDrawn(1, 0, window.closes_at))
    assert outcome(chain) == t.Outcome(1, len(ISSUERS), len(ISSUERS), False)
    assert chain.number == window.closes_at


def test_a_provider_that_answers_passes_and_the_others_do_not(chain: CoinChain) -> None:
    chain.answer(*ISSUERS[:4])
    chain.assert_event(t.Answered(ONE, 0))
    assert outcome(chain) == t.Outcome(1, 5, 1, True, drawn=4)
    assert [chain.providers.missed_in_row(who) for who in ISSUERS] == [0, 0, 0, 0, 1]
    assert chain.providers.effective_of(ONE) > chain.providers.effective_of(ISSUERS[4])
    chain.try_state()


def test_answering_costs_nothing_but_a_wrong_answer_does(chain: CoinChain) -> None:
    calls = chain.attestation
    work = chain.work_of(ONE)
    post = chain.host.dispatch(calls.commit.call(0, work.root), Signed(ONE))
    assert not post.pays
    chain.run()
    chain.until_drawn()
    post = chain.host.dispatch(calls.open.call(0, chain.leaves(work, ONE)), Signed(ONE))
    assert not post.pays


def test_the_challenge_is_the_beacon_of_the_block_after_the_last_commitment(chain: CoinChain) -> None:
    work = commit(chain, ONE)
    early = tuple(t.Leaf(e.round, e.position, e.inputs, e.outputs, e.path) for e in work.open((0,)))
    assert isinstance(refused(chain, chain.attestation.open.call(0, early), ONE), t.NotOpening)
    chain.next_block(COMMIT_BLOCKS - 1)
    guess = chain[DevBeacon].value
    assert isinstance(refused(chain, chain.attestation.open.call(0, early), ONE), t.NotOpening)
    chain.next_block()
    window = chain.attestation.window
    assert window is not None
    assert guess != window.challenge == chain[DevBeacon].value
    chain.submit_well(chain.attestation.open.call(0, chain.leaves(work, ONE)), ONE)
    assert chain.commitment_of(ONE) == t.Commitment(work.root, ROUNDS, t.Stage.Opened)


def test_each_refusal_names_its_reason(chain: CoinChain) -> None:
    calls, root = chain.attestation, bytes(32)
    assert isinstance(refused(chain, calls.commit.call(0, root), ALICE), t.NotProbed)
    assert isinstance(refused(chain, calls.commit.call(1, root), ONE), t.NotProbed)
    assert isinstance(refused(chain, calls.open.call(0, ()), ONE), t.NotCommitted)
    work = commit(chain, ONE)
    assert isinstance(refused(chain, calls.commit.call(0, root), ONE), t.AlreadyCommitted)
    chain.until_drawn()
    leaves = chain.leaves(work, ONE)
    chain.submit_well(calls.open.call(0, leaves), ONE)
    assert isinstance(refused(chain, calls.open.call(0, leaves), ONE), t.AlreadyAnswered)
    late = refused(chain, calls.commit.call(0, root), TWO)
    assert str(late) == "TooLate: The window takes no more commitments."
    chain.until_window(False)
    assert isinstance(refused(chain, calls.commit.call(0, root), TWO), t.NoWindow)
    assert isinstance(refused(chain, calls.open.call(0, leaves), ONE), t.NoWindow)
    chain.next_block()


def test_every_round_of_a_drawn_row_is_opened(chain: CoinChain) -> None:
    work = commit(chain, ONE)
    chain.until_drawn()
    leaves = chain.leaves(work, ONE)
    assert [leaf.round for leaf in leaves] == [0, 1, 2] * POSITIONS
    for first, second in pairwise(leaves):
        if second.round:
            outputs = [int.from_bytes(first.outputs[at : at + 4], "little") for at in range(0, 4 * SIZE, 4)]
            assert second.inputs == bytes(each % 256 for each in outputs)


def test_one_wrong_row_is_refused_and_says_which(chain: CoinChain) -> None:
    work = commit(chain, ONE)
    chain.until_drawn()
    leaves = chain.leaves(work, ONE)
    spoiled = bytearray(leaves[1].outputs)
    spoiled[0] ^= 1
    wrong = (leaves[0], leaves[1].replace(outputs=bytes(spoiled)), *leaves[2:])
    refusal = refused(chain, chain.attestation.open.call(0, wrong), ONE)
    assert str(refusal) == (
        "WrongOpening: The opened rows do not prove the work. "
        f"round 1, row {leaves[1].position}: the path does not lead to the committed root"
    )
    assert outcome(chain).missed == len(ISSUERS)


def test_wrong_rows_in_a_different_order_or_number_are_refused(chain: CoinChain) -> None:
    work = commit(chain, ONE)
    chain.until_drawn()
    leaves = chain.leaves(work, ONE)
    for wrong in (leaves[:-1], (*leaves, leaves[0]), leaves[::-1], ()):
        refusal = refused(chain, chain.attestation.open.call(0, wrong), ONE)
        assert isinstance(refusal, t.WrongOpening)
    empty = leaves[0].replace(inputs=b"", outputs=b"", path=())
    refusal = refused(chain, chain.attestation.open.call(0, (empty, *leaves[1:])), ONE)
    assert isinstance(refusal, t.WrongOpening)
    chain.submit_well(chain.attestation.open.call(0, leaves), ONE)


def test_what_is_larger_than_any_opening_is_no_call_at_all(chain: CoinChain) -> None:
    leaf = t.Leaf(0, 0, bytes(SIZE), bytes(4 * SIZE), (bytes(32),) * (t.PATH_MAX + 1))
    with pytest.raises(EncodeError):
        chain.submit(chain.attestation.open.call(0, (leaf,)), ONE)


def test_a_unit_registered_while_a_window_is_open_is_not_probed(chain: CoinChain) -> None:
    chain.submit_well(chain.providers.add_units.call((CPU_CLASS,)), ONE)
    chain.next_block()
    assert isinstance(refused(chain, chain.attestation.commit.call(1, bytes(32)), ONE), t.NotProbed)
    chain.answer(*ISSUERS)
    assert outcome(chain) == t.Outcome(1, 5, 0, True, drawn=5)
    chain.until_window()
    chain.answer(*ISSUERS)
    assert outcome(chain) == t.Outcome(2, 6, 0, True, drawn=6)
    assert chain.providers.units[ONE, 1].passed == 1


def test_a_banned_provider_is_not_probed(chain: CoinChain) -> None:
    chain.providers.ban(ONE)
    chain.run()
    assert isinstance(refused(chain, chain.attestation.commit.call(0, bytes(32)), ONE), t.NotProbed)
    assert outcome(chain).units == 4


# Who opens.


def test_a_unit_that_is_not_drawn_has_nothing_to_open_and_has_answered() -> None:
    chain = opened(drawn_ppb=PPB // 10)
    works = {who: commit(chain, who) for who in ISSUERS}
    chain.until_drawn()
    drawn = [who for who in ISSUERS if chain.is_drawn(who)]
    idle = [who for who in ISSUERS if who not in drawn]
    leaves = chain.leaves(works[idle[0]], idle[0])
    assert isinstance(refused(chain, chain.attestation.open.call(0, leaves), idle[0]), t.NotDrawn)
    for who in drawn:
        chain.submit_well(chain.attestation.open.call(0, chain.leaves(works[who], who)), who)
    assert outcome(chain) == t.Outcome(1, 5, 0, True, drawn=len(drawn))
    assert {chain.providers.missed_in_row(who) for who in ISSUERS} == {0}


def test_a_tenth_is_drawn_by_lot() -> None:
    """10,000 draws: a deviation of 30, and each of another window is another lot."""
    draws = [is_lot(bytes([n % 251]) * 32, ONE, n, PPB // 10) for n in range(10_000)]
    assert abs(sum(draws) - 1_000) < 4 * 30
    again = [is_lot(b"another" * 4, ONE, n, PPB // 10) for n in range(10_000)]
    assert abs(sum(a and b for a, b in zip(draws, again, strict=True)) - 100) < 4 * 10
    assert all(is_lot(bytes(32), ONE, n, PPB) for n in range(100))


def test_all_units_in_probation_open() -> None:
    chain = opened(drawn_ppb=PPB // 10)
    add_units(chain, ONE, 3)
    chain.until_window()
    chain.answer(*ISSUERS)
    assert [chain.commitment_of(ONE, unit).stage for unit in (1, 2, 3)] == [t.Stage.Opened] * 3
    outcome(chain)
    assert [chain.providers.units[ONE, unit].passed for unit in (1, 2, 3)] == [1, 1, 1]


def test_openings_are_bounded_and_what_does_not_fit_waits(chain: CoinChain) -> None:
    """Eight openings: four of units in probation, two of them of one provider at most; four of the others."""
    chain.attestation.openings_max = 8
    chain.run()
    for who in (ONE, TWO, THREE):
        add_units(chain, who, 3)
    chain.until_window()
    chain.answer(*ISSUERS)
    assert outcome(chain) == t.Outcome(chain.attestation.opened, 14, 0, True, drawn=8)
    fresh = [[chain.providers.units[who, unit].passed for unit in (1, 2, 3)] for who in (ONE, TWO, THREE)]
    assert sorted(map(sum, fresh)) == [0, 2, 2]
    assert {chain.providers.missed_in_row(who) for who in ISSUERS} == {0}
    chain.try_state()


def test_no_place_in_the_list_of_providers_is_better_than_another(chain: CoinChain) -> None:
    """One opening for five units: who has it begins at a place that the beacon chooses."""
    chain.attestation.openings_max = 2
    chain.run()
    seen = set()
    for _ in range(24):
        chain.until_window()
        works = {who: commit(chain, who) for who in ISSUERS}
        chain.until_drawn()
        (drawn,) = [who for who in ISSUERS if chain.is_drawn(who)]
        chain.submit_well(chain.attestation.open.call(0, chain.leaves(works[drawn], drawn)), drawn)
        seen.add(drawn)
        outcome(chain)
    assert seen == set(ISSUERS)


def test_a_unit_that_committed_and_does_not_open_begins_its_probation_again(chain: CoinChain) -> None:
    work = commit(chain, ONE)
    for who in ISSUERS[1:]:
        commit(chain, who)
    chain.until_drawn()
    assert work.root == chain.commitment_of(ONE).root
    for who in ISSUERS[1:]:
        chain.submit_well(chain.attestation.open.call(0, chain.leaves(chain.work_of(who), who)), who)
    assert outcome(chain) == t.Outcome(1, 5, 1, True, drawn=5)
    chain.assert_event(t.UnitRestarted(ONE, 0))
    assert chain.providers.is_probation(ONE, 0)
    assert chain.providers.effective_of(ONE) == 0
    assert not chain.providers.is_probation(TWO, 0)
    chain.try_state()


# What counts.


def test_a_common_outage_counts_neither_way_twice_in_seven_days() -> None:
    chain = CoinChain(config={"Standards": {"blocks_per_hour": 1}})
    waived: list[int] = []
    while chain.number < 3 * 7 * 24:
        chain.until_window()
        last = outcome(chain)
        if not last.is_counted:
            waived.append(chain.number)
        elif last.number == 3:
            assert chain.providers.missed_in_row(ONE) == 1
    assert len(waived) >= 4
    assert all(third - first >= 7 * 24 for first, third in zip(waived, waived[2:], strict=False))


def test_a_third_of_all_units_is_no_common_outage() -> None:
    """5 units: 1 missing is less than a third, and counts; 2 are more, and do not."""
    chain = CoinChain()
    for missing in (1, 2):
        chain.until_window()
        chain.answer(*ISSUERS[missing:])
        last = outcome(chain)
        assert (last.missed, last.is_counted) == (missing, missing == 1)


def test_what_was_not_opened_is_no_fault_in_a_common_outage(chain: CoinChain) -> None:
    for who in ISSUERS:
        commit(chain, who)
    assert outcome(chain) == t.Outcome(1, 5, 5, False, drawn=5)
    assert not any(chain.providers.is_probation(who, 0) for who in ISSUERS)
    chain.try_state()


def test_the_draw_and_the_count_take_a_page_of_units_each_block(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(windows, "PAGE_UNITS", 2)
    chain = opened()
    planned = chain.attestation.window
    assert planned is not None
    chain.answer(*ISSUERS[1:])
    drawn = chain.attestation.window
    assert drawn is not None
    assert (chain.number, drawn.closes_at) == (planned.commit_until + 2, planned.closes_at + 2)
    assert outcome(chain) == t.Outcome(1, 5, 1, True, drawn=4)
    assert chain.number == drawn.closes_at + 2
    assert [chain.providers.missed_in_row(who) for who in ISSUERS] == [1, 0, 0, 0, 0]
    chain.try_state()


def test_a_unit_that_is_removed_meanwhile_is_counted_no_more(chain: CoinChain) -> None:
    add_units(chain, ONE, 1)
    chain.until_window()
    works = {(who, 0): commit(chain, who) for who in ISSUERS} | {(ONE, 1): commit(chain, ONE, 1)}
    chain.until_drawn()
    chain.submit_well(chain.providers.remove_unit.call(1), ONE)
    for (who, unit), work in works.items():
        if (who, unit) != (ONE, 1):
            chain.submit_well(chain.attestation.open.call(unit, chain.leaves(work, who, unit)), who)
    assert outcome(chain).is_counted
    assert chain.providers.missed_in_row(ONE) == 0
    chain.try_state()


# Parameters and bounds.


def test_windows_open_as_often_as_the_parameter_says() -> None:
    chain = CoinChain(windows_a_day=6)
    chain.next_block(4 * DAY)
    busy_blocks = chain.attestation.opened * (COMMIT_BLOCKS + OPEN_BLOCKS)
    expected = 6 * (4 * DAY - busy_blocks) / DAY
    assert abs(chain.attestation.opened - expected) < 4 * expected**0.5
    with pytest.raises(OutOfBounds) as wrong:
        chain.attestation.windows_a_day = 13
    assert str(wrong.value) == "WindowsADay = 13 is outside [2, 12]"
    with pytest.raises(OutOfBounds) as wrong:
        chain.attestation.drawn_ppb = PPB // 10 - 1
    assert str(wrong.value) == "DrawnPpb = 99999999 is outside [100000000, 1000000000]"


def test_rounds_are_set_by_class_and_between_windows(chain: CoinChain) -> None:
    set_rounds = chain.attestation.set_rounds
    with refuses(chain, t.WindowIsOpen):
        chain.root(set_rounds.call(CPU_CLASS, 2))
    chain.until_window(False)
    with refuses(chain, BadOrigin):
        chain.by(ONE, set_rounds.call(CPU_CLASS, 2))
    with refuses(chain, t.UnknownClass):
        chain.root(set_rounds.call(CPU_CLASS + 1, 2))
    for rounds in (0, 65):
        with refuses(chain, t.BadSize):
            chain.root(set_rounds.call(CPU_CLASS, rounds))
    chain.root(set_rounds.call(CPU_CLASS, 5))
    chain.assert_event(t.RoundsChanged(CPU_CLASS, 5))
    chain.run()
    chain.until_window()
    assert chain.work_of(ONE).task.rounds == 5
    chain.answer(*ISSUERS)
    assert outcome(chain).missed == 0


def test_two_units_never_share_a_seed(chain: CoinChain) -> None:
    roots = {chain.work_of(who, unit).root for who in ISSUERS for unit in range(3)}
    assert len(roots) == 15


def test_the_positions_are_distinct_rows() -> None:
    task = Task(bytes(32), SIZE)
    assert len(set(draw(task, b"beacon", POSITIONS).positions)) == POSITIONS


@pytest.mark.parametrize(
    "wrong",
    [
        {"size": 0},
        {"size": 33_026},
        {"positions": 0},
        {"positions": 13},
        {"commit_blocks": 0},
        {"open_blocks": t.WINDOW_BLOCKS_MAX + 1},
    ],
)
def test_a_probe_outside_its_bounds_makes_no_chain(wrong: dict[str, int]) -> None:
    usual = {"size": SIZE, "positions": POSITIONS, "commit_blocks": 3, "open_blocks": 3}
    with pytest.raises(t.BadSize):
        CoinChain(config={"Attestation": {**usual, **wrong}})


def test_windows_a_day_outside_its_bounds_makes_no_chain(chain: CoinChain) -> None:
    with pytest.raises(GenesisError) as wrong:
        build_genesis(chain.runtime, coin_parts(windows_a_day=1), MemoryStates().head)
    assert str(wrong.value) == "genesis of Attestation: WindowsADay = 1 is outside [2, 12]"
