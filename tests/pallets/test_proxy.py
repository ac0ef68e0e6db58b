"""Proxy on a chain: who acts for whom, within what, after which announcement; deposits return to who paid
them; and no nesting of wrappers adds power to a limited key.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from itertools import product
from typing import Any

import pytest

from pallets.attestation.types import Stage
from pallets.balances import Balances
from pallets.multisig import Multisig
from pallets.multisig.pallet import multi_account
from pallets.proxy import Proxy
from pallets.proxy import types as t
from pallets.proxy.pallet import FIND, PENDING, PROXIES, PROXY, weight_of_announcement
from pallets.proxy.registry import ANNOUNCEMENT_DEPOSIT, PROXY_DEPOSIT, pure_account
from pallets.proxy.types import ProxyType
from pallets.redemption.types import Service
from pallets.sudo import Sudo
from pallets.system import System
from pallets.system.types import Remarked
from pallets.timestamp import Timestamp
from pallets.transaction_payment import TransactionPayment
from pallets.utility import Utility
from pallets.utility.pallet import derived_account
from pallets.utility.types import BatchInterrupted
from runtime.crypto.hashing import blake2b_256, twox_64, twox_128
from runtime.frame import BadOrigin, Call, FundsUnavailable, Root, Signed
from runtime.frame.constant import constants_of
from runtime.frame.error import CannotLookup, DispatchError
from runtime.frame.host import CALL_DEPTH_MAX, CallFiltered
from runtime.frame.late import RuntimeCall
from runtime.lifecycle import LoadError
from runtime.scale import Err, Ok
from runtime.testing import TestChain, refuses
from runtime.types import Address, Weight
from runtime.types import dispatch as told
from runtime.types.account import RawAddress
from support.coin import ALICE, COIN, COIN_PALLETS, CPU_CLASS, ISSUERS, CoinChain

REAL, KEY, OTHER, EVE, DUST = (bytes([n]) * 32 for n in (1, 2, 3, 5, 9))
FUNDS = 10**12
BASE, FACTOR, PENDING_BASE, PENDING_FACTOR = 1_000, 100, 2_000, 200
FILTERED = told.BadOrigin()
POOR = told.Token(told.FundsUnavailable())
FILTERS: list[dict[str, Any]] = [
    {"proxy_type": "NonTransfer", "calls": ["System", "Utility", "Multisig", "Proxy"]},
    {"proxy_type": "Governance", "calls": ["System.remark_with_event", "Utility.batch", "Utility.batch_all"]},
    {"proxy_type": "Reporter", "calls": ["Balances.transfer_all"]},
    {"proxy_type": "CancelProxy", "calls": ["Proxy.reject_announcement"]},
]
"""More than a real chain would let a limited key do: every wrapper there is, so that tests can nest them."""


def make(filters: list[dict[str, Any]] | None = None, **config: int) -> TestChain:
    return TestChain(
        System,
        Timestamp,
        Balances,
        TransactionPayment,
        Utility,
        Multisig,
        Proxy,
        Sudo,
        config={
            "Balances": {"existential_deposit": 500, "dust_account": DUST},
            "TransactionPayment": {"fee_account": DUST},
            "Multisig": {"deposit_base": 1_000, "deposit_factor": 100},
            "Proxy": {
                "proxy_deposit_base": BASE,
                "proxy_deposit_factor": FACTOR,
                "announcement_deposit_base": PENDING_BASE,
                "announcement_deposit_factor": PENDING_FACTOR,
                "filters": FILTERS if filters is None else filters,
            }
            | config,
        },
        genesis={
            "Balances": {"balances": [[who, FUNDS] for who in (REAL, KEY, OTHER, DUST)]},
            "Sudo": {"key": REAL},
        },
    )


@pytest.fixture
def chain() -> TestChain:
    return make()


def pay(chain: TestChain, amount: int = 5_000, dest: bytes = EVE) -> Call:
    return chain[Balances].transfer_keep_alive.call(Address(dest), amount)


def remark(chain: TestChain) -> Call:
    return chain[System].remark_with_event.call(b"here")


def hash_of(chain: TestChain, call: Call) -> bytes:
    return blake2b_256(chain.host.codec(RuntimeCall).encode(call))


def add(
    chain: TestChain,
    kind: ProxyType = ProxyType.Any,
    delay: int = 0,
    *,
    real: bytes = REAL,
    delegate: bytes = KEY,
) -> None:
    chain.dispatch(chain[Proxy].add_proxy.call(Address(delegate), kind, delay), Signed(real))


def act(
    chain: TestChain, call: Call, *, who: bytes = KEY, real: bytes = REAL, kind: ProxyType | None = None
) -> Any:
    """Make a call by proxy; how it ended."""
    chain.dispatch(chain[Proxy].proxy.call(Address(real), kind, call), Signed(who))
    return told_by_proxy(chain)[-1].result


def announce(chain: TestChain, call: Call, *, who: bytes = KEY, real: bytes = REAL) -> None:
    chain.dispatch(chain[Proxy].announce.call(Address(real), hash_of(chain, call)), Signed(who))


def announced(chain: TestChain, call: Call, kind: ProxyType | None = None) -> Call:
    return chain[Proxy].proxy_announced.call(Address(KEY), Address(REAL), kind, call)


def told_by_proxy(chain: TestChain) -> list[Any]:
    return [event for event in chain.events if isinstance(event, t.ProxyEvent)]


def free(chain: TestChain, *whose: bytes) -> list[int]:
    return [chain[Balances].free_balance(who) for who in whose]


# Who acts for whom.


def test_a_proxy_acts_for_an_account_and_pays_the_fee_itself(chain: TestChain) -> None:
    proxy = chain[Proxy]
    chain.submit(proxy.add_proxy.call(Address(KEY), ProxyType.Any, 0), REAL)
    assert told_by_proxy(chain) == [t.ProxyAdded(REAL, KEY, ProxyType.Any, 0)]
    assert proxy.proxies[REAL] == ((t.ProxyDefinition(KEY, ProxyType.Any, 0),), BASE + FACTOR)
    before, key = free(chain, REAL, KEY)
    chain.submit(proxy.proxy.call(Address(REAL), None, pay(chain)), KEY)
    assert told_by_proxy(chain)[-1] == t.ProxyExecuted(Ok(()))
    assert free(chain, REAL, EVE) == [before - 5_000, 5_000]
    assert free(chain, KEY)[0] < key
    chain.next_block()
    chain.try_state()


def test_a_refused_call_is_told(chain: TestChain) -> None:
    add(chain)
    assert act(chain, pay(chain, 2 * FUNDS)) == Err(POOR)
    assert act(chain, chain[Sudo].sudo.call(remark(chain))) == Ok(())  # Any is any: REAL has the key of Sudo


def test_only_proxies_act_and_only_for_who_added_them(chain: TestChain) -> None:
    add(chain)
    message = "NotProxy: Sender is not a proxy of the account to be proxied."
    for who, real, kind in (
        (EVE, REAL, None),
        (REAL, KEY, None),
        (REAL, REAL, None),
        (KEY, OTHER, None),
        (KEY, REAL, ProxyType.Governance),
    ):
        with refuses(chain, t.NotProxy, message):
            act(chain, pay(chain), who=who, real=real, kind=kind)


def test_proxies_are_sorted_priced_and_taken_back(chain: TestChain) -> None:
    proxy, balances = chain[Proxy], chain[Balances]
    wanted = [
        (OTHER, ProxyType.Any, 7),
        (KEY, ProxyType.Staking, 0),
        (KEY, ProxyType.NonTransfer, 300),
        (KEY, ProxyType.NonTransfer, 2),
    ]
    for count, (delegate, kind, delay) in enumerate(wanted, start=1):
        add(chain, kind, delay, delegate=delegate)
        assert balances.on_hold(PROXY_DEPOSIT, REAL) == BASE + count * FACTOR
    assert [each.order for each in proxy.proxies[REAL][0]] == sorted(wanted)
    chain.try_state()
    for count, (delegate, kind, delay) in enumerate(wanted):
        call = proxy.remove_proxy.call(Address(delegate), kind, delay)
        chain.dispatch(call, Signed(REAL))
        assert told_by_proxy(chain)[-1] == t.ProxyRemoved(REAL, delegate, kind, delay)
        left = 3 - count
        assert balances.on_hold(PROXY_DEPOSIT, REAL) == (BASE + left * FACTOR if left else 0)
        with refuses(chain, t.NotFound):
            chain.dispatch(call, Signed(REAL))
    assert REAL not in proxy.proxies
    for delegate, kind, delay in wanted:
        add(chain, kind, delay, delegate=delegate)
    chain.dispatch(proxy.remove_proxies.call(), Signed(REAL))
    assert REAL not in proxy.proxies
    assert free(chain, REAL) == [FUNDS]
    with refuses(chain, t.NotProxy):
        act(chain, remark(chain))


def test_refusals_of_a_registration(chain: TestChain) -> None:
    proxy = chain[Proxy]
    with refuses(chain, t.NoSelfProxy, "NoSelfProxy: Cannot add self as proxy."):
        add(chain, delegate=REAL)
    add(chain, ProxyType.Governance, 3)
    with refuses(chain, t.Duplicate, "Duplicate: Account is already a proxy."):
        add(chain, ProxyType.Governance, 3)
    for delay in range(t.PROXIES_MAX - 1):
        add(chain, delay=delay)
    with refuses(chain, t.TooMany):
        add(chain, delegate=OTHER)
    with refuses(chain, FundsUnavailable):
        add(chain, real=EVE)
    with refuses(chain, FundsUnavailable):
        chain.dispatch(proxy.create_pure.call(ProxyType.Any, 0, 0), Signed(EVE))
    here, raw = Address(KEY), RawAddress(b"")
    for call in (
        proxy.proxy.call(raw, None, remark(chain)),
        proxy.add_proxy.call(raw, ProxyType.Any, 0),
        proxy.remove_proxy.call(raw, ProxyType.Any, 0),
        proxy.kill_pure.call(raw, ProxyType.Any, 0, 1, 0),
        proxy.announce.call(raw, bytes(32)),
        proxy.remove_announcement.call(raw, bytes(32)),
        proxy.reject_announcement.call(raw, bytes(32)),
        proxy.proxy_announced.call(raw, here, None, remark(chain)),
        proxy.proxy_announced.call(here, raw, None, remark(chain)),
    ):
        with refuses(chain, CannotLookup):
            chain.dispatch(call, Signed(REAL))
        with refuses(chain, BadOrigin):
            chain.dispatch(call, Root())
    for call in (
        proxy.remove_proxies.call(),
        proxy.create_pure.call(ProxyType.Any, 0, 0),
        proxy.poke_deposit.call(),
    ):
        with refuses(chain, BadOrigin):
            chain.dispatch(call, Root())


# Announcements.


def test_a_delayed_proxy_announces_waits_and_acts(chain: TestChain) -> None:
    proxy, balances, call = chain[Proxy], chain[Balances], pay(chain)
    chain.submit(proxy.add_proxy.call(Address(KEY), ProxyType.Any, 3), REAL)
    with refuses(chain, t.Unannounced, "Unannounced: Announcement, if made at all, was made too recently."):
        act(chain, call)
    with refuses(chain, t.Unannounced):
        chain.dispatch(announced(chain, call), Signed(KEY))
    chain.submit(proxy.announce.call(Address(REAL), hash_of(chain, call)), KEY)
    assert told_by_proxy(chain)[-1] == t.Announced(REAL, KEY, hash_of(chain, call))
    assert proxy.announcements[KEY] == (
        (t.Announcement(REAL, hash_of(chain, call), 1),),
        PENDING_BASE + PENDING_FACTOR,
    )
    assert balances.on_hold(ANNOUNCEMENT_DEPOSIT, KEY) == PENDING_BASE + PENDING_FACTOR
    for _ in range(3):
        with refuses(chain, t.Unannounced):
            chain.dispatch(announced(chain, call), Signed(KEY))
        chain.next_block()
    with refuses(chain, t.Unannounced):
        chain.dispatch(announced(chain, pay(chain, 5_001)), Signed(KEY))
    chain.submit(announced(chain, call), OTHER)  # anybody may
    assert told_by_proxy(chain)[-1] == t.ProxyExecuted(Ok(()))
    assert free(chain, EVE) == [5_000]
    assert balances.on_hold(ANNOUNCEMENT_DEPOSIT, KEY) == 0
    with refuses(chain, t.Unannounced):
        chain.dispatch(announced(chain, call), Signed(KEY))
    chain.next_block()
    chain.try_state()


def test_an_announcement_is_taken_back_or_rejected(chain: TestChain) -> None:
    proxy, call, hashed = chain[Proxy], pay(chain), hash_of(chain, pay(chain))
    add(chain, delay=1)
    add(chain, delay=1, real=OTHER)
    take_back = proxy.remove_announcement.call(Address(REAL), hashed)
    reject = proxy.reject_announcement.call(Address(KEY), hashed)
    announce(chain, call)
    announce(chain, call, real=OTHER)
    announce(chain, remark(chain))
    chain.dispatch(take_back, Signed(KEY))
    with refuses(chain, t.NotFound):
        chain.dispatch(take_back, Signed(KEY))
    announce(chain, call)
    with refuses(chain, t.NotFound):
        chain.dispatch(reject, Signed(EVE))
    chain.dispatch(reject, Signed(REAL))
    with refuses(chain, t.NotFound):
        chain.dispatch(reject, Signed(REAL))
    assert [each.real for each in proxy.announcements[KEY][0]] == [OTHER, REAL]
    assert chain[Balances].on_hold(ANNOUNCEMENT_DEPOSIT, KEY) == PENDING_BASE + 2 * PENDING_FACTOR
    chain.try_state()


def test_refusals_of_an_announcement(chain: TestChain) -> None:
    with refuses(chain, t.NotProxy):
        announce(chain, pay(chain))
    with refuses(chain, t.NotProxy):
        chain.dispatch(announced(chain, pay(chain)), Signed(OTHER))
    add(chain, delay=1)
    add(chain, delay=1, delegate=EVE)
    with refuses(chain, FundsUnavailable):
        announce(chain, pay(chain), who=EVE)
    for _ in range(t.PENDING_MAX):
        announce(chain, pay(chain))
    with refuses(chain, t.TooMany):
        announce(chain, pay(chain))
    chain.dispatch(chain[Proxy].remove_proxies.call(), Signed(REAL))
    with refuses(chain, t.NotProxy):
        chain.dispatch(announced(chain, pay(chain)), Signed(KEY))


def test_a_stranger_cannot_use_up_what_was_announced(chain: TestChain) -> None:
    """Neither by a filter around it, nor by nesting it too deep, nor by a lesser type that the proxy has."""
    proxy, utility = chain[Proxy], chain[Utility]
    call = utility.batch_all.call((pay(chain),))
    add(chain, delay=1)
    add(chain, ProxyType.Governance)
    announce(chain, call)
    chain.next_block()
    own = proxy.add_proxy.call(Address(EVE), ProxyType.NonTransfer, 0)
    chain.dispatch(own, Signed(OTHER))
    made = announced(chain, call)
    with refuses(chain, CallFiltered):
        chain.dispatch(utility.batch_all.call((made,)), Signed(OTHER))
    assert act(chain, made, who=EVE, real=OTHER) == Err(FILTERED)
    with refuses(chain, CallFiltered):
        chain.dispatch(announced(chain, call, ProxyType.Governance), Signed(OTHER))
    deep = made
    for _ in range(CALL_DEPTH_MAX - 1):
        deep = utility.batch.call((deep,))
    chain.dispatch(deep, Signed(OTHER))
    assert BatchInterrupted(0, told.Exhausted()) in chain.events
    chain.dispatch(made, Signed(OTHER))
    assert free(chain, EVE) == [5_000]


# Pure accounts.


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


# Types of proxies.


def test_a_type_allows_what_it_lists_and_any_all(chain: TestChain) -> None:
    for kind in ProxyType:
        add(chain, kind, delegate=bytes([0x20 + kind]) * 32)
    for kind, call, passes in (
        (ProxyType.Any, pay(chain), True),
        (ProxyType.NonTransfer, pay(chain), False),
        (ProxyType.NonTransfer, remark(chain), True),
        (ProxyType.Governance, remark(chain), True),
        (ProxyType.Governance, chain[System].remark.call(b""), False),
        (ProxyType.Governance, chain[Utility].batch.call((remark(chain),)), True),
        (ProxyType.Governance, chain[Utility].force_batch.call((remark(chain),)), False),
        (ProxyType.Staking, remark(chain), False),  # not listed: it may do nothing
        (ProxyType.Provider, remark(chain), False),
    ):
        result = act(chain, call, who=bytes([0x20 + kind]) * 32)
        assert result == (Ok(()) if passes else Err(FILTERED)), f"{kind.name}: {call}"
    assert free(chain, EVE) == [5_000]


def test_one_key_of_several_types_acts_as_the_first_or_as_it_says(chain: TestChain) -> None:
    for kind in (ProxyType.Reporter, ProxyType.Governance):
        add(chain, kind)
    everything = chain[Balances].transfer_all.call(Address(EVE), True)
    assert act(chain, remark(chain)) == Ok(())
    assert act(chain, everything) == Err(FILTERED)
    assert act(chain, everything, kind=ProxyType.Reporter) == Ok(())
    assert act(chain, remark(chain), kind=ProxyType.Reporter) == Err(FILTERED)


def test_a_guard_rejects_what_a_proxy_announced_and_does_nothing_else(chain: TestChain) -> None:
    add(chain, delay=10)
    add(chain, ProxyType.CancelProxy, delegate=OTHER)
    announce(chain, pay(chain))
    for call in (pay(chain), chain[Proxy].remove_proxies.call(), remark(chain)):
        assert act(chain, call, who=OTHER) == Err(FILTERED)
    reject = chain[Proxy].reject_announcement.call(Address(KEY), hash_of(chain, pay(chain)))
    assert act(chain, reject, who=OTHER) == Ok(())
    assert chain[Proxy].announcements[KEY] == ((), 0)


def test_a_limited_proxy_grants_and_takes_no_more_than_it_has(chain: TestChain) -> None:
    """What NonTransfer lists covers what Governance and CancelProxy list, and not what Reporter does."""
    proxy = chain[Proxy]
    add(chain, ProxyType.NonTransfer)
    for kind in ProxyType:
        passes = kind not in (ProxyType.Any, ProxyType.Reporter)
        expected = Ok(()) if passes else Err(FILTERED)
        assert act(chain, proxy.add_proxy.call(Address(EVE), kind, 0)) == expected, kind
        if not passes:
            add(chain, kind, delegate=EVE)
        assert act(chain, proxy.remove_proxy.call(Address(EVE), kind, 0)) == expected, kind
    for call in (
        proxy.remove_proxies.call(),
        proxy.kill_pure.call(Address(REAL), ProxyType.Any, 0, 1, 0),
        proxy.announce.call(Address(OTHER), bytes(32)),
    ):
        assert act(chain, call) == Err(FILTERED)


def listed(kind: str, *calls: str) -> dict[str, Any]:
    return {"proxy_type": kind, "calls": list(calls)}


HERE = "Balances, Multisig, Proxy, Sudo, System, Timestamp, TransactionPayment, Utility"
BATCHES = "batch, as_derivative, batch_all, dispatch_as, force_batch"
TYPES = "Any, NonTransfer, Governance, Staking, Provider, Reporter, CancelProxy"


@pytest.mark.parametrize(
    ("filters", "message"),
    [
        (
            [listed("Governance", "Voting.vote")],
            f"filters: Governance allows 'Voting.vote', and the chain has no pallet 'Voting'; it has: {HERE}",
        ),
        (
            [listed("Staking", "Utility.batch", "Utility.b")],
            f"filters: Staking allows 'Utility.b', and the pallet has no such call; its calls are: {BATCHES}",
        ),
        (
            [listed("Staking", "Utility.")],
            f"filters: Staking allows 'Utility.', and the pallet has no such call; its calls are: {BATCHES}",
        ),
        (
            [listed("Staking", "TransactionPayment")],
            "filters: Staking allows 'TransactionPayment', and the pallet has no calls",
        ),
        ([listed("Any", "Utility")], "filters: Any may do everything, and takes no list"),
        ([FILTERS[1], FILTERS[0], FILTERS[1]], "filters: Governance is listed twice"),
        ([listed("Root")], f"config: filters[0].proxy_type: 'Root' is none of {TYPES}"),
    ],
)
def test_a_list_that_names_what_the_chain_has_not_is_refused_when_it_is_loaded(
    filters: list[dict[str, Any]], message: str
) -> None:
    with pytest.raises(LoadError) as refusal:
        make(filters)
    assert str(refusal.value) == f"Proxy: {message}"


# Nesting.


def account_of(maker: bytes, wrapper: str) -> bytes:
    """On whose authority a call within a wrapper runs that `maker` calls."""
    match wrapper:
        case "as_derivative":
            return derived_account(maker, 0)
        case "as_multi_threshold_1":
            return multi_account(tuple(sorted((maker, OTHER))), 1)
        case "as_multi":
            return multi_account(tuple(sorted((maker, OTHER))), 2)
        case "proxy" | "proxy_announced":
            return blake2b_256(b"whoever made " + maker + b" its proxy")
        case _:
            return maker


def wrap(chain: TestChain, maker: bytes, wrapper: str, call: Call) -> Call:
    """The call by which `maker` makes `call` through a wrapper, with all that others do for that before."""
    utility, multisig, proxy = chain[Utility], chain[Multisig], chain[Proxy]
    inner = account_of(maker, wrapper)
    match wrapper:
        case "as_derivative":
            return utility.as_derivative.call(0, call)
        case "as_multi_threshold_1":
            return multisig.as_multi_threshold_1.call((OTHER,), call)
        case "as_multi":
            key, least = (inner, hash_of(chain, call)), Weight(0, 0)
            if key not in multisig.multisigs:
                by_hash = multisig.approve_as_multi.call(2, (maker,), None, key[1], least)
                chain.dispatch(by_hash, Signed(OTHER))
            when = multisig.multisigs[key].when
            return multisig.as_multi.call(2, (OTHER,), when, call, call.weight)
        case "proxy" | "proxy_announced":
            ensure(chain, inner, maker)
            if wrapper == "proxy":
                return proxy.proxy.call(Address(inner), None, call)
            announce(chain, call, who=maker, real=inner)
            return proxy.proxy_announced.call(Address(maker), Address(inner), None, call)
        case _:
            batch: Call = getattr(utility, wrapper).call((call,))
            return batch


WRAPPERS = (
    "batch",
    "batch_all",
    "force_batch",
    "as_derivative",
    "as_multi_threshold_1",
    "as_multi",
    "proxy",
    "proxy_announced",
)
NESTINGS = (*((each,) for each in WRAPPERS), *product(WRAPPERS, repeat=2))


def ensure(chain: TestChain, real: bytes, delegate: bytes) -> None:
    """Let `delegate` do anything for `real`, if it may not yet."""
    definition = t.ProxyDefinition(delegate, ProxyType.Any, 0)
    if definition not in chain[Proxy].proxies[real][0]:
        add(chain, real=real, delegate=delegate)


def cores(chain: TestChain, maker: bytes) -> tuple[Call, ...]:
    """What a limited key may bring about; and then what it must not, however it is wrapped."""
    proxy = chain[Proxy]
    return (
        remark(chain),
        pay(chain),
        proxy.add_proxy.call(Address(KEY), ProxyType.Any, 0),
        proxy.remove_proxies.call(),
        proxy.announce.call(Address(account_of(maker, "proxy")), hash_of(chain, pay(chain))),
        chain[Multisig].as_multi_threshold_1.call((DUST,), pay(chain)),
    )


def standing(chain: TestChain, maker: bytes) -> Any:
    """What shows that one of these was brought about."""
    proxy, remarks = chain[Proxy], [each for each in chain.events if isinstance(each, Remarked)]
    return remarks, free(chain, EVE), proxy.proxies[maker], proxy.announcements[maker][0]


def brings_about(chain: TestChain, nesting: tuple[str, ...], at: int, limit: ProxyType | None) -> bool:
    """Whether a call, nested in wrappers, does what it should, when REAL makes it itself or, with a limit,
    its proxy does.
    """
    makers = [REAL]
    for wrapper in nesting:
        makers.append(account_of(makers[-1], wrapper))
    last = makers[-1]
    for rich in (last, multi_account(tuple(sorted((last, DUST))), 1)):
        chain.dispatch(pay(chain, 10_000, rich), Signed(DUST))
    ensure(chain, account_of(last, "proxy"), last)
    ensure(chain, last, DUST)
    call = cores(chain, last)[at]
    for wrapper, maker in reversed(tuple(zip(nesting, makers[:-1], strict=True))):
        call = wrap(chain, maker, wrapper, call)
    before = standing(chain, last)
    who = REAL
    if limit is not None:
        who, call = KEY, chain[Proxy].proxy.call(Address(REAL), limit, call)
    with suppress(DispatchError):
        chain.dispatch(call, Signed(who))
    return bool(standing(chain, last) != before)


@pytest.mark.parametrize("limit", [ProxyType.NonTransfer, None])
def test_no_nesting_of_wrappers_adds_power(limit: ProxyType | None) -> None:
    """Whatever wrapper stands in whatever other, a limited key brings nothing about that its type does not
    list, and all that it lists; the account itself (`limit` is None) brings about each of them.
    """
    chain = make(
        proxy_deposit_base=0,
        proxy_deposit_factor=0,
        announcement_deposit_base=0,
        announcement_deposit_factor=0,
    )
    add(chain, ProxyType.NonTransfer)
    overlay = chain.host.overlay
    for nesting, at in product(NESTINGS, range(len(cores(chain, REAL)))):
        mark = overlay.open()
        found = brings_about(chain, nesting, at, limit)
        overlay.undo(mark)
        does_not_nest = nesting == ("batch_all", "batch_all")
        wanted = (limit is None or at == 0) and not does_not_nest
        assert found == wanted, f"{cores(chain, REAL)[at]} within {' within '.join(reversed(nesting))}"


# The coin.


MACHINE = [
    listed(
        "Provider",
        "Attestation.commit",
        "Attestation.open",
        "Attestation.meet_demand",
        "Redemption.accept",
        "Redemption.ready",
        "Redemption.deliver",
        "Utility.batch",
        "Utility.batch_all",
        "Utility.force_batch",
    )
]


@pytest.fixture(scope="module")
def coin() -> CoinChain:
    """The whole coin; all providers let KEY act for them, as far as a machine must."""
    prices = dict.fromkeys(("proxy_deposit_base", "proxy_deposit_factor"), COIN)
    prices |= dict.fromkeys(("announcement_deposit_base", "announcement_deposit_factor"), COIN)
    chain = CoinChain(
        pallets=(*COIN_PALLETS, Utility, Proxy), config={"Proxy": {**prices, "filters": MACHINE}}
    )
    for who in ISSUERS:
        chain.by(who, chain[Proxy].add_proxy.call(Address(KEY), ProxyType.Provider, 0))
    chain.run()
    return chain


def serve(chain: CoinChain, who: bytes, call: Call) -> None:
    """A provider's machine makes a call for it, and it ends well."""
    chain.submit_well(chain[Proxy].proxy.call(Address(who), None, call), KEY)
    assert told_by_proxy(chain)[-1] == t.ProxyExecuted(Ok(())), call


