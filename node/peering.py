"""Peering: a node among others - its network, its transactions' relay, its sync, and with keys its vote.

A node without keys follows: it fetches what its peers have agreed on. One with keys catches up first, takes
part in the agreement for as long as it is in the committee, and follows while it is not. Where it falls too
far behind it leaves the agreement, catches up, and takes part again.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator
from contextlib import nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path
from random import Random, SystemRandom
from typing import Final

import trio

from node.chain.author import Author, Clock
from node.chain.chain import Chain, Position
from node.chain.heads import Heads
from node.consensus.actions import Misdeed
from node.consensus.ancestry import TooFarBehind
from node.consensus.disk import Disk, RealDisk
from node.consensus.epochs import Epochs as Agreement
from node.consensus.evidence import Accuser
from node.consensus.history import SigningHistory
from node.consensus.keys import ValidatorSigner
from node.consensus.listening import KeyAtWork, Listener
from node.consensus.shell import CERTIFICATES, FINAL, PROPOSALS, VOTES, NotAMember, Shell
from node.consensus.stats import AgreementStats
from node.consensus.timing import Timing
from node.consensus.verifier import ThreadVerifier, Verifier
from node.consensus.world import Charge, World
from node.mempool.relay import Relay
from node.mempool.validate import Mempool
from node.network.address import PeerAddress, PeerId, short
from node.network.config import NetworkConfig
from node.network.errors import PeerGone
from node.network.noise import NoiseTransport
from node.network.reputation import INVALID_MESSAGE, USELESS_MESSAGE
from node.network.service import PeerNetwork
from node.network.transport import Transport
from node.sync.epochs import Epochs
from node.sync.server import Server
from node.sync.service import Sync
from node.sync.signatures import Signatures
from node.sync.state_server import StateServer
from node.sync.sync import Fault
from node.wallet.bls import BlsKeypair
from node.wallet.signer import Keypair
from pallets.timestamp import Timestamp
from runtime.api.simplex import blocks_per_epoch, committee_after
from runtime.frame.bound import storage_prefix
from runtime.runtime import Runtime
from runtime.simplex import Committee
from runtime.state import State

__all__ = ["KeyAtWork", "NoValidators", "Peering", "PeeringConfig", "Wire", "network_of"]

log = logging.getLogger(__name__)

NOW: Final = storage_prefix("Timestamp", "Now")
DELTA_MS_MIN: Final = 500
"""What a message, its verification and an execution may take on a slow machine in good times."""
MEET_SECONDS_MAX: Final = 3.0
"""How long a validator that starts waits for the others before it asks how far they are."""
ASK_AGAIN_SECONDS: Final = 10.0
"""How long a validator that could not catch up waits before it asks all peers again."""


class NoValidators(Exception):
    """The chain has no validators: only `ballast dev` can run it."""

    def __init__(self) -> None:
        super().__init__("the chain has no validators: `ballast dev` runs it, alone")


@dataclass(frozen=True, slots=True, kw_only=True)
class PeeringConfig:
    """What a node is told of others, and of itself among them."""

    identity: Keypair
    """The ed25519 key by which peers know this node."""
    host: str = "127.0.0.1"
    port: int | None = 30_333
    """Where peers are listened to; 0: any free port, None: nowhere."""
    public_host: str = ""
    bootnodes: tuple[PeerAddress, ...] = ()
    reserved: tuple[PeerAddress, ...] = ()
    validator: BlsKeypair | None = None
    """The key that votes; None for a node that only follows."""
    journal: Path | None = None
    """The folder of the validator's signing history."""
    anchors_file: Path | None = None


