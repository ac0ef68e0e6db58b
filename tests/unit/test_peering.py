"""A node among others: a validator that fell too far behind the agreement catches up by itself, or waits."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import trio

from node.chain.chain import Chain
from node.chain.records import StoredBlock
from node.clock import NodeClock
from node.consensus import ancestry, world
from node.network.memory import MemoryHub
from node.peering import Peering, PeeringConfig
from node.rooms import Rooms
from node.simulation.nodes.plan import Break, Partition, Plan
from node.sync import server
from support import rota
from support.network import IDENTITIES, until
from support.plans import calm, cut, lines_of

SIZE = 4
SECONDS = 44
LATE = 3
"""The place of the validator that is cut off."""
CUT_MS, JOINED_MS, SERVED_MS = 2_000, 14_000, 20_000
"""Some twenty blocks become final in between."""
REPLY_BLOCKS_MAX = 4
CHAIN_MAX = 8

BEHIND = r"too far behind to vote: block (\d+) is final, the last one here is (\d+); catching up"
AT_WORK = "epoch 0 begins after block 0: validator 0 of 4"
VOTE = r"\d vote Finalize 0/(\d+) "


def plan_of_the_cut() -> Plan:
    """Four validators, no faults but one: the last of them hears nothing for a while."""
    partition = Partition(CUT_MS, JOINED_MS, Break.Resets, cut(SIZE, [LATE]))
    return calm(SIZE, SECONDS, partitions=[partition])


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Filled by `run`; a sync is needed sooner, and a reply does not reach down to the last block here."""
    monkeypatch.setattr(ancestry, "CHAIN_MAX", CHAIN_MAX)
    monkeypatch.setattr(world, "REPLY_BLOCKS_MAX", REPLY_BLOCKS_MAX)
    return []


def run(lines: list[str]) -> None:
    """Let it all happen; take down what is shown of the late validator."""
    lines[:] = [line for line in lines_of(plan_of_the_cut()) if line.split()[1] == str(LATE)]


def find(lines: list[str], words: str, after: re.Match[str] | None = None) -> re.Match[str]:
    """The first line that says this, behind another one."""
    start = 0 if after is None else lines.index(after.string) + 1
    return next(found for line in lines[start:] if (found := re.search(words, line)))


def when(line: re.Match[str]) -> float:
    """In which second a line was shown."""
    return float(line.string.split()[0])


def test_a_validator_that_fell_too_far_behind_syncs_and_votes_again(lines: list[str]) -> None:
    run(lines)
    behind = find(lines, BEHIND)
    reached = find(lines, f"final: block {behind[1]},", behind)
    voted = find(lines, VOTE, find(lines, AT_WORK, reached))
    assert int(behind[1]) - int(behind[2]) > CHAIN_MAX
    assert when(voted) - when(behind) < 5
    assert not any("the key has no history here" in line for line in lines)


def test_one_whom_no_peer_can_help_waits_and_says_so(
    lines: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def lowest(chain: Chain) -> int:
        return 0 if trio.current_time() * 1_000 >= SERVED_MS else chain.finalized.header.number

    def block_at(chain: Chain, number: int) -> StoredBlock | None:
        return final_block(chain, number) if number >= lowest(chain) else None

    final_block = server.final_block
    monkeypatch.setattr(server, "first_block", lowest)
    monkeypatch.setattr(server, "final_block", block_at)
    run(lines)
    behind = find(lines, BEHIND)
    nobody = rf"block {behind[1]} is final, and none of \d peers has block {int(behind[2]) + 1}: waiting"
    reached = find(lines, f"final: block {behind[1]},", find(lines, nobody, behind))
    voted = find(lines, VOTE, find(lines, AT_WORK, reached))
    assert when(reached) * 1_000 >= SERVED_MS
    assert when(voted) - when(reached) < 5


async def test_one_who_only_follows_counts_epochs(tmp_path: Path) -> None:
    chain, clock = rota.open_chain(tmp_path), NodeClock()
    try:
        rooms = Rooms(chain.runtime, chain, clock)
        peering = Peering(
            PeeringConfig(identity=IDENTITIES[0]),
            chain.runtime,
            chain,
            rooms.heads,
            rooms.author,
            rooms.mempool,
            clock,
            transport=MemoryHub().transport(IDENTITIES[0].public, "10.0.0.1"),
        )
        async with trio.open_nursery() as nursery:
            await nursery.start(peering.run)
            assert peering.stats.epoch == 0
            rota.grow(chain, 2 * rota.BLOCKS_PER_EPOCH)
            await until(lambda: peering.stats.epoch == 2)
            nursery.cancel_scope.cancel()
    finally:
        chain.close()
