"""The Merkle value at a key: that of the node there, or of the closest one below, as proofs name it."""

from __future__ import annotations

from hashlib import blake2b

from hypothesis import given
from hypothesis import strategies as st

from runtime.state import MemoryStates
from runtime.trie import StateVersion, merkle_value
from support.reference_trie import reference_root

parts = st.sampled_from([b"\x00", b"\x01", b"\x10", b"\x11", b"\xf0"])
entries = st.dictionaries(
    st.lists(parts, max_size=4).map(b"".join),
    st.sampled_from([b"", b"v", b"v" * 40]),
    min_size=1,
    max_size=12,
)


@given(entries, st.lists(parts, max_size=4).map(b"".join), st.sampled_from(StateVersion))
def test_it_names_the_node_that_stands_for_all_keys_below(
    held: dict[bytes, bytes], prefix: bytes, version: StateVersion
) -> None:
    state = MemoryStates(version=version).genesis(held)
    found = merkle_value(state, state.top, prefix, version)
    below = {key: value for key, value in held.items() if key.startswith(prefix)}
    assert (found is None) == (not below)
    if found is None:
        return
    if len(below) == len(held):
        assert found == reference_root(held, version)
        return
    # Whatever changes below the prefix changes the value, and nothing else does.
    for key in held:
        changed = MemoryStates(version=version).genesis({**held, key: held[key] + b"!"})
        same = merkle_value(changed, changed.top, prefix, version) == found
        assert same == (key not in below)


@given(entries, st.sampled_from(StateVersion))
def test_a_node_is_named_by_itself_when_it_is_short(held: dict[bytes, bytes], version: StateVersion) -> None:
    state = MemoryStates(version=version).genesis(held)
    nodes = {blake2b(item, digest_size=32).digest() for item in state.prove(list(held))}
    for key in held:
        found = merkle_value(state, state.top, key, version)
        assert found is not None and (found in nodes or len(found) < 32)


def test_an_empty_trie_has_none() -> None:
    state = MemoryStates().head
    assert merkle_value(state, state.top, b"", StateVersion.V1) is None