def test_the_key_of_a_machine_attests(coin: CoinChain) -> None:
    attestation = coin.attestation
    coin.until_window()
    works = {who: coin.work_of(who) for who in ISSUERS}
    for who, work in works.items():
        serve(coin, who, attestation.commit.call(0, work.root))
    coin.until_drawn()
    drawn = [who for who in ISSUERS if coin.is_drawn(who)]
    assert drawn
    for who in drawn:
        serve(coin, who, attestation.open.call(0, coin.leaves(works[who], who)))
        assert coin.commitment_of(who).stage == Stage.Opened
    coin.until_window(is_open=False)


def test_the_key_of_a_machine_serves_a_redemption(coin: CoinChain) -> None:
    redemption, number = coin.redemption, coin.redemption.next_ticket
    coin.by(ALICE, redemption.redeem.call(5 * COIN, Service.Train, CPU_CLASS, 0, bytes(32)))
    coin.run()
    who = redemption.tickets[number].server
    assert who is not None
    serve(coin, who, coin[Utility].batch_all.call((redemption.accept.call(number),)))
    coin.by(ALICE, redemption.begin.call(number))
    serve(coin, who, redemption.ready.call(number))
    serve(coin, who, redemption.deliver.call(number, b"\xbb" * 32))
    coin.by(ALICE, redemption.confirm.call(number))
    assert redemption.receipts[number].server == who


