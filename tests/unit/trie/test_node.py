"""The encoding of nodes, against bytes worked out by hand from the specification."""

from hashlib import blake2b

import pytest

from runtime.trie import EMPTY_ROOT, StateVersion, ordered_trie_root, trie_root
from runtime.trie.nibbles import common_nibbles, common_prefix, pack
from runtime.trie.node import (
    BRANCH_WITH_HASH,
    LEAF,
    LEAF_WITH_HASH,
    encode_branch,
    encode_leaf,
    header,
    with_partial,
)
from support.reference_trie import reference_root

V0, V1 = StateVersion.V0.inline_max, StateVersion.V1.inline_max


def digest(data: bytes) -> bytes:
    return blake2b(data, digest_size=32).digest()


def test_the_empty_root_is_the_one_substrate_knows() -> None:
    assert EMPTY_ROOT.hex() == "03170a2e7597b7b7e3d84c05391d139a62b157e78786d8c082f29dcf4c111314"
    assert trie_root({}) == EMPTY_ROOT == ordered_trie_root([])


@pytest.mark.parametrize(
    ("kind", "nibbles", "encoded"),
    [
        (LEAF, 0, "40"),
        (LEAF, 62, "7e"),
        (LEAF, 63, "7f00"),
        (LEAF, 64, "7f01"),
        (LEAF, 63 + 254, "7ffe"),
        (LEAF, 63 + 255, "7fff00"),
        (LEAF, 63 + 510, "7fffff00"),
        (LEAF_WITH_HASH, 30, "3e"),
        (LEAF_WITH_HASH, 31, "3f00"),
        (BRANCH_WITH_HASH, 14, "1e"),
        (BRANCH_WITH_HASH, 15, "1f00"),
    ],
)
def test_a_header_counts_nibbles_past_what_its_bits_hold(
    kind: tuple[int, int], nibbles: int, encoded: str
) -> None:
    assert header(kind, nibbles).hex() == encoded


def test_an_odd_partial_key_begins_with_a_nibble_alone() -> None:
    assert pack("") == b"" and pack("a") == b"\x0a" and pack("ab") == b"\xab" and pack("abc") == b"\x0a\xbc"
    assert encode_leaf(b"\xab\xcd", 0, b"v", V1).hex() == "44" + "abcd" + "0476"
    assert encode_leaf(b"\xab\xcd", 1, b"v", V1).hex() == "43" + "0bcd" + "0476"
    assert encode_leaf(b"\xab\xcd", 4, b"v", V1).hex() == "40" + "0476"


def test_a_value_is_hashed_from_33_bytes_on_and_only_under_version_1() -> None:
    assert encode_leaf(b"\x01", 0, b"v" * 32, V1) == b"\x42\x01\x80" + b"v" * 32
    assert encode_leaf(b"\x01", 0, b"v" * 33, V1) == b"\x22\x01" + digest(b"v" * 33)
    assert encode_leaf(b"\x01", 0, b"v" * 33, V0) == b"\x42\x01\x84" + b"v" * 33


@pytest.mark.parametrize("value", [None, b"", b"v" * 20, b"v" * 80])
@pytest.mark.parametrize("partial", ["", "a", "ab" * 40, "c" * 300])
def test_a_partial_key_is_exchanged_and_nothing_else(value: bytes | None, partial: str) -> None:
    references = {"0": b"\x11" * 6, "f": b"\xff" * 32}
    encoded = encode_branch(partial, value, references, V1)
    for other in ("", "b", "0123", "d" * 90):
        assert with_partial(encoded, partial, other) == encode_branch(other, value, references, V1)


def test_common_prefixes() -> None:
    assert common_nibbles(b"", b"\x01") == 0
    assert common_nibbles(b"\x12\x34", b"\x12\x35") == 3
    assert common_nibbles(b"\x12\x34", b"\x12\x44") == 2
    assert common_nibbles(b"\x12\x34", b"\x12\x34\x00") == 4
    assert (
        common_prefix("abc", "abd") == 2 and common_prefix("", "a") == 0 and common_prefix("ab", "abc") == 2
    )


@pytest.mark.parametrize("version", list(StateVersion))
@pytest.mark.parametrize("count", [1, 2, 64, 65, 400])
def test_the_root_of_an_ordered_list_is_keyed_by_compact_positions(count: int, version: StateVersion) -> None:
    values = [bytes([place % 256]) * (place % 70) for place in range(count)]

    def compact(number: int) -> bytes:
        return bytes([number << 2]) if number < 64 else (number << 2 | 1).to_bytes(2, "little")

    entries = {compact(place): value for place, value in enumerate(values)}
    assert ordered_trie_root(values, version) == reference_root(entries, version)
