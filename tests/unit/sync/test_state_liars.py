"""Hostile peers of a node that begins at a checkpoint: each is found out and named, and the state is true."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path

import pytest
import trio
from trio.testing import MockClock

from node.chain.chain import Chain
from node.network.address import PeerId
from node.sync.pages import (
    STATE,
    Ends,
    EndsAsked,
    PageAsked,
    PageReply,
    StateRequest,
    Target,
)
from node.sync.sync import FAILURES_MAX, Fault
from runtime.crypto.hashing import blake2b_256
from runtime.scale import codec_of
from support import rota
from support.checkpoints import Change, entries, honest, joined, lying, on_target
from support.hub import Hub

pytestmark = pytest.mark.usefixtures("small_pages")

HEIGHT = 130


def on_page(change: Callable[[tuple[bytes, ...]], tuple[bytes, ...] | None], *, from_page: int = 2) -> Change:
    """Alter the pages from the second on, so that something true is kept already."""
    count = itertools.count(1)

    def changed(request: StateRequest, raw: bytes) -> bytes:
        if not isinstance(request, PageAsked) or next(count) < from_page:
            return raw
        items = codec_of(PageReply).decode(raw).items
        assert items is not None
        return codec_of(PageReply).encode(PageReply(change(items)))

    return changed


def on_ends(change: Callable[[Ends], Ends]) -> Change:
    def changed(request: StateRequest, raw: bytes) -> bytes:
        if not isinstance(request, EndsAsked):
            return raw
        return codec_of(Ends).encode(change(codec_of(Ends).decode(raw)))

    return changed


def with_wrong_value(items: tuple[bytes, ...]) -> tuple[bytes, ...]:
    """One value altered: the last byte of the longest item, a value that stands by its digest."""
    longest = max(range(len(items)), key=lambda place: len(items[place]))
    item = items[longest]
    return (*items[:longest], item[:-1] + bytes([item[-1] ^ 1]), *items[longest + 1 :])


def other_committee(ends: Ends) -> Ends:
    """Its own committee in the place of the next."""
    (first, *rest) = ends.ends
    return Ends((first.replace(committee=rota.signers(2).committee.replace(epoch=1)), *rest))


def other_header(ends: Ends) -> Ends:
    (first, *rest) = ends.ends
    return Ends((first.replace(header=first.header.replace(state_root=bytes(32))), *rest))


def signed_by_others(ends: Ends) -> Ends:
    (first, *rest) = ends.ends
    statement = first.certificate.statement
    forged = rota.signers(1).certificate(statement, genesis_hash=rota.genesis().hash)
    return Ends((first.replace(certificate=forged), *rest))


def other_state(target: Target) -> Target:
    """A block with a state of its own, under the certificate of the true one."""
    assert target.block is not None
    header = target.block.header.replace(state_root=blake2b_256(b"mine"))
    return Target(target.block.replace(header=header), target.ahead)


def forged_state(target: Target) -> Target:
    """The same, signed by who is no quorum."""
    assert target.block is not None
    header = target.block.header.replace(state_root=blake2b_256(b"mine"))
    statement = rota.statement_of(6, 10, header.hash)
    certificate = rota.signers(6).certificate(statement, (0,), genesis_hash=rota.genesis().hash)
    return Target(target.block.replace(header=header, certificate=certificate), None)


def without_body(target: Target) -> Target:
    assert target.block is not None
    return Target(target.block.replace(extrinsics=()), target.ahead)


LIES: dict[str, tuple[Callable[[], Change], Fault, str]] = {
    "a wrong value in a page": (lambda: on_page(with_wrong_value), Fault.Forged, "a page of the state: "),
    "a page with an item too many": (
        lambda: on_page(lambda items: (*items, b"more")),
        Fault.Forged,
        "a page of the state: the proof holds an item that no key needs: 0x6d6f7265 (4 bytes)",
    ),
    "a page without its root": (
        lambda: on_page(lambda items: items[1:]),
        Fault.Forged,
        "a page of the state: the proof holds an item that no key needs: ",
    ),
    "an empty page": (
        lambda: on_page(lambda items: ()),
        Fault.Forged,
        "a page of the state: the page holds no entry",
    ),
    "pages cut short": (
        lambda: on_page(lambda items: items[: len(items) // 2]),
        Fault.Incoherent,
        "a page of the state ends before it is full",
    ),
    "another committee": (
        lambda: on_ends(other_committee),
        Fault.Incoherent,
        "the end of epoch 0 commits to another committee than the one given",
    ),
    "another end": (
        lambda: on_ends(other_header),
        Fault.Incoherent,
        "the end of epoch 0 has a certificate of something else",
    ),
    "an end signed by others": (
        lambda: on_ends(signed_by_others),
        Fault.Unproven,
        "the certificate of the end of epoch 0 does not convince",
    ),
    "an end left out": (
        lambda: on_ends(lambda ends: Ends(ends.ends[1:])),
        Fault.Incoherent,
        "the end of epoch 0 is block 20, not block 40",
    ),
    "a block with another state": (
        lambda: on_target(other_state),
        Fault.Incoherent,
        "the certificate with block 130 is not of its finalization",
    ),
    "a block that too few signed": (
        lambda: on_target(forged_state),
        Fault.Unproven,
        "the certificate of block 130 does not convince",
    ),
    "a block without its body": (
        lambda: on_target(without_body),
        Fault.Incoherent,
        "the extrinsics of block 130 are not those that its header commits to",
    ),
    "garbage": (lambda: lambda request, raw: b"\xff" * 9, Fault.Malformed, "an answer about a state: "),
}


@pytest.mark.parametrize("lie", LIES)
async def test_a_lie_is_found_its_teller_named_and_the_state_is_the_true_one(
    source: Chain, tmp_path: Path, lie: str, autojump_clock: MockClock
) -> None:
    """The hostile peer is alone until it is found out."""
    change, fault, detail = LIES[lie]
    hub = Hub()
    lying(hub, source, change())
    node = joined(hub, tmp_path)

    async def then_honest() -> None:
        await trio.sleep(20)
        assert node.seen == [("hostile", fault)]
        assert node.details[0].startswith(detail), node.details
        honest(hub, source)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(then_honest)
        chain = await node.begin()
    assert node.seen == [("hostile", fault)]
    assert chain.finalized.hash == source.finalized.hash
    assert entries(chain, HEIGHT) == entries(source, HEIGHT)
    chain.close()


async def test_who_knows_a_block_and_not_the_epochs_before_it_is_asked_no_more(
    source: Chain, tmp_path: Path, autojump_clock: MockClock
) -> None:
    hub = Hub()
    lying(hub, source, on_ends(lambda ends: Ends(())))
    node = joined(hub, tmp_path)
    with trio.move_on_after(60):
        await node.begin()
    assert node.seen == [("hostile", Fault.Withheld)] * FAILURES_MAX
    assert node.details[0] == "the end of epoch 0"
    honest(hub, source)
    chain = await node.begin()
    assert chain.finalized.hash == source.finalized.hash
    chain.close()


async def test_all_of_them_at_once(source: Chain, tmp_path: Path, autojump_clock: MockClock) -> None:
    hub = Hub()
    for name, (change, _, _) in LIES.items():
        lying(hub, source, change(), name[:32])
    honest(hub, source)
    node = joined(hub, tmp_path)
    chain = await node.begin()
    assert entries(chain, HEIGHT) == entries(source, HEIGHT)
    assert "honest" not in {name for name, _ in node.seen}
    chain.close()


async def test_who_stalls_is_passed_by(source: Chain, tmp_path: Path, autojump_clock: MockClock) -> None:
    hub = Hub()

    async def stall(peer: PeerId, data: bytes) -> bytes:
        await trio.sleep_forever()

    honest(hub, source, "stalling").on_request(STATE, stall)
    honest(hub, source)
    node = joined(hub, tmp_path)
    chain = await node.begin()
    assert entries(chain, HEIGHT) == entries(source, HEIGHT)
    assert set(node.seen) == {("stalling", Fault.Stalled)} and len(node.seen) == FAILURES_MAX
    chain.close()
