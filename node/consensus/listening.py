"""Listening: whether a validator's key may vote here, found out before it does.

    its whole history is here           it votes
    it is, and it has not signed yet    it listens for a moment that is drawn by chance
    its history is lost, or older than
    votes of the key that are known     it listens until what it may have signed is past, and for a moment

A history is whole if it began before the key came into any committee, from when the key was listened for, and
where its owner says so (`ballast key guard begin`).

Two dangers are listened for. **What the key signed here and forgot.** To sign in a view it saw a quorum leave
the one before, and nobody honest goes back. So of two blocks that were voted for after the listening began,
the first lies in no view below that one, and the second above all that the key signed. When a block was voted
for is read off its time: nobody honest votes for one that is more than `DRIFT_MS_MAX` ahead of the own clock.
Nothing but such blocks ends the wait: who lost its history is one of those whom the others can do without, or
must.
**Another machine that signs with the key.** It is heard by the votes in the certificates of final blocks. A
moment drawn by chance parts two machines that were given one key and begin together: who draws the shorter
one votes, and the other hears it, unless they are apart by less than a block takes.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from random import Random
from typing import Final

import trio

from node.chain.author import Clock
from node.chain.chain import Chain, Position
from node.chain.notices import Finalized
from node.consensus.guard import Guard
from node.sync.epochs import CommitteeUnknown, Epochs
from node.sync.server import certificate_of
from pallets.timestamp import DRIFT_MS_MAX
from runtime.simplex import Certificate, signers_of

log = logging.getLogger(__name__)

APART_MS_MAX: Final = 5_000
"""How far apart the clocks of honest validators are at most."""
LISTEN_BLOCKS: Final = 20
"""Final blocks whose certificates are looked at before a key without its history votes, from the first on
that was voted for since.
"""
OWN_BLOCKS: Final = 5
"""The first of them may carry votes that this very node sent before it lost its history."""
SAY_SECONDS: Final = 60.0
"""How often somebody is told what is waited for."""
CHANCE_SECONDS_MAX: Final = 20.0
"""The longest moment that is drawn by chance."""
LOOKED_AT_MAX: Final = 1_024
"""Epochs in whose committees a key is looked for; on an older chain it counts as used."""


class KeyAtWork(Exception):
    """The validator's key votes somewhere else at this moment."""

    def __init__(self, number: int) -> None:
        super().__init__(
            f"the validator's key is at work elsewhere: block {number} was just made final with its vote; "
            "stop the other node, and bring its history along (`ballast key guard export` and `import`)"
        )
        self.number = number


class Listener:
    """Listens for one key on one chain."""

    def __init__(
        self,
        chain: Chain,
        epochs: Epochs,
        public: bytes,
        follow: Callable[[], Awaitable[None]],
        clock: Clock,
        time_of: Callable[[Position], int],
        dice: Random,
    ) -> None:
        """`follow` keeps the chain up with its peers until it is cancelled; `time_of` gives a block's time in
        milliseconds.
        """
        self._chain = chain
        self._epochs = epochs
        self._public = public
        self._follow = follow
        self._clock = clock
        self._time_of = time_of
        self._dice = dice

    async def listen(self, guard: Guard, *, is_whole: bool) -> None:
        """Return when the key may vote. Raises KeyAtWork, and what `follow` raises.

        `guard` is what the history here knows, `is_whole` whether somebody vouched that this is all.
        """
        is_outdated = self._is_outdated(guard)
        if is_whole and guard.highest and not is_outdated:
            return
        since_ms = None if is_whole and not is_outdated else self._certain_ms()
        if since_ms is None:
            log.info("the key has not signed yet: listening for a moment before it votes")
        else:
            log.info(
                "the key %s: listening until %d blocks are final that are newer than now, before it votes",
                "has signed what its history here does not know" if is_whole else "has no history here",
                LISTEN_BLOCKS,
            )
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._follow)
            past = trio.Event()
            nursery.start_soon(self._look, since_ms, past)
            if since_ms is not None:
                await self._wait(past)
            await trio.sleep(self._dice.uniform(0, CHANCE_SECONDS_MAX))
            nursery.cancel_scope.cancel()

    def is_unused(self) -> bool:
        """Whether the key surely has been in no committee, that of the block to come included."""
        present = self._epochs.of(self._chain.finalized.header.number + 1)
        if present > LOOKED_AT_MAX:
            return False
        try:
            committees = [self._epochs.committee(epoch) for epoch in range(present + 1)]
        except CommitteeUnknown:
            return False
        return not any(each.bls == self._public for committee in committees for each in committee.validators)

    def _is_outdated(self, guard: Guard) -> bool:
        """Whether one of the last final blocks carries a vote of the key that the guard has not heard of:
        each that was given here was noted before it was sent, so the history is an older copy.
        """
        last = self._chain.finalized.header.number
        for number in range(max(1, last - LISTEN_BLOCKS + 1), last + 1):
            block_hash = self._chain.hash_at(number)
            certificate = None if block_hash is None else self._voted_for(block_hash)
            if certificate is not None and not guard.knows(certificate.statement):
                return True
        return False

    def _certain_ms(self) -> int:
        """A time that no block has that somebody honest has voted for by now."""
        now_ms = max(self._clock.now_ms(), self._time_of(self._chain.finalized))
        return now_ms + DRIFT_MS_MAX + APART_MS_MAX

    async def _look(self, since_ms: int | None, past: trio.Event) -> None:
        """Watch what becomes final, and set `past` once `LISTEN_BLOCKS` are that were voted for since a time;
        without one all are looked at. Raises KeyAtWork when the key's vote stands where it cannot be ours.
        """
        own = self._chain.finalized.header.number if since_ms is None else None
        with self._chain.notices.watch() as notices:
            async for notice in notices:
                if not isinstance(notice, Finalized):
                    continue
                last = notice.header.number
                if own is None:
                    if since_ms is None or self._time_of(self._chain.finalized) <= since_ms:
                        continue
                    own = self._chain.finalized.header.number + OWN_BLOCKS
                for number, block_hash in enumerate(notice.hashes, last - len(notice.hashes) + 1):
                    if number > own and self._voted_for(block_hash) is not None:
                        raise KeyAtWork(number)
                if last >= own - OWN_BLOCKS + LISTEN_BLOCKS:
                    past.set()

    async def _wait(self, past: trio.Event) -> None:
        """Return when what the key may have signed is past; say now and then what that waits for."""
        while True:
            final = self._chain.finalized.header.number
            with trio.move_on_after(SAY_SECONDS):
                await past.wait()
                return
            if self._chain.finalized.header.number == final:
                log.warning(
                    "block %d stays the last final one, and the key is silent, since what it signed is not "
                    "known here; if the others cannot go on without it, bring its history along, or say what "
                    "it signed last: `ballast key guard begin --help`",
                    final,
                )

    def _voted_for(self, block_hash: bytes) -> Certificate | None:
        """The certificate of a final block, if the key's vote is part of it."""
        stored = self._chain.block(block_hash)
        certificate = None if stored is None else certificate_of(stored)
        if certificate is None:
            return None
        committee = self._epochs.committee(certificate.statement.epoch)
        places = signers_of(certificate.signers, committee.size)
        return certificate if any(committee.validators[each].bls == self._public for each in places) else None
