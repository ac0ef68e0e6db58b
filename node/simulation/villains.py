"""Villains: validators that break the rules, each in its own way. Together they weigh less than a third.

A villain is a node like the others up to where it departs from them, so that it is in the right place to
harm. Nobody forges signatures: each signs with its own key alone.
"""

from __future__ import annotations

from collections import deque
from typing import Final

from node.consensus.actions import Build
from node.consensus.inputs import Built
from node.consensus.messages import (
    REPLY_VIEWS_MAX,
    AnyMessage,
    Bodies,
    Candidate,
    Need,
    Peer,
    Proposal,
    Proved,
    Status,
    Voted,
    Want,
)
from node.simulation.blocks import make_block
from node.simulation.host import Host, Judge, World
from node.simulation.idle import IDLE
from node.simulation.signatures import sign
from runtime.simplex import Certificate, Kind, Statement, Vote, bitmap_of
from runtime.simplex.statement import SIGNATURE_BYTES

SEEN_MAX: Final = 256
"""Messages that a stale voter keeps to say again."""


class Villain(Host):
    """A host whose doings no checker looks at."""

    is_honest = False

    def __init__(self, world: World, judge: Judge, place: int) -> None:
        super().__init__(world, IDLE, place)

    def chance(self, ppt: int) -> bool:
        """Whether something of so many thousandths' likelihood happens."""
        return self.dice.randrange(1_000) < ppt

    def others(self) -> list[Peer]:
        """All other hosts' names."""
        return sorted({host.peer for host in self.world.hosts} - {self.peer})

    def vote(self, statement: Statement) -> Vote | None:
        """A vote of its own for anything."""
        place = self.machine.core.epoch.me
        return None if place is None else Vote(statement, place, sign(self.key, statement))

    def invent(self, candidate: Candidate, *, valid: bool = True) -> Candidate:
        """Another block for the same place."""
        return make_block(
            candidate.parent_hash,
            candidate.number,
            candidate.epoch,
            candidate.view,
            candidate.proposer,
            self.dice.getrandbits(32),
            is_valid=valid,
        )

    def read(self, proposal: Proposal) -> Candidate:
        """The block of a proposal."""
        return self.world.reader.read(proposal.body)


class Silent(Villain):
    """Says nothing at all."""

    def say(self, peer: Peer, message: AnyMessage) -> None:
        return

    def say_to_all(self, message: AnyMessage) -> None:
        return


class Amnesiac(Villain):
    """Forgets now and then all that it ever signed, as when an old backup is restored."""

    def crash(self) -> None:
        super().crash()
        self.journal.rewrite(())

    def say_to_all(self, message: AnyMessage) -> None:
        super().say_to_all(message)
        if self.chance(10):
            self.crash()
            self.boot()


class Twins(Villain):
    """One of two nodes with one key: each honest by itself, and blind for the other."""


class Twin(Twins):
    """The other one."""


class Equivocator(Villain):
    """Says one thing to these and another to those, of every kind."""

    def __init__(self, world: World, judge: Judge, place: int) -> None:
        super().__init__(world, judge, place)
        self._seen: dict[tuple[int, int], Statement] = {}
        """What was proposed, by epoch and view."""

    def receive(self, sender: int, peer: Peer, message: AnyMessage) -> None:
        if isinstance(message, Proposal):
            said = message.vote.statement
            self._seen[said.epoch, said.view] = said
        super().receive(sender, peer, message)

    def say_to_all(self, message: AnyMessage) -> None:
        match message:
            case Proposal(_, vote):
                other = self.invent(self.read(message))
                second = self.vote(vote.statement.replace(block=other.hash))
                assert second is not None
                self._split(message, Proposal(other.body, second))
            case Voted(vote) if vote.signer == self.machine.core.epoch.me:
                self._split(message, *self._contradictions(vote.statement))
            case _:
                super().say_to_all(message)

    def _contradictions(self, said: Statement) -> list[AnyMessage]:
        nullify = Statement(Kind.Nullify, said.epoch, said.view)
        block = self._seen.get((said.epoch, said.view), said) if said.kind == Kind.Nullify else said
        finalize = nullify if block.kind == Kind.Nullify else block.replace(kind=Kind.Finalize)
        notarize = finalize.replace(kind=Kind.Notarize)
        if said.kind == Kind.Notarize:
            notarize = said.replace(block=self.dice.randbytes(32))
        votes = [self.vote(each) for each in (nullify, finalize, notarize)]
        return [Voted(each) for each in votes if each is not None]

    def _split(self, *messages: AnyMessage) -> None:
        for peer in self.others():
            self.say(peer, self.dice.choice(messages))
            if self.chance(200):
                self.say(peer, self.dice.choice(messages))


