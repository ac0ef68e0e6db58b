"""Pages of any trie give all of its entries and nothing else, whatever is done to them on the way; and a trie
that is built from its entries in order is the one that changes would have made.
"""

from hypothesis import given
from hypothesis import strategies as st

from runtime.state import MemoryStates
from runtime.trie import (
    EMPTY_ROOT,
    Builder,
    InvalidProof,
    StateVersion,
    get,
    keys,
    prove,
    prove_range,
    read_range,
    trie_root,
)
from runtime.trie.branch import Branch, Leaf

key_parts = st.sampled_from([b"\x00", b"\x01", b"\x10", b"\x11", b"\xf0", b"\x11" * 16, b"\x10" * 40])
some_keys = st.lists(key_parts, max_size=4).map(b"".join)
some_values = st.one_of(
    st.sampled_from([b"", b"\x00", b"v" * 27, b"v" * 31, b"v" * 32, b"v" * 33, b"v" * 80]),
    st.integers(0, 400).map(lambda size: size.to_bytes(2, "big") * (size // 2)),
)
some_entries = st.dictionaries(some_keys, some_values, max_size=24)
versions = st.sampled_from(StateVersion)


def behind(held: dict[bytes, bytes], after: bytes | None) -> list[Leaf]:
    return [(key, held[key]) for key in sorted(held) if after is None or key > after]


@given(held=some_entries, version=versions, size=st.integers(1, 600))
def test_pages_one_after_the_other_are_the_whole_trie(
    held: dict[bytes, bytes], version: StateVersion, size: int
) -> None:
    state = MemoryStates(version=version).genesis(held)
    found: list[Leaf] = []
    after: bytes | None = None
    for _ in range(len(held) + 1):
        items = prove_range(state, state.top, after, size, version)
        page = read_range(state.root, items, after)
        found += page.entries
        if page.is_last:
            break
        assert sum(map(len, items)) >= size
        after = page.entries[-1][0]
    assert page.is_last and found == behind(held, None)


@given(held=some_entries, version=versions, size=st.integers(1, 600), after=some_keys)
def test_a_page_begins_after_any_key(
    held: dict[bytes, bytes], version: StateVersion, size: int, after: bytes
) -> None:
    state = MemoryStates(version=version).genesis(held)
    page = read_range(state.root, prove_range(state, state.top, after, size, version), after)
    wanted = behind(held, after)
    assert list(page.entries) == wanted[: len(page.entries)]
    assert page.is_last == (len(page.entries) == len(wanted))


@given(held=some_entries, after=st.none() | some_keys, data=st.data())
def test_whatever_is_done_to_a_page_it_tells_no_lie(
    held: dict[bytes, bytes], after: bytes | None, data: st.DataObject
) -> None:
    state = MemoryStates().genesis(held)
    items = list(prove_range(state, state.top, after, 400, StateVersion.V1))
    place = data.draw(st.integers(0, len(items) - 1))
    match data.draw(st.sampled_from(["drop", "flip", "cut", "add"])):
        case "drop":
            del items[place]
        case "flip":
            item = bytearray(items[place])
            item[data.draw(st.integers(0, len(item) - 1))] ^= 1 << data.draw(st.integers(0, 7))
            items[place] = bytes(item)
        case "cut":
            items[place] = items[place][:-1]
        case _:
            items.append(data.draw(st.binary(max_size=40)))
    try:
        page = read_range(state.root, items, after)
    except InvalidProof:
        return
    wanted = behind(held, after)
    assert list(page.entries) == wanted[: len(page.entries)]
    assert page.is_last == (len(page.entries) == len(wanted))
    assert page.entries or page.is_last


class Built:
    """The nodes that a builder gave."""

    def __init__(self, branches: dict[int, Branch], leaves: dict[int, Leaf]) -> None:
        self.at_hand = self.branches = branches
        self.leaves = leaves

    def branch(self, id: int, /) -> Branch:
        return self.branches[id]

    def leaf(self, id: int, /) -> Leaf:
        return self.leaves[id]


@given(held=some_entries, version=versions)
def test_a_trie_built_in_order_is_the_one_that_changes_make(
    held: dict[bytes, bytes], version: StateVersion
) -> None:
    builder = Builder(2, version)
    for key in sorted(held):
        builder.add(key, held[key])
    builder.finish()
    assert builder.root == trie_root(held, version) if held else builder.root == EMPTY_ROOT
    nodes = Built(builder.branches, builder.leaves)
    assert {key: get(nodes, builder.top, key) for key in held} == held
    if held:
        assert list(keys(nodes, builder.top)) == sorted(held)
        state = MemoryStates(version=version).genesis(held)
        assert prove(nodes, builder.top, sorted(held), version) == state.prove(sorted(held))
    ids = [*builder.branches, *builder.leaves]
    assert len({id // 2 for id in ids}) == len(ids) and max(ids, default=0) < builder.next_id
