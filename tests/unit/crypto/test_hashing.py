"""Each hash gives the digest that its specification publishes, and Substrate's storage keys follow from
them.
"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.crypto import hashing


def test_blake2b_256_of_nothing_and_of_abc_are_the_published_digests() -> None:
    """Published with BLAKE2's own vectors; the empty digest is well known in Substrate."""
    assert (
        hashing.blake2b_256(b"").hex() == "0e5751c026e543b2e8ab2eb06099daa1d1e5df47778f7787faab45cdf12fe3a8"
    )
    assert (
        hashing.blake2b_256(b"abc").hex()
        == "bddd813c634239723171ef3fee98579b94964e3bb1cb3e427262c8c068d52319"
    )


@pytest.mark.parametrize(
    ("hasher", "size"),
    [
        (hashing.blake2b_256, 32),
        (hashing.blake2b_128, 16),
        (hashing.blake2b_64, 8),
        (hashing.twox_64, 8),
        (hashing.twox_128, 16),
        (hashing.twox_256, 32),
    ],
)
def test_digests_have_their_length(hasher: object, size: int) -> None:
    assert callable(hasher)
    assert len(hasher(b"ballast")) == size


def test_runtime_api_ids_are_substrates() -> None:
    """The id of the API `Core` in every Substrate chain's runtime version."""
    assert hashing.blake2b_64(b"Core").hex() == "df6acb689907609b"
    assert hashing.blake2b_64(b"Metadata").hex() == "37e397fc7c91f5e4"


def test_storage_prefixes_are_substrates() -> None:
    """System.Account's prefix, as in every Substrate chain's storage."""
    prefix = hashing.twox_128(b"System") + hashing.twox_128(b"Account")
    assert prefix.hex() == "26aa394eea5630e07c48ae0c9558cef7b99d880ec681799c0cf30e8886371da9"


def test_xxhash_of_nothing_is_the_published_digest() -> None:
    """XXH64 of no bytes with seed 0 is 0xef46db3751d8e999; words are written little-endian."""
    assert hashing.twox_64(b"").hex() == "99e9d85137db46ef"


@given(st.binary(max_size=200))
def test_wider_twox_begins_with_the_narrower(data: bytes) -> None:
    assert hashing.twox_128(data).startswith(hashing.twox_64(data))
    assert hashing.twox_256(data).startswith(hashing.twox_128(data))


@given(st.binary(max_size=200))
def test_concat_hashers_keep_their_key(data: bytes) -> None:
    assert hashing.blake2_128_concat(data) == hashing.blake2b_128(data) + data
    assert hashing.twox_64_concat(data) == hashing.twox_64(data) + data
    assert hashing.identity(data) == data


def test_frame_names_are_the_same_functions() -> None:
    assert hashing.blake2_256 is hashing.blake2b_256
    assert hashing.blake2_128 is hashing.blake2b_128
    assert hashing.twox128 is hashing.twox_128
