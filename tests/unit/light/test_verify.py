"""The light verifier: it believes what a committee made final, and nothing that was changed by a bit."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest
import trio

import tidy
from node.light.export import gather
from node.light.proof import Entry, Hex, Proof, ProofRefused, read_proof, seal, write_proof
from node.light.verify import COMMITTEE_KEY, verify
from pallets.authorities import Authorities
from runtime.frame.bound import storage_prefix
from runtime.scale import codec_of
from runtime.simplex import Certificate, Committee, Kind
from runtime.types.block import Header
from support.committees import Signers
from support.lightchain import COUNTER, LENGTH, LONG, NOTHING, LightChain

NAMES = ["Alice", "Bob", "Charlie", "Dave"]
CHAIN = LightChain([NAMES, ["Bob", "Charlie", "Dave", "Eve"], NAMES])
OTHER = LightChain([["Mallory", "Marvin", "Moriarty", "Morgana"]] * 2)
KEYS = [COUNTER, LONG, NOTHING]
PROOF = trio.run(gather, CHAIN, CHAIN.origin, KEYS, CHAIN.headers[10].hash)
DATA = write_proof(PROOF)
BITS_EACH = 24
"""How many bits of each field are turned, beside its first and its last."""


def check(data: bytes, genesis_hash: bytes = CHAIN.genesis_hash) -> dict[bytes, bytes | None]:
    return verify(read_proof(data), genesis_hash).values


def refusal_of(data: bytes, genesis_hash: bytes = CHAIN.genesis_hash) -> str:
    """Why a file is refused: where, and what is wrong there."""
    with pytest.raises(ProofRefused) as refused:
        check(data, genesis_hash)
    assert refused.value.where and refused.value.why
    return str(refused.value)


def refusal(proof: Proof, genesis_hash: bytes = CHAIN.genesis_hash) -> str:
    """Why a proof is refused, read back from its file."""
    return refusal_of(write_proof(proof), genesis_hash)


def replace(proof: Proof, **changes: object) -> Proof:
    """The proof changed in its parts, and sealed again: `block__nodes=...` is a field of a part."""
    for name, value in changes.items():
        part, _, field = name.partition("__")
        whole = msgspec.structs.replace(getattr(proof, part), **{field: value}) if field else value
        proof = msgspec.structs.replace(proof, **{part: whole})
    return seal(proof)


def boundary(proof: Proof, place: int, **changes: object) -> Proof:
    parts = list(proof.boundaries)
    parts[place] = msgspec.structs.replace(parts[place], **changes)
    return replace(proof, boundaries=tuple(parts))


def encoded(value: Header | Certificate | Committee) -> Hex:
    return Hex(codec_of(type(value)).encode(value))


def test_what_it_proves() -> None:
    answer = verify(read_proof(DATA), CHAIN.genesis_hash)
    assert answer.values == {COUNTER: (10).to_bytes(4, "little"), LONG: b"block 10 " * 20, NOTHING: None}
    assert answer.header == CHAIN.headers[10]
    assert answer.certificate == CHAIN.certificates[10]
    assert answer.committee == CHAIN.committees[2].committee


def test_the_key_of_the_committee_is_the_pallets() -> None:
    assert storage_prefix("Authorities", Authorities.__dict__["committee"].name) == COMMITTEE_KEY


# One bit.


def test_a_bit_turned_anywhere_in_the_file_is_refused_with_a_reason() -> None:
    """Each bit of each byte of the text, in turn for every seventh byte, and all around each hex field."""
    dice = random.Random(7)
    places = set(range(0, len(DATA), 7)) | {dice.randrange(len(DATA)) for _ in range(200)}
    for at in sorted(places):
        for bit in dice.sample(range(8), 2):
            changed = DATA[:at] + bytes([DATA[at] ^ 1 << bit]) + DATA[at + 1 :]
            assert refusal_of(changed)


def fields(document: Any, path: str = "$") -> list[tuple[str, str]]:
    """Every hex text of the document that holds bytes, with its path."""
    if isinstance(document, dict):
        return [found for name, value in document.items() for found in fields(value, f"{path}.{name}")]
    if isinstance(document, list):
        return [found for place, value in enumerate(document) for found in fields(value, f"{path}[{place}]")]
    return [(path, document)] if isinstance(document, str) and document.startswith("0x") else []


FIELDS = fields(json.loads(DATA))


@pytest.mark.parametrize(("path", "text"), FIELDS, ids=[path for path, _ in FIELDS])
def test_a_bit_turned_in_a_field_is_refused_even_under_a_right_checksum(path: str, text: str) -> None:
    """Only a key may change: then it is another question, whose answer is true."""
    at = DATA.index(text.encode()) + 2
    count = len(text) // 2 - 1
    dice = random.Random(path)
    bits = {0, 8 * count - 1, *(dice.randrange(8 * count) for _ in range(BITS_EACH))}
    for bit in sorted(bits):
        turned = bytearray.fromhex(text[2:])
        turned[bit // 8] ^= 1 << bit % 8
        changed = DATA[:at] + turned.hex().encode() + DATA[at + 2 * count :]
        if path == "$.checksum":
            told = refusal_of(changed)
            assert told == "the checksum: the file was changed after it was written: ask for another"
            continue
        assert refusal_of(changed)
        try:
            values = check(write_proof(seal(read_proof(changed))))
        except ProofRefused as refused:
            assert refused.why
            continue
        assert path.endswith(".key")
        assert all(CHAIN.states[10].get(key) == value for key, value in values.items())


# Other chains, other committees, other epochs.


def test_another_genesis_is_refused() -> None:
    found, trusted = CHAIN.genesis_hash.hex(), OTHER.genesis_hash.hex()
    words = f"the genesis header: it hashes to 0x{found}, and the trusted genesis is 0x{trusted}"
    assert refusal(PROOF, OTHER.genesis_hash) == words


async def test_a_chain_of_the_same_shape_by_others_is_refused() -> None:
    """As many others sign a whole chain: it needs a genesis of their own."""
    proof = await gather(OTHER, OTHER.origin, [COUNTER], OTHER.headers[5].hash)
    assert verify(proof, OTHER.genesis_hash).header == OTHER.headers[5]
    forged = replace(proof, genesis=PROOF.genesis)
    why = "its signature is not that of its signers"
    assert refusal(forged) == f"the boundary of epoch 0: its certificate does not convince: {why}"


def test_a_boundary_left_out_is_refused() -> None:
    told = refusal(replace(PROOF, boundaries=PROOF.boundaries[:1]))
    assert told == "the block, of epoch 1: its header says that it is of epoch 2"
    told = refusal(replace(PROOF, boundaries=PROOF.boundaries[1:]))
    assert told == "the boundary of epoch 0: its header says that it is of epoch 1"


def test_a_boundary_twice_is_refused() -> None:
    told = refusal(replace(PROOF, boundaries=(PROOF.boundaries[0], *PROOF.boundaries)))
    assert told == "the boundary of epoch 1: its header says that it is of epoch 0"


def test_the_committee_must_be_the_one_committed_to() -> None:
    mallory = Signers(1, ["Mallory"]).committee
    root = CHAIN.committees[1].committee.root.hex()
    words = f"the boundary of epoch 0: its header commits to 0x{root}, not to the committee given"
    assert refusal(boundary(PROOF, 0, committee=encoded(mallory))) == words
    assert refusal(boundary(PROOF, 0, committee=None)) == words
    late = CHAIN.committees[1].committee.replace(epoch=2)
    assert refusal(boundary(PROOF, 0, committee=encoded(late))) == words


def test_a_certificate_must_be_a_finalization() -> None:
    notarized = CHAIN.certify(CHAIN.headers[10], kind=Kind.Notarize)
    told = refusal(replace(PROOF, block__certificate=encoded(notarized)))
    assert told == "the block, of epoch 2: its certificate says Notarize, and only Finalize is final"


def test_a_certificate_must_be_for_the_block() -> None:
    told = refusal(replace(PROOF, block__certificate=encoded(CHAIN.certificates[9])))
    own, other = CHAIN.headers[10].hash.hex(), CHAIN.headers[9].hash.hex()
    words = f"the block, of epoch 2: it hashes to 0x{own}, and its certificate is for 0x{other}"
    assert told == words


def test_a_certificate_must_be_of_the_epoch() -> None:
    """The committee of epoch 0 has the same validators as that of epoch 2, and may not speak for it."""
    told = refusal(replace(PROOF, block__certificate=encoded(CHAIN.certify(CHAIN.headers[10], epoch=0))))
    why = "it is of epoch 0, and the committee of epoch 2"
    assert told == f"the block, of epoch 2: its certificate does not convince: {why}"


def test_a_certificate_needs_a_quorum() -> None:
    signers, certificate = CHAIN.committees[2], CHAIN.certificates[10]
    few = signers.certificate(certificate.statement, range(2), genesis_hash=CHAIN.genesis_hash)
    told = refusal(replace(PROOF, block__certificate=encoded(few)))
    why = "its signers have a weight of 2, and a quorum needs 3"
    assert told == f"the block, of epoch 2: its certificate does not convince: {why}"


def test_a_header_must_be_of_the_epochs_heights() -> None:
    """A committee that signs a header of its epoch at a height beyond it is not believed."""
    header = CHAIN.headers[10].replace(number=13)
    forged = replace(
        PROOF, block__header=encoded(header), block__certificate=encoded(_certified(header, epoch=2))
    )
    why = "its header has height 13, and the epoch goes from 9 to 12"
    assert refusal(forged) == f"the block, of epoch 2: {why}"
    header = CHAIN.headers[2 * LENGTH].replace(number=7)
    forged = boundary(PROOF, 1, header=encoded(header), certificate=encoded(_certified(header, epoch=1)))
    why = "its header has height 7, and epochs of 4 blocks end at multiples of that, this one at 8"
    assert refusal(forged) == f"the boundary of epoch 1: {why}"
    early = replace(PROOF, boundaries=(), block__header=encoded(zero := _at_zero()))
    early = replace(early, block__certificate=encoded(_certified(zero, epoch=0)))
    why = "its header has height 0, and the epoch goes from 1 on"
    assert refusal(early) == f"the block, of epoch 0: {why}"


def _at_zero() -> Header:
    return CHAIN.headers[2].replace(number=0)


def _certified(header: Header, *, epoch: int) -> Certificate:
    return CHAIN.certify(header, epoch=epoch)


def test_a_header_without_an_epoch_is_refused() -> None:
    header = CHAIN.headers[10].replace(digest=CHAIN.headers[0].digest)
    forged = replace(
        PROOF, block__header=encoded(header), block__certificate=encoded(_certified(header, epoch=2))
    )
    assert refusal(forged) == "the block, of epoch 2: its header says that it is of no epoch"


def test_a_boundary_that_commits_to_nobody_is_refused() -> None:
    header = CHAIN.headers[3]
    forged = boundary(PROOF, 0, header=encoded(header), certificate=encoded(_certified(header, epoch=0)))
    assert refusal(forged) == "the boundary of epoch 0: its header commits to no committee of epoch 1"


async def test_a_chain_without_a_committee_at_genesis_is_refused() -> None:
    """And one whose first committee is of a later epoch: the state of block 4 stands for a genesis here."""
    header = CHAIN.headers[LENGTH].replace(number=0)
    nodes = tuple(Hex(node) for node in CHAIN.states[LENGTH].prove([COMMITTEE_KEY]))
    later = replace(PROOF, genesis__header=encoded(header), genesis__nodes=nodes)
    assert refusal(later, header.hash) == "the genesis state's committee: it is of epoch 1, not 0"
    empty = CHAIN.headers[0].replace(state_root=CHAIN.headers[0].extrinsics_root)
    none = replace(PROOF, genesis__header=encoded(empty), genesis__nodes=())
    assert (
        refusal(none, empty.hash) == "the genesis state: it names no committee: this chain has no validators"
    )


# The state.


def test_values_must_be_those_of_the_state() -> None:
    ten, eleven = Hex((10).to_bytes(4, "little")), Hex((11).to_bytes(4, "little"))
    forged = replace(PROOF, entries=(Entry(Hex(COUNTER), eleven), *PROOF.entries[1:]))
    words = f"the entry 0x{COUNTER.hex()}: the state holds 0x0a000000, and the file says 0x0b000000"
    assert refusal(forged) == words
    forged = replace(PROOF, entries=(Entry(Hex(COUNTER), None), *PROOF.entries[1:]))
    assert refusal(forged).endswith("the state holds 0x0a000000, and the file says nothing")
    forged = replace(PROOF, entries=(*PROOF.entries[:2], Entry(Hex(NOTHING), ten)))
    assert refusal(forged).endswith("the state holds nothing, and the file says 0x0a000000")


def test_nodes_must_be_there_and_no_others() -> None:
    lost = refusal(replace(PROOF, block__nodes=PROOF.block.nodes[1:]))
    assert lost.startswith("the block, of epoch 2: its state: the proof lacks the item 0x")
    more = refusal(replace(PROOF, block__nodes=(*PROOF.block.nodes, Hex(b"\x40\x04\x2a"))))
    assert more.startswith("the block, of epoch 2: its state: the proof holds an item that no key needs: ")
    other = tuple(Hex(node) for node in CHAIN.states[9].prove(KEYS))
    assert refusal(replace(PROOF, block__nodes=other)).startswith("the block, of epoch 2: its state: ")


def test_a_key_is_asked_about_once() -> None:
    twice = replace(PROOF, entries=(*PROOF.entries, PROOF.entries[0]))
    assert refusal(twice) == "the entries: a key is asked about twice"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"genesis__header": Hex(b"\x00")}, "the genesis header: no Header: "),
        ({"block__header": Hex(b"\x00")}, "the block, of epoch 2: no Header: "),
        ({"block__certificate": Hex(b"\x00")}, "the block, of epoch 2: no Certificate: "),
        (
            {"block__certificate": Hex(PROOF.block.certificate + b"\x00")},
            "the block, of epoch 2: no Certificate: ",
        ),
    ],
)
def test_what_does_not_decode_is_refused(changes: dict[str, Hex], words: str) -> None:
    assert refusal(replace(PROOF, **changes)).startswith(words)


def test_a_committee_that_does_not_decode_is_refused() -> None:
    told = refusal(boundary(PROOF, 0, committee=Hex(b"\x01")))
    assert told.startswith("the boundary of epoch 0, the next committee: no Committee: ")


# Alone.

ALONE = """
import sys

