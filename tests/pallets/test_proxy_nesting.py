"""No nesting of proxy, multisig, batch and derivative adds power: each wrapper within each is walked."""

from __future__ import annotations

from contextlib import suppress
from itertools import product
from typing import Any

import pytest

from pallets.multisig import Multisig
from pallets.multisig.pallet import multi_account
from pallets.proxy import Proxy
from pallets.proxy import types as t
from pallets.proxy.types import ProxyType
from pallets.system.types import Remarked
from pallets.utility import Utility
from pallets.utility.pallet import derived_account
from runtime.crypto.hashing import blake2b_256
from runtime.frame import Call, Signed
from runtime.frame.error import DispatchError
from runtime.testing import TestChain
from runtime.types import Address, Weight
from support.proxies import DUST, EVE, KEY, OTHER, REAL, add, announce, free, hash_of, make, pay, remark


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
