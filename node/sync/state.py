"""Beginning at a checkpoint: a node takes the state of a recent final block from its peers, instead of
executing every block since genesis.

    1  the ends of epochs, from genesis on: each committee is believed because the one before signed for it
    2  the block: the last final one, or the one whose hash the user trusts; final by its epoch's committee
    3  its state, page by page; each page proves itself against the block's state root before it is kept
    4  the trie of all that was kept, whose root is compared once more; then the database holds a chain

A wrong answer is found where it is given, and its sender named. What was kept stays when the node is stopped,
and it goes on from there. What nobody can show is whether this chain of committees is the one that the world
follows: validators of long ago, whose coins are free, could make another. Against that a hash helps, taken
from somebody one trusts.
"""

from __future__ import annotations

import logging
from typing import Final, NamedTuple

import trio

from genesis.build import Genesis
from node.chain.checkpoint import checkpoint_rows, forgotten, header_rows
from node.chain.records import Justification, Row
from node.consensus.verifier import Verifier
from node.network.address import PeerId
from node.network.errors import PeerGone
from node.storage import Column, Filling
from node.storage.filling import Stage
from node.sync.blocks import BadReply
from node.sync.epochs import committee_key, committee_row, read_committee
from node.sync.pages import (
    PAGE_BYTES,
    BlockAsked,
    Ends,
    EndsAsked,
    PageAsked,
    PageReply,
    Target,
    check_end,
    check_statement,
    check_target,
)
from node.sync.peers import Network, ReportFault
from node.sync.sources import Sources
from node.sync.sync import Fault
from node.sync.take import Untrue
from runtime.scale import codec_of
from runtime.simplex import ENGINE, Certificate, Committee
from runtime.trie import InvalidProof, read_range
from runtime.types.block import Block

log = logging.getLogger(__name__)

ROUNDS_MAX: Final = 3
"""How often everybody is asked for a block that nobody knows."""
TARGETS_MAX: Final = 8
"""How many blocks are tried, each after the state of the one before was given up by all."""
RETRY_SECONDS: Final = 1.0
LOG_SECONDS: Final = 5.0

_ENDS: Final = codec_of(Ends)
_TARGET: Final = codec_of(Target)
_PAGE: Final = codec_of(PageReply)
_CERTIFICATE: Final = codec_of(Certificate)


class CheckpointUnknown(Exception):
    """Nobody knows the block that the user trusts."""

    def __init__(self, block_hash: bytes) -> None:
        super().__init__(
            f"no peer knows a final block 0x{block_hash.hex()}: see that the checkpoint is of this chain, "
            "and of a block that is final"
        )
        self.block_hash = block_hash


class CheckpointDiscarded(Exception):
    """Nobody keeps the state of the block any more."""

    def __init__(self, number: int, block_hash: bytes) -> None:
        super().__init__(
            f"no peer keeps the state of block {number} (0x{block_hash.hex()}) any more: choose a newer "
            "checkpoint, or ask a node that keeps every state"
        )
        self.number = number


class CheckpointForeign(Exception):
    """The database was begun with another chain's state."""

    def __init__(self, path: str) -> None:
        super().__init__(
            f"the database at {path} was begun with the state of another chain: give another --base-path, or "
            "remove it"
        )


class Chosen(NamedTuple):
    """The block to begin at."""

    block: Block
    justifications: tuple[Justification, ...]

    @property
    def number(self) -> int:
        """The block's height."""
        return self.block.header.number

    @property
    def hash(self) -> bytes:
        """The block's hash."""
        return self.block.header.hash


class _Unknown(Exception):
    """A peer does not know the block."""


