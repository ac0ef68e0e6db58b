"""Reading a trie by walking it, on every state: keys in order, and the digest of what stands at a key."""

from itertools import islice

import pytest

from runtime.state import MemoryStates
from runtime.trie import StateVersion, merkle_value, trie_root
from runtime.trie.node import digest_of

HELD = {bytes([high, low]) * 20: b"v" * low for high in range(4) for low in range(0, 64, 3)} | {
    b"\x02": b"short"
}


def test_keys_from_any_prefix_and_after_any_key() -> None:
    state = MemoryStates().genesis(HELD)
    ordered = sorted(HELD)
    for prefix in (b"", b"\x00", b"\x02", b"\x02\x30", b"\x02\x03\x02", b"\x05", *ordered[::9]):
        for after in (
            None,
            b"",
            b"\x01\xff",
            b"\x02",
            ordered[30],
            ordered[30] + b"\0",
            ordered[-1],
            b"\xff",
        ):
            wanted = [key for key in ordered if key.startswith(prefix) and (after is None or key > after)]
            assert list(state.keys(prefix, after)) == wanted
    assert list(islice(state.keys(b"\x02"), 2)) == [key for key in ordered if key[0] == 2][:2]


@pytest.mark.parametrize("version", list(StateVersion))
def test_the_merkle_value_is_that_of_the_node_at_the_key_or_the_first_below_it(version: StateVersion) -> None:
    state = MemoryStates(version=version).genesis(HELD)

    def value_at(key: bytes) -> bytes | None:
        return merkle_value(state, state.top, key, version)

    assert value_at(b"") == state.root == trie_root(HELD, version)
    leaf = next(key for key in HELD if key[0] == 1)
    assert value_at(leaf) == value_at(leaf[:30]) == digest_of(state.prove([leaf])[-1])
    branch = value_at(b"\x03")
    assert branch in map(digest_of, state.prove([b"\x03" + b"\0" * 39]))
    assert value_at(b"\x07") is None and value_at(leaf + b"\0") is None
    assert merkle_value(state, 0, b"", version) is None
