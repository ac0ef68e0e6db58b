"""A node begins at a checkpoint: from honest peers, from hostile ones, and after it was stopped anywhere."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import trio
from trio.testing import MockClock

from node.chain.chain import Chain, DiscardedState, UnknownBlock
from node.chain.checkpoint import first_block, justifications_of
from node.consensus.verifier import InlineVerifier
from node.network.address import PeerId
from node.network.errors import CannotAnswer
from node.storage import Filling, StorageFilled, StorageUnfinished
from node.sync import state as state_module
from node.sync import state_server as server_module
from node.sync.pages import (
    STATE,
    BlockAsked,
    Ends,
    EndsAsked,
    PageAsked,
    PageReply,
    StateRequest,
    Target,
)
from node.sync.server import Server
from node.sync.service import Sync
from node.sync.state import (
    CheckpointDiscarded,
    CheckpointForeign,
    CheckpointUnknown,
    StateSync,
)
from node.sync.state_server import StateServer
from node.sync.sync import FAILURES_MAX, Fault
from runtime.crypto.hashing import blake2b_256
from runtime.scale import codec_of
from support import rota
from support.hub import Hub, Port, name_of, peer_named

HEIGHT = 130
CUT = 111
"""A block without a certificate of its own, in the middle of an epoch."""
_REQUEST = codec_of(StateRequest)


@pytest.fixture(autouse=True)
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that the state has many of them."""
    for module in (state_module, server_module):
        monkeypatch.setattr(module, "PAGE_BYTES", 4_000)


@dataclass
class Node:
    """A node that begins."""

    folder: Path
    port: Port
    seen: list[tuple[str, Fault]] = field(default_factory=list[tuple[str, Fault]])
    details: list[str] = field(default_factory=list[str])

    def report(self, peer: PeerId, fault: Fault, detail: str) -> None:
        self.seen.append((name_of(peer), fault))
        self.details.append(detail)

    async def begin(self, wanted: bytes | None = None) -> Chain:
        """Fill the database, and open the chain."""
        filling = Filling.open(self.folder, cache_bytes=8 << 20)
        genesis = rota.genesis()
        sync = StateSync(
            filling,
            genesis,
            rota.signers(0).committee,
            rota.BLOCKS_PER_EPOCH,
            self.port,
            InlineVerifier(genesis.hash),
            wanted=wanted,
            report=self.report,
        )
        try:
            await sync.run()
        finally:
            filling.close()
        return rota.open_chain(self.folder)


def honest(hub: Hub, chain: Chain, name: str = "honest") -> Port:
    port = hub.join(name)
    Server(chain).register(port)
    StateServer(chain, rota.epochs_of(chain)).register(port)
    return port


@pytest.fixture
def node(tmp_path: Path) -> Node:
    return Node(tmp_path / "begun", Hub().join("new"))


def joined(hub: Hub, folder: Path) -> Node:
    return Node(folder / "begun", hub.join("new"))


def hash_at(chain: Chain, number: int) -> bytes:
    block_hash = chain.hash_at(number)
    assert block_hash is not None
    return block_hash


def entries(chain: Chain, number: int) -> dict[bytes, bytes | None]:
    state = chain.states.at(number)
    return {key: state.get(key) for key in state.keys(b"")}


@pytest.mark.parametrize("number", [HEIGHT, CUT, 120, 121, 7])
async def test_it_begins_at_the_block_and_follows_by_blocks(
    source: Chain, tmp_path: Path, number: int, autojump_clock: MockClock
) -> None:
    """The last block, one without a certificate, an epoch's last and first, one of the first epoch."""
    hub = Hub()
    honest(hub, source)
    node = joined(hub, tmp_path)
    chain = await node.begin(None if number == HEIGHT else hash_at(source, number))
    assert node.seen == []
    assert chain.finalized.hash == chain.best.hash == hash_at(source, number)
    assert entries(chain, number) == entries(source, number)
    assert chain.block(chain.finalized.hash) == source.block(chain.finalized.hash)
    assert first_block(chain) == number
    sync = Sync(chain, rota.epochs_of(chain), node.port, InlineVerifier(chain.genesis_hash))
    await sync.catch_up()
    assert chain.finalized.hash == source.finalized.hash
    assert chain.finalized.state.root == source.finalized.header.state_root
    assert sync.stats.starting == number
    chain.close()


