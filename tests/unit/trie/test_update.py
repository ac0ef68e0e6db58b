"""The update alone: what it reports born and dead, what it reads, and what it refuses."""

from collections.abc import Mapping

import pytest

from runtime.trie import EMPTY_ROOT, Branch, Leaf, StateVersion, Update, get, trie_root, update

KEYS = [bytes([high, low]) * 20 for high in range(16) for low in range(16)]


class Memory:
    """Nodes in dictionaries, which counts the leaves that are read."""

    def __init__(self) -> None:
        self.branches: dict[int, Branch] = {}
        self.leaves: dict[int, Leaf] = {}
        self.leaves_read = 0

    @property
    def at_hand(self) -> Mapping[int, Branch]:
        return self.branches

    def branch(self, id: int, /) -> Branch:
        return self.branches[id]

    def leaf(self, id: int, /) -> Leaf:
        self.leaves_read += 1
        return self.leaves[id]

    def keep(self, made: Update) -> Update:
        self.branches.update(made.branches)
        self.leaves.update(made.leaves)
        for id in (*made.dead_branches, *made.dead_leaves):
            del (self.leaves if id & 1 else self.branches)[id]
        return made


@pytest.fixture
def memory() -> Memory:
    return Memory()


@pytest.fixture
def full(memory: Memory) -> Update:
    return memory.keep(update(memory, EMPTY_ROOT, 0, dict.fromkeys(KEYS, b"v" * 80), first_id=2))


def test_removing_what_is_not_there_changes_nothing(memory: Memory, full: Update) -> None:
    absent = {b"": None, KEYS[0] + b"\0": None, KEYS[0][:-1]: None, b"\x00\x01\x02": None}
    made = update(memory, full.root, full.top, absent, first_id=full.next_id)
    assert (made.root, made.top) == (full.root, full.top)
    assert not made.branches and not made.leaves and not made.dead_branches and not made.dead_leaves


def test_one_change_replaces_the_nodes_on_its_path_and_no_other(memory: Memory, full: Update) -> None:
    before = memory.branches[full.top][1]
    made = update(memory, full.root, full.top, {KEYS[7]: b"w" * 80}, first_id=full.next_id)
    assert (
        (len(made.branches), len(made.leaves)) == (len(made.dead_branches), len(made.dead_leaves)) == (2, 1)
    )
    assert min(made.branches | made.leaves) >= full.next_id > max(*made.dead_branches, *made.dead_leaves)
    assert memory.branches[full.top][1] == before
    assert made.root == trie_root(dict.fromkeys(KEYS, b"v" * 80) | {KEYS[7]: b"w" * 80})


def test_a_removed_sibling_moves_a_leaf_without_a_new_id(memory: Memory, full: Update) -> None:
    keys = dict.fromkeys(key for key in KEYS[:16] if key != KEYS[3])
    made = memory.keep(update(memory, full.root, full.top, keys, first_id=full.next_id))
    assert not made.leaves
    assert made.root == trie_root(dict.fromkeys([KEYS[3], *KEYS[16:]], b"v" * 80))
    assert get(memory, made.top, KEYS[3]) == b"v" * 80


def test_emptying_the_trie_leaves_nothing(memory: Memory, full: Update) -> None:
    made = memory.keep(update(memory, full.root, full.top, dict.fromkeys(KEYS), first_id=full.next_id))
    assert (made.root, made.top) == (EMPTY_ROOT, 0)
    assert not memory.branches and not memory.leaves


def test_a_key_known_to_be_there_saves_the_reading_of_its_leaf(memory: Memory, full: Update) -> None:
    change = {KEYS[9]: b"w" * 80}
    memory.leaves_read = 0
    read = update(memory, full.root, full.top, change, first_id=full.next_id)
    assert memory.leaves_read == 1
    memory.leaves_read = 0
    known = update(memory, full.root, full.top, change, first_id=full.next_id, known={KEYS[9]})
    assert memory.leaves_read == 0
    assert known.root == read.root


def test_a_branch_left_and_entered_again_in_one_update(memory: Memory) -> None:
    """A key that splits a partial key makes a branch that later keys of the same update enter."""
    keys = [b"\x11\x11\x11" + bytes([low]) * 30 for low in (0x00, 0x10, 0x20)]
    made = memory.keep(update(memory, EMPTY_ROOT, 0, dict.fromkeys(keys, b"v" * 40), first_id=2))
    changes: dict[bytes, bytes | None] = {
        keys[0]: b"w" * 40,
        b"\x11\x11\x12": b"x",
        b"\x11\x10": b"y",
        keys[2]: None,
    }
    after = dict.fromkeys(keys[:2], b"v" * 40) | {key: value for key, value in changes.items() if value}
    made = memory.keep(update(memory, made.root, made.top, changes, first_id=made.next_id))
    assert made.root == trie_root(after)
    assert len(memory.leaves) == len(after)


def test_the_order_of_a_batch_does_not_matter(memory: Memory) -> None:
    entries = dict.fromkeys(KEYS, b"v" * 33)
    one = update(memory, EMPTY_ROOT, 0, entries, first_id=2)
    other = update(memory, EMPTY_ROOT, 0, dict(reversed(entries.items())), first_id=2)
    assert (one.root, one.top, one.next_id, one.leaves) == (
        other.root,
        other.top,
        other.next_id,
        other.leaves,
    )


def test_a_key_too_long_is_refused(memory: Memory) -> None:
    longest = bytes(32_767)
    made = update(memory, EMPTY_ROOT, 0, {longest: b"v"}, first_id=2, version=StateVersion.V0)
    assert made.root == trie_root({longest: b"v"}, StateVersion.V0)
    with pytest.raises(ValueError, match=r"^a key of 32768 bytes; the longest a trie holds is 32767$"):
        update(memory, EMPTY_ROOT, 0, {bytes(32_768): b"v"}, first_id=2)