class Withholder(Villain):
    """Keeps back: blocks and votes from most, certificates from some, and answers nobody."""

    def say_to_all(self, message: AnyMessage) -> None:
        kept_ppt = 700 if isinstance(message, Proposal) else 400
        if self.chance(200):
            return
        for peer in self.others():
            if not self.chance(kept_ppt):
                self.say(peer, message)

    def say(self, peer: Peer, message: AnyMessage) -> None:
        if not isinstance(message, Bodies):
            super().say(peer, message)


class InvalidProposer(Villain):
    """Proposes what must not be: blocks that do not execute, that stand on the wrong parent, at the wrong
    height, in another's name or turn; and votes for them.
    """

    def build(self, asked: Build) -> None:
        if self.chance(300):
            self.later(10, Built(asked.epoch, asked.view, None))
        else:
            super().build(asked)

    def say_to_all(self, message: AnyMessage) -> None:
        if isinstance(message, Proposal) and self.chance(800):
            spoilt = self._spoil(self.read(message), message.vote.statement)
            if spoilt is not None:
                super().say_to_all(spoilt)
        else:
            super().say_to_all(message)
        if self.chance(50):
            self._usurp()

    def _spoil(self, block: Candidate, said: Statement) -> Proposal | None:
        salt = self.dice.getrandbits(32)
        parent, number, view, place = block.parent_hash, block.number, block.view, block.proposer
        older = self.store.blocks[-1] if self.store.blocks else block
        match self.dice.randrange(8):
            case 0:
                spoilt, parent_view = self.invent(block, valid=False), said.parent_view
            case 1:
                spoilt = make_block(older.hash, number, block.epoch, view, place, salt)
                parent_view = said.parent_view
            case 2:
                spoilt = make_block(older.hash, older.number + 1, block.epoch, view, place, salt)
                parent_view = older.view if older.epoch == block.epoch else 0
            case 3:
                spoilt = make_block(parent, number + 1, block.epoch, view, place, salt)
                parent_view = said.parent_view
            case 4:
                spoilt = make_block(parent, number, block.epoch, view + 5, place, salt)
                parent_view = said.parent_view
            case 5:
                parent_of = self.machine.core.candidate(parent) or block
                spoilt = make_block(parent_of.parent_hash, parent_of.number, block.epoch, view, place, salt)
                parent_view = self._view_of(parent_of.parent_hash)
            case 6:
                spoilt = make_block(block.hash, number + 1, block.epoch, view, place, salt)
                parent_view = said.parent_view
            case _:
                spoilt, parent_view = older, said.parent_view
        vote = self.vote(said.replace(parent_view=min(parent_view, said.view - 1), block=spoilt.hash))
        return None if vote is None else Proposal(spoilt.body, vote)

    def _view_of(self, block: bytes) -> int:
        """In which view a block was first proposed; 0 for one of another epoch."""
        found = self.machine.core.candidate(block)
        if found is None and block in self.store.places:
            found = self.store.blocks[self.store.places[block] - 1]
        return found.view if found is not None and found.epoch == self.machine.core.epoch.number else 0

    def _usurp(self) -> None:
        """Propose in another's turn."""
        core = self.machine.core
        final, place = core.finalization, core.epoch.me
        if final is None or place is None:
            return
        number = core.head.number + 1
        block = make_block(core.head.hash, number, core.epoch.number, core.view, place, 0)
        said = final.statement
        vote = self.vote(Statement(Kind.Notarize, said.epoch, core.view, said.view, block.hash))
        if vote is not None and said.view < core.view:
            super().say_to_all(Proposal(block.body, vote))


