"""The record of a branch: all that it was frozen with is read back, and what is no record is refused."""

from __future__ import annotations

import pytest

from runtime.trie.branch import child_of, encoding_of, freeze, ids_of, own_leaf, shape_of
from runtime.trie.node import StateVersion, encode_branch

V1 = StateVersion.V1.inline_max
IDS = (2, 7, (1 << 64) - 2)
OWN = 9


def record_of(partial: str, value: bytes | None, size: int) -> bytes:
    references = {"0": b"\x11" * size, "7": b"\x77" * 32, "f": b"\xff" * size}
    ids = IDS if value is None else (*IDS, OWN)
    return freeze(9, encode_branch(partial, value, references, V1), ids)[1]


@pytest.mark.parametrize("value", [None, b"", b"v" * 20, b"v" * 80])
@pytest.mark.parametrize("size", [6, 31, 32])
@pytest.mark.parametrize("partial", ["", "a", "ab" * 40, "c" * 300])
def test_a_branch_is_read_as_it_was_frozen(value: bytes | None, size: int, partial: str) -> None:
    references = {"0": b"\x11" * size, "7": b"\x77" * 32, "f": b"\xff" * size}
    encoded = encode_branch(partial, value, references, V1)
    record = record_of(partial, value, size)
    shape = shape_of(record)
    branch = shape, record
    assert (shape.start, shape.partial, shape.depth) == (9, partial, 9 + len(partial))
    assert dict(shape.slots) == {"0": 0, "7": 1, "f": 2}
    assert shape.has_value == (value is not None)
    assert shape.is_regular == (size == 32)
    assert shape.is_plain == (size == 32 and not partial)
    assert encoding_of(branch) == encoded
    assert encoded[shape.base :] == b"".join(bytes([4 * len(r)]) + r for r in references.values())
    assert ids_of(branch)[:3] == IDS == tuple(child_of(branch, slot) for slot in range(3))
    assert own_leaf(branch) == (OWN if value is not None else 0)


def test_branches_that_are_alike_share_their_shape() -> None:
    one, other = record_of("", None, 32), freeze(9, record_of("", None, 32)[: 3 + 3 * 33], (4, 6, 8))[1]
    assert one != other and shape_of(one) is shape_of(other)
    assert shape_of(record_of("ab", None, 32)) is not shape_of(record_of("ab", None, 32))


@pytest.mark.parametrize(("partial", "value", "size"), [("", None, 32), ("a", b"v", 32), ("", b"v" * 80, 31)])
def test_what_is_cut_or_longer_is_no_record(partial: str, value: bytes | None, size: int) -> None:
    record = record_of(partial, value, size)
    for wrong in (record + b"\0", *(record[:length] for length in range(len(record)))):
        with pytest.raises((ValueError, IndexError)):
            shape_of(wrong)


def test_a_branch_without_children_is_none() -> None:
    with pytest.raises(ValueError, match=r"^no record of a branch$"):
        shape_of(freeze(0, encode_branch("", None, {"0": b"\1" * 32}, V1), (2,))[1][:1] + bytes(4))
