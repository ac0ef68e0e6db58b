"""Sealed files and polkadot.js's open with their password alone, and cost no more than they may."""

from __future__ import annotations

import base64
import json
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from nacl.secret import SecretBox

from node.wallet import polkadot_json, sealed
from node.wallet.keyfile import InvalidKeyfile, WrongPassword
from node.wallet.password import Cost, InvalidPassword
from node.wallet.polkadot_json import open_polkadot, seal_polkadot
from node.wallet.sealed import Facts, facts_of, open_account, open_node, seal_account, seal_node
from node.wallet.signer import Keypair
from runtime.crypto import sr25519
from runtime.crypto.derive import KeyKind

EXPORTS: Any = json.loads(
    (Path(__file__).resolve().parents[2] / "vectors" / "keystores.json").read_text(encoding="utf-8")
)["polkadot"]["exports"]
KINDS: tuple[KeyKind, ...] = ("sr25519", "ed25519")


def changed(data: bytes, **changes: Any) -> bytes:
    """A JSON file with other values; `kdf__salt` is inside of `kdf`."""
    document = json.loads(data)
    for path, value in changes.items():
        inner = document
        *places, last = path.split("__")
        for place in places:
            inner = inner[place]
        inner[last] = value
    return json.dumps(document).encode()


# Sealed files.


@pytest.mark.parametrize("kind", KINDS)
def test_an_account_opens_with_its_password(kind: KeyKind) -> None:
    pair = Keypair.from_suri("//Alice/soft" if kind == "sr25519" else "//Alice", kind)
    data = seal_account(pair, "password", cost=Cost.LIGHT)
    assert facts_of(data) == Facts(kind, pair.public)
    assert open_account(data, "password") == pair
    with pytest.raises(WrongPassword, match=r"^the password is wrong$"):
        open_account(data, "Password")
    with pytest.raises(InvalidKeyfile, match=r"^it holds an account, and no node's identity$"):
        open_node(data, "password")
    for secret in (pair.secret, pair.secret[:32]):
        assert secret not in data and secret.hex().encode() not in data


def test_a_node_opens_with_its_password() -> None:
    seed = bytes(range(32))
    data = seal_node(seed, "password", cost=Cost.LIGHT)
    assert facts_of(data) == Facts("node", Keypair.from_seed(seed, "ed25519").public)
    assert open_node(data, "password") == seed
    with pytest.raises(WrongPassword):
        open_node(data, "passwort")
    with pytest.raises(InvalidKeyfile, match=r"^it holds a node's identity, and no account$"):
        open_account(data, "password")


def test_the_cost_is_written_down() -> None:
    pair = Keypair.from_suri("//Alice")
    kdf = json.loads(seal_account(pair, "password"))["kdf"]
    assert (kdf["function"], kdf["operations"], kdf["memory_bytes"]) == ("argon2id", 3, 256 << 20)
    assert kdf["salt"] != json.loads(seal_account(pair, "password", cost=Cost.LIGHT))["kdf"]["salt"]


SEALED = seal_account(Keypair.from_suri("//Alice"), "password", cost=Cost.LIGHT)


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"version": 2}, "it is no sealed file: Invalid enum value 2 - at `$.version`"),
        ({"content": "ecdsa"}, "it is no sealed file: Invalid enum value 'ecdsa' - at `$.content`"),
        (
            {"kdf__memory_bytes": 1 << 40},
            "it is no sealed file: Expected `int` <= 536870912 - at `$.kdf.memory_bytes`",
        ),
        ({"kdf__memory_bytes": 1}, "it is no sealed file: Expected `int` >= 8192 - at `$.kdf.memory_bytes`"),
        ({"kdf__operations": 17}, "it is no sealed file: Expected `int` <= 16 - at `$.kdf.operations`"),
        ({"public": "0x" + "00" * 32}, "its public key is not its secret's"),
        ({"content": "ed25519"}, "its secret is none: it does not end with its public key"),
    ],
)
def test_sealed_files_that_are_refused(changes: dict[str, Any], why: str) -> None:
    with pytest.raises(InvalidKeyfile) as refusal:
        open_account(changed(SEALED, **changes), "password")
    assert str(refusal.value) == why


@pytest.mark.parametrize("place", ["box__message", "kdf__salt"])
def test_a_damaged_sealed_file_opens_nothing(place: str) -> None:
    outer, inner = place.split("__")
    text = json.loads(SEALED)[outer][inner]
    with pytest.raises(WrongPassword):
        open_account(changed(SEALED, **{place: ("0" if text[0] != "0" else "1") + text[1:]}), "password")


@pytest.mark.parametrize("data", [b"", b"\xff", b"[]", b"{}", b"[" * 100_000])
def test_what_is_no_sealed_file(data: bytes) -> None:
    with pytest.raises(InvalidKeyfile, match=r"^it is no sealed file: "):
        facts_of(data)


def test_a_box_with_something_else_in_it() -> None:
    document = json.loads(seal_node(bytes(32), "password", cost=Cost.LIGHT))
    kdf = sealed._Kdf(**document["kdf"])
    box = bytes(SecretBox(sealed._stretch(kdf, "password")).encrypt(bytes(31))).hex()
    with pytest.raises(InvalidKeyfile, match=r"^its secret is none: a seed has 32 bytes, not 31$"):
        open_node(changed(json.dumps(document).encode(), box__message=box), "password")


# polkadot.js.


