"""A distant state answers as the state itself, asks for nothing twice, and takes no failure for an answer."""

from __future__ import annotations

import threading
from contextlib import suppress
from itertools import count, islice
from typing import cast

import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st

from node.client import ChainClient, Client
from node.client.chain import PAGE
from node.client.errors import Disconnected
from node.gov import distant
from node.gov.distant import FIRST_PAGE, StateTooLarge, beside, over
from runtime.state import State, StateDiscarded
from support.chains import chain_of
from support.distance import DistantNode, Values

CHAIN = chain_of()
AT = CHAIN.header.hash
KEYS = st.binary(max_size=3)
MANY = {number.to_bytes(4, "big"): bytes([number % 256]) for number in range(3 * PAGE)}


def node_of(values: dict[bytes, bytes], *, breaks: int | None = None) -> DistantNode:
    return DistantNode(CHAIN.header, Values(values), breaks=breaks)


def behind(node: DistantNode) -> ChainClient:
    return ChainClient(cast(Client, node), CHAIN.runtime)


@given(
    st.dictionaries(KEYS, st.binary(max_size=3), max_size=30),
    st.lists(st.tuples(KEYS, st.none() | KEYS), max_size=5),
)
def test_it_answers_as_the_state_itself_and_asks_once(
    values: dict[bytes, bytes], asked: list[tuple[bytes, bytes | None]]
) -> None:
    def question(state: State) -> None:
        for prefix, after in asked:
            assert list(state.keys(prefix, after)) == list(Values(values).keys(prefix, after))
            assert state.get(prefix) == values.get(prefix)
            assert state.read(prefix, len) == (len(values[prefix]) if prefix in values else None)

    node = node_of(values)
    trio.run(over, behind(node), AT, question)
    assert max(node.told.values(), default=1) == 1


async def test_pages_grow_so_that_a_look_at_the_first_key_costs_little() -> None:
    node = node_of(MANY)
    first = await over(behind(node), AT, lambda state: next(iter(state.keys(b""))))
    assert first == bytes(4)
    assert node.asked == [("state_getKeysPaged", FIRST_PAGE), ("state_queryStorageAt", FIRST_PAGE)]
    node = node_of(MANY)
    found = await over(behind(node), AT, lambda state: list(state.keys(b"")))
    assert found == list(MANY)
    assert [each for method, each in node.asked if method == "state_getKeysPaged"] == [
        8,
        32,
        160,
        *3 * [PAGE],
    ]
    assert node.told == dict.fromkeys(MANY, 1)


@pytest.mark.parametrize("breaks", range(4))
async def test_no_answer_is_given_on_what_could_not_be_fetched(breaks: int) -> None:
    """Not even where the failure was taken for the fault of a pallet."""

    def swallowing(state: State) -> str:
        for _ in range(3):
            with suppress(Exception):
                return str([state.get(bytes(4)), list(islice(state.keys(b""), 9))])
        return "a pallet is broken"

    node = node_of(MANY, breaks=breaks)
    with pytest.raises(Disconnected):
        await over(behind(node), AT, swallowing)
    assert len(node.asked) == breaks, "whoever is gone is not asked again"


async def test_a_question_that_fails_by_itself_says_so() -> None:
    with pytest.raises(ZeroDivisionError):
        await over(behind(node_of(MANY)), AT, lambda state: 1 // len(state.get(b"none") or b""))


async def test_what_needs_too_much_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(distant, "KEYS_MAX", 100)
    node = node_of(MANY)
    with pytest.raises(StateTooLarge) as refusal:
        await over(behind(node), AT, lambda state: list(state.keys(b"")))
    assert str(refusal.value) == "the question needs more than 100 keys: look without a scenario"
    assert sum(node.told.values()) == 8 + 32 + 160


async def test_whoever_gives_up_need_not_wait_for_the_end() -> None:
    def endless(state: State) -> None:
        for number in count():
            state.get(number.to_bytes(8, "big"))

    with trio.move_on_after(0.05) as scope:
        await over(behind(node_of({})), AT, endless)
    assert scope.cancelled_caught


async def test_a_state_of_this_process_is_read_in_the_loop_alone() -> None:
    loop = threading.get_ident()
    readers: set[int] = set()

    class Watched(Values):
        def get(self, key: bytes, /) -> bytes | None:
            readers.add(threading.get_ident())
            return super().get(key)

    def question(state: State) -> tuple[int, bytes, list[bytes]]:
        return threading.get_ident(), state.get(bytes(4)) or b"", list(state.keys(b""))

    state = cast(State, Watched(MANY))
    asker, value, keys = await beside(state, question, trio.CapacityLimiter(1))
    assert (value, keys) == (MANY[bytes(4)], list(MANY))
    assert readers == {loop} != {asker}


async def test_a_state_that_leaves_the_window_meanwhile_gives_no_answer() -> None:
    class Leaving(Values):
        def get(self, key: bytes, /) -> bytes | None:
            raise StateDiscarded(7)

    def swallowing(state: State) -> str:
        with suppress(Exception):
            state.get(b"")
        return "a pallet is broken"

    with pytest.raises(StateDiscarded):
        await beside(cast(State, Leaving({})), swallowing, trio.CapacityLimiter(1))