class StateSync:
    """One database, from empty to a chain that begins at a checkpoint."""

    def __init__(
        self,
        filling: Filling,
        genesis: Genesis,
        committee: Committee,
        blocks_per_epoch: int,
        network: Network,
        verifier: Verifier,
        *,
        wanted: bytes | None = None,
        report: ReportFault | None = None,
    ) -> None:
        """`committee` is that of epoch 0, as the genesis state names it; `wanted` the hash of the block that
        the user trusts, None for the last final one. Raises CheckpointForeign.
        """
        if filling.label and not filling.label.startswith(genesis.hash):
            raise CheckpointForeign(filling.database.path)
        self._filling = filling
        self._genesis = genesis
        self._length = blocks_per_epoch
        self._network = network
        self._sources = Sources(network, report)
        self._verifier = verifier
        self._wanted = wanted
        self._said = 0.0
        self._committee = committee
        """The committee of the newest epoch that is known."""
        while (later := read_committee(filling.database, self._committee.epoch + 1)) is not None:
            self._committee = later

    async def run(self) -> Chosen:
        """Fill the database; the block that its chain begins at.

        Raises CheckpointUnknown, CheckpointDiscarded, or a StorageError.
        """
        label = self._genesis.hash
        begun = self._filling.label[len(label) :] or None
        if not self._filling.label:
            await self._begin(label)
            self._filling.put([committee_row(self._committee)])
        wanted = self._wanted or begun
        targets = 0
        while True:
            chosen = await self._choose(wanted)
            await self._begin(label + chosen.hash)
            if await self._fill(chosen):
                await self._build(chosen)
                return chosen
            targets += 1
            if self._wanted is not None or targets == TARGETS_MAX:
                raise CheckpointDiscarded(chosen.number, chosen.hash)
            log.warning("state sync: nobody keeps the state of #%d any more", chosen.number)
            wanted = None

    async def _begin(self, label: bytes) -> None:
        for _ in self._filling.begin(label):
            await trio.lowlevel.checkpoint()

    # The block.

    async def _choose(self, wanted: bytes | None) -> Chosen:
        """A final block: the wanted one, or the last of what the peers have. Raises CheckpointUnknown."""
        rounds = 0
        while True:
            peers = await self._sources.by_height()
            unknown = 0
            for peer in peers:
                try:
                    chosen = await self._choose_at(peer, wanted)
                except _Unknown:
                    unknown += 1
                except PeerGone:
                    continue
                except Untrue as untrue:
                    self._sources.blame(peer, untrue)
                else:
                    self._sources.thank(peer)
                    log.info("state sync: begins at #%d (0x%s)", chosen.number, chosen.hash.hex())
                    return chosen
            if wanted is not None and 0 < unknown == len(peers):
                rounds += 1
                if rounds == ROUNDS_MAX and wanted == self._wanted:
                    raise CheckpointUnknown(wanted)
                if rounds == ROUNDS_MAX:
                    wanted = None  # what was begun is known to nobody any more: the last one then
            self._say("state sync: none of %d peers has a block to begin at", len(peers))
            await trio.sleep(RETRY_SECONDS)

    async def _choose_at(self, peer: PeerId, wanted: bytes | None) -> Chosen:
        target = await self._sources.ask(peer, BlockAsked(wanted), _TARGET)
        try:
            batch = check_target(wanted, target, self._length)
            if batch is None:
                raise _Unknown
            (segment,) = batch.segments
            certificate = segment.certificate
            where = f"block {segment.number}"
            epoch = (segment.number - 1) // self._length
            check_statement(certificate, epoch, certificate.statement.block, where)
        except BadReply as error:
            raise Untrue(Fault.Incoherent, str(error)) from None
        while self._committee.epoch < epoch:
            await self._learn_ends(peer)
        committee = read_committee(self._filling.database, epoch)
        assert committee is not None, "every epoch up to the newest is written down"
        await self._convince(certificate, committee, where)
        own = (ENGINE, _CERTIFICATE.encode(certificate))
        return Chosen(segment.blocks[0], (own,) if segment.is_own else ())

    async def _learn_ends(self, peer: PeerId) -> None:
        """The ends of the epochs to come, as far as one reply goes."""
        ends = await self._sources.ask(peer, EndsAsked(self._committee.epoch), _ENDS)
        if not ends.ends:
            raise Untrue(Fault.Withheld, f"the end of epoch {self._committee.epoch}")
        rows: list[Row] = []
        try:
            for end in ends.ends:
                check_end(self._committee, end, self._length)
                where = f"the end of epoch {self._committee.epoch}"
                await self._convince(end.certificate, self._committee, where)
                rows += header_rows(end.header, (ENGINE, _CERTIFICATE.encode(end.certificate)))
                rows.append(committee_row(end.committee))
                self._committee = end.committee
        except BadReply as error:
            raise Untrue(Fault.Incoherent, str(error)) from None
        finally:
            self._filling.put(rows)

    async def _convince(self, certificate: Certificate, committee: Committee, where: str) -> None:
        self._verifier.enroll(committee)
        if not await self._verifier.certificate(certificate):
            raise Untrue(Fault.Unproven, f"the certificate of {where} does not convince")

    # The state.

    async def _fill(self, chosen: Chosen) -> bool:
        """Take all entries of the block's state; False when nobody keeps it any more."""
        filling, root = self._filling, chosen.block.header.state_root
        without: set[PeerId] = set()
        keys = size = 0
        while filling.stage != Stage.Full:
            peer = self._sources.following(without)
            if peer is None:
                if without.intersection(self._network.peers()):
                    return False
                self._say("state sync: no peer to ask for a state, %d connected", len(self._network.peers()))
                await trio.sleep(RETRY_SECONDS)
                continue
            try:
                reply = await self._sources.ask(peer, PageAsked(chosen.hash, filling.last), _PAGE)
                if reply.items is None:
                    without.add(peer)
                    continue
                keys += self._take(reply.items, root)
            except PeerGone:
                continue
            except Untrue as untrue:
                self._sources.blame(peer, untrue)
                continue
            self._sources.thank(peer)
            size += sum(map(len, reply.items))
            self._say("state sync: %d keys, %d KiB", keys, size >> 10)
        return True

    def _take(self, items: tuple[bytes, ...], root: bytes) -> int:
        """Keep what a page shows; how many entries. Raises Untrue."""
        try:
            page = read_range(root, items, self._filling.last)
        except InvalidProof as error:
            raise Untrue(Fault.Forged, f"a page of the state: {error}") from None
        if not page.is_last and sum(map(len, items)) < PAGE_BYTES:
            raise Untrue(Fault.Incoherent, "a page of the state ends before it is full")
        self._filling.add(page.entries, is_last=page.is_last)
        return len(page.entries)

    async def _build(self, chosen: Chosen) -> None:
        """Make the trie, and of the database a chain."""
        also: list[Row] = []
        # What lies ahead of the checkpoint the chain learns as all chains do, from blocks.
        for epoch in range(chosen.number // self._length, self._committee.epoch):
            also += forgotten(self._filling.database, (epoch + 1) * self._length)
            also.append((Column.META, committee_key(epoch + 1), None))
        also += checkpoint_rows(self._genesis, chosen.block, chosen.justifications)
        log.info("state sync: building the trie")
        for _ in self._filling.build(chosen.block.header.state_root, chosen.number, also):
            await trio.lowlevel.checkpoint()

    def _say(self, text: str, *facts: int) -> None:
        """Log, now and then."""
        now = trio.current_time()
        if now - self._said >= LOG_SECONDS:
            self._said = now
            log.info(text, *facts)