@pytest.mark.parametrize("export", EXPORTS, ids=lambda each: f"{each['file']['address'][:8]}")
def test_exports_of_polkadot_js_open(export: Any) -> None:
    data = json.dumps(export["file"]).encode()
    pair = open_polkadot(data, export["password"])
    prefix = 2 if export["password"] == "version3" else 42
    assert pair.address(prefix) == export["file"]["address"]
    if "uri" in export:
        assert pair == Keypair.from_suri(export["uri"], pair.kind)
    with pytest.raises(WrongPassword):
        open_polkadot(data, export["password"] + " ")


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_exported_comes_back(kind: KeyKind) -> None:
    pair = Keypair.from_suri("//Bob//stash", kind)
    data = seal_polkadot(pair, "pässword", name="bob", prefix=0)
    found = open_polkadot(data, "pässword")
    assert found == pair
    document = json.loads(data)
    assert (document["address"], document["meta"]) == (pair.address(0), {"name": "bob"})
    if kind == "sr25519":
        assert sr25519.verify(pair.public, b"message", found.sign(b"message"))
    with pytest.raises(InvalidPassword, match=r"^the password is empty$"):
        seal_polkadot(pair, "", name="bob", prefix=0)


EXPORT = seal_polkadot(Keypair.from_suri("//Bob"), "password", name="bob", prefix=42)


def with_parameters(n: int, p: int, r: int) -> str:
    encoded = bytearray(base64.b64decode(json.loads(EXPORT)["encoded"]))
    encoded[32:44] = b"".join(each.to_bytes(4, "little") for each in (n, p, r))
    return base64.b64encode(encoded).decode()


AGAIN = "and only version '3' with a password is opened: import it to polkadot.js and export it again"


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        (
            {"encoding__version": "2"},
            f"it is encoded as version '2', ['scrypt', 'xsalsa20-poly1305'], {AGAIN}",
        ),
        ({"encoding__type": ["none"]}, f"it is encoded as version '3', ['none'], {AGAIN}"),
        (
            {"encoding__type": "xsalsa20-poly1305"},
            f"it is encoded as version '3', 'xsalsa20-poly1305', {AGAIN}",
        ),
        (
            {"encoding__content": ["pkcs8", "ecdsa"]},
            "it holds ['pkcs8', 'ecdsa'], and accounts are sr25519 or ed25519",
        ),
        (
            {"encoding__content": ["batch-pkcs8"]},
            "it holds ['batch-pkcs8'], and accounts are sr25519 or ed25519",
        ),
        ({"encoded": "%%%"}, "what it encodes is neither base64 nor hex"),
        ({"encoded": "0xz"}, "what it encodes is neither base64 nor hex"),
        ({"encoded": "0x00"}, "what it encodes has 1 bytes, not 201"),
        (
            {"encoded": with_parameters(1 << 30, 1, 8)},
            "it asks for scrypt with N = 1073741824, p = 1, r = 8, as polkadot.js never does",
        ),
        (
            {"encoded": with_parameters(2, 1, 8)},
            "it asks for scrypt with N = 2, p = 1, r = 8, as polkadot.js never does",
        ),
        ({"address": Keypair.from_suri("//Alice").address()}, "its address is not its secret's"),
    ],
)
def test_exports_that_are_refused(changes: dict[str, Any], why: str) -> None:
    with pytest.raises(InvalidKeyfile) as refusal:
        open_polkadot(changed(EXPORT, **changes), "password")
    assert str(refusal.value) == why


def test_base64_may_begin_as_hex_does() -> None:
    """One salt in 4,096 makes it so."""
    document = json.loads(seal_polkadot(Keypair.from_suri("//Bob"), "p", name="b", prefix=42))
    encoded = base64.b64decode(document["encoded"])
    salt = base64.b64decode("0x" + base64.b64encode(encoded[:32]).decode()[2:])
    plain = SecretBox(polkadot_json._stretch("p", encoded[:32], (1 << 15, 1, 8))).decrypt(encoded[44:])
    box = SecretBox(polkadot_json._stretch("p", salt, (1 << 15, 1, 8)))
    document["encoded"] = base64.b64encode(salt + encoded[32:44] + bytes(box.encrypt(plain))).decode()
    assert document["encoded"].startswith("0x")
    assert open_polkadot(json.dumps(document).encode(), "p").public == Keypair.from_suri("//Bob").public


def test_an_address_that_is_none() -> None:
    with pytest.raises(InvalidKeyfile, match=r"^its address is none: "):
        open_polkadot(changed(EXPORT, address="Bob"), "password")


@pytest.mark.parametrize("data", [b"", b"\xff", b"[]", b"{}", b"[" * 100_000])
def test_what_is_no_export(data: bytes) -> None:
    with pytest.raises(InvalidKeyfile, match=r"^it is no export of polkadot.js: "):
        open_polkadot(data, "password")


@pytest.mark.parametrize(
    ("kind", "change", "why"),
    [
        ("sr25519", lambda plain: b"\x00" + plain[1:], "what is in its box is no pair of keys"),
        ("sr25519", lambda plain: plain[:80] + b"\x00" + plain[81:], "what is in its box is no pair of keys"),
        ("sr25519", lambda plain: plain[:-1] + bytes((plain[-1] ^ 1,)), "its public key is not its secret's"),
        ("ed25519", lambda plain: plain[:16] + bytes(32) + plain[48:], "its public key is not its secret's"),
    ],
)
def test_a_box_with_something_else(kind: KeyKind, change: Any, why: str) -> None:
    document = deepcopy(json.loads(seal_polkadot(Keypair.from_suri("//Bob", kind), "p", name="b", prefix=42)))
    encoded = base64.b64decode(document["encoded"])
    box = SecretBox(polkadot_json._stretch("p", encoded[:32], (1 << 15, 1, 8)))
    encoded = encoded[:44] + bytes(box.encrypt(change(box.decrypt(encoded[44:]))))
    document["encoded"] = base64.b64encode(encoded).decode()
    with pytest.raises(InvalidKeyfile) as refusal:
        open_polkadot(json.dumps(document).encode(), "p")
    assert str(refusal.value) == why
