"""Key files cross over: what polkadot.js exports is opened here, and it opens what is exported here."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from node.wallet.polkadot_json import open_polkadot, seal_polkadot
from node.wallet.signer import Keypair
from runtime.crypto import ed25519, sr25519
from runtime.crypto.derive import KeyKind

CLIENTS = Path(__file__).resolve().parent / "clients"
CLIENT_SECONDS_MAX = 120
PASSWORD = "correct horse ¢"
VERIFY = {"ed25519": ed25519.verify, "sr25519": sr25519.verify}

SCRIPT = """
import { Keyring } from '@polkadot/keyring';
import { hexToU8a, u8aToHex } from '@polkadot/util';
import { cryptoWaitReady } from '@polkadot/util-crypto';
await cryptoWaitReady();
const { file, type, uri, password } = JSON.parse(process.argv[1]);
const ours = new Keyring({ ss58Format: 42 }).addFromJson(file);
ours.unlock(password);
const theirs = new Keyring({ type, ss58Format: 42 }).addFromUri(uri, { name: 'theirs' });
console.log(JSON.stringify({
  address: ours.address,
  signature: u8aToHex(ours.sign(hexToU8a('0x626f6f6b'))),
  file: theirs.toJson(password),
}));
"""


@pytest.mark.parametrize("kind", ["sr25519", "ed25519"])
def test_polkadot_js_opens_what_is_exported_here_and_the_other_way_round(kind: KeyKind, node: str) -> None:
    pair = Keypair.from_suri("//Bob//stash", kind)
    file = json.loads(seal_polkadot(pair, PASSWORD, name="ours", prefix=42))
    asked = {"file": file, "type": kind, "uri": "//Eve", "password": PASSWORD}
    done = subprocess.run(
        [node, "--input-type=module", "-e", SCRIPT, json.dumps(asked)],
        cwd=CLIENTS,
        capture_output=True,
        text=True,
        timeout=CLIENT_SECONDS_MAX,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert said["address"] == pair.address()
    assert VERIFY[kind](pair.public, b"book", bytes.fromhex(said["signature"][2:]))
    assert open_polkadot(json.dumps(said["file"]).encode(), PASSWORD) == Keypair.from_suri("//Eve", kind)
