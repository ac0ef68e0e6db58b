"""Exporting: what a node has becomes a proof that holds, and what it cannot show is refused in words."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from node.light.export import CannotProve, gather
from node.light.proof import ENTRIES_MAX, ProofRefused, read_proof, write_proof
from node.light.verify import verify
from runtime.scale import codec_of
from runtime.simplex import Committee
from runtime.types.block import Header
from support.lightchain import COUNTER, LENGTH, LONG, NOTHING, LightChain

FIRST, SECOND = ["Alice", "Bob", "Charlie", "Dave"], ["Bob", "Charlie", "Dave", "Eve", "Ferdie"]


@pytest.fixture(scope="module")
def chain() -> LightChain:
    return LightChain([FIRST, FIRST, SECOND, FIRST])


@pytest.mark.parametrize("height", [1, 2, 4, 5, 8, 9, 12, 13, 14])
async def test_every_certified_block_can_be_proven(chain: LightChain, height: int) -> None:
    proof = await gather(chain, chain.origin, [COUNTER, LONG, NOTHING], chain.headers[height].hash)
    answer = verify(read_proof(write_proof(proof)), chain.genesis_hash)
    assert answer.header == chain.headers[height]
    assert answer.committee.epoch == (height - 1) // LENGTH
    assert answer.values == {
        COUNTER: height.to_bytes(4, "little"), LONG: b"block %d " % height * 20, NOTHING: None
    }  # fmt: skip


async def test_a_block_without_a_certificate_is_proven_by_the_nearest_below(chain: LightChain) -> None:
    proof = await gather(chain, chain.origin, [COUNTER], chain.headers[11].hash)
    assert verify(proof, chain.genesis_hash).header.number == 10


async def test_a_committee_that_stays_is_not_written_again(chain: LightChain) -> None:
    proof = await gather(chain, chain.origin, [COUNTER], chain.headers[14].hash)
    assert [boundary.committee is None for boundary in proof.boundaries] == [True, False, False]


async def test_a_key_is_asked_about_once(chain: LightChain) -> None:
    proof = await gather(chain, chain.origin, [COUNTER, LONG, COUNTER], chain.headers[1].hash)
    assert [bytes(entry.key) for entry in proof.entries] == [COUNTER, LONG]


class Broken(LightChain):
    """A node with a fault, by its name."""

    fault = ""

    async def hash_at(self, number: int) -> bytes:
        return bytes(32) if self.fault == "stranger" else await super().hash_at(number)

    async def header(self, block_hash: bytes) -> Header:
        found = await super().header(block_hash)
        return found.replace(digest=self.headers[0].digest) if self.fault == "no digest" else found

    async def certificate(self, block_hash: bytes) -> bytes | None:
        match self.fault:
            case "no certificate":
                return None
            case "no digest":
                return b"any"
            case _:
                return await super().certificate(block_hash)

    async def committee(self, epoch: int) -> bytes:
        match self.fault:
            case "garbage":
                return b"\xff"
            case "forgery":
                forged = self.committees[0].committee.replace(epoch=epoch)
                return codec_of(Committee).encode(forged.replace(validators=forged.validators[:1]))
            case _:
                return await super().committee(epoch)

    async def nodes(self, keys: Sequence[bytes], block_hash: bytes) -> Sequence[bytes]:
        nodes = await super().nodes(keys, block_hash)
        return nodes[1:] if self.fault == "lost node" else nodes


@pytest.fixture(scope="module")
def broken() -> Broken:
    return Broken([FIRST, FIRST])


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (
            "stranger",
            (
                "the node's chain began with another block than the chain specification's: "
                "name that of its chain"
            ),
        ),
        ("no digest", "block 5 says of no epoch up to 16384 that it is its own"),
        (
            "no certificate",
            "neither block 5 nor one of the 255 below it has a certificate: ask about a block that is final",
        ),
        ("garbage", "the node's committee of epoch 1 is none: "),
        ("lost node", "the node's nodes do not show what the keys hold: the proof lacks the item 0x"),
    ],
)
async def test_what_a_node_cannot_show_is_refused(broken: Broken, fault: str, words: str) -> None:
    broken.fault = fault
    with pytest.raises(CannotProve) as refusal:
        await gather(broken, broken.origin, [COUNTER], broken.headers[5].hash)
    assert str(refusal.value).startswith(words)


async def test_a_lie_is_not_written(broken: Broken) -> None:
    broken.fault = "forgery"
    with pytest.raises(ProofRefused) as refusal:
        await gather(broken, broken.origin, [COUNTER], broken.headers[5].hash)
    root = broken.committees[1].committee.root
    words = f"the boundary of epoch 0: its header commits to 0x{root.hex()}, not to the committee given"
    assert str(refusal.value) == words


async def test_a_boundary_needs_its_own_certificate(broken: Broken) -> None:
    broken.fault = ""
    kept = broken.certificates.pop(LENGTH)
    with pytest.raises(CannotProve) as refusal:
        await gather(broken, broken.origin, [COUNTER], broken.headers[5].hash)
    broken.certificates[LENGTH] = kept
    assert str(refusal.value) == "block 4, the last of epoch 0, has no certificate at this node"


@pytest.mark.parametrize("count", [0, ENTRIES_MAX + 1])
async def test_a_file_asks_about_something_and_not_too_much(chain: LightChain, count: int) -> None:
    with pytest.raises(CannotProve) as refusal:
        await gather(chain, chain.origin, [b"%d" % number for number in range(count)], chain.headers[1].hash)
    assert str(refusal.value) == f"{count} keys are asked about: at least 1 and at most 256 may be"