def refuse(event, arguments):
    if event.startswith("socket.") or event in ("subprocess.Popen", "os.fork"):
        raise SystemExit(f"the verifier touched the world: {event}")

sys.addaudithook(refuse)
from pathlib import Path
from node.light.proof import read_proof
from node.light.verify import verify

answer = verify(read_proof(Path(sys.argv[1]).read_bytes()), bytes.fromhex(sys.argv[2]))
ours = ("node", "genesis", "pallets", "governance")
mine = sorted(name for name in sys.modules if name.split(".")[0] in ours)
print(answer.header.number, *mine, *sorted({"socket", "trio", "asyncio"} & set(sys.modules)))
"""


def test_it_runs_without_the_node_and_without_sockets(tmp_path: Path) -> None:
    file = tmp_path / "proof.json"
    file.write_bytes(DATA)
    command = [sys.executable, "-c", ALONE, str(file), CHAIN.genesis_hash.hex()]
    ended = subprocess.run(command, capture_output=True, text=True, check=True, cwd=tidy.ROOT, timeout=30)
    assert ended.stdout.split() == ["10", "node", "node.light", "node.light.proof", "node.light.verify"]
    assert ended.stderr == ""


def test_keys_of_a_megabyte_are_not_repeated() -> None:
    entry = Entry(Hex(NOTHING * 70_000), Hex(b"x"))
    key = "0x" + entry.key.hex()
    others = [each for each in PROOF.entries if each.value is not None]
    said = refusal(replace(PROOF, entries=(entry, *others)))
    assert said == f"the entry {key[:80]}...{key[-80:]}: the state holds nothing, and the file says 0x78"
    said = refusal(replace(PROOF, entries=(Entry(Hex(b"\x12" * 1_000_000), None),)))
    assert said.startswith("the block, of epoch 2: its state: the proof lacks the item 0x")
    assert len(said) < 500
