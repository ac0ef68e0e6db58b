"""BLS keystores are EIP-2335's; a file that is hostile, damaged or foreign costs little and opens nothing."""

from __future__ import annotations

import json
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from node.wallet.bls import BlsKeypair
from node.wallet.keyfile import InvalidKeyfile, WrongPassword
from node.wallet.keystore import open_bls, public_of_bls, seal_bls
from node.wallet.password import Cost, InvalidPassword, password_bytes

VECTORS: Any = json.loads(
    (Path(__file__).resolve().parents[2] / "vectors" / "keystores.json").read_text(encoding="utf-8")
)["eip2335"]
PAIR = BlsKeypair.from_suri("//Alice")
SEALED: Any = json.loads(seal_bls(PAIR, "password", cost=Cost.LIGHT, description="alice"))


def changed(path: str, value: Any) -> bytes:
    """The keystore with another value at a path such as `crypto.kdf.params.n`."""
    *places, last = path.split(".")
    inner = document = deepcopy(SEALED)
    for place in places:
        inner = inner[place]
    inner[last] = value
    return json.dumps(document).encode()


# As published.


@pytest.mark.parametrize("keystore", VECTORS["keystores"], ids=lambda each: each["crypto"]["kdf"]["function"])
def test_the_published_keystores_open(keystore: Any) -> None:
    data = json.dumps(keystore).encode()
    pair = open_bls(data, VECTORS["password"])
    assert pair.secret_bytes.hex() == VECTORS["secret"]
    assert pair.public.hex() == keystore["pubkey"] == public_of_bls(data).hex()


def test_the_published_password_has_its_published_bytes() -> None:
    assert password_bytes(VECTORS["password"]).hex() == VECTORS["password_bytes"]


def test_passwords_are_one_text_however_they_were_typed() -> None:
    assert (
        password_bytes("caf\u00e9 \u212b") == password_bytes("cafe\u0301 \u00c5") == b"cafe\xcc\x81 A\xcc\x8a"
    )
    assert password_bytes("pa\x08ss\x7f\x85word\n") == b"password"
    with pytest.raises(InvalidPassword, match=r"^the password is empty$"):
        password_bytes("\x00\x1f\x7f\x9f")
    with pytest.raises(
        InvalidPassword, match=r"^a password is Unicode text, and this one holds half a character$"
    ):
        password_bytes("\ud800")
    with pytest.raises(InvalidPassword, match=r"^a password has at most 4096 characters$"):
        password_bytes("a" * 4_097)


# What is sealed here.


def test_a_keystore_has_the_standards_form_and_cost() -> None:
    strong = json.loads(seal_bls(PAIR, "password"))
    for document, n in ((strong, 262_144), (SEALED, 4_096)):
        assert document["version"] == 4
        assert document["pubkey"] == PAIR.public.hex()
        params = document["crypto"]["kdf"]["params"]
        assert (params["n"], params["r"], params["p"], params["dklen"]) == (n, 8, 1, 32)
        assert document["crypto"]["cipher"]["function"] == "aes-128-ctr"
        assert document["crypto"]["checksum"] | {"message": ""} == {
            "function": "sha256",
            "params": {},
            "message": "",
        }
    assert open_bls(json.dumps(strong).encode(), "password") == PAIR


@settings(max_examples=20)
@given(secret=st.integers(1, 2**254), password=st.text(st.characters(codec="utf-8"), min_size=1, max_size=30))
def test_what_is_sealed_opens_with_its_password(secret: int, password: str) -> None:
    pair = BlsKeypair.from_secret(secret)
    try:
        data = seal_bls(pair, password, cost=Cost.LIGHT)
    except InvalidPassword:
        assert all(ord(each) < 0xA0 for each in password)
        return
    assert open_bls(data, password) == pair
    assert pair.secret_bytes not in data and pair.secret_bytes.hex().encode() not in data
    with pytest.raises(WrongPassword, match=r"^the password is wrong$"):
        open_bls(data, password + "x")


def test_no_two_keystores_share_salt_vector_or_name() -> None:
    other = json.loads(seal_bls(PAIR, "password", cost=Cost.LIGHT))
    for path in ("crypto.kdf.params.salt", "crypto.cipher.params.iv", "uuid"):
        one, two = SEALED, other
        for place in path.split("."):
            one, two = one[place], two[place]
        assert one != two


# What is refused.

TOO_MUCH = "more memory or time than is given to a file"


