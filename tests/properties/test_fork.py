"""A fork reads as a dictionary over its origin would, and leaves the origin as it was."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from node.whatif.fork import Fork
from runtime.scale import U32, codec_of
from runtime.state import MemoryStates, State
from runtime.state.backend import ABSENT

NUMBER = codec_of(U32)
parts = st.sampled_from([b"a", b"ab", b"\xfe", b"\xff", b"\xff\xff", b""])
keys = st.tuples(parts, st.binary(min_size=1, max_size=2)).map(b"".join)
values = st.integers(0, 2**32 - 1)
changes = st.dictionaries(keys, st.none() | values, max_size=6)


@given(st.dictionaries(keys, values, max_size=8), st.lists(changes, max_size=4), parts, st.none() | keys)
def test_a_fork_is_a_dictionary_over_its_origin(
    below: dict[bytes, int], blocks: list[dict[bytes, int | None]], prefix: bytes, after: bytes | None
) -> None:
    states = MemoryStates()
    origin = states.genesis({key: NUMBER.encode(value) for key, value in below.items()})
    root, model = origin.root, dict(below)
    fork: State = Fork.of(origin)
    for number, block in enumerate(blocks):
        decoded = {key: ABSENT if value is None else value for key, value in block.items()}
        known = decoded if number % 2 else {}
        encoded = {key: None if value is None else NUMBER.encode(value) for key, value in block.items()}
        fork = fork.child(encoded, known)
        model.update({key: value for key, value in block.items() if value is not None})
        for key, value in block.items():
            if value is None:
                model.pop(key, None)
    expected = sorted(key for key in model if key.startswith(prefix) and (after is None or key > after))
    assert list(fork.keys(prefix, after)) == expected
    for key in {*below, *model, b"nowhere"}:
        assert fork.read(key, NUMBER.decode) == model.get(key)
        found = fork.get(key)
        assert (None if found is None else NUMBER.decode(found)) == model.get(key)
    assert (origin.root, dict.fromkeys(origin.keys(b""))) == (root, dict.fromkeys(sorted(below)))


@given(changes, changes)
def test_what_names_a_fork_is_the_same_where_the_same_was_done(
    one: dict[bytes, int | None], other: dict[bytes, int | None]
) -> None:
    origin = MemoryStates().genesis({b"a": b"1"})
    first, second = (
        Fork.of(origin).child(
            {key: None if value is None else NUMBER.encode(value) for key, value in each.items()}, {}
        )
        for each in (one, other)
    )
    assert (first.root == second.root) == (one == other)
