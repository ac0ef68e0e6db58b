"""States over a database: what one commit writes, what the window keeps, what memory may hold."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from node.storage import Column, RocksStates
from node.storage.records import number_key
from node.storage.states import BRANCH_BYTES
from runtime.state import MemoryStates, NotNext, State, StateDiscarded, UnfinalizedTooDeep
from runtime.trie import trie_root, verify_proofs
from support.storage import ForgetfulDatabase

KEYS = [b"account" + number.to_bytes(2, "big") * 12 for number in range(300)]


def values(height: int) -> dict[bytes, bytes | None]:
    """What block `height` writes: a fifth of the accounts, one of them removed."""
    changed: dict[bytes, bytes | None] = {key: number_key(height) * 6 for key in KEYS[height % 5 :: 5]}
    changed[KEYS[height * 7 % 300]] = None
    return changed


def held_at(height: int) -> dict[bytes, bytes]:
    held: dict[bytes, bytes | None] = {}
    for block in range(height + 1):
        held |= values(block)
    return {key: value for key, value in held.items() if value is not None}


def grow(states: RocksStates | MemoryStates, blocks: int) -> None:
    if states.head.height < 0:
        states.genesis(values(0))
    for _ in range(blocks):
        head = states.head
        states.finalize(head.child(values(head.height + 1), {}))


@pytest.fixture
def states(tmp_path: Path) -> Iterator[RocksStates]:
    states = RocksStates.open(tmp_path / "db", window=8)
    yield states
    states.close()


def test_the_window_answers_and_what_is_older_says_so(states: RocksStates) -> None:
    grow(states, 20)
    before = states.at(12)
    for height in range(12, 21):
        state, held = states.at(height), held_at(height)
        assert state.root == trie_root(held)
        assert {key: state.get(key) for key in state.keys(b"account")} == held
        assert verify_proofs(state.root, state.prove(KEYS[:9]), KEYS[:9]) == {
            k: held.get(k) for k in KEYS[:9]
        }
    for height in (0, 11, 21, -1):
        with pytest.raises(StateDiscarded) as refused:
            states.at(height)
        assert str(refused.value) == f"the state at height {height} is already discarded"
    grow(states, 1)
    for ask in (lambda: before.get(KEYS[0]), lambda: list(before.keys(b"")), lambda: before.prove(KEYS[:1])):
        with pytest.raises(StateDiscarded, match="the state at height 12 is already discarded"):
            ask()


def test_an_archive_answers_for_every_block_and_a_window_prunes_it_later(tmp_path: Path) -> None:
    states = RocksStates.open(tmp_path, archive=True, window=2)
    grow(states, 12)
    assert all(states.at(height).root == trie_root(held_at(height)) for height in range(13))
    states.close()
    states = RocksStates.open(tmp_path, window=2)
    assert states.at(0).get(KEYS[5]) == held_at(0)[KEYS[5]]
    grow(states, 4)
    assert states.store.oldest == 14
    assert (
        len(list(states.database.keys(Column.JOURNAL))) == len(list(states.database.keys(Column.ROOTS))) - 1
    )
    states.close()


def test_a_restart_forgets_what_was_not_finalized_and_reuses_its_ids(tmp_path: Path) -> None:
    states = RocksStates.open(tmp_path)
    grow(states, 3)
    lost = states.head.child(values(4), {})
    next_id = states.store.next_id
    assert states.next_id > next_id
    states.close()
    states = RocksStates.open(tmp_path)
    assert states.next_id == next_id
    assert states.head.root == trie_root(held_at(3))
    again = states.head.child(values(4), {})
    assert again.root == lost.root
    states.close()


def test_a_commit_carries_the_callers_columns(states: RocksStates) -> None:
    states.genesis(values(0), also=[("headers", b"hash", b"header"), ("meta", b"genesis", b"hash")])
    states.finalize(
        states.head.child(values(1), {}), [("headers", b"hash", None), ("numbers", number_key(1), b"other")]
    )
    database = states.database
    assert database.get(Column.META, b"genesis") == b"hash"
    assert database.get(Column.HEADERS, b"hash") is None
    assert database.get(Column.NUMBERS, number_key(1)) == b"other"


def test_a_state_larger_than_the_budget_works(tmp_path: Path) -> None:
    states = RocksStates.open(tmp_path, budget_bytes=60_000)
    for _ in range(30):
        grow(states, 1)
        assert states.store.cached_bytes <= 60_000
    assert states.head.root == trie_root(held_at(30))
    assert states.store.cached_bytes > 0
    assert len(list(states.database.keys(Column.NODES))) * BRANCH_BYTES > 3 * 60_000
    states.close()


def test_siblings_compete_and_only_a_child_of_the_head_can_be_finalized(states: RocksStates) -> None:
    grow(states, 1)
    head = states.head
    one = head.child({KEYS[0]: b"one"}, {})
    other = head.child({KEYS[0]: b"other"}, {})
    grandchild = one.child({KEYS[1]: b"grandchild"}, {})
    for state in (grandchild, head):
        with pytest.raises(
            NotNext, match=r"^only a child of the finalized state at height 1 can be finalized$"
        ):
            states.finalize(state)
    assert [state.get(KEYS[0]) for state in (one, other, grandchild)] == [b"one", b"other", b"one"]
    states.finalize(one)
    for state in (one, other):
        with pytest.raises(
            NotNext, match=r"^only a child of the finalized state at height 2 can be finalized$"
        ):
            states.finalize(state)
    assert [state.get(KEYS[0]) for state in (one, other, grandchild)] == [b"one", b"other", b"one"]
    states.finalize(grandchild)
    assert states.head.get(KEYS[1]) == b"grandchild"
    assert states.head.root == grandchild.root


def test_a_loser_answers_while_someone_holds_it_and_its_base_is_kept(states: RocksStates) -> None:
    grow(states, 1)
    loser = states.head.child({KEYS[0]: b"loser"}, {})
    grow(states, 8)
    assert loser.get(KEYS[0]) == b"loser"
    assert loser.get(KEYS[1]) == held_at(1)[KEYS[1]]
    assert loser.root == trie_root(held_at(1) | {KEYS[0]: b"loser"})
    grow(states, 1)
    with pytest.raises(StateDiscarded, match="the state at height 1 is already discarded"):
        loser.get(KEYS[1])


def test_a_development_chain_goes_back(states: RocksStates) -> None:
    grow(states, 6)
    gone, loser = states.head, states.head.child({KEYS[0]: b"loser"}, {})
    next_id = states.next_id
    head = states.rewind(3, also=[("meta", b"note", b"taken back")])
    assert (head.height, head.root, states.next_id) == (3, trie_root(held_at(3)), next_id)
    assert {key: head.get(key) for key in head.keys(b"")} == held_at(3)
    assert states.database.get(Column.META, b"note") == b"taken back"
    for state in (gone, loser):
        with pytest.raises(StateDiscarded, match="the state at height 6 is already discarded"):
            state.get(KEYS[20])
    with pytest.raises(StateDiscarded, match="the state at height 4 is already discarded"):
        states.at(4)
    grow(states, 4)
    assert states.head.root == trie_root(held_at(7))
    with pytest.raises(StateDiscarded, match="the state at height 6 is already discarded"):
        gone.get(KEYS[20])
    with pytest.raises(StateDiscarded, match="the state at height 9 is already discarded"):
        states.rewind(9)


def test_unfinalized_states_have_a_bounded_depth() -> None:
    states = MemoryStates(depth_max=3)
    state: State = states.genesis({})
    for height in range(3):
        state = state.child({b"key": number_key(height)}, {})
    with pytest.raises(UnfinalizedTooDeep) as refused:
        state.child({}, {})
    assert str(refused.value) == "3 unfinalized states stand on each other; finalize one before adding more"


def test_genesis_is_written_once(states: RocksStates) -> None:
    states.genesis(values(0))
    with pytest.raises(NotNext, match=r"^only a child of the finalized state at height 0 can be finalized$"):
        states.genesis(values(0))


def test_a_write_that_fails_changes_nothing() -> None:
    database = ForgetfulDatabase()
    states = RocksStates(database)
    grow(states, 2)
    rows = dict(database.rows)
    child = states.head.child(values(3), {})
    database.is_failing = True
    with pytest.raises(OSError, match="no space left"):
        states.finalize(child)
    assert (states.head.height, states.head.root, database.rows) == (2, trie_root(held_at(2)), rows)
    database.is_failing = False
    assert states.finalize(child).root == trie_root(held_at(3))


def test_decoded_values_are_kept_across_blocks_and_never_stale() -> None:
    decoded: list[bytes] = []

    def decode(value: bytes) -> str:
        decoded.append(value)
        return value.decode()

    states = MemoryStates()
    head = states.genesis({b"a": b"1", b"b": b"2"})
    assert (head.read(b"a", decode), head.read(b"a", decode), head.read(b"c", decode)) == ("1", "1", None)
    assert decoded == [b"1"]
    child = head.child({b"a": b"3", b"b": None, b"c": b"4"}, {b"a": "3"})
    assert [child.read(key, decode) for key in (b"a", b"b", b"c")] == ["3", None, "4"]
    assert [head.read(key, decode) for key in (b"a", b"b", b"c")] == ["1", "2", None]
    states.finalize(child)
    assert [states.head.read(key, decode) for key in (b"a", b"b", b"c")] == ["3", None, "4"]
    assert [states.at(0).read(key, decode) for key in (b"a", b"b", b"c")] == ["1", "2", None]
    assert decoded.count(b"3") == 0


def test_iteration_sees_the_state_as_it_was_when_it_began(states: RocksStates) -> None:
    grow(states, 1)
    head = states.head
    child = head.child({KEYS[0]: None, b"account": b"new"}, {})
    rows, child_rows = head.keys(b"account"), child.keys(b"account")
    begun = [next(rows), next(child_rows)]
    states.finalize(head.child(dict.fromkeys(KEYS[10:]), {}))
    assert [begun[0], *rows] == sorted(held_at(1))
    assert [begun[1], *child_rows] == sorted({*held_at(1), b"account"} - {KEYS[0]})
