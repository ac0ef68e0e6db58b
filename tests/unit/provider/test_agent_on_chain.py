"""The agent's plan on a chain in memory: windows answered, a wrong row refused, a chain without agents
degrading.
"""

from __future__ import annotations

import pytest

from genesis.coin import Backing, covering_work
from pallets.issuance.types import NotGreen
from pallets.redemption.types import Service, TicketState
from runtime.frame.coin import Mode, ProviderState
from runtime.testing import refuses
from runtime.types.fixed import PPB
from support.agents import Agents, WrongRow
from support.coin import ALICE, BOB, CAROL, COIN, ED, ESCROW, FEES, ISSUERS, RESERVE, RICH, CoinChain

JOB = b"\x0c" * 32
AMOUNT = 5 * COIN
THIN = covering_work(
    [*((who, RICH) for who in (ALICE, BOB, CAROL)), (RESERVE, COIN), (ESCROW, ED), (FEES, ED)],
    Backing(providers=ISSUERS, author=bytes(32)),
    1_500_000_000,
)
"""The standard under which the genesis is covered half again, as on the development chain."""


@pytest.fixture
def chain() -> CoinChain:
    return CoinChain(work=THIN, rounds=2, drawn_ppb=PPB)


def history(chain: CoinChain, who: bytes) -> int:
    return chain.providers.providers[who].history


def test_honest_agents_pass_every_window_and_keep_all_capacity(chain: CoinChain) -> None:
    before = chain.solvency.coverage
    agents = Agents(chain, ISSUERS)
    agents.windows(8)
    assert agents.refusals == []
    assert [history(chain, who).bit_count() for who in ISSUERS] == [56] * 5
    assert chain.solvency.coverage.effective == before.effective
    assert chain.solvency.coverage.mode == Mode.Green


def test_one_wrong_row_is_refused_when_it_is_drawn_and_the_window_is_missed(chain: CoinChain) -> None:
    cheat, *honest = ISSUERS
    agents = Agents(chain, honest)
    cheating = Agents(chain, [cheat], WrongRow)
    drawn = passed = 0
    chain.until_window(False)
    while not (drawn and passed):
        chain.until_window()
        window = chain.attestation.window
        assert window is not None
        refused_before = len(cheating.refusals)
        while chain.attestation.window is not None:
            agents.act()
            cheating.block()
        was_drawn = len(cheating.refusals) > refused_before
        assert history(chain, cheat) & 1 == (not was_drawn)
        assert all(history(chain, who) & 1 for who in honest)
        drawn, passed = drawn + was_drawn, passed + (not was_drawn)
        assert drawn + passed < 40
    doc = "The opened rows do not prove the work."
    assert set(cheating.refusals) == {
        f"WrongOpening: {doc} round 0, row 0: the output row is not the product"
    }
    assert chain.providers.is_probation(cheat, 0)
    assert agents.refusals == []


def test_an_agent_started_anew_in_a_window_opens_what_it_committed_before(chain: CoinChain) -> None:
    agents = Agents(chain, ISSUERS)
    agents.until(lambda: len(tuple(chain.attestation.commitments.keys())) == 5)
    anew = Agents(chain, ISSUERS)
    anew.until(lambda: chain.attestation.window is None)
    assert anew.refusals == []
    assert all(history(chain, who) & 1 for who in ISSUERS)
    outcome = chain.attestation.last
    assert outcome is not None
    assert (outcome.missed, outcome.is_counted) == (0, True)


def test_an_agent_opens_a_row_that_is_demanded_of_a_window_that_is_over(chain: CoinChain) -> None:
    agents = Agents(chain, ISSUERS)
    agents.windows(1)
    number = chain.attestation.opened
    for unit, who in enumerate(ISSUERS):
        chain.submit_well(chain.attestation.demand_leaf.call(number, who, 0, unit), ALICE)
    assert len(tuple(chain.attestation.demands.keys())) == 5
    agents.benches[ISSUERS[0]].works.clear()  # it makes again what it has lost
    agents.blocks(2)
    assert tuple(chain.attestation.demands.keys()) == ()
    assert agents.refusals == []


