"""A key without its history, or with an old one, listens before it votes; heard elsewhere, it is silent."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from random import Random

import pytest
import trio
from trio.testing import MockClock

from node.chain.chain import Chain
from node.consensus.guard import Guard, Mark
from node.consensus.listening import (
    CHANCE_SECONDS_MAX,
    LISTEN_BLOCKS,
    LISTEN_SECONDS_MAX,
    OWN_BLOCKS,
    KeyAtWork,
    Listener,
)
from runtime.crypto.hashing import blake2b_256
from runtime.simplex import ENGINE, Certificate, Kind, message
from support import rota
from support.committees import keypair

OURS = "Dave"
"""A member of epochs 0 to 3, and of the first ones of the second round."""
BLOCK_SECONDS = 1.0

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


def listener(chain: Chain, follow: Follow, seed: int = 0) -> Listener:
    return Listener(chain, rota.epochs_of(chain), keypair(OURS).public, follow, Random(seed))


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


async def test_without_its_history_it_listens_for_some_blocks(
    chain: Chain, autojump_clock: MockClock
) -> None:
    grow(chain, with_ours=True)
    took = await seconds(listener(chain, following(chain)).listen(guard_of(chain), is_whole=False))
    assert LISTEN_BLOCKS * BLOCK_SECONDS <= took <= LISTEN_BLOCKS * BLOCK_SECONDS + CHANCE_SECONDS_MAX
    assert chain.finalized.header.number >= 1 + LISTEN_BLOCKS


async def test_with_an_older_copy_of_its_history_it_listens_as_well(
    chain: Chain, autojump_clock: MockClock
) -> None:
    guard = guard_of(chain)
    guard.permit(grow(chain, with_ours=True).statement)
    grow(chain, with_ours=True)  # signed after the copy was made
    grow(chain, with_ours=False)
    took = await seconds(listener(chain, following(chain)).listen(guard, is_whole=True))
    assert took >= LISTEN_BLOCKS * BLOCK_SECONDS


async def test_a_key_that_votes_elsewhere_does_not_vote_here(chain: Chain, autojump_clock: MockClock) -> None:
    grow(chain, with_ours=True)
    with pytest.raises(ExceptionGroup) as group:
        await listener(chain, following(chain, ours_from=0)).listen(guard_of(chain), is_whole=False)
    (found,) = group.value.exceptions
    assert isinstance(found, KeyAtWork)
    assert str(found) == (
        f"the validator's key is at work elsewhere: block {1 + OWN_BLOCKS + 1} was just made final with its "
        "vote; stop the other node, and bring its history along (`ballast key guard export` and `import`)"
    )


async def test_it_is_heard_to_the_end(chain: Chain, autojump_clock: MockClock) -> None:
    """Also while the moment drawn by chance lasts."""
    last = 1 + LISTEN_BLOCKS + 1
    grow(chain, with_ours=True)
    with pytest.raises(ExceptionGroup) as group:
        await listener(chain, following(chain, ours_from=last)).listen(guard_of(chain), is_whole=False)
    (found,) = group.value.exceptions
    assert isinstance(found, KeyAtWork) and found.number == last


async def test_votes_of_this_very_node_are_still_under_way(chain: Chain, autojump_clock: MockClock) -> None:
    grow(chain, with_ours=True)
    follow = following(chain, ours_from=0, ours_to=1 + OWN_BLOCKS)
    await listener(chain, follow).listen(guard_of(chain), is_whole=False)


async def test_a_chain_that_stands_still_is_not_listened_to_for_ever(
    chain: Chain, autojump_clock: MockClock
) -> None:
    grow(chain, with_ours=True)
    took = await seconds(listener(chain, no_blocks).listen(guard_of(chain), is_whole=False))
    assert LISTEN_SECONDS_MAX <= took <= LISTEN_SECONDS_MAX + CHANCE_SECONDS_MAX


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
    stranger = Listener(chain, rota.epochs_of(chain), keypair("Stranger").public, unasked, Random(0))
    for _ in range(rota.BLOCKS_PER_EPOCH):
        assert not listener(chain, unasked).is_unused()
        assert stranger.is_unused()
        grow(chain, with_ours=False)
    assert not listener(chain, unasked).is_unused()
