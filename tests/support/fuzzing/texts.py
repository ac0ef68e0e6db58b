"""The targets of what people write: addresses, secrets, chain specs, jobs and their receipts."""

from __future__ import annotations

import json
from functools import cache

import msgspec

from genesis.build import GenesisError, build_genesis
from genesis.load import read_spec
from genesis.spec import SpecError, parse_spec, write_spec
from node.cli.amounts import Coin
from node.provider.jobs import spec as jobs
from node.wallet import phrase
from node.wallet.signer import Keypair
from runtime.crypto import ss58
from runtime.crypto.derive import DEV_PHRASE, DeriveError
from runtime.state import MemoryStates
from support.fuzzing import world
from support.fuzzing.engine import ACCEPTED, Target, outcome

NO_TEXT = "no text"


def text_of(data: bytes) -> str:
    """Any text, lone surrogates too: a command line may hold them."""
    return data.decode("utf-8", "surrogateescape")


# Addresses and secrets.


def check_address(data: bytes) -> str:
    text = text_of(data)
    try:
        account, prefix = ss58.decode(text)
    except ss58.InvalidAddress as error:
        return outcome(error)
    assert ss58.encode(account, prefix) == text, "another address of the same account was accepted"
    return ACCEPTED


def addresses() -> list[bytes]:
    return [
        ss58.encode(account, prefix).encode() for account in world.ACCOUNTS for prefix in (0, 42, 64, 16_383)
    ]


def check_suri(data: bytes) -> str:
    """A key of either kind, the same each time; the secret is never quoted."""
    text, ends = text_of(data), list[str]()
    for kind in ("sr25519", "ed25519"):
        try:
            pair = Keypair.from_suri(text, kind)
        except (DeriveError, phrase.InvalidPhrase) as error:
            ends.append(outcome(error))
        else:
            assert (len(pair.public), len(pair.secret)) == (32, 64)
            assert Keypair.from_suri(text, kind) == pair
            ends.append(ACCEPTED)
    return "; ".join(ends)


SURIS = [
    b"//Alice",
    b"//Alice/soft//2",
    DEV_PHRASE.encode(),
    DEV_PHRASE.encode() + b"//hard/soft///password",
    b"0x" + b"12" * 32 + b"//path",
    b"//18446744073709551615//18446744073709551616",
    "///p\u00e4sswort \U0001f511".encode(),
]


def check_phrase(data: bytes) -> str:
    text = text_of(data)
    try:
        words = phrase.normalise(text)
        secret = phrase.to_mini_secret(text)
    except phrase.InvalidPhrase as error:
        return outcome(error)
    assert len(secret) == 32 and phrase.normalise(words) == words
    return ACCEPTED


PHRASES = [
    DEV_PHRASE.encode(),
    b"legal winner thank year wave sausage worth useful legal winner thank yellow",
    b"abandon " * 23 + b"art",
    b"zoo " * 11 + b"wrong",
]

# Chain specs.


@cache
def spec_text() -> bytes:
    return json.dumps(write_spec(world.spec()), separators=(",", ":")).encode()


def check_spec(data: bytes) -> str:
    """Refused with the place, or a spec that is written as it was read, and whose properties make sense."""
    try:
        spec = read_spec(text_of(data), "spec.json")
    except SpecError as error:
        assert len(str(error)) < 2_000
        return outcome(error)
    assert parse_spec(write_spec(spec)) == spec, "written as another spec"
    assert Coin.of(spec.properties).words(10**9)
    assert spec.id.isprintable() and spec.id not in ("", ".", "..") and "/" not in spec.id
    ss58.encode(bytes(32), spec.properties["ss58Format"])
    return ACCEPTED


SMALL = b'{"name":"Small","id":"small","properties":{"ss58Format":42,"tokenDecimals":12,"tokenSymbol":"T"},\
"specVersion":1,"pallets":[{"index":0,"pallet":"System"},{"index":1,"pallet":"Timestamp","name":"Time",\
"config":{"a":1},"uses":{"b":"System"}}],"extensions":["CheckNonce"],"genesis":{"System":{}}}'


