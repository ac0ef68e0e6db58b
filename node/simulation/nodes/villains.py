"""Villains: whole nodes that break the rules of the agreement, each in its own way.

A villain's node is like the others up to what it says, or to the clock that it goes by. Nobody forges
signatures: each signs with its own key alone, and asks no guard.
"""

from __future__ import annotations

from collections import deque
from typing import Final

import trio

from node.consensus.blocks import encode_block, read_block
from node.consensus.messages import AnyMessage, Bodies, Message, Peer, Proposal, Voted
from node.consensus.world import World
from node.peering import Wire
from node.simulation.nodes.hardware import Watch
from node.simulation.nodes.life import Life, read_message
from node.simulation.nodes.machine import Machine
from node.simulation.nodes.site import Site
from runtime.scale import codec_of
from runtime.simplex import Authored, Kind, Statement, Vote, message
from runtime.simplex.statement import SIGNATURE_BYTES
from runtime.trie import StateVersion, ordered_trie_root
from runtime.types.block import Block, Header

HASTE_MS: Final = 25_000
"""How far a hasty clock goes ahead: less than what is refused."""
DEEDS_MAX: Final = 1_024
PROPOSALS_MAX: Final = 64
"""Second blocks that an equivocator keeps."""

_MESSAGE: Final = codec_of(Message)


class Villain(Machine):
    """A machine whose doings no checker looks at."""

    is_honest = False

    def chance(self, ppt: int) -> bool:
        """Whether something of so many thousandths' likelihood happens."""
        return self.dice.randrange(1_000) < ppt


class Forked(Wire):
    """A villain's wire: `instead` says what a peer is told in the place of what the node says."""

    def __init__(self, villain: Villain, life: Life) -> None:
        super().__init__(life.peering.network)
        self.villain = villain
        self.life = life

    async def tell(self, peer: Peer, topic: str, data: bytes) -> None:
        for each in await self.instead(data, read_message(data)):
            await super().tell(peer, topic, each)

    async def instead(self, data: bytes, said: AnyMessage) -> list[bytes]:
        """What is told instead; honest ones tell what they say."""
        return [data]

    def sign(self, statement: Statement, signer: int) -> Vote:
        """A vote of one's own, for anything."""
        text = message(self.life.chain.genesis_hash, statement)
        return Vote(statement, signer, self.villain.secrets.bls.sign(text))


class Silent(Villain):
    """Says nothing at all of the agreement."""

    def wiring(self, life: Life, world: World) -> Wire:
        return Mute(self, life)


class Mute(Forked):
    """Tells nothing."""

    async def instead(self, data: bytes, said: AnyMessage) -> list[bytes]:
        return []


class Withholder(Villain):
    """Keeps back: blocks and votes from most, certificates from some, and answers nobody."""

    def wiring(self, life: Life, world: World) -> Wire:
        return Miserly(self, life)


class Miserly(Forked):
    """Tells little."""

    async def instead(self, data: bytes, said: AnyMessage) -> list[bytes]:
        kept_ppt = 700 if isinstance(said, Proposal) else 1_000 if isinstance(said, Bodies) else 400
        return [] if self.villain.chance(kept_ppt) else [data]


class GarbageSender(Villain):
    """Sends what makes no sense: bytes that are no message, and votes whose signatures do not hold."""

    def wiring(self, life: Life, world: World) -> Wire:
        return Garbled(self, life)


class Garbled(Forked):
    """Tells some of it wrongly."""

    async def instead(self, data: bytes, said: AnyMessage) -> list[bytes]:
        dice = self.villain.dice
        if self.villain.chance(20):
            return [data[: dice.randrange(len(data))] + dice.randbytes(dice.randrange(64))]
        if isinstance(said, Voted) and self.villain.chance(100):
            bad = said.vote.replace(signature=dice.randbytes(SIGNATURE_BYTES))
            return [_MESSAGE.encode(Voted(bad))]
        return [data]


class InvalidProposer(Villain):
    """Proposes blocks that do not execute as they say, and votes for them."""

    contradicts_itself = True

    def wiring(self, life: Life, world: World) -> Wire:
        return Spoiling(self, life)