@pytest.mark.parametrize(
    ("path", "value", "why"),
    [
        ("version", 3, "it is no keystore of EIP-2335: Invalid enum value 3 - at `$.version`"),
        (
            "crypto.kdf.function",
            "argon2id",
            "it is no keystore of EIP-2335: Invalid value 'argon2id' - at `$.crypto.kdf.function`",
        ),
        (
            "crypto.cipher.function",
            "aes-256-ctr",
            "it is no keystore of EIP-2335: Invalid enum value 'aes-256-ctr' - at `$.crypto.cipher.function`",
        ),
        (
            "crypto.kdf.params.dklen",
            64,
            "it is no keystore of EIP-2335: Invalid enum value 64 - at `$.crypto.kdf.params.dklen`",
        ),
        (
            "crypto.kdf.params.n",
            -2,
            "it is no keystore of EIP-2335: Expected `int` >= 1 - at `$.crypto.kdf.params.n`",
        ),
        ("crypto.kdf.params.n", 1_000, "its scrypt has n = 1000, which is no power of two"),
        ("crypto.kdf.params.n", 1, "its scrypt has n = 1, which is no power of two"),
        (
            "crypto.kdf.params.n",
            1 << 30,
            f"it asks for scrypt with n = 1073741824, r = 8, p = 1: {TOO_MUCH}",
        ),
        (
            "crypto.kdf.params.r",
            1 << 20,
            f"it asks for scrypt with n = 4096, r = 1048576, p = 1: {TOO_MUCH}",
        ),
        (
            "crypto.kdf.params.p",
            1 << 20,
            f"it asks for scrypt with n = 4096, r = 8, p = 1048576: {TOO_MUCH}",
        ),
        ("pubkey", "00" * 48, "its public key is not its secret's"),
    ],
)
def test_another_form(path: str, value: Any, why: str) -> None:
    with pytest.raises(InvalidKeyfile) as refusal:
        open_bls(changed(path, value), "password")
    assert str(refusal.value) == why


def test_a_scrypt_that_does_not_exist() -> None:
    document = deepcopy(SEALED)
    document["crypto"]["kdf"]["params"] |= {"n": 1 << 17, "r": 1}
    with pytest.raises(InvalidKeyfile, match=r"^there is no scrypt with n = 131072, r = 1, p = 1$"):
        open_bls(json.dumps(document).encode(), "password")


def test_rounds_without_end() -> None:
    document = deepcopy(SEALED)
    document["crypto"]["kdf"] = {
        "function": "pbkdf2",
        "params": {"dklen": 32, "c": 2**31, "prf": "hmac-sha256", "salt": "00"},
        "message": "",
    }
    with pytest.raises(InvalidKeyfile) as refusal:
        open_bls(json.dumps(document).encode(), "password")
    assert str(refusal.value) == "it asks for 2147483648 rounds of PBKDF2, and at most 16777216 are done"


@pytest.mark.parametrize(
    "path", ["crypto.checksum.message", "crypto.cipher.message", "crypto.kdf.params.salt"]
)
def test_a_damaged_keystore_is_as_good_as_a_wrong_password(path: str) -> None:
    value = SEALED
    for place in path.split("."):
        value = value[place]
    with pytest.raises(WrongPassword):
        open_bls(changed(path, ("0" if value[0] != "0" else "1") + value[1:]), "password")


def test_a_damaged_vector_is_noticed_by_the_public_key() -> None:
    """The checksum does not cover it: so the standard has it."""
    with pytest.raises(InvalidKeyfile, match=r"^its (public key is not its secret's|secret is none: .*)$"):
        open_bls(changed("crypto.cipher.params.iv", "00" * 16), "password")


@pytest.mark.parametrize("data", [b"", b"\xff", b"[]", b"{}", b"[" * 100_000, b'{"version": 4}'])
def test_what_is_no_keystore(data: bytes) -> None:
    for use in (public_of_bls, lambda each: open_bls(each, "password")):
        with pytest.raises(InvalidKeyfile, match=r"^it is no keystore of EIP-2335: "):
            use(data)


def test_a_keystore_without_its_public_key_opens_and_names_none() -> None:
    document = {name: value for name, value in SEALED.items() if name != "pubkey"}
    data = json.dumps(document).encode()
    assert open_bls(data, "password") == PAIR
    with pytest.raises(InvalidKeyfile, match=r"^it does not name its public key$"):
        public_of_bls(data)
