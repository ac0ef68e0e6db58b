"""System on a chain: Root writes storage raw, and typed reads see it at once; the books of a block."""

from __future__ import annotations

import pytest

from pallets.sudo import Sudo
from pallets.system import System
from pallets.system.types import LastRuntimeUpgradeInfo, Remarked
from pallets.timestamp import Timestamp
from runtime.crypto.hashing import blake2b_256, twox_128
from runtime.frame import BadOrigin, Root, Signed
from runtime.testing import TestChain, refuses
from runtime.types.account import AccountData, AccountInfo

ALICE, BOB = bytes([1]) * 32, bytes([2]) * 32
SUDO_KEY = twox_128(b"Sudo") + twox_128(b"Key")


@pytest.fixture
def chain() -> TestChain:
    return TestChain(System, Timestamp, Sudo, genesis={"Sudo": {"key": ALICE}})


def test_root_sets_storage_and_the_next_typed_read_decodes_it(chain: TestChain) -> None:
    assert chain[Sudo].key == ALICE
    chain.submit(chain[Sudo].sudo.call(chain[System].set_storage.call(((SUDO_KEY, BOB),))), ALICE)
    assert chain[Sudo].key == BOB
    chain.next_block()
    assert chain[Sudo].key == BOB
    assert chain.state.get(SUDO_KEY) == BOB


def test_root_kills_storage(chain: TestChain) -> None:
    chain.submit(chain[Sudo].sudo.call(chain[System].kill_storage.call((SUDO_KEY, b"not there"))), ALICE)
    assert chain[Sudo].key is None
    chain.next_block()
    assert chain.state.get(SUDO_KEY) is None


def test_root_kills_a_prefix_up_to_a_limit(chain: TestChain) -> None:
    system = chain[System]
    accounts = [bytes([n]) * 32 for n in range(10, 20)]
    full = AccountInfo(providers=1, data=AccountData(free=5))
    raw = chain.host.codec(AccountInfo).encode(full)
    items = tuple((system.account.key_of(who), raw) for who in accounts)
    chain.dispatch(system.set_storage.call(items), Root())
    assert dict(system.account.items()) == dict.fromkeys(accounts, full)
    chain.dispatch(system.kill_prefix.call(system.account.prefix, 4), Root())
    left = sorted(items)[4:]
    assert [system.account.key_of(who) for who in system.account] == [key for key, _ in left]
    chain.dispatch(system.kill_prefix.call(system.account.prefix, 100), Root())
    assert list(system.account) == []
    assert chain[Sudo].key == ALICE


def test_raw_writes_are_undone_with_their_call(chain: TestChain) -> None:
    calls = (chain[System].set_storage.call(((SUDO_KEY, BOB),)), chain[System].kill_storage.call((SUDO_KEY,)))
    for call in calls:
        with refuses(chain, BadOrigin):
            chain.dispatch(call, Signed(ALICE))
        assert chain[Sudo].key == ALICE


def test_a_remark_is_told_by_its_hash(chain: TestChain) -> None:
    chain.dispatch(chain[System].remark_with_event.call(b"hello"), Signed(ALICE))
    chain.assert_last_event(Remarked(ALICE, blake2b_256(b"hello")))


def test_the_books_of_a_block_are_kept(chain: TestChain) -> None:
    chain.next_block(3)
    system = chain[System]
    assert system.number == 4
    assert system.parent_hash == system.block_hash[3] == chain.header.hash
    assert system.block_hash[0] == chain.genesis_hash
    assert system.last_upgrade == LastRuntimeUpgradeInfo(1, "ballast")
    assert system.event_count == len(system.events) == 1
