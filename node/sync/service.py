"""The sync at work: it asks peers how far they are, fetches what the planner says, imports, and passes on.

`run` follows the chain for as long as it lives, as a full node does; `catch_up` brings it to where the peers
are and returns, for a validator that is further behind than its agreement can fetch. Either way certificates
that peers tell of (`heard`) bring it on at once, and are told on when their block is final here.
"""

from __future__ import annotations

import logging
from contextlib import suppress
from typing import Final, assert_never

import trio

from node.chain.chain import Chain
from node.chain.records import Justification
from node.consensus.verifier import Verifier
from node.network.address import PeerId, short
from node.network.errors import PeerGone, RequestFailed, RequestTimedOut
from node.sync.blocks import (
    BLOCKS,
    FINAL,
    STATUS,
    BadReply,
    Batch,
    BlocksReply,
    BlocksRequest,
    Status,
    check_reply,
)
from node.sync.epochs import Epochs
from node.sync.peers import Finalize, Network, ReportFault
from node.sync.signatures import Signatures
from node.sync.stats import SyncStats
from node.sync.sync import (
    Ask,
    Blame,
    Done,
    Failed,
    Fault,
    Gone,
    Happening,
    Heard,
    Hinted,
    Import,
    Moved,
    Planner,
    Refused,
    Replied,
)
from node.sync.take import Taker, Untrue
from runtime.scale import DecodeError, codec_of
from runtime.simplex import ENGINE, Certificate, Kind

log = logging.getLogger(__name__)

INBOX_MAX: Final = 256
"""Happenings that wait for the planner."""
WAITING_MAX: Final = 64
"""Certificates that were heard and whose blocks are to come."""
TICK_SECONDS: Final = 1.0
STATUS_SECONDS: Final = 5.0
"""How often each peer is asked how far it is."""
STATUS_SECONDS_MAX: Final = 3.0
"""How long that may take."""
REPLY_SECONDS_MAX: Final = 10.0
"""How long blocks may take."""
LOG_SECONDS: Final = 5.0
"""How often progress is logged while the node is far behind."""

_STATUS: Final = codec_of(Status)
_REQUEST: Final = codec_of(BlocksRequest)
_REPLY: Final = codec_of(BlocksReply)
_CERTIFICATE: Final = codec_of(Certificate)


