"""The proof's file: one form only, and bounds."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from node.light import proof as module
from node.light.export import gather
from node.light.proof import ProofRefused, read_proof, write_proof
from support.lightchain import COUNTER, NOTHING, LightChain

HEX = "expected bytes as 0x and pairs of lowercase hex digits"
NAMES = ["Alice", "Bob", "Charlie", "Dave"]


@pytest.fixture
async def data() -> bytes:
    chain = LightChain([NAMES, [*NAMES, "Eve"]])
    return write_proof(await gather(chain, chain.origin, [COUNTER, NOTHING], chain.headers[5].hash))


def refusal(data: bytes) -> str:
    with pytest.raises(ProofRefused) as refused:
        read_proof(data)
    return str(refused.value)


def changed(data: bytes, change: Callable[[dict[str, object]], object]) -> bytes:
    """The file with its document changed, in the form that a writer gives it."""
    document = json.loads(data)
    change(document)
    return json.dumps(document, indent=1).encode() + b"\n"


async def test_what_is_written_is_read(data: bytes) -> None:
    assert write_proof(read_proof(data)) == data


async def test_the_form_is_that_of_common_json(data: bytes) -> None:
    """So that other tools may write it too."""
    assert changed(data, lambda document: None) == data
    assert list(json.loads(data)) == ["form", "genesis", "boundaries", "block", "entries", "checksum"]


@pytest.mark.parametrize(
    "change",
    [
        lambda data: data + b"\n",
        lambda data: data[:-1],
        lambda data: b" " + data,
        lambda data: data.replace(b"\n", b"\r\n"),
        lambda data: data.replace(b'": "', b'":"', 1),
        lambda data: json.dumps(json.loads(data)).encode(),
        lambda data: json.dumps(dict(reversed(json.loads(data).items())), indent=1).encode() + b"\n",
        lambda data: data.replace(b'"form"', b'"\\u0066orm"'),
        lambda data: data.replace(b'"entries"', b'"checksum": "0x",\n "entries"', 1),
    ],
)
async def test_another_form_of_the_same_is_refused(data: bytes, change: Callable[[bytes], bytes]) -> None:
    assert refusal(change(data)).startswith("the file: it is not in the only form of its content from line ")


async def test_the_line_is_named(data: bytes) -> None:
    lines = data.split(b"\n")
    lines[5] += b" "
    assert refusal(b"\n".join(lines)) == "the file: it is not in the only form of its content from line 6 on"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda d: d.update(form="another"), "Invalid enum value 'another' - at `$.form`"),
        (lambda d: d.update(note="x"), "Object contains unknown field `note`"),
        (lambda d: d.pop("block"), "Object missing required field `block`"),
        (lambda d: d.update(boundaries=None), "Expected `array`, got `null` - at `$.boundaries`"),
        (lambda d: d.update(entries=[]), "Expected `array` of length >= 1 - at `$.entries`"),
        (
            lambda d: d.update(entries=d["entries"] * 129),
            "Expected `array` of length <= 256 - at `$.entries`",
        ),
        (lambda d: d.update(checksum="0xA0"), f"{HEX} - at `$.checksum`"),
        (lambda d: d.update(checksum="0x0"), f"{HEX} - at `$.checksum`"),
        (lambda d: d.update(checksum="00"), f"{HEX} - at `$.checksum`"),
        (lambda d: d.update(checksum=7), f"{HEX} - at `$.checksum`"),
        (lambda d: d["genesis"].update(header="0x\u0661\u0661"), f"{HEX} - at `$.genesis.header`"),
    ],
)
async def test_another_shape_is_refused(
    data: bytes, change: Callable[[dict[str, object]], object], words: str
) -> None:
    assert refusal(changed(data, change)) == f"the file: it is no light proof: {words}"


@pytest.mark.parametrize("junk", [b"", b"{", b"[" * 100_000, b"\xff\xfe", b"null", b'{"form":' * 10_000])
def test_junk_is_refused(junk: bytes) -> None:
    assert refusal(junk).startswith("the file: it is no light proof: ")


def test_a_file_that_is_nested_too_deeply_is_refused() -> None:
    deep = b'{"form":"ballast light proof 1","genesis":{"header":' + b"[" * 100_000
    assert refusal(deep) == "the file: it is no light proof: it is nested too deeply"


def test_a_long_file_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "FILE_BYTES_MAX", 10)
    assert refusal(bytes(11)) == "the file: it has 11 bytes, and 10 at most are read"
