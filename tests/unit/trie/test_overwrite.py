"""Overwriting: new values under keys that are there, beside changes that it must leave over."""

from __future__ import annotations

from collections.abc import Mapping

from hypothesis import given
from hypothesis import strategies as st

from runtime.trie import EMPTY_ROOT, Branch, Leaf, StateVersion, Update, trie_root, update
from runtime.trie.overwrite import Overwriter
from runtime.trie.walk import get

nibbles = st.lists(st.sampled_from([0x00, 0x01, 0x10, 0x11, 0x21]), max_size=5).map(bytes)
values = st.integers(0, 40).map(lambda size: b"v" * size) | st.binary(min_size=33, max_size=36)
versions = st.sampled_from(StateVersion)


class Nodes:
    """Nodes in dictionaries: the store of one trie at a time."""

    def __init__(self) -> None:
        self.branches: dict[int, Branch] = {}
        self.leaves: dict[int, Leaf] = {}

    @property
    def at_hand(self) -> Mapping[int, Branch]:
        return {}

    def branch(self, id: int, /) -> Branch:
        assert id in self.branches, f"branch {id} was never given to keep"
        return self.branches[id]

    def leaf(self, id: int, /) -> Leaf:
        return self.leaves[id]

    def keep(self, made: Update) -> Update:
        self.branches |= made.branches
        self.leaves |= made.leaves
        for id in made.dead_branches:
            del self.branches[id]
        for id in made.dead_leaves:
            del self.leaves[id]
        return made


@given(st.dictionaries(nibbles, values), st.dictionaries(nibbles, values | st.none()), versions)
def test_whatever_is_left_over_the_trie_is_that_of_all_changes(
    before: dict[bytes, bytes], changes: dict[bytes, bytes | None], version: StateVersion
) -> None:
    nodes = Nodes()
    made = nodes.keep(update(nodes, EMPTY_ROOT, 0, before, first_id=2, version=version))
    changed = update(nodes, made.root, made.top, changes, first_id=made.next_id, version=version)
    nodes.keep(changed)
    after = {key: value for key, value in (before | changes).items() if value is not None}
    assert changed.root == trie_root(after, version)
    assert dict(nodes.leaves.values()) == after and len(nodes.leaves) == len(after)
    assert all(get(nodes, changed.top, key) == value for key, value in after.items())


def test_what_it_leaves_over_it_names_and_does_not_touch() -> None:
    nodes = Nodes()
    keys = [bytes([high]) * 20 for high in range(0, 256, 5)]
    made = nodes.keep(update(nodes, EMPTY_ROOT, 0, dict.fromkeys(keys, b"v" * 40), first_id=2))
    changes: dict[bytes, bytes | None] = {
        keys[1]: b"w" * 40,
        keys[2]: None,
        keys[3] + b"\0": b"n" * 40,
        keys[4]: b"",
        b"": b"at the root",
    }
    overwriter = Overwriter(nodes, sorted(changes), changes, made.next_id, 32, ())
    assert overwriter.run(made.top) is not None
    # An empty value makes a leaf short enough to stand inline.
    assert overwriter.left == [b"", keys[2], keys[3] + b"\0", keys[4]]
    assert list(overwriter.leaves.values()) == [(keys[1], b"w" * 40)]
    assert len(overwriter.dead_leaves) == 1


def test_keys_as_deep_as_keys_go_are_overwritten_without_a_call_for_each_level() -> None:
    nodes = Nodes()
    keys = [bytes(zeros) + b"\x11" + bytes(32) for zeros in range(2_000)]
    made = nodes.keep(update(nodes, EMPTY_ROOT, 0, dict.fromkeys(keys, b"v" * 40), first_id=2))
    after: dict[bytes, bytes | None] = dict.fromkeys(keys, b"w" * 40)
    overwriter = Overwriter(nodes, sorted(keys), after, made.next_id, 32, ())
    overwriter.run(made.top)
    assert (len(overwriter.leaves), overwriter.left) == (len(keys), [])
    changed = nodes.keep(update(nodes, made.root, made.top, after, first_id=made.next_id))
    assert changed.root == trie_root(dict.fromkeys(keys, b"w" * 40))


def test_a_key_that_only_goes_the_way_of_what_was_overwritten_is_left_over() -> None:
    nodes = Nodes()
    leaf, other = b"\x10" * 20, b"\x20" * 20
    below = [b"\x40\x10" + bytes(20), b"\x40\x20" + bytes(20)]
    before = dict.fromkeys([leaf, other, *below], b"v" * 40)
    made = nodes.keep(update(nodes, EMPTY_ROOT, 0, before, first_id=2))
    # One where a leaf was overwritten just before, and one where a branch was, whose partial key is another.
    strangers = [leaf[:-1] + b"\x11", b"\x41" * 20]
    changes: dict[bytes, bytes | None] = dict.fromkeys([leaf, *below, *strangers], b"w" * 40)
    overwriter = Overwriter(nodes, sorted(changes), changes, made.next_id, 32, ())
    overwriter.run(made.top)
    assert overwriter.left == strangers
    changed = nodes.keep(update(nodes, made.root, made.top, changes, first_id=made.next_id))
    assert changed.root == trie_root({**before, **dict.fromkeys(changes, b"w" * 40)})
