"""Read proofs: what they show, and that nothing short of the truth passes."""

from hashlib import blake2b
from random import Random

import pytest

from runtime.state import MemoryStates
from runtime.trie import (
    EMPTY_ROOT,
    IncompleteProof,
    InvalidProof,
    MalformedProof,
    StateVersion,
    SuperfluousProof,
    verify_proof,
    verify_proofs,
)

HELD = {bytes([high, low]) * 16: bytes([high]) * (20 + low) for high in range(8) for low in range(16)} | {
    b"\x01": b"short",
    b"\x02": b"long" * 20,
    b"": b"at the root",
}
ABSENT = [b"\x01\x02", b"\x09", b"\x00\x00", bytes([1, 2]) * 15, bytes([1, 2]) * 17]


@pytest.mark.parametrize("version", list(StateVersion))
def test_a_proof_shows_values_and_absence(version: StateVersion) -> None:
    state = MemoryStates(version=version).genesis(HELD)
    for key in [*HELD, *ABSENT]:
        proof = state.prove([key])
        assert verify_proof(state.root, proof, key) == HELD.get(key)
        assert verify_proofs(state.root, proof, [key]) == {key: HELD.get(key)}
    asked = [*list(HELD)[::7], *ABSENT]
    assert verify_proofs(state.root, state.prove(asked), asked) == {key: HELD.get(key) for key in asked}


def test_a_long_value_is_an_item_of_its_own() -> None:
    state = MemoryStates().genesis(HELD)
    assert HELD[b"\x02"] in state.prove([b"\x02"])
    assert HELD[b"\x01"] not in state.prove([b"\x01"])


def test_the_empty_state_proves_absence() -> None:
    state = MemoryStates().genesis({})
    assert state.root == EMPTY_ROOT
    assert state.prove([b"key"]) == (b"\0",)
    assert verify_proofs(EMPTY_ROOT, state.prove([b"key"]), [b"key"]) == {b"key": None}
    assert verify_proof(EMPTY_ROOT, (), b"key") is None


def test_a_missing_item_is_named() -> None:
    state = MemoryStates().genesis(HELD)
    key = bytes([3, 15]) * 16
    proof = state.prove([key])
    for place, item in enumerate(proof):
        digest = blake2b(item, digest_size=32).digest()
        with pytest.raises(IncompleteProof) as refused:
            verify_proof(state.root, proof[:place] + proof[place + 1 :], key)
        assert (
            str(refused.value) == f"the proof lacks the item 0x{digest.hex()} on the way to key 0x{key.hex()}"
        )


def test_an_item_that_no_key_needs_is_refused_when_all_keys_are_named() -> None:
    state = MemoryStates().genesis(HELD)
    proof = [*state.prove([b"\x01"]), b"more"]
    assert verify_proof(state.root, proof, b"\x01") == b"short"
    with pytest.raises(SuperfluousProof) as refused:
        verify_proofs(state.root, proof, [b"\x01"])
    assert str(refused.value) == "the proof holds an item that no key needs: 0x6d6f7265 (4 bytes)"


@pytest.mark.parametrize(
    ("node", "why"),
    [
        (b"", "it ends at byte 0, 1 too early"),
        (b"\x0f", "unknown header 0x0f"),
        (b"\x42\x01", "it ends at byte 2, 1 too early"),
        (b"\x42\x01\x08v", "it ends at byte 4, 1 too early"),
        (b"\x42\x01\x04vx", "1 bytes follow its end"),
        (b"\x41\x11\x04v", "the unused nibble of an odd partial key is not zero"),
        (b"\x40\x01\x00", "a length of 0 in more bytes than it needs"),
        (b"\x40\x03", "a length over 2^30"),
        (b"\x7f\xff", "it ends at byte 2, 1 too early"),
        (b"\x80\x00\x00", "a branch without children"),
        (b"\x80\x01\x00\x00", "a child reference of 0 bytes"),
        (b"\x80\x01\x00\x84" + bytes(33), "a child reference of 33 bytes"),
        (b"\x20" + bytes(31), "it ends at byte 32, 1 too early"),
    ],
)
def test_a_malformed_node_is_refused(node: bytes, why: str) -> None:
    with pytest.raises(MalformedProof) as refused:
        verify_proof(blake2b(node, digest_size=32).digest(), [node], b"")
    assert str(refused.value) == f"the proof holds a malformed node 0x{node.hex()}: {why}"


def test_no_mutation_of_a_proof_shows_another_value() -> None:
    """Flipped, cut and exchanged items are refused; what is still accepted says the truth."""
    random = Random(5)
    state = MemoryStates().genesis(HELD)
    for key in random.sample(sorted(HELD), 40) + ABSENT:
        proof = [bytearray(item) for item in state.prove([key])]
        item = random.choice(proof)
        if item:
            item[random.randrange(len(item))] ^= 1 << random.randrange(8)
        if random.random() < 0.3:
            del item[random.randrange(len(item) + 1) :]
        try:
            shown = verify_proof(state.root, map(bytes, proof), key)
        except InvalidProof:
            continue
        assert shown == HELD.get(key)
