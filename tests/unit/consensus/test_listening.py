"""A key without its history, or with an old one, listens before it votes; heard elsewhere, it is silent."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from random import Random

import pytest
import trio
from trio.testing import MockClock

from node.chain.author import Clock
from node.chain.chain import Chain
from node.consensus.guard import Guard, Mark
from node.consensus.listening import (
    APART_MS_MAX,
    CHANCE_SECONDS_MAX,
    LISTEN_BLOCKS,
    OWN_BLOCKS,
    SAY_SECONDS,
    KeyAtWork,
    Listener,
)
from node.peering import time_of
from pallets.timestamp import DRIFT_MS_MAX
from runtime.crypto.hashing import blake2b_256
from runtime.simplex import ENGINE, Certificate, Kind, message
from support import rota
from support.committees import keypair

OURS = "Dave"
"""A member of epochs 0 to 3, and of the first ones of the second round."""
BLOCK_SECONDS = 1.0
"""As far apart as the times in the blocks."""
OLD_BLOCKS = (DRIFT_MS_MAX + APART_MS_MAX) // 1_000
"""Blocks that may have been voted for before the listening began."""

FIRST_NEW = 1 + OLD_BLOCKS + 1
"""The first block that was voted for since, where block 1 is final when the listening begins."""

Follow = Callable[[], Awaitable[None]]


@pytest.fixture
def chain(tmp_path: Path) -> Iterator[Chain]:
    opened = rota.open_chain(tmp_path)
    yield opened
    opened.close()


def grow(chain: Chain, *, with_ours: bool) -> Certificate:
    """A block more, made final with or without the vote of our key."""
    block_hash = rota.extend(chain)
    statement = rota.certificate_for(chain, block_hash).statement
    signers = rota.signers(statement.epoch)
    ours = signers.names.index(OURS)
    others = [place for place in range(rota.SEATS) if place != ours]
    places = sorted([ours, *others[:2]]) if with_ours else others
    certificate = signers.certificate(statement, places, genesis_hash=chain.genesis_hash)
    chain.finalize(block_hash, ((ENGINE, rota.CERTIFICATE.encode(certificate)),))
    return certificate


def following(chain: Chain, *, ours_from: int | None = None, ours_to: int = 10**9) -> Follow:
    """A sync that brings a block a second; those of some heights carry the vote of our key."""

    async def follow() -> None:
        while True:
            await trio.sleep(BLOCK_SECONDS)
            number = chain.finalized.header.number + 1
            grow(chain, with_ours=ours_from is not None and ours_from <= number <= ours_to)

    return follow


async def no_blocks() -> None:
    await trio.sleep_forever()


async def unasked() -> None:
    raise AssertionError("nothing was to be listened for")


class Late:
    """A clock that goes wrong: it knows no better than the last block."""

    def now_ms(self) -> int:
        return 0


class Here:
    """A clock that is right: blocks come as their times say."""

    def now_ms(self) -> int:
        return rota.START_MS + int(trio.current_time() * 1_000)


def listener(chain: Chain, follow: Follow, seed: int = 0, clock: Clock | None = None) -> Listener:
    epochs, public = rota.epochs_of(chain), keypair(OURS).public
    return Listener(chain, epochs, public, follow, clock or Late(), time_of, Random(seed))


async def seconds(listening: Awaitable[None]) -> float:
    began = trio.current_time()
    await listening
    return trio.current_time() - began


def guard_of(chain: Chain) -> Guard:
    return Guard(chain.genesis_hash)


async def test_with_its_own_history_a_key_votes_at_once(chain: Chain) -> None:
    guard = guard_of(chain)
    for _ in range(3):
        guard.permit(grow(chain, with_ours=True).statement)
    await listener(chain, unasked).listen(guard, is_whole=True)


async def test_what_an_imported_history_speaks_of_is_known(chain: Chain) -> None:
    grow(chain, with_ours=True)
    last = grow(chain, with_ours=True).statement
    guard = guard_of(chain)
    digest = blake2b_256(message(chain.genesis_hash, last))
    guard.raise_floor(Mark(Kind.Finalize, last.epoch, last.view, digest))
    await listener(chain, unasked).listen(guard, is_whole=True)


@pytest.mark.parametrize("clock", [Late(), Here()])
async def test_without_its_history_it_listens_until_that_is_past(
    chain: Chain, autojump_clock: MockClock, clock: Clock
) -> None:
    """Blocks count from the first that nobody can have voted for before."""
    grow(chain, with_ours=True)
    took = await seconds(
        listener(chain, following(chain), clock=clock).listen(guard_of(chain), is_whole=False)
    )
    least = (OLD_BLOCKS + LISTEN_BLOCKS) * BLOCK_SECONDS
    assert least <= took <= least + 2 * BLOCK_SECONDS + CHANCE_SECONDS_MAX
    assert chain.finalized.header.number >= OLD_BLOCKS + LISTEN_BLOCKS


async def test_old_blocks_that_become_final_late_do_not_count(
    chain: Chain, autojump_clock: MockClock
) -> None:
    grow(chain, with_ours=True)

    async def no_new_ones() -> None:
        for _ in range(OLD_BLOCKS):
            grow(chain, with_ours=True)
        await trio.sleep_forever()

    with trio.move_on_after(3_600) as scope:
        await listener(chain, no_new_ones).listen(guard_of(chain), is_whole=False)
    assert scope.cancelled_caught


async def test_with_an_older_copy_of_its_history_it_listens_as_well(
    chain: Chain, autojump_clock: MockClock
) -> None:
    guard = guard_of(chain)
    guard.permit(grow(chain, with_ours=True).statement)
    grow(chain, with_ours=True)  # signed after the copy was made
    grow(chain, with_ours=False)
    took = await seconds(listener(chain, following(chain)).listen(guard, is_whole=True))
    assert took >= (OLD_BLOCKS + LISTEN_BLOCKS) * BLOCK_SECONDS


async def test_a_key_that_votes_elsewhere_does_not_vote_here(chain: Chain, autojump_clock: MockClock) -> None:
    grow(chain, with_ours=True)
    with pytest.raises(ExceptionGroup) as group:
        await listener(chain, following(chain, ours_from=0)).listen(guard_of(chain), is_whole=False)
    (found,) = group.value.exceptions
    assert isinstance(found, KeyAtWork)
    first = FIRST_NEW + OWN_BLOCKS + 1
    assert str(found) == (
        f"the validator's key is at work elsewhere: block {first} was just made final with its vote; stop "
        "the other node, and bring its history along (`ballast key guard export` and `import`)"
    )


async def test_it_is_heard_to_the_end(chain: Chain, autojump_clock: MockClock) -> None:
    """Also while the moment drawn by chance lasts."""
    last = FIRST_NEW + LISTEN_BLOCKS + 1
    grow(chain, with_ours=True)
    with pytest.raises(ExceptionGroup) as group:
        await listener(chain, following(chain, ours_from=last)).listen(guard_of(chain), is_whole=False)
    (found,) = group.value.exceptions
    assert isinstance(found, KeyAtWork) and found.number == last


async def test_votes_of_this_very_node_are_still_under_way(chain: Chain, autojump_clock: MockClock) -> None:
    grow(chain, with_ours=True)
    follow = following(chain, ours_from=0, ours_to=FIRST_NEW + OWN_BLOCKS)
    await listener(chain, follow).listen(guard_of(chain), is_whole=False)


async def test_where_the_chain_stands_still_it_is_silent_and_says_so(
    chain: Chain, autojump_clock: MockClock, caplog: pytest.LogCaptureFixture
) -> None:
    """However long: it may have signed in the very view that the others wait in."""
    grow(chain, with_ours=True)
    with trio.move_on_after(2.5 * SAY_SECONDS) as scope:
        await listener(chain, no_blocks).listen(guard_of(chain), is_whole=False)
    assert scope.cancelled_caught
    warnings = [record.message for record in caplog.records if record.levelname == "WARNING"]
    said = (
        "block 1 stays the last final one, and the key is silent, since what it signed is not known here; if "
        "the others cannot go on without it, bring its history along, or say what it signed last: `ballast "
        "key guard begin --help`"
    )
    assert warnings == [said, said]


async def test_two_machines_with_one_new_key_begin_apart(chain: Chain, autojump_clock: MockClock) -> None:
    grow(chain, with_ours=False)
    took = [
        await seconds(listener(chain, no_blocks, seed).listen(guard_of(chain), is_whole=True))
        for seed in range(8)
    ]
    assert len(set(took)) == len(took)
    assert max(took) <= CHANCE_SECONDS_MAX


async def test_the_later_one_hears_the_first_vote_of_the_other(
    chain: Chain, autojump_clock: MockClock
) -> None:
    grow(chain, with_ours=False)
    with pytest.raises(ExceptionGroup) as group:
        await listener(chain, following(chain, ours_from=2)).listen(guard_of(chain), is_whole=True)
    (found,) = group.value.exceptions
    assert isinstance(found, KeyAtWork) and found.number == 2


def test_a_key_that_was_in_a_committee_before_is_not_unused(chain: Chain) -> None:
    """Nor is one that is in the committee of the block to come."""
    stranger = Listener(
        chain, rota.epochs_of(chain), keypair("Stranger").public, unasked, Late(), time_of, Random(0)
    )
    for _ in range(rota.BLOCKS_PER_EPOCH):
        assert not listener(chain, unasked).is_unused()
        assert stranger.is_unused()
        grow(chain, with_ours=False)
    assert not listener(chain, unasked).is_unused()
