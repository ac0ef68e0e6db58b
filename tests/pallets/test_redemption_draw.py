"""The draw: a server is drawn with exactly the weight of its debt, who drains first, at a bounded cost."""

from __future__ import annotations

from collections import Counter
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pallets.providers.types import PROVIDERS_MAX
from pallets.redemption import types as t
from pallets.redemption.matching import DRAWS_MAX, DRAWS_PER_BLOCK_MAX
from pallets.redemption.tickets import TICKETS_MAX
from pallets.redemption.types import LOTS_MAX, PAGE, Service, TicketState
from pallets.redemption.urn import Draw
from runtime.frame.coin import ProviderState
from support import tickets
from support.coin import ALICE, COIN, CPU_CLASS, ISSUERS, CoinChain
from support.tickets import JOB, RESULT

ONE, TWO, THREE, FOUR, FIVE = ISSUERS
TOTAL_MAX = 9
"""All weights of an exact test together: every lot is tried."""


def redeem(chain: CoinChain, amount: int = COIN, class_floor: int = CPU_CLASS, region: int = 0) -> int:
    return tickets.redeem(chain, amount, class_floor=class_floor, region=region)


def urn_of(weights: list[int]) -> Draw:
    """An urn with these weights."""
    filled = [*weights, *(PAGE * PAGE - len(weights)) * [0]]
    pages = [tuple(filled[at : at + PAGE]) for at in range(0, PAGE * PAGE, PAGE)]
    return Draw(tuple(map(sum, pages)), lambda page: pages[page])


# The weight, exactly.


@given(st.lists(st.integers(0, 9), min_size=1, max_size=80).filter(any))
def test_of_all_lots_as_many_fall_on_a_place_as_its_weight(weights: list[int]) -> None:
    total = sum(weights)
    drawn = Counter(urn_of(weights).take(lot) for lot in range(total))
    assert drawn == {place: weight for place, weight in enumerate(weights) if weight}


@settings(max_examples=30, deadline=None)
@given(
    st.lists(st.integers(0, 4), min_size=1, max_size=5).filter(lambda each: 0 < sum(each) <= TOTAL_MAX),
    st.sets(st.integers(0, 4)),
    st.integers(1, 5),
)
def test_the_first_that_can_serve_has_its_weight_among_those_that_can(
    weights: list[int], able: set[int], draws: int
) -> None:
    """For every sequence of lots, and however few draws there are: who is found is found in proportion."""
    able &= {place for place, weight in enumerate(weights) if weight}
    found: Counter[int] = Counter()
    chances: dict[int, Fraction] = {}

    def follow(lots: tuple[int, ...], chance: Fraction) -> None:
        draw = urn_of(weights)
        for lot in lots:
            draw.take(lot)
        total = draw.total
        if not total or len(lots) == draws:
            return
        for lot in range(total):
            again = urn_of(weights)
            for each in lots:
                again.take(each)
            place = again.take(lot)
            if place in able:
                found[place] += 1
                chances[place] = chances.get(place, Fraction(0)) + chance / total
            else:
                follow((*lots, lot), chance / total)

    follow((), Fraction(1))
    together = sum(chances.values())
    assert set(chances) in (able, set())
    for place, chance in chances.items():
        assert chance / together == Fraction(weights[place], sum(weights[each] for each in able))
    if draws > len(weights) - len(able) and able:
        assert together == 1  # there are no more of the others than draws


