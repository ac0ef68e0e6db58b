"""Upgrades on a chain: what may become `:code`, when it does, and that nothing else changes it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from pallets.sudo import Sudo
from pallets.sudo.types import Sudid
from pallets.system import System
from pallets.system.types import (
    CodeNotWritable,
    CodeStored,
    CodeUpdated,
    CodeUpgradeAuthorization,
    FailedToExtractRuntimeVersion,
    LastRuntimeUpgradeInfo,
    MultiBlockMigrationsOngoing,
    NothingAuthorized,
    SpecVersionNeedsToIncrease,
    Unauthorized,
    UpgradeAuthorized,
)
from pallets.system.upgrades import CODE_BYTES_MAX
from pallets.timestamp import Timestamp
from runtime.crypto.hashing import blake2b_256
from runtime.executive.migrate import CURSOR_KEY, MigrationCursor
from runtime.frame import BadOrigin, NoError, NoEvent, Pallet, Root, Signed, Unsigned
from runtime.manifest import CODE_KEY, Manifest
from runtime.scale import Err, codec_of
from runtime.simplex import Committee, Validator
from runtime.testing import TestChain, refuses
from runtime.types import BlockNumber, Hash
from runtime.types.digest import RuntimeEnvironmentUpdated

ALICE, BOB = bytes([1]) * 32, bytes([2]) * 32
LENGTH = 4


class Rounds(Pallet[NoEvent, NoError]):
    """Epochs of `LENGTH` blocks, and nobody in them."""

    def author_now(self) -> Validator:
        raise NotImplementedError

    def committee_now(self) -> Committee:
        raise NotImplementedError

    def committee_root(self, epoch: int) -> Hash | None:
        return None

    def epoch_now(self) -> int:
        return max(0, self.host.number - 1) // LENGTH

    def epoch_start(self, epoch: int) -> BlockNumber:
        return epoch * LENGTH + 1


def chain_of(*more: type[Pallet[Any, Any]]) -> TestChain:
    return TestChain(System, Timestamp, Sudo, *more, genesis={"Sudo": {"key": ALICE}})


@pytest.fixture
def alone() -> TestChain:
    """One author, no epochs."""
    return chain_of()


@pytest.fixture
def chain() -> TestChain:
    """Epochs of four blocks."""
    return chain_of(Rounds)


def code_of(chain: TestChain, **changes: Any) -> bytes:
    """The manifest of the chain's own runtime, one version on, with changes."""
    mine = chain.runtime.manifest
    return codec_of(Manifest).encode(mine.replace(**{"spec_version": mine.spec_version + 1, **changes}))


def test_without_epochs_the_code_changes_in_the_block_of_the_call(alone: TestChain) -> None:
    code = code_of(alone)
    alone.submit(alone[Sudo].sudo.call(alone[System].set_code.call(code)), ALICE)
    assert CodeUpdated() in alone.events
    alone.next_block()
    assert alone.state.get(CODE_KEY) == code
    assert RuntimeEnvironmentUpdated() in alone.header.digest.logs
    assert alone[System].pending_code is None
    alone.next_block()
    assert RuntimeEnvironmentUpdated() not in alone.header.digest.logs


def test_with_epochs_it_changes_with_the_last_block_and_not_before(chain: TestChain) -> None:
    code = code_of(chain)
    chain.run_to(2)
    chain.dispatch(chain[System].set_code.call(code), Root())
    chain.assert_last_event(CodeStored(blake2b_256(code), 2))
    chain.run_to(LENGTH)
    assert chain.state.get(CODE_KEY) is None
    assert chain[System].pending_code == code
    chain.next_block()
    assert chain.header.number == LENGTH
    assert chain.state.get(CODE_KEY) == code
    assert chain.header.digest.logs.count(RuntimeEnvironmentUpdated()) == 1
    assert chain[System].pending_code is None
    chain.run_to(3 * LENGTH)
    assert RuntimeEnvironmentUpdated() not in chain.header.digest.logs


def test_what_is_set_in_the_last_block_takes_over_after_it_and_the_last_word_counts(chain: TestChain) -> None:
    chain.run_to(LENGTH)
    chain.submit(chain[Sudo].sudo.call(chain[System].set_code.call(code_of(chain, spec_version=7))), ALICE)
    second = code_of(chain, spec_version=3)
    chain.submit(chain[Sudo].sudo.call(chain[System].set_code.call(second)), ALICE)
    chain.next_block()
    assert chain.state.get(CODE_KEY) == second