def test_the_key_of_a_machine_moves_no_coin(coin: CoinChain) -> None:
    """Not one call of the chain but those that are listed, neither alone nor in a batch; and nothing at all
    has happened to the provider's coins.
    """
    who, proxy = ISSUERS[1], coin[Proxy]
    before = coin.balances.accounts.account_info(who), coin.providers.providers[who]
    here, least = Address(EVE), COIN
    for call in (
        coin.balances.transfer_allow_death.call(here, least),
        coin.balances.transfer_keep_alive.call(here, least),
        coin.balances.transfer_all.call(here, False),
        coin.issuance.mint.call(least, 0),
        coin.issuance.burn.call(who, least),
        coin.providers.bond.call(least),
        coin.providers.unbond.call(least),
        coin.providers.give_notice.call(),
        coin.providers.offer_novation.call(EVE, least),
        coin.redemption.redeem.call(least, Service.Train, CPU_CLASS, 0, bytes(32)),
        proxy.add_proxy.call(here, ProxyType.Provider, 0),
        proxy.remove_proxies.call(),
        coin[Utility].as_derivative.call(0, coin.balances.transfer_all.call(here, False)),
    ):
        for made in (call, coin[Utility].batch_all.call((call,))):
            coin.by(KEY, proxy.proxy.call(Address(who), None, made))
            assert told_by_proxy(coin)[-1] == t.ProxyExecuted(Err(FILTERED)), made
    assert (coin.balances.accounts.account_info(who), coin.providers.providers[who]) == before
    coin.try_state()


