"""Sealing on a development chain: when a block is built, and that it is final at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeAlias

import trio

from node.chain.author import Author
from node.chain.chain import Chain, Position
from node.chain.heads import Heads
from node.mempool.validate import Mempool
from runtime.types.digest import DigestItem, RuntimeEnvironmentUpdated

SECONDS_MIN: Final = 0.02
SECONDS_MAX: Final = 3_600.0


@dataclass(frozen=True, slots=True)
class Instant:
    """A block as soon as a transaction is ready."""


@dataclass(frozen=True, slots=True)
class Manual:
    """A block when it is asked for."""


@dataclass(frozen=True, slots=True)
class Every:
    """A block after each so many seconds."""

    seconds: float


Sealing: TypeAlias = Instant | Manual | Every


class BadSealing(ValueError):
    """Not a way of sealing."""

    def __init__(self, text: str) -> None:
        super().__init__(
            f"{text!r} is no way of sealing: give instant, manual, or seconds between {SECONDS_MIN} "
            f"and {SECONDS_MAX:.0f}"
        )


def parse_sealing(text: str) -> Sealing:
    """`instant`, `manual`, or a number of seconds. Raises BadSealing."""
    if text == "instant":
        return Instant()
    if text == "manual":
        return Manual()
    try:
        seconds = float(text)
    except ValueError:
        raise BadSealing(text) from None
    if not SECONDS_MIN <= seconds <= SECONDS_MAX:
        raise BadSealing(text)
    return Every(seconds)


class Sealer:
    """Builds, keeps and finalizes blocks, one at a time."""

    def __init__(
        self,
        chain: Chain,
        author: Author,
        heads: Heads,
        mempool: Mempool,
        logs: Callable[[Position], tuple[DigestItem, ...]] = lambda parent: (),
    ) -> None:
        """`logs` are the digest items of the block after a given one."""
        self._chain = chain
        self._author = author
        self._heads = heads
        self._mempool = mempool
        self._logs = logs
        self._one_at_a_time = trio.Lock()
        self._run = trio.CancelScope()
        self.sealing: Sealing = Manual()
        """When blocks are built."""

    async def seal(self, *, finalize: bool = True) -> bytes:
        """Build the next block over the head, and make it final; its hash. One that changes the code is made
        final in any case, for other code stands on final blocks alone.

        Raises AuthorStopped, OtherRuntime, or a StorageError when it could not be written: then nobody is
        told of it.
        """
        async with self._one_at_a_time:
            parent = self._chain.best
            self._chain.require_runtime(parent)
            built = await self._author.build(parent, self._logs(parent))
            block_hash = self._chain.add(built.block, built.state)
            self._heads.enact(block_hash)
            if finalize or RuntimeEnvironmentUpdated() in built.block.header.digest.logs:
                await self._heads.finalize(block_hash)
            return block_hash

    async def rewind(self, number: int) -> None:
        """Take a development chain back to a final block, with an empty pool. Raises StateDiscarded."""
        async with self._one_at_a_time:
            self._chain.rewind(number)
            self._mempool.clear("the chain was taken back to an earlier block")

    def change(self, sealing: Sealing) -> None:
        """Build blocks at other times from now on."""
        self.sealing = sealing
        self._run.cancel()

    async def run(self, sealing: Sealing) -> None:
        """Seal as told, or as told since, until cancelled."""
        self.sealing = sealing
        while True:
            with trio.CancelScope() as self._run:
                await self._seal_on(self.sealing)

    async def _seal_on(self, sealing: Sealing) -> None:
        match sealing:
            case Manual():
                await trio.sleep_forever()
            case Instant():
                while True:
                    await self._mempool.wait_ready()
                    before = self._chain.best.hash
                    await self.seal()
                    if self._chain.best.hash == before:
                        await trio.sleep(SECONDS_MIN)
            case Every(seconds):
                due = trio.current_time() + seconds
                while True:
                    await trio.sleep_until(due)
                    await self.seal()
                    due = max(due + seconds, trio.current_time())
