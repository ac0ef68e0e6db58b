"""Proxy on a chain: who acts for whom, after which announcement, and at which price."""

from __future__ import annotations

import pytest

from pallets.balances import Balances
from pallets.proxy import Proxy
from pallets.proxy import types as t
from pallets.proxy.pallet import FIND, PENDING, PROXIES, PROXY, weight_of_announcement
from pallets.proxy.registry import ANNOUNCEMENT_DEPOSIT, PROXY_DEPOSIT
from pallets.proxy.types import ProxyType
from pallets.sudo import Sudo
from pallets.system import System
from pallets.utility import Utility
from pallets.utility.types import BatchInterrupted
from runtime.crypto.hashing import twox_64, twox_128
from runtime.frame import BadOrigin, FundsUnavailable, Root, Signed
from runtime.frame.constant import constants_of
from runtime.frame.error import CannotLookup
from runtime.frame.host import CALL_DEPTH_MAX, CallFiltered
from runtime.frame.late import RuntimeCall
from runtime.scale import Err, Ok
from runtime.testing import TestChain, refuses
from runtime.types import Address
from runtime.types import dispatch as told
from runtime.types.account import RawAddress
from support.proxies import (
    BASE,
    EVE,
    FACTOR,
    FILTERED,
    FILTERS,
    FUNDS,
    KEY,
    OTHER,
    PENDING_BASE,
    PENDING_FACTOR,
    POOR,
    REAL,
    act,
    add,
    announce,
    announced,
    free,
    hash_of,
    make,
    pay,
    remark,
    told_by_proxy,
)


@pytest.fixture
def chain() -> TestChain:
    return make()


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
