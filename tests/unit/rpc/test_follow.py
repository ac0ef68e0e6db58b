"""What one chainHead subscription is told of a chain with forks, without a socket."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from node.chain.chain import Chain
from node.chain.logs import author_logs, dev_author
from node.node import Node
from node.rpc.methods.follow import OPERATIONS_MAX, STOP, Follow, Told
from support.node import hexed, open_node


class Reader:
    """A subscriber: checks the specification's promises on all that it is told."""

    def __init__(self, chain: Chain, follow: Follow) -> None:
        self.follow = follow
        self.known: set[str] = set()
        self.best = ""
        self.told: list[str] = []
        self._watch = chain.notices.watch()
        self._notices = self._watch.__enter__()
        for told in follow.begin():
            self.read(told)

    def catch_up(self) -> list[str]:
        """Read all notices so far; the events told."""
        self.told = []
        receive: Any = self._notices._receive
        while receive.statistics().current_buffer_used:
            for told in self.follow.on(receive.receive_nowait()):
                self.read(told)
        return self.told

    def read(self, told: Told) -> None:
        told = dict(told)
        event = told["event"]
        assert isinstance(event, str)
        self.told.append(event)
        if event == "initialized":
            self.known |= set(told["finalizedBlockHashes"])  # type: ignore[call-overload]
        elif event == "newBlock":
            assert told["parentBlockHash"] in self.known
            self.known.add(str(told["blockHash"]))
        elif event == "bestBlockChanged":
            assert told["bestBlockHash"] in self.known
            self.best = str(told["bestBlockHash"])
        elif event == "finalized":
            finalized: Any = told["finalizedBlockHashes"]
            pruned: Any = told["prunedBlockHashes"]
            assert {*finalized, *pruned} <= self.known
            assert self.best == finalized[-1] or self.best not in {*finalized, *pruned}


@pytest.fixture
def node(tmp_path: Path) -> Any:
    node = open_node(tmp_path)
    yield node
    node.close()


def add(node: Node, parent: bytes, *, is_best: bool = True) -> bytes:
    """A new block over a known one."""
    node.clock.offset_ms += 1  # so that siblings differ
    position = node.chain.at(parent)
    logs = author_logs(node.runtime, node.chain.genesis_hash, dev_author())(position)
    built = node.author.begin(position, logs).finish()
    return node.chain.add(built.block, built.state, is_best=is_best)


def test_forks_are_told_and_pruned(node: Node) -> None:
    genesis = node.chain.genesis_hash
    reader = Reader(node.chain, Follow(node.chain, node.runtime.version, with_runtime=True))
    assert reader.told == ["initialized", "bestBlockChanged"]
    a1 = add(node, genesis)
    b1 = add(node, genesis, is_best=False)
    b2 = add(node, b1)
    assert reader.catch_up() == ["newBlock", "bestBlockChanged", "newBlock", "newBlock", "bestBlockChanged"]
    # A late subscriber hears of all forks, parents first.
    late = Reader(node.chain, Follow(node.chain, node.runtime.version, with_runtime=False))
    assert late.told == ["initialized", *["newBlock"] * 3, "bestBlockChanged"]
    assert late.best == reader.best == hexed(b2)
    # The fork that is not the best becomes final: the head moves first.
    node.chain.finalize(a1)
    assert node.chain.best.hash == a1
    assert reader.catch_up() == late.catch_up() == ["bestBlockChanged", "finalized"]
    assert reader.best == hexed(a1)
    # What lost stays pinned, with its header, body and state.
    pin = reader.follow.pins[b2]
    assert pin.header.number == 2 and reader.follow.body(b2, pin) and pin.state.root == pin.header.state_root
    assert pin.state.get(b"nothing") is None
    assert reader.follow.body(a1, reader.follow.pins[a1]) == node.chain.block(a1).block.extrinsics  # type: ignore[union-attr]


def test_a_block_that_is_final_before_it_is_read_is_told_whole(node: Node) -> None:
    """The subscriber is slow: by the time it reads of a block, the chain has gone on and the fork is lost."""
    reader = Reader(node.chain, Follow(node.chain, node.runtime.version, with_runtime=False))
    lost = add(node, node.chain.genesis_hash)
    first = add(node, node.chain.genesis_hash)
    second = add(node, first)
    node.chain.finalize(second)
    assert node.chain.header(lost) is None
    events = reader.catch_up()
    assert events == [*("newBlock", "bestBlockChanged") * 3, "finalized"]
    assert set(reader.follow.pins) == {node.chain.genesis_hash, lost, first, second}
    assert reader.follow.pins[lost].state.root == reader.follow.pins[lost].header.state_root


def test_a_new_subscriber_hears_of_at_most_sixteen_final_blocks(node: Node) -> None:
    hashes = [node.chain.genesis_hash]
    for _ in range(20):
        hashes.append(add(node, hashes[-1]))
    node.chain.finalize(hashes[-1])
    follow = Follow(node.chain, node.runtime.version, with_runtime=False)
    (first, best) = follow.begin()
    assert first["finalizedBlockHashes"] == [hexed(each) for each in hashes[-16:]]
    assert best == {"event": "bestBlockChanged", "bestBlockHash": hexed(hashes[-1])}
    assert set(follow.pins) == set(hashes[-16:])


def test_a_revert_stops(node: Node) -> None:
    reader = Reader(node.chain, Follow(node.chain, node.runtime.version, with_runtime=False))
    node.chain.finalize(add(node, node.chain.genesis_hash))
    node.chain.rewind(0)
    assert reader.catch_up()[-1] == STOP["event"]


async def test_operations_are_counted_and_end_with_the_subscription(node: Node) -> None:
    follow = Follow(node.chain, node.runtime.version, with_runtime=False)
    assert follow.room == OPERATIONS_MAX
    small, large = follow.start(), follow.start(5)
    assert follow.room == OPERATIONS_MAX - 6 and small.id != large.id
    follow.stop(small.id)
    follow.stop(small.id)
    assert small.scope.cancel_called and not large.scope.cancel_called
    assert follow.room == OPERATIONS_MAX - 5
    follow.end()
    assert large.scope.cancel_called and follow.room == OPERATIONS_MAX
