"""Attacks on the measurement of capacity, each by its name: the defence stops it, and without it succeeds."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from node.provider.challenge import Work, _tree
from pallets.attestation import books, probe, windows
from pallets.attestation import pallet as attestation
from pallets.attestation import types as t
from pallets.providers.types import Domain
from pallets.redemption.types import Service
from runtime.frame.coin import ProviderState
from runtime.types.fixed import PPB
from support.coin import (
    ALICE,
    CAROL,
    COIN,
    CPU_CLASS,
    ISSUERS,
    OPEN_BLOCKS,
    POSITIONS,
    SIZE,
    CoinChain,
    leaf_of,
)

ONE, TWO, *OTHERS = ISSUERS
ROUNDS = 4
defended = pytest.mark.parametrize("is_defended", [True, False], ids=["with the defence", "without it"])


def opened(drawn_ppb: int = PPB, **changes: Any) -> CoinChain:
    """A chain whose first window has just opened."""
    chain = CoinChain(drawn_ppb=drawn_ppb, rounds=ROUNDS, **changes)
    chain.until_window()
    return chain


def commit(chain: CoinChain, root: bytes, who: bytes = ONE, unit: int = 0) -> None:
    chain.submit_well(chain.attestation.commit.call(unit, root), who)


def cheat(work: Work, spoil: Callable[[Work], None]) -> Work:
    """Commit to something else than the work done."""
    work._inputs = [matrix.copy() for matrix in work._inputs]
    work._outputs = [matrix.copy() for matrix in work._outputs]
    spoil(work)
    work._levels = _tree(list(work._leaves()), work.task.depth)
    return work


def believes(chain: CoinChain, work: Work, who: bytes = ONE, unit: int = 0) -> bool:
    """Open what was drawn; whether the chain believes it."""
    chain.until_drawn()
    if not chain.is_drawn(who, unit):
        return True
    opening = chain.attestation.open.call(unit, chain.leaves(work, who, unit))
    return chain.submit(opening, who).failure is None


def zero_half(work: Work) -> None:
    for outputs in work._outputs:
        outputs[: SIZE // 2] = 0


# Capacity that is not there.


@defended
def test_one_machine_for_two_units(is_defended: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Shared machine. Defence: every unit has a seed of its own, so one product answers for one unit only."""
    if not is_defended:
        monkeypatch.setattr(books, "unit_seed", lambda beacon, who, unit: beacon)
    chain = CoinChain(drawn_ppb=PPB)
    chain.submit_well(chain.providers.add_units.call((CPU_CLASS,)), ONE)
    chain.next_block()
    chain.until_window()
    work = chain.work_of(ONE)
    for unit in (0, 1):
        commit(chain, work.root, unit=unit)
    assert believes(chain, work)
    assert believes(chain, work, unit=1) is not is_defended


