"""Listening: whether a validator's key is at work elsewhere, found out before it votes here.

    its whole history is here           it votes
    it is, and it has not signed yet    it listens for a moment that is drawn by chance
    its history is lost, or older than
    votes of the key that are known     it listens for some blocks, and for such a moment

A history is whole if it began before the key came into any committee, and from when the key was listened for.

What is listened for is a vote of the key in the certificate of a final block. A moment drawn by chance parts
two machines that were given one key and begin together: who draws the shorter one votes, and the other hears
it, unless they are apart by less than a block takes. On a chain that stands still nothing can be heard; since
it may be waiting for this very key, there is an end to listening all the same.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from random import Random
from typing import Final

import trio

from node.chain.chain import Chain
from node.chain.notices import Finalized
from node.consensus.guard import Guard
from node.sync.epochs import CommitteeUnknown, Epochs
from node.sync.server import certificate_of
from runtime.simplex import Certificate, signers_of

log = logging.getLogger(__name__)

LISTEN_BLOCKS: Final = 20
"""Final blocks whose certificates are looked at before a key without its history votes."""
OWN_BLOCKS: Final = 5
"""The first of them may carry votes that this very node sent before it lost its history."""
LISTEN_SECONDS_MAX: Final = 60.0
"""How long that takes at most: a chain that stands still may be waiting for this very key."""
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
        dice: Random,
    ) -> None:
        """`follow` keeps the chain up with its peers until it is cancelled."""
        self._chain = chain
        self._epochs = epochs
        self._public = public
        self._follow = follow
        self._dice = dice

    async def listen(self, guard: Guard, *, is_whole: bool) -> None:
        """Return when the key may vote. Raises KeyAtWork, and what `follow` raises.

        `guard` is what the history here knows, `is_whole` whether somebody vouched that this is all.
        """
        first = self._chain.finalized.header.number
        if not is_whole or self._is_outdated(guard):
            blocks, own = LISTEN_BLOCKS, first + OWN_BLOCKS
            which = "has signed what its history here does not know" if is_whole else "has no history here"
            log.info("the key %s: listening for %d blocks before it votes", which, blocks)
        elif not guard.highest:
            blocks, own = 0, first
            log.info("the key has not signed yet: listening for a moment before it votes")
        else:
            return
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._follow)
            nursery.start_soon(self._look, own)
            with trio.move_on_after(LISTEN_SECONDS_MAX):
                await self._until_final(first + blocks)
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

    async def _look(self, own: int) -> None:
        """Watch what becomes final. Raises KeyAtWork when a block above the height `own` carries the key's
        vote.
        """
        with self._chain.notices.watch() as notices:
            async for notice in notices:
                if not isinstance(notice, Finalized):
                    continue
                lowest = notice.header.number - len(notice.hashes) + 1
                for number, block_hash in enumerate(notice.hashes, lowest):
                    if number > own and self._voted_for(block_hash) is not None:
                        raise KeyAtWork(number)

    async def _until_final(self, number: int) -> None:
        with self._chain.notices.watch() as notices:
            while self._chain.finalized.header.number < number:
                await anext(notices)

    def _voted_for(self, block_hash: bytes) -> Certificate | None:
        """The certificate of a final block, if the key's vote is part of it."""
        stored = self._chain.block(block_hash)
        certificate = None if stored is None else certificate_of(stored)
        if certificate is None:
            return None
        committee = self._epochs.committee(certificate.statement.epoch)
        places = signers_of(certificate.signers, committee.size)
        return certificate if any(committee.validators[each].bls == self._public for each in places) else None
