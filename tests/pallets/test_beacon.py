"""The development beacon: each value hashes a signature that only the author can make, for this height."""

import pytest
from nacl.signing import SigningKey

from pallets.beacon import ENGINE, Beacon, message
from runtime.crypto.hashing import blake2b_256
from runtime.frame import InvalidBlock
from runtime.types.digest import DigestItem, PreRuntime
from support.coin import ALICE, AUTHOR, CoinChain, signed_beacon

STRANGER = SigningKey(b"\7" * 32)


def item(signature: bytes) -> DigestItem:
    return PreRuntime(ENGINE, signature)


def test_the_value_is_the_hash_of_the_last_one_and_the_signature() -> None:
    chain = CoinChain(rich=[ALICE])
    for _ in range(3):
        before = chain[Beacon].value
        chain.next_block()
        signature = AUTHOR.sign(message(chain.genesis_hash, chain.number, before)).signature
        assert chain[Beacon].randomness() == blake2b_256(before + signature)
    assert chain[Beacon].is_biasable()


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
    genesis, number, before = chain.genesis_hash, chain.number, chain[Beacon].value
    key = STRANGER if wrong == "stranger" else AUTHOR
    signed = message(
        bytes(32) if wrong == "chain" else genesis,
        number + 1 if wrong == "height" else number,
        bytes(32) if wrong == "previous" else before,
    )
    signature = key.sign(signed).signature[: 63 if wrong == "short" else 64]
    with pytest.raises(InvalidBlock) as refused:
        chain.runtime.build(chain.state, chain.header, logs=(item(signature),))
    assert str(refused.value) == "the beacon signature (digest item BEAC) is not the author's for this height"
    right = AUTHOR.sign(message(genesis, number, before)).signature
    chain.runtime.build(chain.state, chain.header, logs=(item(right),))
