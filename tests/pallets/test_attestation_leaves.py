"""Attestation's leaves: for an hour after a window anybody may demand one, or prove that one is wrong."""

from __future__ import annotations

import pytest

from node.provider.challenge import Work
from pallets.attestation import types as t
from pallets.attestation import windows
from pallets.attestation.probe import Task
from runtime.frame import FundsUnavailable
from runtime.frame.coin import ProviderState
from runtime.testing import refuses
from support.coin import ALICE, BOB, CAROL, COIN, DEPOSIT, ISSUERS, OPEN_BLOCKS, SIZE, CoinChain, leaf_of

ONE, TWO, *_ = ISSUERS
HOUR = 10
BOUNTY = DEPOSIT // 2
ROW = 7


class Over:
    """A chain whose first window is over; nobody was drawn, and all answered."""

    def __init__(self, chain: CoinChain | None = None, spoil: int | None = None) -> None:
        self.chain = chain or CoinChain(rounds=2)
        self.chain.until_window()
        self.works: dict[bytes, Work] = {who: self.chain.work_of(who) for who in ISSUERS}
        if spoil is not None:
            self.works[ONE] = Spoiled(self.works[ONE].task, spoil)
        for who, work in self.works.items():
            self.chain.submit_well(self.chain.attestation.commit.call(0, work.root), who)
        self.chain.until_drawn()
        for who, work in self.works.items():
            if self.chain.is_drawn(who):
                self.chain.submit(self.chain.attestation.open.call(0, self.chain.leaves(work, who)), who)
        self.chain.until_window(False)
        last = self.chain.attestation.last
        assert last is not None
        self.number = last.number

    def demand(self, by: bytes = ALICE, who: bytes = ONE, row: int = ROW) -> None:
        call = self.chain.attestation.demand_leaf.call(self.number, who, 0, row)
        self.chain.submit_well(call, by)

    def row(self, who: bytes = ONE, row: int = ROW) -> tuple[t.Leaf, ...]:
        return tuple(map(leaf_of, self.works[who].open((row,))))

    def asked(self, who: bytes = ONE) -> t.Asked:
        return t.Asked(self.number, who, 0)


class Spoiled(Work):
    """Products with one wrong number, in row `ROW` of a round; the rounds after go on from it."""

    def __init__(self, task: Task, round_: int) -> None:
        self._wrong = round_
        super().__init__(task)

    def _leaves(self):  # type: ignore[no-untyped-def]
        self._outputs[self._wrong] = self._outputs[self._wrong].copy()
        self._outputs[self._wrong][ROW, 0] ^= 1
        return super()._leaves()


@pytest.fixture
def over() -> Over:
    return Over()


# Demands.


def test_a_row_is_demanded_opened_and_paid_for(over: Over) -> None:
    chain = over.chain
    before = chain.balances.free_balance(ALICE), chain.balances.free_balance(ONE)
    over.demand()
    deadline = chain.number + OPEN_BLOCKS
    chain.assert_event(t.LeafDemanded(over.asked(), ROW, deadline))
    assert chain.balances.free_balance(ALICE) == before[0] - COIN
    chain.try_state()
    chain.next_block()
    chain.submit_well(chain.attestation.meet_demand.call(over.number, 0, over.row()), ONE)
    chain.assert_event(t.DemandMet(over.asked()))
    assert chain.balances.free_balance(ONE) == before[1] + COIN
    assert chain.balances.total_balance(ALICE) == before[0] - COIN
    chain.next_block(OPEN_BLOCKS)
    assert tuple(chain.attestation.unmet.keys()) == ()
    chain.try_state()


def test_a_demand_that_is_not_met_is_a_miss_in_the_next_window_counted(over: Over) -> None:
    chain = over.chain
    before = chain.balances.free_balance(ALICE)
    over.demand()
    chain.next_block(OPEN_BLOCKS)
    chain.assert_event(t.DemandUnmet(over.asked()))
    assert chain.balances.free_balance(ALICE) == before
    assert chain.attestation.unmet[ONE] == (0,)
    chain.try_state()
    for counted in (False, True, True):
        chain.until_window()
        missed_before = chain.providers.missed_in_row(ONE)
        chain.answer(*(ISSUERS if counted else ISSUERS[:2]))
        chain.until_window(False)
        last = chain.attestation.last
        assert last is not None
        assert last.is_counted is counted
        missed = chain.providers.missed_in_row(ONE) - missed_before
        if not counted:
            assert (last.missed, missed) == (4, 0)
        elif missed_before == 0 and last.missed:
            assert (last.missed, missed) == (1, 1)
        else:
            assert (last.missed, chain.providers.missed_in_row(ONE)) == (0, 0)
    assert tuple(chain.attestation.unmet.keys()) == ()


