"""What each type of proxy may do: what its list names and nothing else, alone and in the whole coin."""

from __future__ import annotations

from typing import Any

import pytest

from pallets.attestation.types import Stage
from pallets.balances import Balances
from pallets.proxy import Proxy
from pallets.proxy import types as t
from pallets.proxy.types import ProxyType
from pallets.redemption.types import Service
from pallets.system import System
from pallets.utility import Utility
from runtime.frame import Call
from runtime.lifecycle import LoadError
from runtime.scale import Err, Ok
from runtime.testing import TestChain
from runtime.types import Address
from support.coin import ALICE, COIN, COIN_PALLETS, CPU_CLASS, ISSUERS, CoinChain
from support.proxies import (
    EVE,
    FILTERED,
    FILTERS,
    KEY,
    OTHER,
    REAL,
    act,
    add,
    announce,
    free,
    hash_of,
    listed,
    make,
    pay,
    remark,
    told_by_proxy,
)


@pytest.fixture
def chain() -> TestChain:
    return make()


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