class Sync:
    """Keeps one chain up with what its peers have agreed on."""

    def __init__(
        self,
        chain: Chain,
        epochs: Epochs,
        network: Network,
        verifier: Verifier,
        *,
        signatures: Signatures | None = None,
        report: ReportFault | None = None,
        finalize: Finalize | None = None,
    ) -> None:
        """Without `signatures` transactions are verified as they execute; without `finalize` only the chain
        learns what is final.
        """
        self._chain = chain
        self._epochs = epochs
        self._network = network
        self._verifier = verifier
        self._signatures = signatures
        self._report = report
        self._finalize = finalize or self._finalize_alone
        verified = () if signatures is None else signatures.verified
        self._taker = Taker(chain, epochs, verifier, self._settle, verified)
        self._one_at_a_time = trio.Lock()
        self._is_stranded = False
        self._inbox: trio.MemorySendChannel[Happening] | None = None
        self._waiting: dict[bytes, Certificate] = {}
        self._was_syncing = True
        """Whether the node was far behind when something was last said of it."""
        self.stats = SyncStats(self._final, self._final, self._final)

    async def run(self) -> None:
        """Catch up, and follow. Raises what `Taker.take` raises: then the node must not go on."""
        await self._work(for_ever=True)

    async def catch_up(self) -> frozenset[PeerId]:
        """Bring the chain to where the peers are, as far as they can show it; those who said where they are.
        Raises what `run` raises.
        """
        return await self._work(for_ever=False)

    async def heard(self, peer: PeerId, data: bytes) -> None:
        """A peer tells of a finalization."""
        try:
            certificate = _CERTIFICATE.decode(data)
        except DecodeError as error:
            self._blame(peer, Fault.Malformed, f"a certificate of finalization: {error}")
            return
        statement = certificate.statement
        if statement.kind != Kind.Finalize or not statement.is_canonical:
            self._blame(peer, Fault.Malformed, "a certificate of something else than a finalization")
            return
        if self._chain.is_finalized(statement.block):
            return
        epoch = self._epochs.of(self._final + 1)
        if statement.epoch == epoch and statement.block not in self._waiting:
            self._verifier.enroll(self._epochs.committee(epoch))
            if not await self._verifier.certificate(certificate):
                self._blame(peer, Fault.Unproven, f"a certificate of epoch {epoch} does not convince")
                return
            await self._believe(certificate)
        if statement.epoch >= epoch:
            self._hint(peer)

    async def _believe(self, certificate: Certificate) -> None:
        """Make the block of a valid certificate final, or remember that it is."""
        block_hash = certificate.statement.block
        header = self._chain.header(block_hash)
        if header is None:
            self._waiting[block_hash] = certificate
            if len(self._waiting) > WAITING_MAX:
                del self._waiting[next(iter(self._waiting))]
        elif header.number > self._final:
            await self._settle(block_hash, ((ENGINE, _CERTIFICATE.encode(certificate)),))
            await self._network.broadcast(FINAL, _CERTIFICATE.encode(certificate))

    async def _settle(self, block_hash: bytes, justifications: tuple[Justification, ...]) -> None:
        """Make a block final, unless it is by now; once begun, whole."""
        async with self._one_at_a_time:
            if not self._chain.is_finalized(block_hash):
                with trio.CancelScope(shield=True):
                    await self._finalize(block_hash, justifications)

    async def _finalize_alone(self, block_hash: bytes, justifications: tuple[Justification, ...]) -> None:
        self._chain.finalize(block_hash, justifications)

    def _hint(self, peer: PeerId) -> None:
        if self._inbox is not None:
            with suppress(trio.WouldBlock):  # the planner has more than enough to think about
                self._inbox.send_nowait(Hinted(peer))

    async def _tell(self, happening: Happening) -> None:
        if self._inbox is not None:
            await self._inbox.send(happening)

    # The loop.

    async def _work(self, *, for_ever: bool) -> frozenset[PeerId]:
        planner = Planner(self._final)
        send, receive = trio.open_memory_channel[Happening](INBOX_MAX)
        asked = trio.Event()
        async with trio.open_nursery() as nursery, send, receive:
            self._inbox = send
            try:
                nursery.start_soon(self._watch, nursery, asked)
                async for happening in receive:
                    for action in planner.step(happening, trio.current_time()):
                        match action:
                            case Ask():
                                nursery.start_soon(self._fetch, action)
                            case Import(batch):
                                nursery.start_soon(self._import, batch)
                            case Blame(peer, fault, detail):
                                self._blame(peer, fault, detail)
                            case Done():
                                self._log_done()
                            case _:
                                assert_never(action)
                    self.stats.note(self._final, planner.target)
                    self._warn(planner)
                    if planner.is_done and asked.is_set() and not for_ever:
                        break
            finally:
                self._inbox = None
                nursery.cancel_scope.cancel()
        return planner.known

    async def _watch(self, nursery: trio.Nursery, asked: trio.Event) -> None:
        """Who is there, and how far they are; the passing of time. Sets `asked` after the first round."""
        due: dict[PeerId, float] = {}
        said = trio.current_time()
        while True:
            now = trio.current_time()
            present = set(self._network.peers())
            for peer in [peer for peer in due if peer not in present]:
                del due[peer]
                await self._tell(Gone(peer))
            asking = [peer for peer in sorted(present) if due.get(peer, now) <= now]
            async with trio.open_nursery() as round:
                for peer in asking:
                    due[peer] = now + STATUS_SECONDS
                    (nursery if asked.is_set() else round).start_soon(self._ask_status, peer)
            asked.set()
            await self._tell(Moved(self._final))
            self.stats.sample(now)
            self._was_syncing |= self.stats.is_syncing
            if self.stats.is_syncing and now - said >= LOG_SECONDS:
                said = now
                self._log_progress()
            await trio.sleep(TICK_SECONDS)

    def _warn(self, planner: Planner) -> None:
        """Say, once, that blocks alone do not lead on from here."""
        if planner.is_stranded and not self._is_stranded:
            log.warning(
                "no peer has block %d any more, and some have later ones: begin at one of theirs, with an "
                "empty database and --checkpoint",
                self._final + 1,
            )
        self._is_stranded = planner.is_stranded

    def _log_done(self) -> None:
        """Say that the peers are caught up with: the first time, and when that took more than a moment."""
        if self._was_syncing:
            self._was_syncing = False
            log.info("in sync at #%d (0x%s)", self._final, self._chain.finalized.hash.hex())

    def _log_progress(self) -> None:
        stats = self.stats
        log.info(
            "syncing: #%d of #%d, %.0f blocks/s, %d peers",
            stats.current,
            stats.highest,
            stats.blocks_per_second,
            len(self._network.peers()),
        )

    async def _ask_status(self, peer: PeerId) -> None:
        try:
            raw = await self._network.request(peer, STATUS, b"", STATUS_SECONDS_MAX)
            status = _STATUS.decode(raw)
        except (PeerGone, RequestFailed):
            return
        except DecodeError as error:
            await self._tell(Failed(peer, Fault.Malformed, f"its status: {error}"))
            return
        await self._tell(Heard(peer, status.first, status.height))

    async def _fetch(self, ask: Ask) -> None:
        """Ask for blocks, and tell the planner what came of it."""
        request = BlocksRequest(ask.first, ask.count)
        try:
            raw = await self._network.request(ask.peer, BLOCKS, _REQUEST.encode(request), REPLY_SECONDS_MAX)
            batch = check_reply(request, _REPLY.decode(raw), self._epochs.blocks_per_epoch)
        except PeerGone:
            await self._tell(Gone(ask.peer))
        except RequestTimedOut as error:
            await self._tell(Failed(ask.peer, Fault.Stalled, str(error)))
        except RequestFailed as error:
            await self._tell(Failed(ask.peer, Fault.Refused, str(error)))
        except DecodeError as error:
            await self._tell(Failed(ask.peer, Fault.Malformed, f"blocks from {ask.first}: {error}"))
        except BadReply as error:
            await self._tell(Failed(ask.peer, Fault.Incoherent, str(error)))
        else:
            if batch is None:
                await self._tell(Failed(ask.peer, Fault.Withheld, f"block {ask.first}"))
                return
            if self._signatures is not None:
                await self._signatures.prepare(block for each in batch.segments for block in each.blocks)
            await self._tell(Replied(ask.peer, batch))

    async def _import(self, batch: Batch) -> None:
        try:
            await self._taker.take(batch)
        except Untrue as untrue:
            await self._tell(Refused(self._final, untrue.fault, untrue.detail))
            return
        await self._tell(Moved(self._final, imported=True))
        await self._pass_on()

    async def _pass_on(self) -> None:
        """Tell of the certificates that were heard and whose blocks are final here by now."""
        for block_hash in [each for each in self._waiting if self._chain.is_finalized(each)]:
            certificate = self._waiting.pop(block_hash)
            await self._network.broadcast(FINAL, _CERTIFICATE.encode(certificate))

    def _blame(self, peer: PeerId, fault: Fault, detail: str) -> None:
        self.stats.faults += 1
        log.warning("peer %s %s: %s", short(peer), fault, detail)
        if self._report is not None:
            self._report(peer, fault, detail)

    @property
    def _final(self) -> int:
        return self._chain.finalized.header.number
