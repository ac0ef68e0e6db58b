"""The beacons: each value hashes a signature that only the author can make, for this height."""

import pytest
from nacl.signing import SigningKey

from pallets.beacon import ENGINE, Beacon, DevBeacon, dev_message, message
from runtime.crypto.hashing import blake2b_256
from runtime.frame import InvalidBlock
from runtime.types.digest import DigestItem, PreRuntime
from support.coin import ALICE, AUTHOR, CoinChain, signed_beacon
from support.validators import BLOCKS_PER_EPOCH, ValidatorChain, proposed

STRANGER = SigningKey(b"\7" * 32)


def item(signature: bytes) -> DigestItem:
    return PreRuntime(ENGINE, signature)


def test_the_value_is_the_hash_of_the_last_one_and_the_signature() -> None:
    chain = CoinChain(rich=[ALICE])
    for _ in range(3):
        before = chain[DevBeacon].value
        chain.next_block()
        signature = AUTHOR.sign(dev_message(chain.genesis_hash, chain.number, before)).signature
        assert chain[DevBeacon].randomness() == blake2b_256(before + signature)
    assert chain[DevBeacon].is_biasable()


@pytest.mark.parametrize("count", [0, 2])
def test_a_block_carries_exactly_one_signature(count: int) -> None:
    chain = CoinChain(rich=[ALICE])
    logs = signed_beacon(chain) * count
    with pytest.raises(InvalidBlock) as refused:
        chain.runtime.build(chain.state, chain.header, logs=logs)
    assert str(refused.value) == f"the block carries {count} beacon signatures (digest item BEAC), not one"


@pytest.mark.parametrize("wrong", ["stranger", "height", "previous", "chain", "short"])
def test_a_wrong_signature_makes_no_block(wrong: str) -> None:
    chain = CoinChain(rich=[ALICE])
    chain.next_block()
    chain.runtime.over(chain.state, chain.number)
    genesis, number, before = chain.genesis_hash, chain.number, chain[DevBeacon].value
    key = STRANGER if wrong == "stranger" else AUTHOR
    signed = dev_message(
        bytes(32) if wrong == "chain" else genesis,
        number + 1 if wrong == "height" else number,
        bytes(32) if wrong == "previous" else before,
    )
    signature = key.sign(signed).signature[: 63 if wrong == "short" else 64]
    with pytest.raises(InvalidBlock) as refused:
        chain.runtime.build(chain.state, chain.header, logs=(item(signature),))
    assert str(refused.value) == "the beacon signature (digest item BEAC) is not the author's for this height"
    right = AUTHOR.sign(dev_message(genesis, number, before)).signature
    chain.runtime.build(chain.state, chain.header, logs=(item(right),))


def test_the_proposers_only_signature_turns_the_validators_beacon() -> None:
    chain = ValidatorChain()
    for _ in range(7):
        before = chain[Beacon].value
        chain.next_block()
        proposer = chain.signers[chain.authorities.author_now().bls]
        epoch = (chain.number - 1) // BLOCKS_PER_EPOCH
        signed = b"/ballast/beacon/1" + chain.genesis_hash + epoch.to_bytes(8, "little")
        signature = proposer.bls.sign(signed + chain.number.to_bytes(4, "little"))
        assert chain[Beacon].randomness() == blake2b_256(before + signature)
    assert not chain[Beacon].is_biasable()


@pytest.mark.parametrize("wrong", ["another member", "epoch", "height", "chain", "no point"])
def test_only_the_proposer_turns_the_validators_beacon(wrong: str) -> None:
    chain = ValidatorChain()
    chain.next_block()
    chain.runtime.over(chain.state, chain.number)
    said, _ = proposed(chain)
    members = chain.committee.validators
    proposer = members[chain.number % len(members)]
    signed = message(
        bytes(32) if wrong == "chain" else chain.genesis_hash,
        1 if wrong == "epoch" else 0,
        chain.number + 1 if wrong == "height" else chain.number,
    )
    key = members[(chain.number + 1) % len(members)] if wrong == "another member" else proposer
    signature = bytes(96) if wrong == "no point" else chain.signers[key.bls].bls.sign(signed)
    with pytest.raises(InvalidBlock) as refused:
        chain.runtime.build(chain.state, chain.header, logs=(said, item(signature)))
    assert str(refused.value) == "the beacon signature (digest item BEAC) is not the author's for this height"
