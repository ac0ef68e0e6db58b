"""Attestation: a window asks every unit for its own product, and only committed, opened, right rows count."""

import pytest

from genesis.build import GenesisError, build_genesis
from node.provider.challenge import Work
from pallets.attestation import types as t
from pallets.attestation.probe import Task, draw
from pallets.beacon import DevBeacon
from runtime.executive.builder import Applied
from runtime.frame import Call, Signed
from runtime.frame.error import DispatchError
from runtime.frame.parameter import OutOfBounds
from runtime.scale import EncodeError
from runtime.state import MemoryStates
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

ONE, TWO, *OTHERS = ISSUERS


@pytest.fixture
def chain() -> CoinChain:
    """A chain whose first window has just opened."""
    chain = CoinChain()
    chain.until_window()
    return chain


def refused(chain: CoinChain, call: Call, who: bytes) -> DispatchError:
    applied: Applied = chain.submit(call, who)
    assert applied.refusal is not None, f"{call} was expected to be refused"
    return applied.refusal


def commit(chain: CoinChain, who: bytes, unit: int = 0) -> Work:
    work = chain.work_of(who, unit)
    chain.submit_well(chain.attestation.commit.call(unit, work.root), who)
    return work


def test_a_window_says_what_it_asks_and_until_when(chain: CoinChain) -> None:
    window = chain.attestation.window
    assert window == t.Window(
        number=1,
        opened_at=chain.number,
        commit_until=chain.number + COMMIT_BLOCKS,
        closes_at=chain.number + COMMIT_BLOCKS + OPEN_BLOCKS,
        beacon=chain[DevBeacon].value,
    )
    chain.until_window(False)
    assert chain.number == window.closes_at
    assert chain.attestation.last == t.Outcome(1, len(ISSUERS), len(ISSUERS), False)


def test_a_provider_that_answers_passes_and_the_others_do_not(chain: CoinChain) -> None:
    chain.answer(*ISSUERS[:4])
    chain.assert_event(t.Answered(ONE, 0))
    chain.until_window(False)
    assert chain.attestation.last == t.Outcome(1, 5, 1, True)
    assert [chain.providers.providers[who].history & 1 for who in ISSUERS] == [1, 1, 1, 1, 0]
    assert chain.providers.effective_of(ONE) > chain.providers.effective_of(ISSUERS[4])
    chain.try_state()


def test_answering_costs_nothing_but_a_wrong_answer_does(chain: CoinChain) -> None:
    calls = chain.attestation
    work = chain.work_of(ONE, 0)
    post = chain.host.dispatch(calls.commit.call(0, work.root), Signed(ONE))
    assert not post.pays
    chain.run()
    post = chain.host.dispatch(calls.open.call(0, chain.leaves(work, ONE, 0)), Signed(ONE))
    assert not post.pays


def test_the_challenge_is_the_beacon_of_the_block_after_the_commitment(chain: CoinChain) -> None:
    work = commit(chain, ONE)
    leaves = tuple(
        t.Leaf(each.round, each.position, each.inputs, each.outputs, each.path)
        for each in work.answer(chain[DevBeacon].value, POSITIONS)
    )
    assert isinstance(refused(chain, chain.attestation.open.call(0, leaves), ONE), t.NotChallenged)
    committed_at = chain.number
    chain.next_block()
    assert chain.attestation.challenges[committed_at + 1] == chain[DevBeacon].value
    assert isinstance(refused(chain, chain.attestation.open.call(0, leaves), ONE), t.WrongOpening)
    chain.submit_well(chain.attestation.open.call(0, chain.leaves(work, ONE, 0)), ONE)
    assert chain.attestation.commitments[ONE, 0].is_open


def test_each_refusal_names_its_reason(chain: CoinChain) -> None:
    calls, root = chain.attestation, bytes(32)
    assert isinstance(refused(chain, calls.commit.call(0, root), ALICE), t.NotProbed)
    assert isinstance(refused(chain, calls.commit.call(1, root), ONE), t.NotProbed)
    assert isinstance(refused(chain, calls.open.call(0, ()), ONE), t.NotCommitted)
    work = commit(chain, ONE)
    assert isinstance(refused(chain, calls.commit.call(0, root), ONE), t.AlreadyCommitted)
    chain.next_block()
    leaves = chain.leaves(work, ONE, 0)
    chain.submit_well(calls.open.call(0, leaves), ONE)
    assert isinstance(refused(chain, calls.open.call(0, leaves), ONE), t.AlreadyAnswered)
    chain.next_block(COMMIT_BLOCKS - 1)
    late = refused(chain, calls.commit.call(0, root), TWO)
    assert str(late) == "TooLate: The window takes no more commitments."
    chain.until_window(False)
    assert isinstance(refused(chain, calls.commit.call(0, root), TWO), t.NoWindow)
    assert isinstance(refused(chain, calls.open.call(0, leaves), ONE), t.NoWindow)
    chain.next_block()