def specs() -> list[bytes]:
    """Whole ones, and what once crashed the reader."""
    return [
        SMALL,
        spec_text(),
        b"[" * 2_000,
        SMALL.replace(b"12", b"9" * 5_000),
        SMALL.replace(b"12", b"1000000000"),
        SMALL.replace(b"12", b"NaN"),
        SMALL.replace(b'"small"', b'"../../small"'),
        SMALL.replace(b'"Small"', b'"\\ud800"'),
        SMALL.replace(b'"b":"System"', b'"%b":[]' % (b"b" * 5_000)),
    ]


def check_genesis(data: bytes) -> str:
    """The first state of the development chain's pallets: refused with the place, or built."""
    try:
        plain = json.loads(text_of(data))
    except (ValueError, RecursionError):
        return NO_TEXT
    if not isinstance(plain, dict):
        return NO_TEXT
    try:
        built = build_genesis(world.runtime(), plain, MemoryStates().head)
    except GenesisError as error:
        assert len(str(error)) < 2_000
        return outcome(error)
    assert built.state.root == built.block.header.state_root
    return ACCEPTED


@cache
def genesis_text() -> bytes:
    assert world.genesis()  # not on the clock of the first input
    return json.dumps(dict(world.spec().genesis), separators=(",", ":")).encode()


def geneses() -> list[bytes]:
    """A whole one, and what once crashed the reader."""
    text = genesis_text()
    return [
        text,
        text.replace(b'"cpu"', b'"\\ud800"'),
        text.replace(b"2000000000000", b'"0x%b"' % (b"f" * 5_000), 1),
        text.replace(b'"Accountable"', b'"%b"' % (b"x" * 5_000), 1),
    ]


# Jobs.


def check_job(data: bytes) -> str:
    try:
        spec = jobs.parse_spec(data)
    except jobs.InvalidSpec as error:
        return outcome(error)
    assert jobs.parse_spec(jobs.spec_bytes(spec)) == spec
    return ACCEPTED


def check_receipt(data: bytes) -> str:
    try:
        receipt = jobs.parse_receipt(data)
    except jobs.InvalidReceipt as error:
        return outcome(error)
    assert jobs.parse_receipt(jobs.receipt_bytes(receipt)) == receipt
    assert 0 <= receipt.accuracy_ppb <= 10**9
    return ACCEPTED


def job_specs() -> list[jobs.Spec]:
    digest = "ab" * 32
    return [
        jobs.Train(),
        jobs.Train(seed=7, hidden=16, epochs=25),
        jobs.FineTune(base=digest, dataset="digits-transposed"),
        jobs.Infer(base=digest),
    ]


def receipts() -> list[bytes]:
    digest = "cd" * 32
    return [
        jobs.receipt_bytes(
            jobs.Receipt(
                spec=spec,
                job=jobs.job_hash(spec).hex(),
                start=digest,
                checkpoints=(digest,) * jobs.CHECKPOINTS,
                result=digest,
                correct=340,
                total=360,
            )
        )
        for spec in job_specs()
    ]


TARGETS = [
    Target("address", addresses, check_address, rounds=1_000),
    Target("suri", lambda: SURIS, check_suri, words=(b"//", b"/", b"///", b"0x", b" "), rounds=300),
    Target("phrase", lambda: PHRASES, check_phrase, words=(b"abandon", b"zoo", b" "), rounds=400),
    Target("spec", specs, check_spec, words=(b"null", b"[" * 999), is_json=True),
    Target("genesis", geneses, check_genesis, is_json=True, rounds=60),
    Target("job", lambda: [jobs.spec_bytes(each) for each in job_specs()], check_job, is_json=True),
    Target("receipt", receipts, check_receipt, is_json=True),
]
assert msgspec.json.decode(SMALL)
