"""A state that stays on the node: a forecast runs here, and what it reads is asked for when it reads it.

So the node only looks up keys, a page at a time, and no forecast takes its processor. What was asked once is
kept; a look reads hundreds of keys, however many there are, and a scenario the accounts that it plays with.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Awaitable, Callable, Iterator
from functools import partial
from typing import Final, TypeVar, TypeVarTuple

import trio

from node.client import ChainClient, RemoteError
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


class DistantState(RemoteState):
    """One frozen state behind a client, as `runtime.state.State`, for a thread beside the client's loop.

    Pallets are read in the midst of hooks, which take whatever is raised for a fault of a pallet: so the
    first failure to fetch is kept in `failure`, and every answer after it is worth nothing.
    """

    def __init__(self, chain: ChainClient, at: bytes, root: bytes) -> None:
        self.root = root
        self.failure: RemoteError | StateTooLarge | None = None
        self._chain = chain
        self._at = at
        self._values: dict[bytes, bytes | None] = {}
        self._listings: dict[bytes, Listing] = {}

    def get(self, key: bytes, /) -> bytes | None:
        if key not in self._values:
            self._values[key] = self._ask(self._chain.storage, key, self._at)
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
        found = self._ask(self._chain.keys, prefix, count, known[-1] if known else None, self._at)
        lacking = [key for key in found if key not in self._values]
        if lacking:
            self._values.update(self._ask(self._chain.storages, lacking, self._at))
        known += found
        listing.is_whole = len(found) < count
        return bool(found)

    def _ask(self, question: Callable[[*Arguments], Awaitable[T]], *arguments: *Arguments) -> T:
        """What the client answers in its own loop. Raises what it raises, and then again and again."""
        if self.failure is None:
            try:
                if len(self._values) > KEYS_MAX:
                    raise StateTooLarge
                return trio.from_thread.run(question, *arguments)
            except (RemoteError, StateTooLarge) as failure:
                self.failure = failure
        raise self.failure


async def over(chain: ChainClient, at: bytes, question: Callable[[State], T]) -> T:
    """What `question` answers over the state of a block, in a thread of its own.

    Raises `RemoteError`, `StateTooLarge`, and what `question` raises.
    """
    state = DistantState(chain, at, (await chain.header(at)).state_root)
    return await trio.to_thread.run_sync(partial(_run, question, state))


def _run(question: Callable[[State], T], state: DistantState) -> T:
    try:
        return question(state)
    finally:
        if state.failure is not None:
            raise state.failure