@pytest.mark.parametrize(
    ("code", "error"),
    [
        (lambda chain: b"", FailedToExtractRuntimeVersion),
        (lambda chain: b"\x00asm\x01\x00\x00\x00", FailedToExtractRuntimeVersion),
        (lambda chain: code_of(chain) + b"\x00", FailedToExtractRuntimeVersion),
        (lambda chain: bytes(CODE_BYTES_MAX + 1), FailedToExtractRuntimeVersion),
        (lambda chain: code_of(chain, pallets=()), FailedToExtractRuntimeVersion),
        (
            lambda chain: code_of(chain, pallets=chain.runtime.manifest.pallets[::-1]),
            FailedToExtractRuntimeVersion,
        ),
        (
            lambda chain: code_of(chain, pallets=chain.runtime.manifest.pallets[:1] * 2),
            FailedToExtractRuntimeVersion,
        ),
        (lambda chain: code_of(chain, spec_version=1), SpecVersionNeedsToIncrease),
        (lambda chain: code_of(chain, spec_version=0), SpecVersionNeedsToIncrease),
    ],
)
def test_what_is_no_runtime_or_no_later_one_is_refused(
    chain: TestChain, code: Callable[[TestChain], bytes], error: type[Exception]
) -> None:
    with refuses(chain, error):  # type: ignore[arg-type]
        chain.dispatch(chain[System].set_code.call(code(chain)), Root())


def test_only_root_sets_or_authorizes(chain: TestChain) -> None:
    system = chain[System]
    for call in (system.set_code.call(code_of(chain)), system.authorize_upgrade.call(bytes(32))):
        for origin in (Signed(ALICE), Unsigned()):
            with refuses(chain, BadOrigin):
                chain.dispatch(call, origin)


def test_anybody_applies_what_was_authorized_once_and_for_free(chain: TestChain) -> None:
    system, code = chain[System], code_of(chain)
    apply = system.apply_authorized_upgrade.call(code)
    with refuses(chain, NothingAuthorized):
        chain.dispatch(apply, Signed(BOB))
    chain.dispatch(system.authorize_upgrade.call(blake2b_256(code)), Root())
    chain.assert_last_event(UpgradeAuthorized(blake2b_256(code), True))
    assert system.authorized_upgrade == CodeUpgradeAuthorization(blake2b_256(code), True)
    with refuses(chain, Unauthorized):
        chain.dispatch(system.apply_authorized_upgrade.call(code_of(chain, spec_version=9)), Signed(BOB))
    with refuses(chain, BadOrigin):
        chain.dispatch(apply, Unsigned())
    assert chain.dispatch(apply, Signed(BOB)).pays is False
    assert system.pending_code == code and system.authorized_upgrade is None
    with refuses(chain, NothingAuthorized):
        chain.dispatch(apply, Signed(BOB))


def test_what_was_authorized_is_judged_again_when_it_is_applied(chain: TestChain) -> None:
    """A hash says nothing of the version; its manifest does."""
    stale = code_of(chain, spec_version=1)
    chain.dispatch(chain[System].authorize_upgrade.call(blake2b_256(stale)), Root())
    with refuses(chain, SpecVersionNeedsToIncrease):
        chain.dispatch(chain[System].apply_authorized_upgrade.call(stale), Signed(BOB))


def test_raw_writes_do_not_reach_the_code(alone: TestChain) -> None:
    system = alone[System]
    alone.dispatch(system.set_code.call(code_of(alone)), Root())
    for call in (
        system.set_storage.call(((CODE_KEY, b"other"),)),
        system.kill_storage.call((CODE_KEY,)),
        system.kill_prefix.call(CODE_KEY[:2], 10),
    ):
        with refuses(alone, CodeNotWritable):
            alone.dispatch(call, Root())


def test_while_migrations_go_on_there_is_no_other_upgrade(chain: TestChain) -> None:
    """Not asked for, and what was asked for before waits for the end of a later epoch."""
    system, code = chain[System], code_of(chain)
    chain.dispatch(system.set_code.call(code), Root())
    cursor = codec_of(MigrationCursor).encode(MigrationCursor("Sudo", 1, b""))
    chain.dispatch(system.set_storage.call(((CURSOR_KEY, cursor),)), Root())
    with refuses(chain, MultiBlockMigrationsOngoing):
        chain.dispatch(system.set_code.call(code), Root())
    chain.host.number = LENGTH
    system.on_finalize(LENGTH)
    assert system.pending_code == code
    chain.dispatch(system.kill_storage.call((CURSOR_KEY,)), Root())
    chain.host.number = 2 * LENGTH
    system.on_finalize(2 * LENGTH)
    assert system.pending_code is None


def test_a_refused_upgrade_leaves_the_chain_as_it_was(alone: TestChain) -> None:
    alone.submit(alone[Sudo].sudo.call(alone[System].set_code.call(b"nothing")), ALICE)
    (ended,) = [each for each in alone.events if isinstance(each, Sudid)]
    assert isinstance(ended.sudo_result, Err)
    alone.next_block()
    assert alone.state.get(CODE_KEY) is None
    assert alone[System].last_upgrade == LastRuntimeUpgradeInfo(1, "ballast")