# Figures.


def test_what_a_proxied_call_weighs_and_whether_it_costs(chain: TestChain) -> None:
    proxy, utility = chain[Proxy], chain[Utility]
    chain.submit(proxy.add_proxy.call(Address(KEY), ProxyType.Any, 0), REAL)
    call = utility.batch.call((pay(chain, 2 * FUNDS), pay(chain)))
    made = proxy.proxy.call(Address(REAL), None, call)
    assert made.weight == PROXY + call.weight
    used = chain.submit(made, KEY).weight
    assert used == PROXY + chain.dispatch(call, Signed(REAL)).weight_of(call)
    assert used.ref_time < made.weight.ref_time
    later = announced(chain, pay(chain))
    assert later.weight == weight_of_announcement(pay(chain)) + pay(chain).weight
    longer = pay(chain, 1 << 40)
    assert weight_of_announcement(longer).ref_time > weight_of_announcement(pay(chain)).ref_time
    announce(chain, pay(chain))
    assert chain.dispatch(later, Signed(OTHER)).weight_of(later) == later.weight
    refused = proxy.proxy.call(Address(REAL), None, pay(chain, 2 * FUNDS))
    assert chain.dispatch(refused, Signed(KEY)).weight_of(refused) == refused.weight
    assert proxy.announce.call(Address(REAL), bytes(32)).weight == FIND + PENDING
    assert proxy.poke_deposit.call().weight == PROXIES + PENDING
    before = free(chain, KEY)
    free_of_charge = chain[Sudo].set_key.call(Address(REAL))
    chain.submit(proxy.proxy.call(Address(REAL), None, free_of_charge), KEY)
    assert free(chain, KEY) == before


