"""`BallastCoinApi`: what the runtime answers about its coin is what its pallets hold, in bounded pages."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import pytest

from node.client.apis import method_of
from pallets.identity.types import ENTITIES_MAX, LegalEntity
from pallets.ledger.queries import PAGE_MAX as ISSUERS_PAGE_MAX
from pallets.providers.queries import PAGE_MAX as PROVIDERS_PAGE_MAX
from pallets.providers.types import Domain
from pallets.redemption.types import Service, TicketState
from pallets.standards import Standards
from pallets.standards.types import ClassWork
from runtime.api import BadInput, call
from runtime.frame.coin import COIN_API, TERM_HOURS, ProviderState
from runtime.scale import compact_bytes
from runtime.types import Address
from support.coin import ALICE, BOB, COIN, CPU_CLASS, ISSUERS, CoinChain

T = TypeVar("T")
JOB, RESULT = b"\xaa" * 32, b"\xbb" * 32


@pytest.fixture
def chain() -> CoinChain:
    return CoinChain(still="hours")


def ask(chain: CoinChain, question: Callable[..., T], *arguments: Any) -> T:
    """What the last sealed block answers, by the bytes that travel; the open block goes on."""
    method = method_of(chain.runtime, question)
    data = method.arguments.encode(arguments)
    answer: T = method.output.decode(call(chain.runtime, chain.state, chain.header, method.full_name, data))
    return answer


def redeem(chain: CoinChain, amount: int, who: bytes = ALICE, region: int = 0) -> None:
    chain.by(who, chain.redemption.redeem.call(amount, Service.Train, 0, region, JOB))


def test_every_question_is_one_of_the_coins_api(chain: CoinChain) -> None:
    (api,) = [each for each in chain.runtime.apis if each.name == COIN_API]
    assert {each.name for each in api.methods} == {
        *("query_coverage", "query_provider", "query_providers", "query_units", "query_ticket"),
        *("query_tickets", "query_receipt", "query_standards", "query_issuer", "query_issuers"),
        "query_entities",
    }
    assert all(each.docs for each in api.methods)


def test_coverage_is_what_the_header_says_and_all_bonds(chain: CoinChain) -> None:
    chain.run()
    report = ask(chain, chain.solvency.query_coverage)
    assert report.figures == chain.solvency.coverage
    assert report.bonds == sum(chain.providers.bond_of(who) for who in ISSUERS) > 0


def test_a_provider_is_told_with_what_others_keep_of_it(chain: CoinChain) -> None:
    who = ISSUERS[0]
    chain.by(who, chain.issuance.burn.call(who, 400 * COIN))
    chain.by(who, chain.issuance.mint.call(100 * COIN, 0))
    chain.run()
    info = ask(chain, chain.providers.query_provider, who)
    assert info is not None
    assert (info.who, info.provider) == (who, chain.providers.providers[who])
    assert info.debt == chain.ledger.debt_of(who)
    assert info.bond_needed == chain.providers.bond_needed(who, info.debt.owed)
    assert info.unvested == chain.issuance.unvested_of(who) == 100 * COIN - 100 * COIN * 3 // 1_000
    assert info.free == chain.balances.free_balance(who)
    assert ask(chain, chain.providers.query_provider, ALICE) is None


def test_providers_come_in_pages_in_the_order_of_registration(chain: CoinChain) -> None:
    question = chain.providers.query_providers
    found, start = [], 0
    for _ in range(3):
        page = ask(chain, question, start, 2)
        found += [each.who for each in page.items]
        start = page.following if page.following is not None else -1
    assert (tuple(found), start) == (chain.providers.roster, -1)
    everybody = ask(chain, question, 0, 2**32 - 1)
    assert ([each.who for each in everybody.items], everybody.following) == (found, None)
    for start, limit in ((5, 1), (2**32 - 1, 64), (0, 0)):
        assert ask(chain, question, start, limit).items == ()
        assert ask(chain, question, start, limit).following is None


def test_no_page_is_longer_than_its_bound_however_much_is_asked(chain: CoinChain) -> None:
    more = PROVIDERS_PAGE_MAX - len(ISSUERS) + 1
    for place in range(more):
        who = bytes([0x80, place]) * 16
        chain.by(ALICE, chain.balances.transfer_keep_alive.call(Address(who), 101 * COIN))
        chain.by(who, chain.providers.register.call(7, Domain(1, 1), (CPU_CLASS,)))
        chain.ledger.note_failure(who, 1)
    chain.run()
    first = ask(chain, chain.providers.query_providers, 0, 2**32 - 1)
    assert (len(first.items), first.following) == (PROVIDERS_PAGE_MAX, PROVIDERS_PAGE_MAX)
    last = ask(chain, chain.providers.query_providers, PROVIDERS_PAGE_MAX, 2**32 - 1)
    assert (len(last.items), last.following) == (1, None)
    issuers = ask(chain, chain.ledger.query_issuers, None, 2**32 - 1)
    assert (len(issuers.items), issuers.following) == (ISSUERS_PAGE_MAX, issuers.items[-1].who)
    rest = ask(chain, chain.ledger.query_issuers, issuers.following, 2**32 - 1)
    everybody = {each.who for each in (*issuers.items, *rest.items)}
    assert (everybody, rest.following) == (set(chain.ledger.records), None)
    too_many = compact_bytes(ENTITIES_MAX + 1) + ALICE * (ENTITIES_MAX + 1)
    with pytest.raises(BadInput) as refused:
        call(chain.runtime, chain.state, chain.header, "BallastCoinApi_query_entities", too_many)
    assert str(refused.value) == (
        "Bad input to BallastCoinApi_query_entities: whose: 65 elements, at most 64 are allowed, at byte 0"
    )


def test_units_are_told_by_number(chain: CoinChain) -> None:
    who = ISSUERS[1]
    chain.by(who, chain.providers.add_units.call((CPU_CLASS,) * 40))
    chain.run()
    units = ask(chain, chain.providers.query_units, who)
    assert [each.number for each in units] == list(range(41))
    assert [each.passed for each in units] == [28, *[0] * 40]
    assert {each.class_id for each in units} == {CPU_CLASS}
    assert ask(chain, chain.providers.query_units, ALICE) == ()


def test_a_ticket_that_waits_knows_how_many_are_before_it_and_when_it_may_be_served(chain: CoinChain) -> None:
    redeem(chain, 5 * COIN)
    redeem(chain, 7 * COIN, BOB)
    chain.run()  # both wait: servers are drawn when the next block begins
    first, second = (ask(chain, chain.redemption.query_ticket, number) for number in (0, 1))
    assert first is not None and second is not None
    assert (first.number, first.ticket.owner, first.ahead) == (0, ALICE, 0)
    assert (second.number, second.ticket.owner, second.ahead) == (1, BOB, 1)
    now, capacity = chain.header.number, chain.providers.effective_total() // TERM_HOURS
    assert first.expected == second.expected == now + chain[Standards].blocks_for(12 * COIN, capacity)
    assert first.latest == second.latest == now + chain[Standards].blocks_in(chain.providers.wait_now())


def test_who_wishes_for_something_is_promised_nothing(chain: CoinChain) -> None:
    redeem(chain, 50 * COIN, region=1)
    chain.run()
    report = ask(chain, chain.redemption.query_ticket, 0)
    assert report is not None and report.expected is not None
    assert (report.ahead, report.latest) == (0, None)


def test_nothing_is_expected_where_nobody_may_serve_nor_promised_beyond_the_horizon(chain: CoinChain) -> None:
    redeem(chain, 5 * COIN)
    for who in ISSUERS:
        chain.by(who, chain.providers.remove_unit.call(0))
    chain.run()
    assert chain.solvency.coverage.wait_hours > TERM_HOURS
    for owing in (5, 0):  # in the second block nobody owes anything any more, and W_max is nothing
        report = ask(chain, chain.redemption.query_ticket, 0)
        assert report is not None
        assert (report.ahead, report.expected, report.latest) == (0, None, None)
        debtors = ask(chain, chain.ledger.query_issuers, None, 64).items
        assert sum(each.debt.owed > 0 for each in debtors) == owing
        chain.run()


def test_a_queue_too_long_to_walk_is_taken_for_all_that_waits(
    chain: CoinChain, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pallets.redemption.queries.AHEAD_MAX", 2)
    for _ in range(5):
        redeem(chain, 2 * COIN)
    chain.run()
    reports = [ask(chain, chain.redemption.query_ticket, number) for number in range(5)]
    assert [each.ahead for each in reports if each is not None] == [0, 1, 4, 4, 4]


def test_open_tickets_come_in_pages_and_each_but_once(chain: CoinChain) -> None:
    for _ in range(7):
        redeem(chain, 2 * COIN)
    chain.run()
    question, found, after = chain.redemption.query_tickets, [], None
    for _ in range(4):
        page = ask(chain, question, after, 2)
        found += page.items
        after = page.following
    assert after is None
    assert sorted(each.number for each in found) == list(range(7))
    assert all(each.ticket.amount == 2 * COIN for each in found)
    assert ask(chain, question, None, 0).items == ()


def test_a_ticket_with_a_server_tells_no_queue_and_one_that_was_served_is_a_receipt(chain: CoinChain) -> None:
    calls = chain.redemption
    redeem(chain, 5 * COIN)
    chain.run()
    assert ask(chain, calls.query_receipt, 0) is None
    who = calls.tickets[0].server
    assert who is not None
    for party, step in ((who, calls.accept), (ALICE, calls.begin), (who, calls.ready)):
        chain.by(party, step.call(0))
    chain.by(who, calls.deliver.call(0, RESULT))
    chain.run()
    report = ask(chain, calls.query_ticket, 0)
    assert report is not None
    assert (report.ticket.state, report.ticket.server) == (TicketState.Delivered, who)
    assert (report.ahead, report.expected, report.latest) == (None, report.ticket.deadline, None)
    chain.by(ALICE, calls.confirm.call(0))
    chain.run()
    assert ask(chain, calls.query_ticket, 0) is None
    receipt = ask(chain, calls.query_receipt, 0)
    assert receipt is not None and receipt == calls.receipts[0]
    assert (receipt.server, receipt.result, receipt.amount) == (who, RESULT, 5 * COIN)
    assert ask(chain, calls.query_ticket, 2**64 - 1) is None


def test_standards_come_newest_first_with_what_holds_them(chain: CoinChain) -> None:
    standards = chain[Standards]
    for times in (2, 3):
        work = standards.classes[CPU_CLASS].work_per_hour * times
        chain.root(standards.splice.call((ClassWork(CPU_CLASS, work),)))
    chain.run()
    page = ask(chain, standards.query_standards, None, 2)
    assert [each.number for each in page.items] == [3, 2]
    assert [each.standard for each in page.items] == [standards.standards[3], standards.standards[2]]
    assert page.following == 1
    rest = ask(chain, standards.query_standards, 1, 256)
    assert ([each.number for each in rest.items], rest.following) == ([1], None)
    assert ask(chain, standards.query_standards, 2**32 - 1, 1).items[0].number == 3
    for latest, limit in ((0, 5), (None, 0)):
        empty = ask(chain, standards.query_standards, latest, limit)
        assert (empty.items, empty.following) == ((), None)
    chain.run_to(chain.providers.standards.blocks_in(24) + 1)
    assert ask(chain, standards.query_standards, None, 1).held == standards.held is not None


def test_an_issuers_account_says_what_became_of_all_its_coins(chain: CoinChain) -> None:
    who, ledger = ISSUERS[2], chain.ledger
    chain.by(ALICE, chain.issuance.burn.call(who, 10 * COIN))
    ledger.note_failure(who, 3)
    chain.run()
    info = ask(chain, ledger.query_issuer, who)
    assert info is not None and (info.debt, info.record) == (ledger.debts[who], ledger.records[who])
    assert (info.record.repaid, info.record.failures, info.record.failed) == (10 * COIN, 1, 3)
    assert info.record.issued == info.debt.owed + 10 * COIN
    assert ask(chain, ledger.query_issuer, ALICE) is None
    everybody = ask(chain, ledger.query_issuers, None, 64)
    assert sum(each.debt.owed for each in everybody.items) + ledger.orphaned == ledger.supply


def test_entities_are_told_in_the_order_of_the_question(chain: CoinChain) -> None:
    info = LegalEntity(b"Works Ltd", b"CH", b"CHE-1", bytes(32), b"")
    chain.by(ALICE, chain.identity.set_identity.call(info))
    chain.run()
    nobody, found = ask(chain, chain.identity.query_entities, (BOB, ALICE))
    assert nobody is None and found is not None
    assert (found.info, found.vouched) == (info, False)
    assert ask(chain, chain.identity.query_entities, ()) == ()


def test_a_question_changes_nothing(chain: CoinChain) -> None:
    redeem(chain, 5 * COIN)
    chain.run()
    root, state = chain.state.root, chain.providers.state_of(ISSUERS[0])
    ask(chain, chain.redemption.query_ticket, 0)
    ask(chain, chain.providers.query_providers, 0, 64)
    assert (chain.state.root, state) == (root, ProviderState.Active)
    chain.next_block()
    chain.try_state()
