"""Pages of a trie: what is refused, and in which words."""

import pytest

from runtime.state import MemoryStates
from runtime.trie import EmptyPage, StateVersion, SuperfluousProof, prove_range, read_range
from runtime.trie.node import digest_of
from runtime.trie.proof import MalformedProof

HELD = {bytes([high, low]) * 20: b"v" * low for high in range(4) for low in range(0, 64, 3)}
ORDERED = sorted(HELD)


def page(after: bytes | None, size: int) -> tuple[bytes, tuple[bytes, ...]]:
    state = MemoryStates().genesis(HELD)
    return state.root, prove_range(state, state.top, after, size, StateVersion.V1)


def test_a_page_is_as_long_as_was_asked_and_no_entry_longer() -> None:
    root, items = page(None, 3_000)
    shorter = items[:-1]
    assert sum(map(len, items)) >= 3_000 > sum(map(len, shorter))
    whole, less = read_range(root, items, None), read_range(root, shorter, None)
    assert whole.entries[: len(less.entries)] == less.entries and not whole.is_last
    assert [key for key, _ in whole.entries] == ORDERED[: len(whole.entries)]


def test_behind_the_last_key_there_is_an_end_and_no_entry() -> None:
    root, items = page(ORDERED[-1], 10**6)
    assert read_range(root, items, ORDERED[-1]) == ((), True)


def test_a_page_without_an_entry_or_an_end_is_refused() -> None:
    root, items = page(ORDERED[5], 500)
    with pytest.raises(EmptyPage) as refused:
        read_range(root, items[:1], ORDERED[5])
    assert str(refused.value) == (
        f"the page holds no entry after key 0x{ORDERED[5].hex()}, and does not show that there is none"
    )
    with pytest.raises(
        EmptyPage, match=r"^the page holds no entry at the beginning, and does not show that there is none$"
    ):
        read_range(root, [], None)


def test_what_the_walk_does_not_meet_is_refused() -> None:
    root, items = page(None, 500)
    with pytest.raises(SuperfluousProof) as refused:
        read_range(root, [*items, b"else"], None)
    assert str(refused.value) == "the proof holds an item that no key needs: 0x656c7365 (4 bytes)"


def test_under_another_root_nothing_is_shown() -> None:
    _, items = page(None, 500)
    with pytest.raises(SuperfluousProof):
        read_range(bytes(32), items, None)


def test_a_node_whose_key_is_half_a_byte_is_malformed() -> None:
    leaf = bytes([0x41, 0x05, 0x04, 0x01])
    with pytest.raises(MalformedProof, match="its key is no whole number of bytes"):
        read_range(digest_of(leaf), [leaf], None)
