"""A state that stays where it is: a forecast runs in a thread, and asks for what it reads when it reads it.

A state on another node is asked over RPC; that node only looks up keys, a page at a time, and no forecast
takes its processor. One of this process is asked in the event loop, to which it belongs: nothing of it is
touched from the thread. What was asked once is kept; a look reads hundreds of keys, however many there are,
and a scenario the accounts that it plays with.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Awaitable, Callable, Iterator
from itertools import islice
from typing import Final, Protocol, TypeVar, TypeVarTuple

import trio

from node.client import ChainClient
from node.client.chain import PAGE
from node.client.fetched import Listing, RemoteState
from runtime.state import State

T = TypeVar("T")
Arguments = TypeVarTuple("Arguments")
KEYS_MAX: Final = 1 << 21
"""How much of a state is fetched at most, in keys."""
FIRST_PAGE: Final = 8
"""Keys of a prefix that are asked for at first: often the first one is enough."""
GROWTH: Final = 4
"""How much larger each page is than all before it, up to `PAGE`."""


class StateTooLarge(Exception):
    """A question needs more of the state than is fetched."""

    def __str__(self) -> str:
        return f"the question needs more than {KEYS_MAX:,} keys: look without a scenario"


class Source(Protocol):
    """Who has a state, asked in the event loop."""

    async def value(self, key: bytes) -> bytes | None:
        """The encoding under a key."""
        ...

    async def values(self, keys: list[bytes]) -> dict[bytes, bytes | None]:
        """The same of many keys."""
        ...

    async def keys(self, prefix: bytes, count: int, after: bytes | None) -> list[bytes]:
        """The first `count` keys under a prefix, behind `after`."""
        ...


class _OnNode:
    """A block's state, behind a client."""

    def __init__(self, chain: ChainClient, at: bytes) -> None:
        self._chain = chain
        self._at = at

    async def value(self, key: bytes) -> bytes | None:
        return await self._chain.storage(key, self._at)

    async def values(self, keys: list[bytes]) -> dict[bytes, bytes | None]:
        return await self._chain.storages(keys, self._at)

    async def keys(self, prefix: bytes, count: int, after: bytes | None) -> list[bytes]:
        return await self._chain.keys(prefix, count, after, self._at)


class _Here:
    """A state of this process."""

    def __init__(self, state: State) -> None:
        self._state = state

    async def value(self, key: bytes) -> bytes | None:
        return self._state.get(key)

    async def values(self, keys: list[bytes]) -> dict[bytes, bytes | None]:
        return {key: self._state.get(key) for key in keys}

    async def keys(self, prefix: bytes, count: int, after: bytes | None) -> list[bytes]:
        return list(islice(self._state.keys(prefix, after), count))


class DistantState(RemoteState):
    """One frozen state at its source, as `runtime.state.State`, for a thread beside the event loop.

    Pallets are read in the midst of hooks, which take whatever is raised for a fault of a pallet: so the
    first failure to fetch is kept in `failure`, and every answer after it is worth nothing.
    """

    def __init__(self, source: Source, root: bytes) -> None:
        self.root = root
        self.failure: Exception | None = None
        self._source = source
        self._values: dict[bytes, bytes | None] = {}
        self._listings: dict[bytes, Listing] = {}

    def get(self, key: bytes, /) -> bytes | None:
        if key not in self._values:
            self._values[key] = self._ask(self._source.value, key)
        return self._values[key]

    def keys(self, prefix: bytes, after: bytes | None = None) -> Iterator[bytes]:
        listing = self._listings.setdefault(prefix, Listing())
        place = 0 if after is None else bisect_right(listing.keys, after)
        while place < len(listing.keys) or self._list(prefix, listing):
            key = listing.keys[place]
            place += 1
            if after is None or key > after:
                yield key

    def _list(self, prefix: bytes, listing: Listing) -> bool:
        """Whether there are more keys under a prefix, which are known now, with their values."""
        if listing.is_whole:
            return False
        known = listing.keys
        count = min(PAGE, GROWTH * len(known) or FIRST_PAGE)
        found = self._ask(self._source.keys, prefix, count, known[-1] if known else None)
        lacking = [key for key in found if key not in self._values]
        if lacking:
            self._values.update(self._ask(self._source.values, lacking))
        known += found
        listing.is_whole = len(found) < count
        return bool(found)

    def _ask(self, question: Callable[[*Arguments], Awaitable[T]], *arguments: *Arguments) -> T:
        """What the source answers in its own loop. Raises what it raises, and then again and again."""
        if self.failure is None:
            try:
                if len(self._values) > KEYS_MAX:
                    raise StateTooLarge
                return trio.from_thread.run(question, *arguments)
            except Exception as failure:  # noqa: BLE001 - kept, and raised to whoever asked
                self.failure = failure
        raise self.failure


async def over(chain: ChainClient, at: bytes, question: Callable[[State], T]) -> T:
    """What `question` answers over the state of a block behind a client, in a thread of its own.

    Raises `RemoteError`, `StateTooLarge`, and what `question` raises.
    """
    state = DistantState(_OnNode(chain, at), (await chain.header(at)).state_root)
    return await trio.to_thread.run_sync(_answer, question, state)


async def beside(state: State, question: Callable[[State], T], limiter: trio.CapacityLimiter) -> T:
    """What `question` answers over a state of this process, in a thread of its own, of which there are no
    more than the limiter allows. What else the question touches must be its own.

    Raises `StateTooLarge`, what reading the state raises, and what `question` raises.
    """
    distant = DistantState(_Here(state), state.root)
    return await trio.to_thread.run_sync(_answer, question, distant, limiter=limiter)


def _answer(question: Callable[[State], T], state: DistantState) -> T:
    try:
        return question(state)
    finally:
        if state.failure is not None:
            raise state.failure
