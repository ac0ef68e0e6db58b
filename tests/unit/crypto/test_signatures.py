"""Verification says yes to exactly the right signatures, and says no without raising to all else."""

import json
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from runtime.crypto import derive, ed25519, sr25519
from support import zip215

VECTORS = Path(__file__).parents[2] / "vectors"
EDGE_CASES = json.loads((VECTORS / "ed25519_edge_cases.json").read_text())["cases"]
SIGNATURES = json.loads((VECTORS / "signatures.json").read_text())

PUBLIC = bytes.fromhex(SIGNATURES["ed25519"][2]["public"])
MESSAGE = bytes.fromhex(SIGNATURES["ed25519"][2]["message"])
SIGNATURE = bytes.fromhex(SIGNATURES["ed25519"][2]["signature"])


@pytest.mark.parametrize("case", EDGE_CASES, ids=lambda case: case["case"])
def test_the_published_edge_cases_get_zip_215s_verdict(case: dict[str, str]) -> None:
    public, message, signature = (bytes.fromhex(case[name]) for name in ("public", "message", "signature"))
    assert ed25519.verify(public, message, signature) is case["valid"]
    assert zip215.verify(public, message, signature) is case["valid"]


def test_all_196_pairs_of_small_order_points_are_valid() -> None:
    """ZIP-215's own matrix: s = 0, and A and R each of 14 encodings, canonical or not, of order 1, 2, 4 or
    8.
    """
    encodings = zip215.small_order_encodings()
    assert len(set(encodings)) == 14
    for public in encodings:
        for commitment in encodings:
            assert ed25519.verify(public, b"Zcash", commitment + bytes(32))
    assert zip215.verify(encodings[3], b"Zcash", encodings[5] + bytes(32))


def test_small_order_points_do_not_make_every_scalar_valid() -> None:
    for public in zip215.small_order_encodings():
        assert not ed25519.verify(public, b"Zcash", public + (1).to_bytes(32, "little"))


@pytest.mark.parametrize("case", SIGNATURES["ed25519"], ids=lambda case: case["case"])
def test_rfc_8032s_signatures_are_valid(case: dict[str, str]) -> None:
    seed, public = bytes.fromhex(case["seed"]), bytes.fromhex(case["public"])
    assert ed25519.public_from_seed(seed) == public
    assert ed25519.verify(public, bytes.fromhex(case["message"]), bytes.fromhex(case["signature"]))


def test_s_plus_the_group_order_is_refused() -> None:
    """The malleable twin of a valid signature, s + L, is not one."""
    s = int.from_bytes(SIGNATURE[32:], "little")
    twin = SIGNATURE[:32] + (s + zip215.L).to_bytes(32, "little")
    assert ed25519.verify(PUBLIC, MESSAGE, SIGNATURE)
    assert not ed25519.verify(PUBLIC, MESSAGE, twin)


@given(st.integers(0, 64 * 8 - 1))
def test_a_flipped_bit_of_an_ed25519_signature_is_refused(bit: int) -> None:
    bad = bytearray(SIGNATURE)
    bad[bit // 8] ^= 1 << bit % 8
    assert not ed25519.verify(PUBLIC, MESSAGE, bytes(bad))


@settings(deadline=None)
@given(public=st.binary(max_size=40), message=st.binary(max_size=40), signature=st.binary(max_size=70))
@example(public=bytes(32), message=b"", signature=b"\xff" * 64)
@example(public=b"\xff" * 32, message=b"", signature=bytes(64))
def test_hostile_bytes_are_refused_and_never_raise(public: bytes, message: bytes, signature: bytes) -> None:
    if len(public) == 32 and len(signature) == 64:
        assert ed25519.verify(public, message, signature) is zip215.verify(public, message, signature)
    else:
        assert ed25519.verify(public, message, signature) is False
    assert sr25519.verify(public, message, signature) is False


@settings(deadline=None)
@given(public=st.binary(min_size=32, max_size=32), signature=st.binary(min_size=64, max_size=64))
def test_random_ed25519_verdicts_agree_with_the_slow_verifier(public: bytes, signature: bytes) -> None:
    assert ed25519.verify(public, b"message", signature) is zip215.verify(public, b"message", signature)


def test_sr25519_accepts_its_own_signature_and_no_other_message_or_key() -> None:
    case = SIGNATURES["sr25519"]
    public, message = bytes.fromhex(case["public"]), bytes.fromhex(case["message"])
    signature = bytes.fromhex(case["signature"])
    assert sr25519.verify(public, message, signature)
    assert not sr25519.verify(public, message + b"!", signature)
    assert not sr25519.verify(derive.dev_public("//Bob"), message, signature)
    assert not sr25519.verify(public, b"<Bytes>" + message + b"</Bytes>", signature)


def test_sr25519_refuses_the_signatures_from_before_schnorrkels_audit() -> None:
    """A vector of sp_core's: valid under `verify_deprecated` only."""
    case = SIGNATURES["sr25519_deprecated"]
    public, signature = bytes.fromhex(case["public"]), bytes.fromhex(case["signature"])
    message = bytes.fromhex(case["message"])
    assert not sr25519.verify(public, message, signature)
    marked = signature[:63] + bytes([signature[63] | 0x80])
    assert not sr25519.verify(public, message, marked)


def test_keys_from_a_seed_of_a_wrong_length_are_refused() -> None:
    with pytest.raises(ValueError, match=r"^an ed25519 seed has 32 bytes, not 31$"):
        ed25519.public_from_seed(bytes(31))
    with pytest.raises(ValueError, match=r"^an sr25519 seed has 32 bytes, not 33$"):
        sr25519.pair_from_seed(bytes(33))


def test_sr25519_keys_are_those_of_sp_core() -> None:
    """sp_core's `sr_test_vector_should_work`: the seed is expanded in Ed25519 mode."""
    seed = bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
    public = "44a996beb1eef7bdcab976ab6d2ca26104834164ecf28fb375600576fcc6eb0f"
    assert sr25519.pair_from_seed(seed)[0].hex() == public
