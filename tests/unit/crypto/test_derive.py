"""Secret URIs lead to the keys that every Substrate tool derives, and what cannot be derived is refused."""

import json
from contextlib import suppress
from hashlib import blake2b
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.crypto import derive, ss58
from runtime.crypto.derive import DEV_PHRASE, DEV_SEED, DeriveError, Junction, KeyKind

VECTORS = Path(__file__).parents[2] / "vectors"
ACCOUNTS = json.loads((VECTORS / "development_accounts.json").read_text())["accounts"]
KINDS: tuple[KeyKind, ...] = ("ed25519", "sr25519")


@pytest.mark.parametrize("account", ACCOUNTS, ids=lambda account: account["uri"])
@pytest.mark.parametrize("kind", KINDS)
def test_the_development_accounts_are_the_well_known_ones(account: dict[str, str], kind: KeyKind) -> None:
    assert ss58.encode(derive.dev_public(account["uri"], kind), 42) == account[kind]


def test_a_second_hard_junction() -> None:
    """Alice's stash in sp_keyring."""
    stash = ss58.encode(derive.dev_public("//Alice//stash"), 42)
    assert stash == "5GNJqTPyNqANBkUVMN1LPPrxXnFouWXoe2wNSmmEoLctxiZY"


def test_a_soft_junction() -> None:
    """sp_core's `derive_soft_known_pair_should_work`."""
    known = "d6c71059dbbe9ad2b0ed3f289738b800836eb425544ce694825285b958ca755e"
    assert derive.dev_public("/Alice").hex() == known


def test_soft_children_follow_from_the_public_key_alone() -> None:
    junctions = derive.parse_path("/orders/17")
    alice = derive.dev_public("//Alice")
    assert derive.sr25519_soft_public(alice, junctions) == derive.dev_public("//Alice/orders/17")


def test_derivation_has_no_entropy() -> None:
    junctions = derive.parse_path("//hard/soft/7//harder")
    assert derive.sr25519_pair(DEV_SEED, junctions) == derive.sr25519_pair(DEV_SEED, junctions)


@pytest.mark.parametrize(
    ("step", "chain_code"),
    [
        ("0", bytes(32)),
        ("1", b"\x01" + bytes(31)),
        ("+1", b"\x01" + bytes(31)),
        ("18446744073709551615", b"\xff" * 8 + bytes(24)),
        ("18446744073709551616", b"\x5018446744073709551616" + bytes(11)),
        ("-1", b"\x08-1" + bytes(29)),
        ("Alice", b"\x14Alice" + bytes(26)),
        ("a" * 31, b"\x7c" + b"a" * 31),
    ],
)
def test_chain_codes_are_scales_bytes(step: str, chain_code: bytes) -> None:
    """Text that is a u64 is that number; other text is a string with its compact length."""
    assert derive.parse_path(f"//{step}") == (Junction(chain_code, hard=True),)


@pytest.mark.parametrize("length", [32, 63, 64, 4_000])
def test_a_long_junction_is_hashed(length: int) -> None:
    prefix = bytes([length << 2]) if length < 64 else (length << 2 | 1).to_bytes(2, "little")
    (junction,) = derive.parse_path("/" + "x" * length)
    assert junction == Junction(blake2b(prefix + b"x" * length, digest_size=32).digest(), hard=False)


@pytest.mark.parametrize(
    ("text", "phrase", "steps", "password"),
    [
        ("", "", 0, ""),
        ("//Alice", "", 1, ""),
        (DEV_PHRASE, DEV_PHRASE, 0, ""),
        (f"{DEV_PHRASE}//a/b//0///pass/word//x", DEV_PHRASE, 3, "pass/word//x"),
        ("0x" + "ab" * 32 + "/soft", "0x" + "ab" * 32, 1, ""),
        ("///only a password", "", 0, "only a password"),
    ],
)
def test_a_secret_uri_has_three_parts(text: str, phrase: str, steps: int, password: str) -> None:
    uri = derive.parse_uri(text)
    assert (uri.phrase, len(uri.junctions), uri.password) == (phrase, steps, password)


def test_a_secret_uri_does_not_show_its_secrets() -> None:
    shown = repr(derive.parse_uri(f"{DEV_PHRASE}///swordfish"))
    assert shown == "SecretUri(junctions=())"


@given(st.text(max_size=80))
def test_any_text_parses_or_is_refused_with_a_typed_error(text: str) -> None:
    with suppress(DeriveError):
        uri = derive.parse_uri(text)
        assert text.startswith(uri.phrase)
        assert text.endswith(uri.password)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "drive, obey",
            "a secret URI reads phrase//hard/soft///password, with words and digits in the phrase",
        ),
        ("//Alice/", "a secret URI reads phrase//hard/soft///password, with words and digits in the phrase"),
        ("x" * 4_097, "a secret URI has at most 4096 characters, not 4097"),
        ("//1" * 65, "a derivation path has at most 64 junctions"),
    ],
)
def test_refused_uris(text: str, message: str) -> None:
    with pytest.raises(DeriveError) as refusal:
        derive.parse_uri(text)
    assert str(refusal.value) == message


@pytest.mark.parametrize(("path", "place"), [("Alice", 1), ("//Alice///x", 8), ("/", 1), ("/a/", 3)])
def test_refused_paths_name_the_place(path: str, place: int) -> None:
    with pytest.raises(DeriveError) as refusal:
        derive.parse_path(path)
    wanted = f"the derivation path breaks off at character {place}: //hard and /soft are its steps"
    assert str(refusal.value) == wanted


def test_a_path_is_bounded() -> None:
    with pytest.raises(DeriveError) as refusal:
        derive.parse_path("//" + "9" * 5_000)
    assert str(refusal.value) == "a derivation path has at most 4096 characters, not 5002"


def test_ed25519_has_no_soft_junctions() -> None:
    with pytest.raises(DeriveError) as refusal:
        derive.dev_public("//Alice/soft", "ed25519")
    assert str(refusal.value) == "junction 2 is soft, and ed25519 keys have hard junctions (//) only"


def test_a_public_key_has_no_hard_junctions() -> None:
    with pytest.raises(DeriveError) as refusal:
        derive.sr25519_soft_public(derive.dev_public("//Alice"), derive.parse_path("/a//b"))
    assert str(refusal.value) == "junction 2 is hard, and a public key has soft junctions (/) only"


@pytest.mark.parametrize("public", [b"", bytes(31), b"\xff" * 32])
def test_bytes_that_are_no_public_key_have_no_children(public: bytes) -> None:
    with pytest.raises(DeriveError) as refusal:
        derive.sr25519_soft_public(public, derive.parse_path("/a"))
    assert str(refusal.value) == "the bytes are no sr25519 public key"


def test_a_chain_code_has_32_bytes() -> None:
    with pytest.raises(DeriveError) as refusal:
        Junction(b"short", hard=True)
    assert str(refusal.value) == "a chain code has 32 bytes, not 5"