async def test_of_what_came_before_it_knows_genesis_and_the_ends_of_epochs(
    source: Chain, tmp_path: Path, autojump_clock: MockClock
) -> None:
    hub = Hub()
    honest(hub, source)
    chain = await joined(hub, tmp_path).begin(hash_at(source, CUT))
    for number in range(CUT):
        block_hash = hash_at(source, number)
        if number == 0:
            assert chain.block(block_hash) == source.block(block_hash)
        elif number % rota.BLOCKS_PER_EPOCH == 0:
            assert chain.hash_at(number) == block_hash
            assert chain.header(block_hash) == source.header(block_hash)
            assert justifications_of(chain, block_hash) == justifications_of(source, block_hash)
        else:
            assert chain.hash_at(number) is None
            with pytest.raises(UnknownBlock, match=f"^Unknown block: 0x{block_hash.hex()}$"):
                chain.at(block_hash)
        assert number == 0 or chain.block(block_hash) is None
    with pytest.raises(DiscardedState):
        chain.at(chain.genesis_hash)
    epochs = rota.epochs_of(chain)
    assert [epochs.committee(epoch) for epoch in range(6)] == [
        rota.signers(epoch).committee for epoch in range(6)
    ]
    chain.close()


async def test_nodes_that_began_at_a_checkpoint_serve_others_as_far_as_they_can(
    source: Chain, tmp_path: Path, caplog: pytest.LogCaptureFixture, autojump_clock: MockClock
) -> None:
    """The next node begins from them alone, and is sent on for blocks from before."""
    hub = Hub()
    honest(hub, source)
    first = await joined(hub, tmp_path).begin(hash_at(source, 112))
    again = Hub()
    honest(again, first, "first")
    node = joined(again, tmp_path / "second")
    second = await node.begin()
    assert second.finalized.hash == first.finalized.hash and node.seen == []
    assert entries(second, 112) == entries(source, 112)
    fresh = rota.open_chain(tmp_path / "third")
    port = again.join("third")
    sync = Sync(fresh, rota.epochs_of(fresh), port, InlineVerifier(fresh.genesis_hash), report=node.report)
    await sync.catch_up()
    assert fresh.finalized.header.number == 0 and node.seen == []
    (warning,) = [each.getMessage() for each in caplog.records if each.levelname == "WARNING"]
    assert warning == (
        "no peer has block 1 any more, and some have later ones: begin at one of theirs, with an empty "
        "database and --checkpoint"
    )
    for chain in (first, second, fresh):
        chain.close()


# Hostile peers.

Change = Callable[[StateRequest, bytes], bytes]


def lying(hub: Hub, source: Chain, change: Change, name: str = "hostile") -> None:
    """A peer that alters every answer."""
    port, server = honest(hub, source, name), StateServer(source, rota.epochs_of(source))

    async def answer(peer: PeerId, data: bytes) -> bytes:
        return change(_REQUEST.decode(data), await server.answer(peer, data))

    port.on_request(STATE, answer)


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


def on_target(change: Callable[[Target], Target]) -> Change:
    def changed(request: StateRequest, raw: bytes) -> bytes:
        if not isinstance(request, BlockAsked):
            return raw
        return codec_of(Target).encode(change(codec_of(Target).decode(raw)))

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


# Hashes that do not do.


async def test_a_hash_that_nobody_knows_is_refused(
    source: Chain, tmp_path: Path, autojump_clock: MockClock
) -> None:
    hub = Hub()
    honest(hub, source)
    node = joined(hub, tmp_path)
    wrong = bytes(31) + b"\x01"
    with pytest.raises(CheckpointUnknown) as refused:
        await node.begin(wrong)
    assert str(refused.value) == (
        f"no peer knows a final block 0x{wrong.hex()}: see that the checkpoint is of this chain, and of a "
        "block that is final"
    )
    with pytest.raises(StorageUnfinished):
        rota.open_chain(node.folder)
    chain = await node.begin()
    assert chain.finalized.hash == source.finalized.hash
    chain.close()


async def test_a_block_that_is_not_final_is_refused(
    tmp_path: Path, chain: Chain, autojump_clock: MockClock
) -> None:
    hub = Hub()
    rota.grow(chain, 3)
    loose = rota.extend(chain)
    honest(hub, chain)
    with pytest.raises(CheckpointUnknown):
        await joined(hub, tmp_path).begin(loose)


async def test_another_block_than_the_wanted_one_is_a_lie(
    source: Chain, tmp_path: Path, autojump_clock: MockClock
) -> None:
    hub = Hub()
    other = codec_of(Target).decode(
        await StateServer(source, rota.epochs_of(source)).answer(
            peer_named("x"), _REQUEST.encode(BlockAsked(hash_at(source, 9)))
        )
    )
    lying(hub, source, on_target(lambda target: other), "hostile")
    honest(hub, source)
    node = joined(hub, tmp_path)
    chain = await node.begin(hash_at(source, 10))
    assert chain.finalized.header.number == 10
    assert set(node.seen) <= {("hostile", Fault.Incoherent)}
    chain.close()


