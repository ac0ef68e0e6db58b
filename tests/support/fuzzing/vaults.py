"""The targets of what a validator keeps, and of what is moved to it: its journal, the interchange of what was
signed, key files, and the points of its keys and signatures.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from random import Random

from node.consensus.guard import Mark
from node.consensus.history import GUARD, JOURNAL, load_guard
from node.consensus.interchange import InterchangeError, read_interchange, write_interchange
from node.consensus.journal import JournalError, frame_of, header_of, read_records
from node.consensus.memory_disk import MemoryDisk
from node.wallet.imported import form_of
from node.wallet.keyfile import InvalidKeyfile, WrongPassword
from node.wallet.keystore import public_of_bls
from node.wallet.polkadot_json import open_polkadot
from node.wallet.sealed import facts_of
from runtime.crypto import bls
from runtime.scale import codec_of
from runtime.simplex import Kind
from support.committees import keypair
from support.fuzzing.engine import ACCEPTED, Target, outcome
from support.statements import GENESIS, KEY

VECTORS = Path(__file__).resolve().parents[2] / "vectors"

# The journal.

FOLDER = Path("/history")
MARKS = codec_of(Mark)
TAGS = (b"\0", b"\1", b"\2", b"\3")
"""A record of the machine's, a mark, a floor, and what no version writes."""


def record(dice: Random) -> bytes:
    """A record of any kind: most hold a mark, some anything."""
    mark = MARKS.encode(
        Mark(dice.choice(tuple(Kind)), dice.randrange(3), dice.randrange(9), dice.randbytes(32))
    )
    return dice.choice(TAGS[:3] if dice.random() < 0.9 else TAGS) + (
        mark if dice.random() < 0.9 else dice.randbytes(dice.randrange(50))
    )


def journal(dice: Random) -> bytes:
    """A whole journal, or one that a power cut has torn."""
    data = header_of(GENESIS, KEY)
    for _ in range(dice.randrange(4)):
        data += frame_of(len(data), [record(dice) for _ in range(dice.randrange(4))])
    if dice.random() < 0.5:
        kept = dice.randrange(len(data) + 1)
        data = data[:kept] + bytes(dice.choice((0, len(data) - kept)))
    return data


def journals() -> list[bytes]:
    dice = Random(20_260_103)
    return [header_of(GENESIS, KEY), header_of(KEY[:32], KEY), *(journal(dice) for _ in range(12))]


def check_journal(data: bytes) -> str:
    """Refused, or what was written: cut off behind its last whole frame it says the same, and grows on."""
    disk = MemoryDisk()
    disk.open(FOLDER / JOURNAL).append(data)
    try:
        guard = load_guard(disk, FOLDER, GENESIS, KEY)
        records, end = read_records(FOLDER / JOURNAL, data, GENESIS, KEY)
    except JournalError as error:
        assert len(str(error)) < 1_000
        return outcome(error)
    assert disk.read(FOLDER / GUARD, 1) is None, "looking wrote something"
    again = data[:end] + frame_of(end, [b"\0more"])
    assert read_records(FOLDER / JOURNAL, again, GENESIS, KEY) == ([*records, b"\0more"], len(again))
    return f"{ACCEPTED}: {len(guard.highest)} {'torn' if end < len(data) else ''}"


# What moves with a key.


def interchanges() -> list[bytes]:
    marks = [Mark(kind, 3, 2**64 - 1, bytes([kind]) * 32) for kind in Kind]
    texts = [write_interchange(GENESIS, KEY, each) for each in (marks, marks[:1], ())]
    return [
        *texts,
        write_interchange(KEY[:32], KEY, marks),
        write_interchange(GENESIS, b"L" * 48, marks),
        texts[0].replace(b"18446744073709551615", b"18446744073709551616"),
        b'{"metadata":' + b"[" * 100_000,
    ]