@defended
def test_post_any_root_once_probation_is_over(is_defended: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nine windows of ten ask for nothing but a root. Defence: a unit that committed, was drawn, and does not
    open begins its probation again, in which it opens in every window: it counts nothing without hardware.
    """
    if not is_defended:
        monkeypatch.setattr("pallets.providers.Providers.restart", lambda self, who, unit: None)
    chain = opened(PPB // 10)
    before = chain.providers.effective_of(ONE)
    drawn = 0
    while not drawn:
        for who in OTHERS:
            commit(chain, chain.work_of(who).root, who)
        commit(chain, bytes([chain.number % 256]) * 32)
        commit(chain, chain.work_of(TWO).root, TWO)
        chain.until_drawn()
        drawn = chain.is_drawn(ONE)
        for who in (TWO, *OTHERS):
            if chain.is_drawn(who):
                assert believes(chain, chain.work_of(who), who)
        chain.until_window(False)
        chain.until_window()
    after = chain.providers.effective_of(ONE)
    assert after == 0 if is_defended else 10 * after > 9 * before


@defended
def test_register_units_without_end(is_defended: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Phantom units in probation take all openings, so that nobody else's are looked at. Defence: they have
    half of the openings, and one provider's half of those.
    """
    if not is_defended:
        monkeypatch.setattr(windows, "_newcomers_max", lambda most: (most, most))
    chain = CoinChain(drawn_ppb=PPB)
    chain.attestation.openings_max = 8
    chain.run()
    for who in (ALICE, CAROL):
        chain.submit_well(chain.providers.register.call(9, Domain(7, 7), (CPU_CLASS,) * 8), who)
    chain.next_block()
    chain.until_window()
    for who in (ALICE, CAROL):
        for unit in range(8):
            commit(chain, bytes(32), who, unit)
    for who in ISSUERS:
        commit(chain, bytes(32), who)
    chain.until_drawn()
    phantoms = sum(chain.is_drawn(who, unit) for who in (ALICE, CAROL) for unit in range(8))
    looked_at = sum(chain.is_drawn(who) for who in ISSUERS)
    assert (phantoms, looked_at) == (4, 4) if is_defended else looked_at <= 8 - phantoms < 4


@defended
def test_hide_a_fleet_behind_a_small_ticket(is_defended: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Defence: a ticket excuses as many units as its coins keep busy for an hour."""
    if not is_defended:
        monkeypatch.setattr(windows.Windows, "_done_in_an_hour", lambda self, who, unit: 0)
    chain = CoinChain()
    chain.submit_well(chain.providers.add_units.call((CPU_CLASS,) * 6), ONE)
    chain.next_block()
    chain.until_window()
    monkeypatch.setattr(
        type(chain.attestation.serving),
        "serving_since",
        lambda _, server: chain.number if server == ONE else None,
    )
    debt, debt_of = chain.ledger.debt_of(ONE).replace(assigned=COIN), type(chain.ledger).debt_of
    monkeypatch.setattr(
        type(chain.ledger), "debt_of", lambda self, who: debt if who == ONE else debt_of(self, who)
    )
    window = chain.attestation.window
    assert window is not None
    excused = chain.attestation._excuse(window, ONE, tuple(range(7)))
    assert len(excused) == (1 if is_defended else 7)


@defended
def test_hide_an_absence_behind_a_ticket(is_defended: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that is gone is drawn for tickets like all others. Defence: they excuse who has accepted one."""
    chain = CoinChain()
    redeem = chain.redemption.redeem.call(COIN, Service.Train, CPU_CLASS, 1, bytes(32))
    chain.submit_well(redeem, ALICE)
    chain.until_window()
    assert chain.ledger.debt_of(ONE).assigned == COIN
    if not is_defended:
        monkeypatch.setattr(
            type(chain.attestation.serving), "serving_since", lambda serving, server: chain.number
        )
    window = chain.attestation.window
    assert window is not None
    assert (not chain.attestation._excuse(window, ONE, (0,))) is is_defended


# Cheating the probe.


@defended
def test_cheat_part_of_the_matrix(is_defended: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Defence: rows are drawn and opened; half of them wrong passes with 2^-4 here."""
    if not is_defended:
        monkeypatch.setattr(windows, "is_lot", lambda *facts: False)
    believed = 0
    for number in range(16):
        chain = opened(seed=bytes([number]) * 32)
        work = cheat(chain.work_of(ONE), zero_half)
        commit(chain, work.root)
        believed += believes(chain, work)
    assert believed <= 4 if is_defended else believed == 16


@defended
def test_skip_rounds(is_defended: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second half of the rounds repeats the first: every product is right, at half the work. Defence: a
    drawn row is opened in all rounds, and each has to begin with what the one before ended with.
    """
    if not is_defended:
        check_row = probe._check_row

        def lenient(task, challenge, image, inputs, opening):  # type: ignore[no-untyped-def]
            inputs = np.frombuffer(opening.inputs, dtype=np.uint8)
            return check_row(task, challenge, image, inputs, opening)

        monkeypatch.setattr(probe, "_check_row", lenient)

    def repeat(work: Work) -> None:
        half = ROUNDS // 2
        work._inputs[half:], work._outputs[half:] = work._inputs[:half], work._outputs[:half]

    chain = opened()
    work = cheat(chain.work_of(ONE), repeat)
    commit(chain, work.root)
    assert believes(chain, work) is not is_defended


@defended
def test_overflow_the_check(is_defended: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """A false row whose sum wraps around onto the expected one, made for an r that is known. Defence: limbs
    keep every sum exact. That no entry is above n 255^2 is the other half, and refuses rows full of 2^32 - 1.
    """
    task = probe.Task(bytes(32), 512)
    first, second = probe.expand(task)
    vector = np.full(task.size, probe.PRIME - 1, dtype=np.int64)
    vector[0], vector[1] = 1, 1 << 16
    expected = probe.dot(first[0].astype(np.int64), probe.image_of(second, vector))

    def wrapping(row: np.ndarray, numbers: np.ndarray) -> int:
        with np.errstate(over="ignore"):
            return int(row @ numbers) % probe.PRIME

    hostile = np.full(task.size, task.output_max, dtype=np.int64)
    hostile[:2] = 0
    gap = (expected - wrapping(hostile, vector)) % probe.PRIME
    hostile[0], hostile[1] = gap & 0xFFFF, gap >> 16

    def put(row: np.ndarray) -> Callable[[Work], None]:
        return lambda work: work._outputs[0].__setitem__(0, row.astype("<u4"))

    def answer(row: np.ndarray) -> None:
        work = cheat(Work(task), put(row))
        probe.check_rows(task, work.root, probe.Challenge((0,), vector), work.open((0,)))

    if not is_defended:
        monkeypatch.setattr(probe, "dot", wrapping)
        answer(hostile)
        return
    with pytest.raises(probe.InvalidOpening) as refused:
        answer(hostile)
    assert str(refused.value) == "round 0, row 0: the output row is not the product"
    with pytest.raises(probe.InvalidOpening) as refused:
        answer(np.full(task.size, 2**32 - 1, dtype=np.int64))
    assert str(refused.value) == (
        f"round 0, row 0: an output of {2**32 - 1} is above {task.output_max}, the largest possible"
    )


@defended
def test_know_the_rows_before_committing(is_defended: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Grinding. Defence: what is asked is the beacon of the block after the last commitment."""
    chain = opened()
    window = chain.attestation.window
    assert window is not None
    if not is_defended:
        begin = windows.Windows._begin_draw
        monkeypatch.setattr(
            windows.Windows,
            "_begin_draw",
            lambda self, window: begin(self, window).replace(challenge=window.beacon),
        )
    work = chain.work_of(ONE)
    known = {each.position for each in work.answer(window.beacon, POSITIONS)}

    def only_known(work: Work) -> None:
        for row in range(SIZE):
            if row not in known:
                work._outputs[0][row] = 0

    work = cheat(work, only_known)
    commit(chain, work.root)
    early = tuple(map(leaf_of, work.answer(window.beacon, POSITIONS)))
    assert isinstance(chain.submit(chain.attestation.open.call(0, early), ONE).refusal, t.NotOpening)
    assert believes(chain, work) is not is_defended


# What is not drawn.


@defended
def test_hide_a_wrong_leaf_that_was_not_drawn(is_defended: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Defence: for an hour anybody may demand it; whoever does not show it misses a window."""
    if not is_defended:
        monkeypatch.setattr(windows.Windows, "_note_unmet", lambda self, asked: None)
    chain = opened()
    monkeypatch.setattr(windows, "is_lot", lambda *facts: False)
    work = cheat(chain.work_of(ONE), zero_half)
    number = chain.attestation.opened
    commit(chain, work.root)
    for who in ISSUERS[1:]:
        commit(chain, chain.work_of(who).root, who)
    chain.until_window(False)
    assert chain.providers.missed_in_row(ONE) == 0  # nobody has looked
    chain.submit_well(chain.attestation.demand_leaf.call(number, ONE, 0, 0), ALICE)
    row = tuple(map(leaf_of, work.open((0,))))
    answer = chain.submit(chain.attestation.meet_demand.call(number, 0, row), ONE)
    assert isinstance(answer.refusal, t.WrongOpening)
    chain.next_block(OPEN_BLOCKS)
    chain.until_window()
    chain.answer(*ISSUERS)
    chain.until_window(False)
    assert chain.providers.missed_in_row(ONE) == (1 if is_defended else 0)


@defended
def test_show_a_wrong_leaf_and_stay(is_defended: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Defence: a committed leaf that is wrong is a proof in anybody's hands, refused openings included."""
    chain = opened()
    if not is_defended:
        monkeypatch.setattr(attestation, "is_fraud", lambda *facts: False)
    work = cheat(chain.work_of(ONE), zero_half)
    commit(chain, work.root)
    leaf = leaf_of(work.open((0,))[0])
    chain.submit(chain.attestation.prove_fraud.call(1, ONE, 0, leaf, None), CAROL)
    banned = chain.providers.state_of(ONE) == ProviderState.Banned
    assert banned is is_defended


@defended
def test_accuse_an_honest_provider(is_defended: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Defence: the chain makes the product itself, and an honest leaf proves nothing."""
    chain = opened()
    if not is_defended:
        monkeypatch.setattr(attestation, "is_fraud", lambda *facts: True)
    work = chain.work_of(ONE)
    commit(chain, work.root)
    for leaf in map(leaf_of, work.open(tuple(range(0, SIZE, 2)))):  # all that fit into the block
        accused = chain.submit(chain.attestation.prove_fraud.call(1, ONE, 0, leaf, None), CAROL)
        assert isinstance(accused.refusal, t.NoFraud) is is_defended
        if not is_defended:
            break
    assert (chain.providers.state_of(ONE) == ProviderState.Active) is is_defended


@defended
def test_a_common_outage(is_defended: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Defence: a window that more than a third missed counts neither way, twice a week and no more."""
    if not is_defended:
        monkeypatch.setattr(t, "WAIVED_MAX", 0)
    chain = CoinChain()
    before = chain.providers.effective
    for number in (1, 2, 3):
        chain.until_window()
        chain.until_window(False)
        assert chain.attestation.last == t.Outcome(number, 5, 5, number == 3 or not is_defended)
        assert (chain.providers.effective == before) is (is_defended and number < 3)