async def test_a_state_that_nobody_keeps_is_refused_by_name(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    pruned = rota.open_chain(tmp_path / "pruned", window=8)
    rota.grow(pruned, 30)
    hub = Hub()
    honest(hub, pruned)
    old = hash_at(pruned, 15)
    with pytest.raises(CheckpointDiscarded) as refused:
        await joined(hub, tmp_path).begin(old)
    assert str(refused.value) == (
        f"no peer keeps the state of block 15 (0x{old.hex()}) any more: choose a newer checkpoint, or ask a "
        "node that keeps every state"
    )
    pruned.close()


async def test_when_the_state_goes_while_it_is_taken_a_newer_one_is(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    pruned = rota.open_chain(tmp_path / "pruned", window=8)
    rota.grow(pruned, 30, transfers=1)
    hub, pages = Hub(), itertools.count(1)
    port, server = honest(hub, pruned), StateServer(pruned, rota.epochs_of(pruned))

    async def answer(peer: PeerId, data: bytes) -> bytes:
        if isinstance(_REQUEST.decode(data), PageAsked) and next(pages) in (4, 8):
            rota.grow(pruned, 25, transfers=1)
        return await server.answer(peer, data)

    port.on_request(STATE, answer)
    node = joined(hub, tmp_path)
    chain = await node.begin()
    assert chain.finalized.header.number == 80 and node.seen == []
    assert entries(chain, 80) == entries(pruned, 80)
    chain.close()
    pruned.close()


# Stopping and going on.


async def test_stopped_anywhere_it_goes_on_from_where_it_was(
    source: Chain, tmp_path: Path, autojump_clock: MockClock
) -> None:
    hub, asked = Hub(), list[bytes | None]()
    port, server = honest(hub, source), StateServer(source, rota.epochs_of(source))

    async def answer(peer: PeerId, data: bytes) -> bytes:
        request = _REQUEST.decode(data)
        if isinstance(request, PageAsked):
            asked.append(request.after)
            if len(asked) % 3 == 0:
                stop.cancel()
        return await server.answer(peer, data)

    port.on_request(STATE, answer)
    node = joined(hub, tmp_path)
    chain: Chain | None = None
    for _ in range(40):
        with trio.CancelScope() as stop:
            chain = await node.begin()
        if chain is not None:
            break
        with pytest.raises(StorageUnfinished):
            rota.open_chain(node.folder)
    assert chain is not None
    assert entries(chain, HEIGHT) == entries(source, HEIGHT)
    lasts = [each for each in asked if each is not None]
    assert lasts == sorted(lasts) and len(set(lasts)) > 6, "no page was taken twice but the one under way"
    chain.close()
    with pytest.raises(StorageFilled):
        await node.begin()


async def test_what_was_begun_with_another_block_is_begun_anew(
    source: Chain, tmp_path: Path, autojump_clock: MockClock
) -> None:
    hub, pages = Hub(), itertools.count(1)
    port, server = honest(hub, source), StateServer(source, rota.epochs_of(source))

    async def answer(peer: PeerId, data: bytes) -> bytes:
        if isinstance(_REQUEST.decode(data), PageAsked) and next(pages) == 4:
            stop.cancel()
        return await server.answer(peer, data)

    port.on_request(STATE, answer)
    node = joined(hub, tmp_path)
    with trio.CancelScope() as stop:
        await node.begin()
    chain = await node.begin(hash_at(source, 33))
    assert entries(chain, 33) == entries(source, 33)
    assert chain.hash_at(40) is None and chain.header(hash_at(source, 120)) is None
    sync = Sync(chain, rota.epochs_of(chain), node.port, InlineVerifier(chain.genesis_hash))
    await sync.catch_up()
    assert chain.finalized.hash == source.finalized.hash
    assert chain.block(hash_at(source, 40)) == source.block(hash_at(source, 40))
    chain.close()


def test_another_chains_beginning_is_refused(node: Node) -> None:
    filling = Filling.open(node.folder)
    list(filling.begin(bytes(32)))
    with pytest.raises(CheckpointForeign) as refused:
        StateSync(
            filling,
            rota.genesis(),
            rota.signers(0).committee,
            rota.BLOCKS_PER_EPOCH,
            node.port,
            InlineVerifier(rota.genesis().hash),
        )
    assert str(refused.value) == (
        f"the database at {node.folder} was begun with the state of another chain: give another --base-path, "
        "or remove it"
    )
    filling.close()


async def test_a_request_that_cannot_be_read_is_refused(source: Chain, autojump_clock: MockClock) -> None:
    with pytest.raises(CannotAnswer, match=r"^the request cannot be read: "):
        await StateServer(source, rota.epochs_of(source)).answer(peer_named("x"), b"\x09")