def test_without_agents_the_chain_degrades_from_green_to_red(chain: CoinChain) -> None:
    modes: list[Mode] = [chain.ledger.mode_now()]
    waived = 0
    for _ in range(24):
        chain.until_window()
        chain.until_window(False)
        outcome = chain.attestation.last
        assert outcome is not None
        assert outcome.missed == outcome.units == 5
        waived += not outcome.is_counted
        if chain.ledger.mode_now() != modes[-1]:
            modes.append(chain.ledger.mode_now())
    assert waived >= 2, "twice in 7 days a window that all missed counts neither way"
    assert modes == [Mode.Green, Mode.Red], "with the fifth window that counts all are silent"
    assert (chain.providers.effective, chain.ledger.supply) == (0, chain.ledger.orphaned)
    with refuses(chain, NotGreen):
        chain.by(ISSUERS[0], chain.issuance.mint.call(COIN, 0))


def test_a_mode_that_is_not_green_stops_minting_before_any_provider_is_deficient(chain: CoinChain) -> None:
    while chain.ledger.mode_now() == Mode.Green:
        chain.next_block()
    assert chain.providers.state_of(ISSUERS[0]) == ProviderState.Active
    with refuses(chain, NotGreen):
        chain.by(ISSUERS[0], chain.issuance.mint.call(COIN, 0))


def test_a_ticket_is_served_to_its_end(chain: CoinChain) -> None:
    agents = Agents(chain, ISSUERS)
    for bench in agents.benches.values():
        bench.costs[JOB] = THIN
    number = chain.redemption.next_ticket
    chain.by(ALICE, chain.redemption.redeem.call(AMOUNT, Service.Train, 0, 0, JOB))
    chain.by(ALICE, chain.redemption.begin.call(number))
    chain.run()
    agents.until(lambda: chain.redemption.tickets[number].state == TicketState.Delivered, 20)
    ticket = chain.redemption.tickets[number]
    assert ticket.result == JOB[::-1]
    assert ticket.server is not None
    owed = chain.ledger.debt_of(ticket.server).owed
    chain.by(ALICE, chain.redemption.confirm.call(number))
    assert chain.ledger.debt_of(ticket.server).owed == owed - AMOUNT
    assert agents.refusals == []


def test_a_provider_says_ready_to_a_consumer_who_has_begun_only_when_the_inputs_are_there(
    chain: CoinChain,
) -> None:
    agents = Agents(chain, ISSUERS)
    number = chain.redemption.next_ticket
    chain.by(ALICE, chain.redemption.redeem.call(AMOUNT, Service.Train, 0, 0, JOB))
    chain.by(ALICE, chain.redemption.begin.call(number))
    chain.run()
    agents.blocks(10)
    ticket = chain.redemption.tickets[number]
    assert (ticket.state, ticket.is_ready) == (TicketState.Accepted, False)
    for bench in agents.benches.values():
        bench.costs[JOB] = THIN
    agents.until(lambda: chain.redemption.tickets[number].state == TicketState.Delivered, 10)


def test_a_job_that_is_larger_than_its_ticket_is_declined_by_name(chain: CoinChain) -> None:
    agents = Agents(chain, ISSUERS)
    bought = 5 * THIN
    for bench in agents.benches.values():
        bench.costs[JOB] = bought + 1
    number = chain.redemption.next_ticket
    chain.by(ALICE, chain.redemption.redeem.call(AMOUNT, Service.Train, 0, 0, JOB))
    chain.run()
    agents.blocks(3)
    assert chain.redemption.tickets[number].state == TicketState.Matched
    (why,) = {why for bench in agents.benches.values() for why in bench.declined.values()}
    assert why == f"the job takes {bought + 1} byte multiply-adds, and the ticket buys {bought}"