class StaleVoter(Villain):
    """Lives in the past: says late, and again, what it and others have said before."""

    def __init__(self, world: World, judge: Judge, place: int) -> None:
        super().__init__(world, judge, place)
        self._seen: deque[AnyMessage] = deque(maxlen=SEEN_MAX)

    def receive(self, sender: int, peer: Peer, message: AnyMessage) -> None:
        self._seen.append(message)
        super().receive(sender, peer, message)
        if self.chance(20):
            self.say(self.dice.choice(self.others()), self.dice.choice(self._seen))

    def say_to_all(self, message: AnyMessage) -> None:
        self._seen.append(message)
        if self.chance(300):
            self.loop.after(self.dice.randrange(20_000), super().say_to_all, message)
        else:
            super().say_to_all(self.dice.choice(self._seen) if self.chance(100) else message)


class GarbageSender(Villain):
    """Sends what makes no sense: bad signatures, bad certificates, far views, answers to no question."""

    def say_to_all(self, message: AnyMessage) -> None:
        if isinstance(message, Voted) and self.chance(500):
            message = Voted(message.vote.replace(signature=self.dice.randbytes(SIGNATURE_BYTES)))
        super().say_to_all(message)
        if self.chance(300):
            for peer in self.others():
                self.say(peer, self._garbage())

    def _garbage(self) -> AnyMessage:
        core = self.machine.core
        dice = self.dice
        epoch = core.epoch.number + dice.choice([0, 0, 0, 0, 1, 2, -1])
        view = max(1, core.view + dice.choice([-300, -3, -1, 0, 0, 1, 2, 50, 70, 50_000]))
        kind = dice.choice(list(Kind))
        block = core.head.hash if dice.random() < 0.3 else dice.randbytes(32)
        said = Statement(kind, max(0, epoch), view, max(0, view - 1), block)
        if kind == Kind.Nullify and dice.random() < 0.9:
            said = Statement(kind, max(0, epoch), view)
        size = core.epoch.committee.size
        signature = dice.randbytes(SIGNATURE_BYTES)
        match dice.randrange(7):
            case 0:
                return Voted(Vote(said, dice.randrange(size + 2), signature))
            case 1:
                return self.vote_for(said) or Want(block, 0)
            case 2 | 3:
                signers = bitmap_of(range(dice.randint(0, size)), size)
                return Proved(Certificate(said, signers, signature))
            case 4:
                first = max(1, view - 100)
                return Need(said.epoch, tuple(range(first, first + REPLY_VIEWS_MAX)))
            case 5:
                return Status(said.epoch, view, Certificate(said, bitmap_of(range(size), size), signature))
            case _:
                other = make_block(block, core.head.number + 1, core.epoch.number, view, 0, 0)
                return Bodies((other.body, other.body[:-1]) if dice.random() < 0.2 else (other.body,))

    def vote_for(self, said: Statement) -> Voted | None:
        """A vote of its own for nonsense."""
        vote = self.vote(said)
        return None if vote is None else Voted(vote)


VILLAINS: Final[dict[str, type[Villain]]] = {
    "amnesiac": Amnesiac,
    "equivocator": Equivocator,
    "garbage sender": GarbageSender,
    "invalid proposer": InvalidProposer,
    "silent": Silent,
    "stale voter": StaleVoter,
    "twins": Twins,
    "withholder": Withholder,
}
