"""Lives: a whole node, put together as a real one is, on simulated hardware and network, and overheard."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Final, TypeAlias, cast

import trio

from node.chain.chain import Chain
from node.chain.notices import Finalized
from node.consensus.actions import Misdeed
from node.consensus.messages import AnyMessage, Message, Peer, Proposal, Voted
from node.consensus.verifier import InlineVerifier
from node.consensus.world import World
from node.peering import Peering, PeeringConfig, Wire
from node.rooms import Rooms
from node.simulation.nodes.hardware import Hardware, address_of
from node.simulation.trace import words_of
from node.storage import RocksStates
from runtime.scale import codec_of
from runtime.simplex import Vote

JOURNAL: Final = Path("/history")
WINDOW: Final = 64
"""Final states that a node keeps."""
CACHE_BYTES: Final = 4 << 20
"""What the cached branches of one node's trie may weigh."""

_MESSAGE: Final = codec_of(Message)

Wiring: TypeAlias = "Callable[[Life, World], Wire]"
"""How a node speaks of the agreement."""


def read_message(data: bytes) -> AnyMessage:
    """What the agreement says by these bytes."""
    return cast("AnyMessage", _MESSAGE.decode(data))


def open_chain(hardware: Hardware) -> Chain:
    """The chain that a machine's database holds; genesis when it is empty."""
    states = RocksStates(hardware.database, budget_bytes=CACHE_BYTES, window=WINDOW)
    return Chain(hardware.site.runtime, states, hardware.site.genesis)


class Life:
    """A node from its start to its end."""

    def __init__(self, hardware: Hardware, wiring: Wiring) -> None:
        site, place = hardware.site, hardware.place
        plan = site.plan
        self.hardware = hardware
        self.chain = open_chain(hardware)
        self.rooms = Rooms(site.runtime, self.chain, hardware.clock)
        config = PeeringConfig(
            identity=hardware.secrets.network,
            bootnodes=tuple(address_of(each) for each in range(plan.nodes) if each != place),
            validator=hardware.secrets.bls if place < plan.validators else None,
            journal=JOURNAL,
        )
        self.peering = SimulatedPeering(self, config, wiring)

    async def run(self) -> None:
        """Live."""
        site, place = self.hardware.site, self.hardware.place
        try:
            site.judge.on_started(place, self.chain)
            with self.chain.notices.watch() as notices:
                async with trio.open_nursery() as nursery:
                    nursery.start_soon(self.rooms.revalidate)
                    nursery.start_soon(self.peering.run)
                    async for notice in notices:
                        if isinstance(notice, Finalized):
                            site.judge.on_final(place, self.chain, notice)
        finally:
            self.chain.close()


class SimulatedPeering(Peering):
    """The node's own, over a transport in memory and a disk that forgets."""

    def __init__(self, life: Life, config: PeeringConfig, wiring: Wiring) -> None:
        hardware, rooms = life.hardware, life.rooms
        address = hardware.address
        dice = Random(f"life/{hardware.site.plan.seed}/{hardware.place}/{hardware.lives}")
        super().__init__(
            config,
            rooms.runtime,
            rooms.chain,
            rooms.heads,
            rooms.author,
            rooms.mempool,
            hardware.clock,
            transport=hardware.site.hub.transport(address.peer, address.host, address.port),
            verifier=InlineVerifier(rooms.chain.genesis_hash, dice=dice.getrandbits),
            disk=hardware.disk,
            random=dice,
        )
        self._life = life
        self._wiring = wiring

    def wire(self, world: World) -> Wire:
        return self._wiring(self._life, world)


class Overheard(Wire):
    """An honest node's wire, on which the checkers listen."""

    def __init__(self, life: Life, _: World) -> None:
        super().__init__(life.peering.network)
        self._hardware = life.hardware
        self._epochs = life.peering.epochs
        self._last = b""
        """What is told to several is overheard once."""

    async def tell(self, peer: Peer, topic: str, data: bytes) -> None:
        if data is not self._last:
            self._last = data
            self._overhear(data)
        await super().tell(peer, topic, data)

    def report(self, peer: Peer, misdeed: Misdeed) -> None:
        self._hardware.site.judge.on_blamed(self._hardware.place, peer, misdeed.value)
        super().report(peer, misdeed)

    def _overhear(self, data: bytes) -> None:
        site, place, message = self._hardware.site, self._hardware.place, read_message(data)
        site.trace.said(place, data)
        if site.trace.is_shown:
            site.trace.tell(place, words_of(message))
        if isinstance(message, Voted | Proposal) and self._is_own(message.vote):
            site.judge.on_voted(place, message.vote.statement)

    def _is_own(self, vote: Vote) -> bool:
        """Whether a vote is this node's: what convicts others is passed on."""
        signer = self._epochs.committee(vote.statement.epoch).validators[vote.signer]
        return signer.network == self._hardware.address.peer