def test_one_wrong_row_is_refused_and_says_which(chain: CoinChain) -> None:
    work = commit(chain, ONE)
    chain.next_block()
    leaves = chain.leaves(work, ONE, 0)
    spoiled = bytearray(leaves[1].outputs)
    spoiled[0] ^= 1
    wrong = (leaves[0], leaves[1].replace(outputs=bytes(spoiled)), *leaves[2:])
    refusal = refused(chain, chain.attestation.open.call(0, wrong), ONE)
    assert str(refusal) == (
        "WrongOpening: The opened rows do not prove the work. "
        f"round 0, row {leaves[1].position}: the path does not lead to the committed root"
    )
    chain.until_window(False)
    assert chain.attestation.last is not None
    assert chain.attestation.last.missed == len(ISSUERS)


def test_wrong_rows_in_a_different_order_or_number_are_refused(chain: CoinChain) -> None:
    work = commit(chain, ONE)
    chain.next_block()
    leaves = chain.leaves(work, ONE, 0)
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
    chain.until_window(False)
    assert chain.attestation.last is not None
    assert (chain.attestation.last.units, chain.attestation.last.missed) == (5, 0)
    chain.until_window()
    chain.answer(*ISSUERS)
    chain.until_window(False)
    assert chain.attestation.last.units == 6
    assert chain.providers.units[ONE, 1].passed == 1


def test_a_common_outage_counts_neither_way_twice_in_seven_days() -> None:
    chain = CoinChain(config={"Standards": {"blocks_per_hour": 1}})
    before = chain.providers.providers[ONE].history
    waived: list[int] = []
    while chain.number < 3 * 7 * 24:
        chain.until_window()
        chain.until_window(False)
        assert chain.attestation.last is not None
        if not chain.attestation.last.is_counted:
            waived.append(chain.number)
        elif chain.attestation.last.number == 3:
            assert chain.providers.providers[ONE].history == before << 1 & (1 << 56) - 1
    assert len(waived) >= 4
    assert all(third - first >= 7 * 24 for first, third in zip(waived, waived[2:], strict=False))


def test_a_third_of_all_units_is_no_common_outage() -> None:
    """5 units: 1 missing is less than a third, and counts; 2 are more, and do not."""
    chain = CoinChain()
    for missing in (1, 2):
        chain.until_window()
        chain.answer(*ISSUERS[missing:])
        chain.until_window(False)
        assert chain.attestation.last == t.Outcome(missing, 5, missing, missing == 1)


def test_windows_open_as_often_as_the_parameter_says() -> None:
    chain = CoinChain(windows_a_day=6)
    chain.next_block(4 * DAY)
    busy = chain.attestation.opened * (COMMIT_BLOCKS + OPEN_BLOCKS)
    expected = 6 * (4 * DAY - busy) / DAY
    assert abs(chain.attestation.opened - expected) < 4 * expected**0.5
    with pytest.raises(OutOfBounds) as wrong:
        chain.attestation.windows_a_day = 13
    assert str(wrong.value) == "WindowsADay = 13 is outside [2, 12]"


def test_two_units_never_share_a_seed(chain: CoinChain) -> None:
    roots = {chain.work_of(who, unit).root for who in ISSUERS for unit in range(3)}
    assert len(roots) == 15


def test_the_positions_are_distinct_rows() -> None:
    task = Task(bytes(32), SIZE)
    assert len(set(draw(task, b"beacon", POSITIONS).positions)) == POSITIONS


@pytest.mark.parametrize(
    "wrong", [{"size": 0}, {"size": 33_026}, {"positions": 0}, {"positions": 13}, {"commit_blocks": 0}]
)
def test_a_probe_outside_its_bounds_makes_no_chain(wrong: dict[str, int]) -> None:
    usual = {"size": SIZE, "positions": POSITIONS, "commit_blocks": 3, "open_blocks": 3}
    with pytest.raises(t.BadSize):
        CoinChain(config={"Attestation": {**usual, **wrong}})


def test_windows_a_day_outside_its_bounds_makes_no_chain(chain: CoinChain) -> None:
    with pytest.raises(GenesisError) as wrong:
        build_genesis(chain.runtime, coin_parts(windows_a_day=1), MemoryStates().head)
    assert str(wrong.value) == "genesis of Attestation: WindowsADay = 1 is outside [2, 12]"