def test_each_refusal_of_a_demand_names_its_reason(over: Over, monkeypatch: pytest.MonkeyPatch) -> None:
    chain, demand = over.chain, over.chain.attestation.demand_leaf
    number = over.number
    with refuses(chain, t.UnknownWindow):
        chain.by(ALICE, demand.call(number + 1, ONE, 0, ROW))
    with refuses(chain, t.NotCommitted):
        chain.by(ALICE, demand.call(number, ONE, 1, ROW))
    with refuses(chain, t.NoSuchRow):
        chain.by(ALICE, demand.call(number, ONE, 0, SIZE))
    with refuses(chain, FundsUnavailable):
        chain.by(b"\x77" * 32, demand.call(number, ONE, 0, ROW))
    over.demand()
    with refuses(chain, t.AlreadyDemanded):
        chain.by(BOB, demand.call(number, ONE, 0, ROW + 1))
    monkeypatch.setattr(t, "DEMANDS_PER_BLOCK_MAX", 1)
    with refuses(chain, t.TooManyDemands):
        chain.by(ALICE, demand.call(number, TWO, 0, ROW))
    monkeypatch.undo()
    chain.next_block(HOUR)
    late = (
        "UnknownWindow: No commitment of such a window is kept: it is to come, or over for more than an hour."
    )
    with refuses(chain, t.UnknownWindow, late):
        chain.by(ALICE, demand.call(number, ONE, 0, ROW))


def test_each_refusal_of_an_answer_names_its_reason(over: Over) -> None:
    chain, meet = over.chain, over.chain.attestation.meet_demand
    with refuses(chain, t.NotDemanded):
        chain.by(ONE, meet.call(over.number, 0, over.row()))
    over.demand()
    with refuses(chain, t.NotDemanded):
        chain.by(TWO, meet.call(over.number, 0, over.row(TWO)))
    doc = "WrongOpening: The opened rows do not prove the work. "
    for leaves, why in (
        (over.row()[:1], f"round 1, row {ROW}: 1 leaves are opened, and 2 are asked for"),
        (over.row(row=3), f"round 0, row {ROW}: round 0, row 3 is opened in its place"),
        (over.row(TWO), f"round 0, row {ROW}: the path does not lead to the committed root"),
    ):
        with refuses(chain, t.WrongOpening, doc + why):
            chain.by(ONE, meet.call(over.number, 0, leaves))
    chain.next_block(OPEN_BLOCKS)
    with refuses(chain, t.NotDemanded):
        chain.by(ONE, meet.call(over.number, 0, over.row()))


@pytest.mark.parametrize("round_", [0, 1])
def test_a_wrong_row_cannot_meet_a_demand(round_: int) -> None:
    over = Over(spoil=round_)
    over.demand()
    wanted = (
        "WrongOpening: The opened rows do not prove the work. "
        f"round {round_}, row {ROW}: the output row is not the product"
    )
    with refuses(over.chain, t.WrongOpening, wanted):
        over.chain.by(ONE, over.chain.attestation.meet_demand.call(over.number, 0, over.row()))


