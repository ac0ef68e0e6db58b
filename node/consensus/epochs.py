"""Epochs: one core after the other, each for its epoch, and what is said between them.

A core ends when the block that closes its epoch is committed. Nothing of it is needed then but that block's
finalization, which brings everybody who is still in the epoch to its end: from there they ask for the blocks.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Final

from node.consensus.actions import Action, Arm, Compact, Open, Send, Serve
from node.consensus.core import Core
from node.consensus.inputs import (
    Built,
    CertificateVerified,
    CoreInput,
    Epoch,
    Expired,
    Head,
    Input,
    Opened,
    PairVerified,
    Proposed,
    Received,
    Signed,
    Timer,
    TimerName,
    VotesVerified,
)
from node.consensus.messages import (
    AnyRecord,
    Need,
    Peer,
    PlainMessage,
    Proved,
    Status,
    Voted,
    epoch_of_record,
)
from node.consensus.timing import Timing
from runtime.simplex import Certificate

EARLY_MAX: Final = 512
"""Messages of the next epoch that are kept until it opens here."""
EARLY_PEER_MAX: Final = 8
"""Of one peer."""


class Epochs:
    """One node's part in the agreement, from epoch to epoch."""

    def __init__(self, timing: Timing, make: type[Core] = Core) -> None:
        self._timing = timing
        self._make = make
        self._core: Core | None = None
        self._records: tuple[AnyRecord, ...] = ()
        """What the journal remembers of epochs that were not opened yet."""
        self._closing: Certificate | None = None
        """The finalization of the last block of the epoch before."""
        self._early: deque[tuple[Peer, Received | Proposed]] = deque()
        self._is_opening = False
        self._is_asking = False

    @property
    def core(self) -> Core:
        """The present epoch's core."""
        assert self._core is not None, "start comes first"
        return self._core

    @property
    def early(self) -> int:
        """How many messages wait for the next epoch."""
        return len(self._early)

    def start(
        self,
        epoch: Epoch,
        records: Sequence[AnyRecord] = (),
        head: Head | None = None,
        justification: Certificate | None = None,
    ) -> list[Action]:
        """Begin in the epoch that the block after the store's head belongs to, or that the head closes.

        `records` are all that the journal remembers; `head` and its `justification` are as in `Core.start`.
        """
        self._records = tuple(records)
        return self._open(epoch, head, justification)

    def step(self, happening: Input) -> list[Action]:
        """Everything that ever happens to the agreement."""
        if isinstance(happening, Opened):
            return self._on_opened(happening.epoch)
        if isinstance(happening, Expired) and happening.timer.name == TimerName.Ask:
            self._is_asking = False
            return []
        core = self.core
        epoch, number = epoch_of_input(happening), core.epoch.number
        if epoch is None or epoch == number:
            actions = core.step(happening)
            return self._after(actions) if actions else []
        if isinstance(happening, Received | Proposed):
            return self._answer_old(happening) if epoch < number else self._keep_early(happening, epoch)
        return []

    def live_records(self) -> tuple[AnyRecord, ...]:
        """What a restart still needs of the journal."""
        return (*self.core.live_records(), *self._records)

    def _after(self, actions: Sequence[Action]) -> list[Action]:
        """What a core asked for, and the next epoch when it is over."""
        core = self.core
        asked = list(actions)
        if core.is_over and not self._is_opening:
            self._is_opening = True
            asked.append(Open(core.epoch.number + 1, core.head.hash, core.head.number))
        return asked

    def _open(
        self, epoch: Epoch, head: Head | None = None, justification: Certificate | None = None
    ) -> list[Action]:
        records = tuple(each for each in self._records if epoch_of_record(each) == epoch.number)
        self._records = tuple(each for each in self._records if epoch_of_record(each) > epoch.number)
        self._core = self._make(epoch, self._timing)
        self._is_opening = False
        return self._after(self._core.start(records, head, justification))

    def _on_opened(self, epoch: Epoch) -> list[Action]:
        if not self._is_opening or epoch.number != self.core.epoch.number + 1:
            return []
        self._closing = self.core.finalization
        actions = [*self._open(epoch), Compact()]
        early, self._early = self._early, deque()
        for _, happening in early:
            actions += self.step(happening)
        return actions

    def _answer_old(self, happening: Received | Proposed) -> list[Action]:
        """Help a peer out of an epoch that is over here."""
        if not isinstance(happening, Received) or not isinstance(happening.message, Need | Status):
            return []
        closing = self._closing
        if closing is not None and closing.statement.epoch == happening.message.epoch:
            return [Send(happening.peer, Proved(closing))]
        return [Serve(happening.peer, happening.message)]

    def _keep_early(self, happening: Received | Proposed, epoch: int) -> list[Action]:
        """Keep what the next epoch will want, and ask who is ahead for the end of this one."""
        if epoch == self.core.epoch.number + 1 and not is_question(happening):
            of_peer = sum(1 for peer, _ in self._early if peer == happening.peer)
            if of_peer < EARLY_PEER_MAX and len(self._early) < EARLY_MAX:
                self._early.append((happening.peer, happening))
        if self._is_asking or self.core.is_over:
            return []
        self._is_asking = True
        status = Status(self.core.epoch.number, self.core.view, self.core.finalization)
        timer = Timer(TimerName.Ask, self.core.epoch.number, 0)
        return [Send(happening.peer, status), Arm(timer, self._timing.fetch_ms)]


def is_question(happening: Received | Proposed) -> bool:
    """Whether a message wants an answer, and is of no use later."""
    return isinstance(happening, Received) and isinstance(happening.message, Need | Status)


def epoch_of_input(happening: CoreInput) -> int | None:
    """The epoch that an input belongs to; None when it says itself nothing of epochs."""
    match happening:
        case Received(_, message):
            return epoch_of_message(message)
        case Proposed(_, _, vote) | Signed(vote) | PairVerified(vote):
            return vote.statement.epoch
        case VotesVerified(statement):
            return statement.epoch
        case CertificateVerified(certificate):
            return certificate.statement.epoch
        case Expired(timer):
            return timer.epoch
        case Built(epoch):
            return epoch
        case _:
            return None


def epoch_of_message(message: PlainMessage) -> int | None:
    """The epoch that a message belongs to; None for one that asks for a block."""
    match message:
        case Voted(vote):
            return vote.statement.epoch
        case Proved(certificate):
            return certificate.statement.epoch
        case Need(epoch) | Status(epoch):
            return epoch
        case _:
            return None
