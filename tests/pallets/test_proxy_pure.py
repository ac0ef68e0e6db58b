"""Pure accounts: their proxies alone act for them, and each part of their deposit returns to who paid it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pallets.balances import Balances
from pallets.proxy import Proxy
from pallets.proxy import types as t
from pallets.proxy.registry import ANNOUNCEMENT_DEPOSIT, PROXY_DEPOSIT, pure_account
from pallets.proxy.types import ProxyType
from pallets.utility import Utility
from runtime.crypto.hashing import blake2b_256
from runtime.frame import Call, Signed
from runtime.scale import Err, Ok
from runtime.testing import TestChain, refuses
from runtime.types import Address
from runtime.types import dispatch as told
from support.proxies import (
    BASE,
    EVE,
    FACTOR,
    FUNDS,
    KEY,
    OTHER,
    PENDING_BASE,
    PENDING_FACTOR,
    POOR,
    REAL,
    act,
    free,
    make,
    pay,
    remark,
    told_by_proxy,
)


@pytest.fixture
def chain() -> TestChain:
    return make()


def test_a_pure_account_is_its_proxies_alone_until_it_is_killed(chain: TestChain) -> None:
    proxy, balances = chain[Proxy], chain[Balances]
    chain.next_block(2)
    chain.submit(remark(chain), OTHER)
    chain.submit(proxy.create_pure.call(ProxyType.Any, 0, 4), REAL)
    pure = pure_account(REAL, 3, 2, ProxyType.Any, 4)
    assert told_by_proxy(chain) == [t.PureCreated(pure, REAL, ProxyType.Any, 4, 3, 2)]
    assert proxy.proxies[pure] == ((t.ProxyDefinition(REAL, ProxyType.Any, 0),), BASE + FACTOR)
    assert balances.on_hold(PROXY_DEPOSIT, REAL) == BASE + FACTOR
    chain.submit(pay(chain, 90_000, pure), OTHER)
    chain.submit(proxy.proxy.call(Address(pure), None, pay(chain)), REAL)
    assert free(chain, pure, EVE) == [85_000, 5_000]
    chain.next_block()
    chain.try_state()
    kill = proxy.kill_pure.call(Address(REAL), ProxyType.Any, 4, 3, 2)
    for who in (REAL, EVE):
        with refuses(chain, t.NoPermission):
            chain.dispatch(kill, Signed(who))
    for wrong in ((OTHER, 4, 3, 2), (REAL, 5, 3, 2), (REAL, 4, 2, 2), (REAL, 4, 3, 3)):
        spawner, index, height, extrinsic = wrong
        call = proxy.kill_pure.call(Address(spawner), ProxyType.Any, index, height, extrinsic)
        assert act(chain, call, who=REAL, real=pure) == Err(
            told.Module(told.ModuleError(6, bytes([t.NoPermission.index, 0, 0, 0])))
        )
    chain.dispatch(proxy.proxy.call(Address(pure), None, kill), Signed(REAL))
    assert told_by_proxy(chain)[-2:] == [
        t.PureKilled(pure, REAL, ProxyType.Any, 4),
        t.ProxyExecuted(Ok(())),
    ]
    assert balances.on_hold(PROXY_DEPOSIT, REAL) == 0
    with refuses(chain, t.NotProxy):
        act(chain, remark(chain), who=REAL, real=pure)
    chain.try_state()


def test_pure_accounts_of_one_extrinsic_are_told_apart_by_index(chain: TestChain) -> None:
    proxy = chain[Proxy]
    twins = tuple(proxy.create_pure.call(ProxyType.Any, 0, index) for index in (0, 1, 1))
    chain.submit(chain[Utility].force_batch.call(twins), REAL)
    created = [event.pure for event in told_by_proxy(chain)]
    assert created == [pure_account(REAL, 1, 1, ProxyType.Any, index) for index in (0, 1)]
    with refuses(chain, t.Duplicate):
        chain.dispatch(twins[0], Signed(REAL))
    chain.next_block()
    chain.submit(twins[0], REAL)
    assert told_by_proxy(chain)[-1].pure == pure_account(REAL, 2, 1, ProxyType.Any, 0)
    chain.try_state()


def test_a_pure_account_is_the_one_that_substrate_derives() -> None:
    """`blake2_256((b"modlpy/proxy____", who, height, ext_index, proxy_type, index).encode())`: pallet_proxy's
    `pure_account`, its preimage written out.
    """
    preimage = b"modlpy/proxy____" + REAL + bytes.fromhex("04030201" + "05000000" + "01" + "0700")
    assert pure_account(REAL, 0x01020304, 5, ProxyType.NonTransfer, 7) == blake2b_256(preimage)


def spawn(chain: TestChain) -> bytes:
    """A pure account of REAL with coins, to which KEY and OTHER were added at its own cost."""
    chain.dispatch(chain[Proxy].create_pure.call(ProxyType.Any, 0, 0), Signed(REAL))
    pure: bytes = told_by_proxy(chain)[-1].pure
    chain.dispatch(pay(chain, 100_000, pure), Signed(OTHER))
    for delegate in (KEY, OTHER):
        assert act(chain, add_call(chain, delegate), who=REAL, real=pure) == Ok(())
    chain.try_state()
    assert chain[Balances].on_hold(PROXY_DEPOSIT, pure) == 2 * FACTOR
    return pure


def add_call(chain: TestChain, delegate: bytes) -> Call:
    return chain[Proxy].add_proxy.call(Address(delegate), ProxyType.Any, 0)


def test_each_part_of_a_pure_accounts_deposit_returns_to_who_paid_it(chain: TestChain) -> None:
    proxy, balances = chain[Proxy], chain[Balances]
    pure = spawn(chain)
    for delegate, held in ((REAL, FACTOR), (KEY, 0)):  # its own coins first
        call = proxy.remove_proxy.call(Address(delegate), ProxyType.Any, 0)
        assert act(chain, call, who=OTHER, real=pure) == Ok(())
        assert balances.on_hold(PROXY_DEPOSIT, pure) == held
        assert balances.on_hold(PROXY_DEPOSIT, REAL) == BASE + FACTOR
        chain.try_state()
    for each in (add_call(chain, KEY), proxy.remove_proxies.call()):
        assert act(chain, each, who=OTHER, real=pure) == Ok(())
        chain.try_state()
    assert [balances.on_hold(PROXY_DEPOSIT, who) for who in (REAL, pure)] == [0, 0]
    assert free(chain, pure) == [100_000]
    assert pure not in proxy.spawners


def test_a_killed_account_gives_back_what_it_paid_itself(chain: TestChain) -> None:
    pure = spawn(chain)
    kill = chain[Proxy].kill_pure.call(Address(REAL), ProxyType.Any, 0, 1, 0)
    assert act(chain, kill, real=pure) == Ok(())
    assert [chain[Balances].on_hold(PROXY_DEPOSIT, who) for who in (REAL, pure)] == [0, 0]
    assert free(chain, REAL, pure) == [FUNDS, 100_000]
    chain.try_state()


def test_a_spawner_that_is_spawned_itself_keeps_both_books_apart(chain: TestChain) -> None:
    pure = spawn(chain)
    create = chain[Proxy].create_pure.call(ProxyType.Any, 0, 9)
    assert act(chain, create, who=REAL, real=pure) == Ok(())
    chain.try_state()
    assert act(chain, chain[Proxy].remove_proxies.call(), who=REAL, real=pure) == Ok(())
    assert chain[Balances].on_hold(PROXY_DEPOSIT, pure) == BASE + FACTOR
    chain.try_state()


def test_deposits_are_made_what_the_chain_asks_for_now(chain: TestChain) -> None:
    """The chain is upgraded to other prices, up and down and to nothing, with what stands from before."""
    submit = chain.submit
    submit(chain[Proxy].add_proxy.call(Address(KEY), ProxyType.Any, 2), REAL)
    submit(chain[Proxy].announce.call(Address(REAL), bytes(32)), KEY)
    poke = chain[Proxy].poke_deposit.call()
    assert chain.dispatch(poke, Signed(REAL)).pays
    assert chain.dispatch(poke, Signed(EVE)).pays
    assert len(told_by_proxy(chain)) == 2  # poked, and nothing to tell
    before = 1
    for factor in (3, 1, 0):
        reprice(chain, factor)
        poke = chain[Proxy].poke_deposit.call()
        expected: list[t.DepositPoked] = []
        for who, kind, hold, price in (
            (REAL, t.DepositKind.Proxies, PROXY_DEPOSIT, BASE + FACTOR),
            (KEY, t.DepositKind.Announcements, ANNOUNCEMENT_DEPOSIT, PENDING_BASE + PENDING_FACTOR),
        ):
            assert chain.dispatch(poke, Signed(who)).pays is False
            assert chain[Balances].on_hold(hold, who) == factor * price
            expected.append(t.DepositPoked(who, kind, before * price, factor * price))
        assert told_by_proxy(chain) == expected
        chain.try_state()
        before = factor


def test_a_spawner_has_back_what_became_cheaper_and_the_rest_at_the_end(chain: TestChain) -> None:
    chain.submit(chain[Proxy].create_pure.call(ProxyType.Any, 0, 0), REAL)
    pure = told_by_proxy(chain)[-1].pure
    for doubled, price in ((2, BASE + FACTOR), (1, BASE + FACTOR), (0, 0)):
        reprice(chain, doubled)  # dearer: the account itself would have to pay, and has no coins
        poke = chain[Proxy].proxy.call(Address(pure), None, chain[Proxy].poke_deposit.call())
        chain.dispatch(poke, Signed(REAL))
        assert told_by_proxy(chain)[-1].result == (Err(POOR) if doubled == 2 else Ok(()))
        assert chain[Balances].on_hold(PROXY_DEPOSIT, REAL) == price
        chain.try_state()
    assert pure not in chain[Proxy].spawners
    reprice(chain, 2)
    chain.dispatch(chain[Proxy].create_pure.call(ProxyType.Any, 0, 1), Signed(REAL))
    pure = told_by_proxy(chain)[-1].pure
    reprice(chain, 1)
    act(chain, chain[Proxy].poke_deposit.call(), who=REAL, real=pure)
    assert chain[Balances].on_hold(PROXY_DEPOSIT, REAL) == BASE + FACTOR
    chain.try_state()
    act(chain, chain[Proxy].remove_proxies.call(), who=REAL, real=pure)
    assert chain[Balances].on_hold(PROXY_DEPOSIT, REAL) == 0
    chain.try_state()


def reprice(chain: TestChain, factor: int) -> None:
    """Upgrade to a runtime whose deposits are `factor` times those of the tests."""
    prices = {
        "proxy_deposit_base": factor * BASE,
        "proxy_deposit_factor": factor * FACTOR,
        "announcement_deposit_base": factor * PENDING_BASE,
        "announcement_deposit_factor": factor * PENDING_FACTOR,
    }
    seats = [
        replace(seat, config={**seat.config, **prices}) if seat.pallet == "Proxy" else seat
        for seat in chain.spec.pallets
    ]
    chain.spec = replace(chain.spec, pallets=tuple(seats))
    chain.upgrade()