def test_commitments_are_kept_for_an_hour_and_an_answers_time_then_forgotten_in_pages(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(windows, "FORGOTTEN_PER_BLOCK_MAX", 2)
    over = Over(CoinChain(rounds=2, windows_a_day=2))
    chain = over.chain
    assert [each.until - chain.number for each in chain.attestation.kept] == [HOUR]
    chain.next_block(HOUR - 1)
    over.demand()
    chain.next_block(1)
    chain.submit_well(chain.attestation.meet_demand.call(over.number, 0, over.row()), ONE)
    chain.next_block(OPEN_BLOCKS - 1)
    left = []
    while chain.attestation.kept:
        left.append(len(tuple(chain.attestation.commitments.under(over.number))))
        chain.next_block()
    assert left == [5, 3, 1]
    assert tuple(chain.attestation.commitments.under(over.number)) == ()
    chain.try_state()


def test_no_window_opens_while_as_many_are_kept_as_may_be(monkeypatch: pytest.MonkeyPatch) -> None:
    """The beacon wants a window in every block here."""
    monkeypatch.setattr(t, "KEPT_MAX", 1)
    monkeypatch.setattr(windows.Windows, "_is_time", lambda self: True)
    chain = CoinChain()
    chain.until_window(False)
    (kept,) = chain.attestation.kept
    for _ in range(HOUR + OPEN_BLOCKS - 1):
        chain.next_block()
        assert (chain.attestation.window, chain.attestation.kept) == (None, (kept,))
    chain.next_block()
    assert chain.attestation.kept == ()
    assert chain.attestation.window is not None


# Fraud.


def prove(over: Over, leaf: t.Leaf, previous: t.Leaf | None = None, who: bytes = ONE) -> None:
    call = over.chain.attestation.prove_fraud.call(over.number, who, 0, leaf, previous)
    over.chain.by(CAROL, call)


@pytest.mark.parametrize("round_", [0, 1])
def test_a_wrong_leaf_bans_its_provider_and_pays_who_shows_it(round_: int) -> None:
    over = Over(spoil=round_)
    chain = over.chain
    before = chain.balances.free_balance(CAROL)
    prove(over, over.row()[round_])
    chain.assert_event(t.FraudProven(over.asked(), CAROL, BOUNTY))
    assert chain.providers.state_of(ONE) == ProviderState.Banned
    assert chain.balances.free_balance(CAROL) >= before + BOUNTY
    assert chain.providers.effective_of(ONE) == 0
    with refuses(chain, t.AlreadyBanned):
        prove(over, over.row()[round_])


def test_a_round_that_does_not_begin_with_the_one_before_is_fraud() -> None:
    """Every product is right; but the second round has the inputs of the first again: half the work."""
    over = Over()
    over.works[ONE] = Twice(over.works[ONE].task)
    chain = over.chain
    chain.until_window()
    over.works = {ONE: Twice(chain.attestation.task_of(chain.attestation.window, ONE, 0))}  # type: ignore[arg-type]
    chain.submit_well(chain.attestation.commit.call(0, over.works[ONE].root), ONE)
    over.number = chain.attestation.opened
    first, second = over.row()
    with refuses(chain, t.NoFraud):
        prove(over, second)
    with refuses(chain, t.WrongOpening):
        prove(over, second, second)
    prove(over, second, first)
    assert chain.providers.state_of(ONE) == ProviderState.Banned


class Twice(Work):
    """The first round, twice."""

    def _leaves(self):  # type: ignore[no-untyped-def]
        self._inputs[1], self._outputs[1] = self._inputs[0], self._outputs[0]
        return super()._leaves()


def test_an_honest_leaf_proves_nothing_and_costs_the_fee(over: Over) -> None:
    chain = over.chain
    for leaf, previous in ((over.row()[0], None), (over.row()[1], None), (over.row()[1], over.row()[0])):
        applied = chain.submit(chain.attestation.prove_fraud.call(over.number, ONE, 0, leaf, previous), CAROL)
        assert str(applied.refusal) == (
            "NoFraud: The leaf is what its task and its path say: it proves nothing."
        )
    assert chain.providers.state_of(ONE) == ProviderState.Active


def test_each_refusal_of_a_proof_names_its_reason() -> None:
    over = Over(spoil=0)
    chain, leaf = over.chain, over.row()[0]
    path = "WrongOpening: The opened rows do not prove the work. "
    path += f"round 0, row {ROW}: the path does not lead to the committed root"
    with refuses(chain, t.WrongOpening, path):
        prove(over, leaf.replace(outputs=bytes(4 * SIZE)))
    with refuses(chain, t.WrongOpening, path):
        prove(over, leaf, who=TWO)
    with refuses(chain, t.NotCommitted):
        prove(over, leaf, who=ALICE)
    chain.next_block(HOUR + OPEN_BLOCKS + 1)
    with refuses(chain, t.UnknownWindow):
        prove(over, leaf)


def test_a_root_that_another_unit_has_is_fraud_by_the_others_leaf(over: Over) -> None:
    """A double unit: the product of one machine for two units. Any opened leaf of the one convicts the other,
    for its task gives other inputs.
    """
    chain = over.chain
    chain.until_window()
    work = chain.work_of(TWO)
    over.number = chain.attestation.opened
    for who in (ONE, TWO):
        chain.submit_well(chain.attestation.commit.call(0, work.root), who)
    leaf = leaf_of(work.open((ROW,))[0])
    with refuses(chain, t.NoFraud):
        prove(over, leaf, who=TWO)
    prove(over, leaf)
    assert chain.providers.state_of(ONE) == ProviderState.Banned
