"""The chain as the agreement meets it: what made its last block final."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from node.chain.chain import Chain
from node.clock import NodeClock
from node.consensus.ancestry import TooFarBehind
from node.consensus.world import World
from node.rooms import Rooms
from node.sync.signatures import Signatures
from support import rota


@pytest.fixture
def chain(tmp_path: Path) -> Iterator[Chain]:
    opened = rota.open_chain(tmp_path)
    yield opened
    opened.close()


def world_of(chain: Chain) -> World:
    clock = NodeClock()
    rooms = Rooms(chain.runtime, chain, clock)
    return World(
        chain,
        rooms.heads,
        rooms.author,
        rota.epochs_of(chain),
        clock,
        logs=lambda position, authored: (),
        signatures=Signatures(chain, rooms.mempool.verifier),
        network_key=bytes(32),
        time_of=lambda position: 0,
        block_ms=1,
    )


def test_the_last_final_block_shows_what_made_it_final(chain: Chain) -> None:
    rota.grow(chain, 2)
    assert world_of(chain).justification() == rota.certificate_for(chain, chain.finalized.hash)


def test_one_made_final_by_a_block_that_a_sync_did_not_bring_asks_for_that(chain: Chain) -> None:
    rota.grow(chain, 1)
    chain.finalize(rota.extend(chain))
    with pytest.raises(TooFarBehind) as behind:
        world_of(chain).justification()
    assert (behind.value.head, behind.value.number) == (2, 3)
