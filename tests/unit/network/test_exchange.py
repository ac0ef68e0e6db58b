"""Nodes find each other from one address, and remember over a restart whom they dialled."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st
from trio.testing import MockClock

from node.network.address import PeerAddress
from node.network.anchors import load_anchors, save_anchors
from node.network.config import NetworkConfig
from node.network.errors import BadAddress, BadFrame
from node.network.exchange import read_addresses, write_addresses
from node.network.frames import Request, Response
from support.network import World, meshed, peer, running, until

MINUTE = 60.0


async def test_full_nodes_find_the_mesh_from_one_bootnode(autojump_clock: MockClock) -> None:
    """Three validators reserve each other; four newcomers know one of them, and come to know all."""
    world = World()
    validators = [world.node(each, reserved=tuple(map(world.address, range(3)))) for each in range(3)]
    newcomers = [world.node(each, bootnodes=(world.address(0),)) for each in range(3, 7)]
    async with running(*validators, *newcomers):
        await meshed(*validators, *newcomers, seconds=5 * MINUTE)


async def test_addresses_that_nobody_should_believe_are_not_noted(autojump_clock: MockClock) -> None:
    good = PeerAddress(peer(5), "10.0.5.1", 1)
    local = PeerAddress(peer(6), "127.0.0.1", 22)
    named = PeerAddress(peer(7), "intranet.example", 80)
    answer = write_addresses([good, local, named], 64, Random(1))
    assert read_addresses(answer, "10.0.1.1") == [good]
    assert read_addresses(answer, "127.0.0.1") == [good, local]


@given(st.binary(max_size=300))
def test_any_answer_is_addresses_or_refused(answer: bytes) -> None:
    try:
        addresses = read_addresses(answer, "127.0.0.1")
    except BadFrame:
        return
    assert len(addresses) <= 256


def test_an_answer_is_drawn_from_what_is_known() -> None:
    known = [World.address(place) for place in range(100)]
    told = read_addresses(write_addresses(known, 64, Random(1)), "10.0.0.1")
    assert len(told) == 64 and set(told) <= set(known)
    assert read_addresses(write_addresses(known[:3], 64, Random(1)), "10.0.0.1") == known[:3]


def test_a_public_host_that_nobody_would_dial_is_refused() -> None:
    assert NetworkConfig(public_host="2001:db8::1").public_host == "2001:db8::1"
    with pytest.raises(BadAddress) as refused:
        NetworkConfig(public_host="node.example")
    assert str(refused.value) == (
        "'node.example' is no address of a peer: the public host of a node is an IP address"
    )


async def test_a_node_is_known_by_its_public_host(autojump_clock: MockClock) -> None:
    world = World()
    nodes = [world.node(0), world.node(1, bootnodes=(world.address(0),), public_host="203.0.113.1")]
    async with running(*nodes):
        await meshed(*nodes)
        assert nodes[0].stats().peers[0].address == f"{peer(1).hex()}@203.0.113.1:30333"


async def test_an_answer_that_holds_no_addresses_is_a_fault(autojump_clock: MockClock) -> None:
    world = World()
    node = world.node(0)
    async with running(node):
        raw = await world.raw(1, 0)
        request = (await raw.find(Request)).head
        assert isinstance(request, Request) and request.protocol == "peers"
        await raw.send(Response(request.number), b"\xff\xff\xff\xff")
        await until(lambda: node.stats().peers[0].score < 0)
        assert node.stats().peers[0].score == pytest.approx(-50, abs=1)


async def test_anchors_outlive_a_restart(tmp_path: Path, autojump_clock: MockClock) -> None:
    world = World()
    file = tmp_path / "anchors"
    others = [world.node(each) for each in range(1, 7)]
    async with running(*others):
        bootnodes = tuple(map(world.address, range(1, 7)))
        first = world.node(0, bootnodes=bootnodes, anchors_file=file)
        async with running(first):
            await trio.sleep(MINUTE)
        kept = load_anchors(file, 4)
        assert len(kept) == 4 and set(kept) <= set(bootnodes)
        again = world.node(0, anchors_file=file)
        async with running(again):
            await until(lambda: {each.peer for each in kept} <= set(again.peers()))


def test_an_anchor_file_may_be_missing_or_spoilt(tmp_path: Path) -> None:
    file = tmp_path / "anchors"
    assert load_anchors(file, 4) == []
    file.write_bytes(b"\xff\xfe nonsense\n" + f"{World.address(1)}\n\n".encode() + bytes(1 << 20))
    assert load_anchors(file, 4) == [World.address(1)]
    save_anchors(file, map(World.address, range(3)))
    assert load_anchors(file, 2) == [World.address(0), World.address(1)]
    assert [path.name for path in tmp_path.iterdir()] == ["anchors"]