def check_interchange(data: bytes) -> str:
    """Refused, or the latest marks, which a file of their own says again."""
    try:
        marks = read_interchange(data, GENESIS, KEY)
    except InterchangeError as error:
        return outcome(error)
    assert read_interchange(write_interchange(GENESIS, KEY, marks), GENESIS, KEY) == marks
    return f"{ACCEPTED}: {[mark.kind.name for mark in marks]}"


# Key files.

PASSWORD = "version3"
"""That of the first of the published exports."""
SEALED = """{"format": "ballast-sealed", "version": 1, "content": "CONTENT", "public": "0xKEY", "kdf":
 {"function": "argon2id", "operations": 1, "memory_bytes": 1048576, "salt": "SALT"},
 "box": {"function": "xsalsa20-poly1305", "message": "BOX"}}"""


@cache
def key_files() -> tuple[bytes, ...]:
    """The published keystores and exports, and sealed files as they look from outside."""
    known = json.loads((VECTORS / "keystores.json").read_text(encoding="utf-8"))
    published = [*known["eip2335"]["keystores"], *(each["file"] for each in known["polkadot"]["exports"])]
    sealed = SEALED.replace("KEY", "5a" * 32).replace("SALT", "01" * 16).replace("BOX", "02" * 104)
    return (
        *(json.dumps(each).encode() for each in published),
        *(sealed.replace("CONTENT", each).encode() for each in ("sr25519", "ed25519", "node")),
    )


def check_key_file(data: bytes) -> str:
    """Refused, or of a form that is known, and it says whose it is. Only a form whose cost its author cannot
    choose is opened as well.
    """
    try:
        form = form_of(data)
        match form:
            case "eip2335":
                assert len(public_of_bls(data)) == 48
            case "account" | "node":
                assert len(facts_of(data).public) == 32
            case "polkadot-js":
                assert open_polkadot(data, PASSWORD).public
    except (InvalidKeyfile, WrongPassword) as error:
        return outcome(error)
    return f"{ACCEPTED}: {form}"


# Points.

KEY_BYTES = bls.PUBLIC_BYTES
MESSAGE = b"what is signed"


def points() -> list[bytes]:
    """Keys with their proofs and with signatures, and the forms of infinity."""
    infinity = b"\xc0" + bytes(KEY_BYTES - 1), b"\xc0" + bytes(bls.SIGNATURE_BYTES - 1)
    pairs = [keypair(name) for name in ("Alice", "Bob")]
    return [
        *(each.public + each.sign(MESSAGE) for each in pairs),
        *(each.public + each.pop_prove() for each in pairs),
        infinity[0] + infinity[1],
        pairs[0].public + infinity[1],
        b"\x40" + bytes(KEY_BYTES - 1) + pairs[0].sign(MESSAGE),
    ]


def check_points(data: bytes) -> str:
    """A key is refused or has these bytes alone; a signature holds or does not, and nothing is raised."""
    key, signature = data[:KEY_BYTES], data[KEY_BYTES:]
    try:
        loaded = bls.load_pubkey(key)
    except bls.InvalidPublicKey as error:
        return outcome(error)
    is_vote, is_proof = bls.verify(loaded, MESSAGE, signature), bls.pop_verify(loaded, signature)
    if is_vote or is_proof:
        assert data in points(), "a signature that nobody made holds"
    try:
        total = bls.aggregate([signature])
    except bls.InvalidSignature as error:
        assert not is_vote and not is_proof
        return outcome(error)
    assert total == signature
    return f"{ACCEPTED}: {is_vote} {is_proof}"


TARGETS = [
    Target("signing-journal", journals, check_journal, fresh=journal, rounds=600),
    Target(
        "interchange",
        interchanges,
        check_interchange,
        words=(b'"nullify"', b'"finalize"', b"null", b'"0x', b'"00"', b'"-1"'),
        is_json=True,
        rounds=500,
    ),
    Target("key-file", key_files, check_key_file, words=(b"null", b"[" * 999), is_json=True, rounds=200),
    Target("points", points, check_points, rounds=150),
]