def test_proxy_looks_to_clients_as_substrates_does(chain: TestChain) -> None:
    """Bytes written by hand from pallet_proxy's indices and layouts."""
    encode, proxy, there = chain.host.codec(RuntimeCall).encode, chain[Proxy], Address(KEY)
    remark_bytes, to = bytes(3), b"\0" + KEY
    call, governance = chain[System].remark.call(b""), ProxyType.Governance
    for made, expected in (
        (proxy.proxy.call(there, None, call), bytes([0]) + to + bytes([0]) + remark_bytes),
        (proxy.proxy.call(there, governance, call), bytes([0]) + to + bytes([1, 2]) + remark_bytes),
        (proxy.add_proxy.call(there, governance, 258), bytes([1]) + to + bytes([2, 2, 1, 0, 0])),
        (proxy.remove_proxy.call(there, governance, 258), bytes([2]) + to + bytes([2, 2, 1, 0, 0])),
        (proxy.remove_proxies.call(), bytes([3])),
        (proxy.create_pure.call(governance, 1, 258), bytes([4, 2, 1, 0, 0, 0, 2, 1])),
        (proxy.kill_pure.call(there, governance, 258, 3, 4), bytes([5]) + to + bytes([2, 2, 1, 12, 16])),
        (proxy.announce.call(there, EVE), bytes([6]) + to + EVE),
        (proxy.remove_announcement.call(there, EVE), bytes([7]) + to + EVE),
        (proxy.reject_announcement.call(there, EVE), bytes([8]) + to + EVE),
        (proxy.proxy_announced.call(there, there, None, call), bytes([9]) + to * 2 + bytes(1) + remark_bytes),
        (proxy.poke_deposit.call(), bytes([10])),
    ):
        assert encode(made) == bytes([6]) + expected
    events = chain.host.codec(t.ProxyEvent)
    poked = t.DepositPoked(EVE, t.DepositKind.Announcements, 1, 2)
    assert events.encode(poked) == bytes([6]) + EVE + bytes([1, 1]) + bytes(15) + bytes([2]) + bytes(15)
    add(chain, governance, 258)
    stored = chain.host.codec(t.Proxies).encode(proxy.proxies[REAL])
    assert stored == bytes([4]) + KEY + bytes([2, 2, 1, 0, 0]) + (BASE + FACTOR).to_bytes(16, "little")
    announce(chain, call)
    stored = chain.host.codec(t.Pending).encode(proxy.announcements[KEY])
    deposit = (PENDING_BASE + PENDING_FACTOR).to_bytes(16, "little")
    assert stored == bytes([4]) + REAL + hash_of(chain, call) + bytes([1, 0, 0, 0]) + deposit
    for item, name in ((proxy.proxies, b"Proxies"), (proxy.announcements, b"Announcements")):
        assert item.key_of(EVE) == twox_128(b"Proxy") + twox_128(name) + twox_64(EVE) + EVE
    published = {each.name: each.value for each in constants_of(proxy)}
    assert published.pop("Filters")[1].calls == tuple(FILTERS[1]["calls"])
    assert published == {
        "ProxyDepositBase": BASE,
        "ProxyDepositFactor": FACTOR,
        "MaxProxies": 32,
        "MaxPending": 32,
        "AnnouncementDepositBase": PENDING_BASE,
        "AnnouncementDepositFactor": PENDING_FACTOR,
    }
