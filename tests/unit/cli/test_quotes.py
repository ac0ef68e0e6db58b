"""However much of a foreign text a refusal could quote, it stays a line that is read at a glance."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from node.cli.main import REFUSAL_END_MAX
from node.consensus.interchange import InterchangeError, read_interchange, write_interchange
from node.light.proof import ProofRefused, read_proof
from node.wallet.bls import BlsKeypair
from node.wallet.imported import form_of, open_file
from node.wallet.keyfile import InvalidKeyfile, KeyfileError
from node.wallet.keyring import Keyring
from node.wallet.keystore import seal_bls
from node.wallet.password import Cost
from node.wallet.polkadot_json import open_polkadot, seal_polkadot
from node.wallet.sealed import seal_account
from node.wallet.signer import Keypair
from runtime.scale.errors import abridged
from support.cli import ballast, refusal

LONG = "x" * 1_000_000
QUOTED_MAX = 400
"""Characters of a refusal that quotes: two pieces of eighty and their ends, and its own words."""
PAIR = Keypair.from_suri("//Alice")
KEYSTORE = seal_bls(BlsKeypair.from_suri("//Alice"), "pw", cost=Cost.LIGHT)
SEALED = seal_account(PAIR, "pw", cost=Cost.LIGHT)
POLKADOT = seal_polkadot(PAIR, "pw", name="alice", prefix=42)
HISTORY = write_interchange(bytes(32), bytes(48), ())


def changed(data: bytes, path: str, value: object) -> bytes:
    """A document with something else at a path."""
    document: Any = json.loads(data)
    place, *names = document, *path.split(".")
    for name in names[:-1]:
        place = place[int(name) if isinstance(place, list) else name]
    place[names[-1]] = value
    return json.dumps(document).encode()


def open_any(data: bytes) -> object:
    return open_file(data, "pw")


def open_exported(data: bytes) -> object:
    return open_polkadot(data, "pw")


def take_history(data: bytes) -> object:
    return read_interchange(data, bytes(32), bytes(48))


@pytest.mark.parametrize(
    ("read", "data", "why"),
    [
        (form_of, LONG.encode(), "it is no key's file: "),
        (form_of, b'{"' + LONG.encode() + b'": 1}', "it is no keystore of EIP-2335, no export of "),
        (open_any, changed(KEYSTORE, "crypto.kdf.function", LONG), "it is no keystore of EIP-2335: "),
        (open_any, changed(KEYSTORE, "crypto.cipher.function", LONG), "it is no keystore of EIP-2335: "),
        (open_any, changed(SEALED, "format", LONG), "it is no sealed file: "),
        (open_any, changed(SEALED, "content", LONG), "it is no sealed file: "),
        (open_exported, LONG.encode(), "it is no export of polkadot.js: "),
        (open_exported, changed(POLKADOT, "address", LONG), "its address is none: "),
        (open_exported, changed(POLKADOT, "encoded", LONG), "what it encodes has "),
        (open_exported, changed(POLKADOT, "encoding.version", LONG), "it is encoded as version a str of "),
        (open_exported, changed(POLKADOT, "encoding.type", LONG), "it is encoded as version '3', a str of "),
        (open_exported, changed(POLKADOT, "encoding.type", [LONG]), "it is encoded as version '3', ['xxx"),
        (open_exported, changed(POLKADOT, "encoding.content", LONG), "it holds a str of length 1000000, "),
        (open_exported, changed(POLKADOT, "encoding.content", [LONG]), "it holds ['xxxx"),
        (take_history, LONG.encode(), "it is no interchange file: "),
        (
            take_history,
            changed(HISTORY, "metadata.interchange_format_version", LONG),
            "it has version a str of length 1000000, and this program reads version '1'",
        ),
        (take_history, changed(HISTORY, "metadata.genesis_hash", LONG), "it is no interchange file: "),
        (
            take_history,
            changed(
                changed(HISTORY, "data.0.signed", [{"kind": LONG, "epoch": "1", "view": "1"}]),
                "metadata.x",
                1,
            ),
            "it is no interchange file: ",
        ),
        (read_proof, LONG.encode(), "the file: it is no light proof: "),
        (read_proof, b'{"' + LONG.encode() + b'": 1}', "the file: it is no light proof: "),
        (read_proof, json.dumps({"form": LONG}).encode(), "the file: it is no light proof: "),
    ],
)
def test_a_file_is_not_quoted_at_length(read: Callable[[bytes], object], data: bytes, why: str) -> None:
    with pytest.raises((InvalidKeyfile, InterchangeError, ProofRefused)) as refused:
        read(data)
    said = str(refused.value)
    assert said.startswith(why)
    assert len(said) <= QUOTED_MAX


def test_nor_is_a_name() -> None:
    with pytest.raises(KeyfileError, match=r"^a str of length 1000000 is no name of a key: ") as refused:
        Keyring(Path("nowhere")).info(LONG)
    assert len(str(refused.value)) <= QUOTED_MAX


@pytest.mark.parametrize(
    "arguments",
    [
        ("key", "inspect", LONG),
        ("key", "inspect", "0x" + LONG),
        ("key", "inspect", "0x" + "00" * 500_000),
        ("key", "export", LONG),
        ("key", "import", "name", LONG),
        ("key", "new", "name", "--kind", LONG),
        ("key", "guard", "show", "name", "--chain", LONG),
        ("chain", "check", "--chain", LONG),
        ("chain", "new", LONG),
        ("chain", "entry", "//Alice", "--account", "//Alice", "--genesis", LONG),
        ("chain", "entry", "//Alice", "--account", "//Alice", "--genesis", "00" * 500_000),
        ("light", "verify", "nowhere", "--genesis", LONG),
        ("light", "verify", LONG, "--genesis", "0x" + "00" * 32),
        ("run", "--chain", "local", "--tmp", "--bootnode", LONG),
        ("run", "--chain", "local", "--tmp", "--checkpoint", LONG),
        ("run", "--chain", "local", "--tmp", "--dev-key", LONG),
        ("net", "status", "--base-path", LONG),
        ("tx", LONG, "--from", "//Alice", "--rpc", LONG),
        ("tx", "System.remark", LONG, "--from", "//Alice"),
        ("vopr", "--seeds", LONG),
        ("vopr", LONG),
        (LONG,),
    ],
)
def test_an_argument_is_not_quoted_at_length(arguments: tuple[str, ...], tmp_path: Path) -> None:
    keys = ("--base-path", str(tmp_path)) if arguments[0] == "key" and arguments[1] != "inspect" else ()
    said = refusal(*arguments, *keys, status=2)
    assert len(said) <= 2 * REFUSAL_END_MAX + len("...")


def test_what_is_quoted_steers_no_terminal(tmp_path: Path) -> None:
    file = tmp_path / "proof.json"
    file.write_text(json.dumps({"\x1b[2J\u202e": 1}))
    ended = ballast("light", "verify", str(file), "--genesis", "0x" + "00" * 32)
    assert (ended.status, ended.out) == (1, "")
    assert ended.err == (
        "ballast: the file: it is no light proof: Object contains unknown field `\\x1b[2J\\u202e`\n"
    )


def test_of_a_long_text_both_ends_are_shown() -> None:
    assert abridged("a" * 160) == "a" * 160
    assert abridged("a" + "b" * 159 + "c") == "a" + "b" * 79 + "..." + "b" * 79 + "c"
    assert abridged("abcdef", 2) == "ab...ef"