def test_over_many_blocks_each_provider_serves_as_its_debt_says() -> None:
    chain = CoinChain(still="hours")
    chain.ledger.orphan(ONE, chain.ledger.debt_of(ONE).owed // 2)
    ticket = t.Ticket(
        owner=ALICE,
        amount=COIN,
        service=Service.Train,
        class_floor=0,
        region=0,
        job=JOB,
        place=0,
        state=TicketState.Queued,
        queued_at=0,
    )
    drawn: Counter[bytes] = Counter()
    for number in range(600):
        who, piece, draws = chain.redemption._draw(number, ticket)
        assert who is not None
        assert (piece, draws) == (COIN, 1)
        drawn[who] += 1
    owed = {who: chain.ledger.debt_of(who).owed for who in ISSUERS}
    for who in ISSUERS:
        share = owed[who] / sum(owed.values())
        assert abs(drawn[who] - 600 * share) < 5 * (600 * share) ** 0.5


# Who comes first, and who comes not at all.


def test_who_drains_serves_first_and_the_others_when_it_is_full() -> None:
    chain = CoinChain(still="hours")
    chain.by(THREE, chain.providers.give_notice.call())
    for _ in range(6):
        redeem(chain)
    chain.run()
    assert {each.server for each in chain.redemption.tickets.values()} == {THREE}
    redeem(chain, chain.ledger.supply // 10)
    chain.next_block(8)
    chain.redemption.try_state()
    servers = {each.server for each in chain.redemption.tickets.values()}
    assert servers - {None, THREE}
    server = chain.redemption.servers[THREE]
    assert server.work > server.room // 2  # it has as much as it may, up to a piece
    chain.try_state()


def test_a_wish_for_a_region_is_drawn_for_among_those_who_stand_there() -> None:
    many = tuple(bytes([0x30 + n]) * 32 for n in range(40))  # as many regions
    chain = CoinChain(still="hours", providers=many)
    numbers = [redeem(chain, region=region) for region in (7, 7, 31)]
    chain.run()
    servers = [chain.redemption.tickets[number].server for number in numbers]
    assert servers == [many[6], many[6], many[30]]


def test_who_has_done_its_part_waits_for_no_silence_to_be_given_more() -> None:
    """What is delivered is no more work: a server waits a day for its coins, and not for new tickets."""
    chain = CoinChain(still="hours")
    largest = chain.ledger.supply // 200
    redeem(chain, 6 * largest, region=1)  # where it is the only one
    chain.next_block(4)
    mine = [number for number, each in chain.redemption.tickets.items() if each.server == ONE]
    assert chain.redemption.queue_now()[0]
    calls = chain.redemption
    for number in mine:
        chain.by(ONE, calls.accept.call(number))
        chain.by(ALICE, calls.begin.call(number))
        chain.by(ONE, calls.ready.call(number))
        chain.by(ONE, calls.deliver.call(number, RESULT))
    assert ONE not in chain.redemption.servers
    chain.run()
    assert chain.redemption.servers[ONE].tickets
    assert chain.ledger.debt_of(ONE).assigned > chain.redemption.servers[ONE].work
    chain.try_state()


def test_a_server_has_so_many_tickets_at_most(monkeypatch: pytest.MonkeyPatch) -> None:
    assert TICKETS_MAX == 64
    monkeypatch.setattr("pallets.redemption.tickets.TICKETS_MAX", 3)
    chain = CoinChain(still="hours")
    for _ in range(5):
        redeem(chain, region=1)
    chain.run()
    assert chain.redemption.servers[ONE].tickets == 3
    assert chain.redemption.queue_now()[0] == 2
    chain.next_block()
    assert chain.redemption._match() == (0, 0)  # it is not even drawn
    chain.try_state()


def test_who_owes_nothing_or_has_left_has_no_lot() -> None:
    chain = CoinChain(still="hours")
    assert set(chain.redemption.lots) == set(ISSUERS)
    chain.ledger.orphan(TWO, chain.ledger.debt_of(TWO).owed)
    assert TWO not in chain.redemption.lots
    chain.providers.ban(THREE)
    assert THREE not in chain.redemption.lots
    assert chain.redemption.sizes[t.Urn(0, False)] == 3
    chain.try_state()


# What it costs.


def test_a_block_draws_so_many_lots_at_most(monkeypatch: pytest.MonkeyPatch) -> None:
    """Heads that nobody can serve cost a bounded number of lots, and none when everybody is full."""
    many = tuple(bytes([0x30 + n]) * 32 for n in range(60))
    chain = CoinChain(still="hours", providers=many)
    for region in range(1, 6):
        redeem(chain, region=region)
    redeem(chain)
    monkeypatch.setattr(type(chain.providers), "serves", lambda *args: False)
    assert chain.redemption._match() == (0, 5 + DRAWS_MAX)
    for _ in range(3):
        redeem(chain, class_floor=0)
        chain.redemption.queues += (t.Queue(0, 0),)
    matches, draws = chain.redemption._match()
    assert (matches, draws <= DRAWS_PER_BLOCK_MAX + DRAWS_MAX) == (0, True)


def test_there_are_as_many_lots_as_providers() -> None:
    assert LOTS_MAX == PROVIDERS_MAX


@settings(max_examples=25, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, 70), st.integers(1, 3), st.integers(0, 5), st.booleans(), st.booleans()),
        max_size=160,
    )
)
def test_urns_hold_what_was_put_into_them(ops: list[tuple[int, int, int, bool, bool]]) -> None:
    chain = CoinChain(still="hours")
    urns = chain.redemption
    for who in ISSUERS:
        urns._take_out(who)
    model: dict[bytes, tuple[int, int, bool]] = {}
    homes: dict[bytes, int] = {}
    for number, region, weight, drains, leaves in ops:
        who = bytes([number]) * 32
        region = homes.setdefault(who, region)  # a provider stands where it stands
        if leaves:
            urns._take_out(who)
            model.pop(who, None)
        else:
            urns._weigh(who, region, weight, drains=drains)
            model[who] = region, weight, drains
    for region in range(4):
        expected = [who for who, each in model.items() if each[1] and region in (0, each[0])]
        drawn = list(urns._drawn(region, bytes(8)))
        assert sorted(drawn) == sorted(expected)
        draining = [model[who][2] for who in drawn]
        assert draining == sorted(draining, reverse=True)
        assert urns._has_issuers(region) == any(region in (0, home) for home, *_ in model.values())
    assert sum(urns.sizes[urn] for urn in urns.sizes) == 2 * len(model)
    assert {who: urns.lots[who] for who in model}.keys() == set(urns.lots)
    assert chain.providers.state_of(ONE) == ProviderState.Active