class Spoiling(Forked):
    """Tells of blocks that are spoilt."""

    async def instead(self, data: bytes, said: AnyMessage) -> list[bytes]:
        if not isinstance(said, Proposal) or self.villain.chance(200):
            return [data]
        block = self._spoilt(read_block(said.body))
        vote = self.sign(said.vote.statement.replace(block=block.header.hash), said.vote.signer)
        return [_MESSAGE.encode(Proposal(encode_block(block), vote))]

    def _spoilt(self, block: Block) -> Block:
        header, extrinsics, dice = block.header, block.extrinsics, self.villain.dice
        match dice.randrange(4):
            case 0:
                return Block(header.replace(state_root=dice.randbytes(32)), extrinsics)
            case 1:
                return with_extrinsics(header, extrinsics[:-1])
            case 2:
                return with_extrinsics(header, (*extrinsics, dice.randbytes(40)))
            case _:
                return Block(header, extrinsics[:-1])


def with_extrinsics(header: Header, extrinsics: tuple[bytes, ...]) -> Block:
    """A block whose header commits to these, and to a state that others gave."""
    root = ordered_trie_root(extrinsics, StateVersion.V0)
    return Block(header.replace(extrinsics_root=root), extrinsics)


class HastyClock(Villain):
    """Goes by a clock that is ahead, as far as its blocks are still believed."""

    def __init__(self, site: Site, place: int) -> None:
        super().__init__(site, place)
        self.clock = Watch(HASTE_MS)


class Equivocator(Villain):
    """Says one thing to these and another to those: blocks and votes of every kind."""

    contradicts_itself = True

    def __init__(self, site: Site, place: int) -> None:
        super().__init__(site, place)
        self.clock = Fickle(site.plan.skew_ms[place])
        self.deeds: deque[float] = deque(maxlen=DEEDS_MAX)
        """When it told somebody both."""

    def wiring(self, life: Life, world: World) -> Wire:
        return TwoTongued(self, life, world)


class Fickle(Watch):
    """A clock that never says the same twice: so two blocks for one place differ."""

    def __init__(self, skew_ms: int) -> None:
        super().__init__(skew_ms)
        self._last_ms = 0

    def now_ms(self) -> int:
        self._last_ms = max(self._last_ms + 1, super().now_ms())
        return self._last_ms


class TwoTongued(Forked):
    """Tells of everything two."""

    def __init__(self, villain: Equivocator, life: Life, world: World) -> None:
        super().__init__(villain, life)
        self._equivocator = villain
        self._world = world
        self._seconds: dict[tuple[int, int], Proposal] = {}
        """The other block of each place that it proposes for."""

    async def instead(self, data: bytes, said: AnyMessage) -> list[bytes]:
        other = await self._contradiction(said)
        if other is None:
            return [data]
        told = [each for each in (data, _MESSAGE.encode(other)) if self.villain.chance(600)]
        if len(told) > 1:
            self._equivocator.deeds.append(trio.current_time())
        return told

    async def _contradiction(self, said: AnyMessage) -> AnyMessage | None:
        """Something else in the same place, signed; None for what is no statement of its own."""
        match said:
            case Proposal(_, vote):
                return await self._second_block(vote)
            case Voted(vote):
                return Voted(self._other_vote(vote))
            case _:
                return None

    async def _second_block(self, vote: Vote) -> Proposal | None:
        said = vote.statement
        place = said.epoch, said.view
        if place not in self._seconds:
            header = self.life.chain.header(said.block)
            if header is None:
                return None
            built = await self._world.build(Authored(said.epoch, said.view, vote.signer), header.parent_hash)
            if built is None:
                return None
            if len(self._seconds) >= PROPOSALS_MAX:
                del self._seconds[next(iter(self._seconds))]
            second = self.sign(said.replace(block=built.hash), vote.signer)
            self._seconds[place] = Proposal(built.body, second)
        return self._seconds[place]

    def _other_vote(self, vote: Vote) -> Vote:
        said, dice = vote.statement, self.villain.dice
        match said.kind:
            case Kind.Notarize:
                other = said.replace(block=dice.randbytes(32))
            case Kind.Finalize:
                other = Statement(Kind.Nullify, said.epoch, said.view)
            case Kind.Nullify:
                other = Statement(Kind.Finalize, said.epoch, said.view, said.view - 1, dice.randbytes(32))
        return self.sign(other, vote.signer)


VILLAINS: Final[dict[str, type[Villain]]] = {
    "equivocator": Equivocator,
    "garbage sender": GarbageSender,
    "hasty clock": HastyClock,
    "invalid proposer": InvalidProposer,
    "silent": Silent,
    "withholder": Withholder,
}