class Peering:
    """All of a node that has to do with peers."""

    def __init__(
        self,
        config: PeeringConfig,
        runtime: Runtime,
        chain: Chain,
        heads: Heads,
        author: Author,
        mempool: Mempool,
        clock: Clock,
        *,
        transport: Transport | None = None,
        verifier: Verifier | None = None,
        disk: Disk | None = None,
        observe: Callable[[str, float], None] = lambda phase, seconds: None,
        charge: Charge = lambda room: nullcontext(),
        random: Random | None = None,
    ) -> None:
        """`transport`, `verifier`, `disk` and `random` are given by simulations. Raises NoValidators."""
        self._config = config
        self._runtime = runtime
        self._chain = chain
        self._heads = heads
        self._author = author
        self._mempool = mempool
        self._clock = clock
        self._disk = disk or RealDisk()
        self._observe = observe
        self._charge = charge
        length = blocks_per_epoch(runtime, chain.finalized.state)
        if length is None:
            raise NoValidators
        self.epochs = Epochs(chain, length, committee_of)
        self._random = random or SystemRandom()
        self.network = network_of(config, chain.genesis_hash, transport=transport, random=self._random)
        self.verifier = verifier or ThreadVerifier(chain.genesis_hash)
        self._signatures = Signatures(chain, mempool.verifier, mempool.verified)
        self.relay = Relay(mempool, self.network)
        self.sync = Sync(
            chain,
            self.epochs,
            self.network,
            self.verifier,
            signatures=self._signatures,
            report=self._on_sync_fault,
            finalize=heads.finalize,
        )
        self.stats = AgreementStats()
        self.shell: Shell | None = None
        """The agreement, while the node takes part in it."""

    @property
    def is_voting(self) -> bool:
        """Whether the node takes part in the agreement now."""
        return self.shell is not None

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Be a node among others until cancelled. Raises CannotListen, and whatever makes going on wrong."""
        Server(self._chain).register(self.network)
        StateServer(self._chain, self.epochs).register(self.network)
        async with trio.open_nursery() as nursery:
            await nursery.start(self.network.run)
            nursery.start_soon(self.relay.run)
            nursery.start_soon(self._hear_finality)
            nursery.start_soon(self._count_epochs)
            task_status.started()
            if self._config.validator is None:
                await self.sync.run()
            else:
                await self._validate(self._config.validator)

    # Following.

    async def _hear_finality(self) -> None:
        async with self.network.incoming(FINAL) as incoming:
            async for message in incoming:
                if not self.is_voting:
                    await self.sync.heard(message.peer, message.data)

    async def _count_epochs(self) -> None:
        """Let the figures tell the epoch, whether the node votes in it or not."""
        with self._chain.notices.watch() as notices:
            while True:
                self.stats.epoch = self._next_epoch
                await anext(notices)

    def _on_sync_fault(self, peer: PeerId, fault: Fault, detail: str) -> None:
        self.network.report(peer, INVALID_MESSAGE if fault.is_lie else USELESS_MESSAGE)

    # Voting.

    async def _validate(self, key: BlsKeypair) -> None:
        config = self._config
        assert config.journal is not None, "who signs remembers what"
        listener = Listener(
            self._chain, self.epochs, key.public, self.sync.run, self._clock, time_of, self._random
        )
        await self._meet()
        reach = 0
        while True:
            await self._catch_up(reach)
            history = SigningHistory(self._disk, config.journal, self._chain.genesis_hash, key.public)
            try:
                if listener.is_unused():
                    await history.vouch()
                await self._until_member()
                if await self._has_begun(is_certain=history.is_whole):
                    await listener.listen(history.guard, is_whole=history.is_whole)
                await history.vouch()
                await self._vote(key, history)
            except* NotAMember:
                log.info("not in the committee of epoch %d: following", self._next_epoch)
            except* TooFarBehind as group:
                reach = max(each.number for each in causes_of(group))
                log.warning(
                    "too far behind to vote: block %d is final, the last one here is %d; catching up",
                    reach,
                    self._chain.finalized.header.number,
                )
            finally:
                self.shell = None
                self.stats.view = 0
                history.close()

    async def _meet(self) -> None:
        """Wait until a quorum can be reached, for a while."""
        with trio.move_on_after(MEET_SECONDS_MAX):
            while not self._are_quorum(self.network.peers()):
                await self.network.changed()

    def _are_quorum(self, peers: Iterable[PeerId]) -> bool:
        """Whether the block to come can be agreed on by these and this node."""
        committee = self.epochs.committee(self._next_epoch)
        present = {*peers, self.network.me}
        weight = sum(each.weight for each in committee.validators if each.network in present)
        return weight >= committee.quorum

    async def _has_begun(self, *, is_certain: bool) -> bool:
        """Whether any block of the chain is final, which means that the key may have signed something. Unless
        it is certain what the key has signed, a quorum must say no: a node that lost its disk and reaches
        nobody knows of no block either.
        """
        while not self.sync.stats.highest:
            if is_certain or self._are_quorum(await self.sync.catch_up()):
                return bool(self.sync.stats.highest)
            log.info("the chain is new to this node, and too few others to ask are there: waiting for more")
            with trio.move_on_after(ASK_AGAIN_SECONDS):
                await self.network.changed()
        return True

    async def _catch_up(self, number: int) -> None:
        """Bring the chain to where the peers are, and at least to the height of a block that is known to be
        final: where no peer has what leads there, wait for one that has.
        """
        while True:
            await self.sync.catch_up()
            final = self._chain.finalized.header.number
            if final >= number:
                return
            log.warning(
                "block %d is final, and none of %d peers has block %d: waiting for one that has",
                number,
                len(self.network.peers()),
                final + 1,
            )
            await trio.sleep(ASK_AGAIN_SECONDS)

    @property
    def _next_epoch(self) -> int:
        return self.epochs.of(self._chain.finalized.header.number + 1)

    def _is_member(self) -> bool:
        committee = self.epochs.committee(self._next_epoch)
        return any(each.network == self.network.me for each in committee.validators)

    async def _until_member(self) -> None:
        """Follow until the committee of the block to come has this node in it."""
        if self._is_member():
            return
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self.sync.run)
            with self._chain.notices.watch() as notices:
                async for _ in notices:
                    if self._is_member():
                        break
            nursery.cancel_scope.cancel()

    async def _vote(self, key: BlsKeypair, history: SigningHistory) -> None:
        signer = ValidatorSigner(self._chain.genesis_hash, key)
        block_ms = block_time(self._runtime)
        world = World(
            self._chain,
            self._heads,
            self._author,
            self.epochs,
            self._clock,
            logs=signer.logs,
            signatures=self._signatures,
            network_key=self.network.me,
            time_of=time_of,
            block_ms=block_ms,
            charge=self._charge,
        )
        shell = Shell(
            Agreement(Timing(delta_ms=max(DELTA_MS_MIN, block_ms))),
            world,
            history,
            signer,
            self.verifier,
            self.wire(world),
            Accuser(self._runtime, self._mempool, self.epochs, self.network.me),
            stats=self.stats,
            observe=self._observe,
        )
        async with trio.open_nursery() as nursery:
            await nursery.start(shell.run)
            self.shell = shell
            for topic in (VOTES, CERTIFICATES, PROPOSALS):
                nursery.start_soon(self._carry, topic, shell)
            nursery.start_soon(self._greet, shell)
            nursery.start_soon(self._keep_mesh)

    def wire(self, world: World) -> Wire:
        """How the agreement on this chain speaks; simulations listen in, or speak with two tongues."""
        return Wire(self.network)

    async def _keep_mesh(self) -> None:
        """Be connected to every member of the committee: votes are heard from their authors alone."""
        with self._chain.notices.watch() as notices:
            epoch = -1
            while True:
                if self._next_epoch != epoch:
                    epoch = self._next_epoch
                    committee = self.epochs.committee(epoch)
                    self.network.set_named(each.network for each in committee.validators)
                await anext(notices)

    async def _carry(self, topic: str, shell: Shell) -> None:
        async with self.network.incoming(topic) as incoming:
            async for message in incoming:
                await shell.received(message.peer, message.data)

    async def _greet(self, shell: Shell) -> None:
        """Tell the agreement who comes."""
        known: frozenset[PeerId] = frozenset()
        while True:
            present = frozenset(self.network.peers())
            for peer in sorted(present - known):
                shell.joined(peer)
            known = present
            await self.network.changed()


class Wire:
    """The network as the agreement speaks through it."""

    def __init__(self, network: PeerNetwork) -> None:
        self._network = network

    def peers(self) -> frozenset[PeerId]:
        """Who is connected."""
        return frozenset(self._network.peers())

    async def broadcast(self, topic: str, data: bytes) -> None:
        """Tell all."""
        await self._network.broadcast(topic, data)

    async def tell(self, peer: PeerId, topic: str, data: bytes) -> None:
        """Tell one; lost when it is gone."""
        with suppress(PeerGone):
            await self._network.send_to(peer, topic, data)

    def report(self, peer: PeerId, misdeed: Misdeed) -> None:
        """A peer did what no honest one does."""
        log.warning("peer %s sent %s", short(peer), misdeed.value)
        self._network.report(peer, INVALID_MESSAGE)


def network_of(
    config: PeeringConfig,
    genesis_hash: bytes,
    *,
    transport: Transport | None = None,
    random: Random | None = None,
) -> PeerNetwork:
    """The peers of one chain, by Noise on TCP unless another transport is given."""
    return PeerNetwork(
        transport or NoiseTransport(config.identity, genesis_hash, host=config.host, port=config.port),
        NetworkConfig(
            bootnodes=config.bootnodes,
            reserved=config.reserved,
            public_host=config.public_host,
            anchors_file=config.anchors_file,
        ),
        random or SystemRandom(),
    )


def causes_of(group: ExceptionGroup[TooFarBehind]) -> Iterator[TooFarBehind]:
    """The errors within nested groups."""
    for each in group.exceptions:
        if isinstance(each, ExceptionGroup):
            yield from causes_of(each)
        else:
            yield each


def committee_of(runtime: Runtime, state: State) -> Committee:
    """Who decides about the block that follows a state of a chain with validators."""
    committee = committee_after(runtime, state)
    assert committee is not None, "looked at when the node began"
    return committee


def block_time(runtime: Runtime) -> int:
    """The least time between two blocks of a chain, in milliseconds."""
    return next(
        (each.config.minimum_period for each in runtime.pallets.values() if isinstance(each, Timestamp)), 1
    )


def time_of(position: Position) -> int:
    """A block's time, in milliseconds; 0 before the first."""
    return int.from_bytes(position.state.get(NOW) or b"", "little")
