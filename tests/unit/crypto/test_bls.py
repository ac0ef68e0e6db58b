"""The scheme's traps are closed, on both backends: what a raw library would accept, and what none can know.

Signatures are made by arkworks alone, since py_ecc makes the same bytes slowly (see the published vectors).
"""

from collections.abc import Sequence
from itertools import combinations
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from runtime.crypto import bls
from runtime.crypto.bls_arkworks import Arkworks
from runtime.crypto.bls_curve import MODULUS
from runtime.crypto.bls_scheme import Scheme

CURVE = Arkworks()
MESSAGE, OTHER = b"notarize 7", b"nullify 7"
INFINITE_KEY = b"\xc0" + bytes(47)
INFINITE_SIGNATURE = b"\xc0" + bytes(95)
SECRETS = (11, 22, 33, 44, 55)
OUTSIDE_G1 = bytes.fromhex("81" + "23456789abcdef01" * 5 + "23456789abcdef")
P = MODULUS.to_bytes(48, "big")


@pytest.fixture(params=bls.BACKENDS)
def backend(request: pytest.FixtureRequest) -> bls.Backend:
    return bls.get_backend(request.param)


def public(secret: int) -> bytes:
    return CURVE.encode_g1(CURVE.multiply_g1(CURVE.generator, secret % bls.ORDER))


def sign(secret: int, message: bytes = MESSAGE, domain: bytes = bls.VOTE_DOMAIN) -> bytes:
    point = CURVE.hash_to_g2(message, domain)
    return CURVE.encode_g2(CURVE.multiply_g2(point, secret % bls.ORDER))


def negated(encoded: bytes) -> bytes:
    """The encoding of minus a point: the same x, the other y."""
    return bytes((encoded[0] ^ 0x20,)) + encoded[1:]


def sum_of(*signatures: bytes) -> bytes:
    return bls.get_backend("arkworks").aggregate(signatures)


# Infinity, in all its forms.


def test_keys_that_cancel_out_vouch_for_nothing(backend: bls.Backend) -> None:
    """Trap: the raw pairing equation holds, for every message, with the signature at infinity."""
    keys = [backend.load_pubkey(public(11)), backend.load_pubkey(negated(public(11)))]
    curve = backend.curve
    raw_sum = curve.sum_g1([key.point for key in keys])
    assert curve.is_infinity(raw_sum)
    assert curve.pairs_to_one([(raw_sum, curve.hash_to_g2(MESSAGE, bls.VOTE_DOMAIN))])
    assert not backend.fast_aggregate_verify(keys, MESSAGE, INFINITE_SIGNATURE)
    assert not backend.verify_signers(backend.sum_keys(keys), (0, 1), MESSAGE, INFINITE_SIGNATURE)


def test_nobody_vouches_for_nothing(backend: bls.Backend) -> None:
    for signature in (INFINITE_SIGNATURE, bytes(96), sign(11), b""):
        assert not backend.fast_aggregate_verify([], MESSAGE, signature)
        assert not backend.verify_signers(backend.sum_keys([]), (), MESSAGE, signature)
    assert not backend.verify_batch([], [])
    with pytest.raises(bls.NothingToAggregate, match=r"^an aggregate needs at least one BLS signature$"):
        backend.aggregate([])


def test_the_signature_at_infinity_is_nobodys(backend: bls.Backend) -> None:
    key = backend.load_pubkey(public(11))
    assert not backend.verify(key, MESSAGE, INFINITE_SIGNATURE)
    assert not backend.pop_verify(key, INFINITE_SIGNATURE)
    assert not backend.fast_aggregate_verify([key], MESSAGE, INFINITE_SIGNATURE)


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "it has 48 bytes, not 0"),
        (public(11)[:47], "it has 48 bytes, not 47"),
        (public(11) + b"\0", "it has 48 bytes, not 49"),
        (bytes(48), "its compression flag is not set"),
        (b"\x40" + bytes(47), "its compression flag is not set"),
        (INFINITE_KEY, "infinity is everybody's key"),
        (b"\xff" * 48, "infinity has no further bit set"),
        (b"\xe0" + bytes(47), "infinity has no further bit set"),
        (b"\xc0" + bytes(46) + b"\1", "infinity has no further bit set"),
        (b"\x9f" + b"\xff" * 47, "a coordinate is not below the field's modulus"),
        (bytes((0x80 | P[0],)) + P[1:], "a coordinate is not below the field's modulus"),
        (b"\x80" + bytes(46) + b"\1", "the curve has no point there"),
        (OUTSIDE_G1, "the point is outside of the group"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_bytes_that_are_no_key(backend: bls.Backend, data: bytes, why: str) -> None:
    with pytest.raises(bls.InvalidPublicKey) as refusal:
        backend.load_pubkey(data)
    shown = data[:48].hex() + ("..." if len(data) > 48 else "")
    assert str(refusal.value) == f"0x{shown} is no BLS public key: {why}"
    assert (refusal.value.data, refusal.value.why) == (data, why)


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "it has 96 bytes, not 0"),
        (sign(11)[:95], "it has 96 bytes, not 95"),
        (bytes(96), "its compression flag is not set"),
        (b"\xff" * 96, "infinity has no further bit set"),
        (b"\xc0" + bytes(94) + b"\1", "infinity has no further bit set"),
        (b"\x9f" + b"\xff" * 47 + bytes(48), "a coordinate is not below the field's modulus"),
        (b"\x80" + bytes(47) + P, "a coordinate is not below the field's modulus"),
        (b"\x80" + bytes(47) + b"\x1f" + b"\xff" * 47, "a coordinate is not below the field's modulus"),
        (b"\x80" + bytes(47) + sign(11)[48:], "the curve has no point there"),
        (b"\x81" + OUTSIDE_G1[1:] + b"\x01" + OUTSIDE_G1[1:], "the point is outside of the group"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_bytes_that_are_no_signature(backend: bls.Backend, data: bytes, why: str) -> None:
    """They have no sum, and wherever a verdict is asked it is no."""
    with pytest.raises(bls.InvalidSignature) as refusal:
        backend.aggregate([sign(11), data])
    shown = data[:48].hex() + ("..." if len(data) > 48 else "")
    assert str(refusal.value) == f"0x{shown} is no BLS signature: {why}"
    key = backend.load_pubkey(public(11))
    assert backend.verify(key, MESSAGE, data) is False
    assert backend.pop_verify(key, data) is False
    assert backend.fast_aggregate_verify([key], MESSAGE, data) is False
    assert backend.verify_signers(backend.sum_keys([key]), (0,), MESSAGE, data) is False
    assert backend.verify_batch([(key, MESSAGE, data)], [1]) is False


# Who signed what.


def test_a_signature_is_of_one_message_by_one_key(backend: bls.Backend) -> None:
    key, signature = backend.load_pubkey(public(11)), sign(11)
    assert backend.verify(key, MESSAGE, signature)
    assert not backend.verify(key, OTHER, signature)
    assert not backend.verify(backend.load_pubkey(public(22)), MESSAGE, signature)
    assert not backend.verify(key, MESSAGE, negated(signature))


def test_a_proof_of_possession_is_no_vote_and_a_vote_no_proof(backend: bls.Backend) -> None:
    data = public(11)
    key, proof, vote = backend.load_pubkey(data), sign(11, data, bls.POSSESSION_DOMAIN), sign(11, data)
    assert backend.pop_verify(key, proof)
    assert not backend.pop_verify(key, vote)
    assert backend.verify(key, data, vote)
    assert not backend.verify(key, data, proof)


def test_a_rogue_key_signs_for_its_victim_and_cannot_prove_its_possession(backend: bls.Backend) -> None:
    """Trap of the scheme: who knows the victim's key and chooses his own last, chooses the sum."""
    victim, attacker = 11, 57
    rogue = CURVE.encode_g1(
        CURVE.sum_g1((CURVE.decode_g1(public(attacker)), CURVE.decode_g1(negated(public(victim)))))
    )
    keys = [backend.load_pubkey(public(victim)), backend.load_pubkey(rogue)]
    assert backend.fast_aggregate_verify(keys, MESSAGE, sign(attacker))
    assert not backend.pop_verify(keys[1], sign(attacker, rogue, bls.POSSESSION_DOMAIN))
    stolen = sign(victim, public(victim), bls.POSSESSION_DOMAIN)
    assert not backend.pop_verify(keys[1], stolen)
    assert not backend.pop_verify(
        keys[1], sum_of(sign(attacker, rogue, bls.POSSESSION_DOMAIN), negated(stolen))
    )


def test_two_invalid_votes_have_a_valid_sum_and_are_no_valid_batch(backend: bls.Backend) -> None:
    """Trap of the scheme: a difference added here and taken off there. Equal weights do not see it."""
    difference = sign(99)
    forged = (sum_of(sign(11), difference), sum_of(sign(22), negated(difference)))
    keys = [backend.load_pubkey(public(secret)) for secret in (11, 22)]
    assert not backend.verify(keys[0], MESSAGE, forged[0])
    assert backend.fast_aggregate_verify(keys, MESSAGE, backend.aggregate(forged))
    votes = [(key, MESSAGE, signature) for key, signature in zip(keys, forged, strict=True)]
    assert backend.verify_batch(votes, [5, 5])
    assert not backend.verify_batch(votes, [2**127 + 5, 2**126 + 77])


# Batches.


class Counting(Arkworks):
    """Arkworks that counts its pairings and its additions of keys."""

    def __init__(self) -> None:
        self.pairs = self.added = 0

    def sum_g1(self, points: Sequence[Any]) -> Any:
        self.added += len(points)
        return super().sum_g1(points)

    def pairs_to_one(self, pairs: Sequence[tuple[Any, Any]]) -> bool:
        self.pairs += len(pairs)
        return super().pairs_to_one(pairs)


def test_a_batch_costs_a_pairing_for_each_message_and_one_more() -> None:
    curve = Counting()
    scheme = Scheme(curve)
    votes = [
        (scheme.load_pubkey(public(secret)), message, sign(secret, message))
        for secret in SECRETS
        for message in (MESSAGE, OTHER, b"finalize 6")
    ]
    assert scheme.verify_batch(votes, [2**100 + place for place, _ in enumerate(votes)])
    assert curve.pairs == 4


def test_one_wrong_vote_spoils_a_batch(backend: bls.Backend) -> None:
    votes = [
        (backend.load_pubkey(public(secret)), message, sign(secret, message))
        for secret, message in zip(SECRETS[:3], (MESSAGE, MESSAGE, OTHER), strict=True)
    ]
    weights = [bls.WEIGHT_MAX, 1, 2**90]
    assert backend.verify_batch(votes, weights)
    key, _, signature = votes[1]
    assert not backend.verify_batch([votes[0], (key, OTHER, signature), votes[2]], weights)


@pytest.mark.parametrize("place", range(5))
def test_a_batch_sees_the_wrong_one_wherever_it_stands(place: int) -> None:
    scheme = bls.get_backend("arkworks")
    votes = [(scheme.load_pubkey(public(secret)), MESSAGE, sign(secret)) for secret in SECRETS]
    votes[place] = (votes[place][0], MESSAGE, sign(SECRETS[place] + 1))
    assert not scheme.verify_batch(votes, [2**120 + each for each in range(5)])


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ([], "1 votes need as many weights, not 0"),
        ([1, 2], "1 votes need as many weights, not 2"),
        ([0], "the weight of a vote is above 0 and below 2**128"),
        ([-1], "the weight of a vote is above 0 and below 2**128"),
        ([2**128], "the weight of a vote is above 0 and below 2**128"),
    ],
)
def test_weights_that_would_not_weigh_are_refused(
    backend: bls.Backend, weights: list[int], message: str
) -> None:
    """A weight of zero would leave its vote unseen."""
    vote = (backend.load_pubkey(public(11)), MESSAGE, sign(12))
    with pytest.raises(ValueError) as refusal:  # noqa: PT011 (the whole message is compared)
        backend.verify_batch([vote], weights)
    assert str(refusal.value) == message


# Committees.


def test_the_sum_less_the_absent_is_the_sum_of_the_present() -> None:
    """All 31 committees within five."""
    scheme = bls.get_backend("arkworks")
    keys = [scheme.load_pubkey(public(secret)) for secret in SECRETS]
    committee = scheme.sum_keys(keys)
    for size in range(1, 6):
        for places in combinations(range(5), size):
            signature = sum_of(*(sign(SECRETS[place]) for place in places))
            assert scheme.verify_signers(committee, places, MESSAGE, signature)
            assert scheme.fast_aggregate_verify([keys[place] for place in places], MESSAGE, signature)
            others = tuple(place for place in range(5) if place not in places)
            assert not scheme.verify_signers(committee, others, MESSAGE, signature)


@pytest.mark.parametrize(
    ("signers", "added"), [(range(30), 10 + 2), (range(20), 20), (range(3), 3), (range(40), 2)]
)
def test_a_certificate_costs_its_signers_or_its_absent_whichever_are_fewer(
    signers: Sequence[int], added: int
) -> None:
    curve = Counting()
    scheme = Scheme(curve)
    committee = scheme.sum_keys([scheme.load_pubkey(public(secret)) for secret in range(1, 41)])
    curve.added = 0
    assert scheme.verify_signers(committee, signers, MESSAGE, sum_of(*(sign(place + 1) for place in signers)))
    assert curve.added == added


def test_signers_are_named_once_each_in_their_order(backend: bls.Backend) -> None:
    """The signature would match the keys in each of these; a certificate has one form, and counts nobody
    twice.
    """
    committee = backend.sum_keys([backend.load_pubkey(public(secret)) for secret in (11, 22, 33)])
    assert backend.verify_signers(committee, (0, 1), MESSAGE, sum_of(sign(11), sign(22)))
    assert not backend.verify_signers(committee, (1, 0), MESSAGE, sum_of(sign(11), sign(22)))
    assert not backend.verify_signers(committee, (0, 0), MESSAGE, sum_of(sign(11), sign(11)))
    assert not backend.verify_signers(committee, (-1,), MESSAGE, sign(33))
    assert not backend.verify_signers(committee, (0, 1, 2, 3), MESSAGE, sum_of(*map(sign, (11, 22, 33))))


# Keys as values.


def test_keys_are_equal_by_their_bytes(backend: bls.Backend) -> None:
    key, again = backend.load_pubkey(public(11)), backend.load_pubkey(public(11))
    assert key == again
    assert key is not again
    assert len({key, again, backend.load_pubkey(public(22))}) == 2
    assert repr(key) == f"PublicKey(data={public(11)!r})"


def test_a_key_of_one_backend_is_not_given_to_another() -> None:
    """Both see the fault at once, and neither takes the other's point for its own."""
    ark, ecc = bls.get_backend("arkworks"), bls.get_backend("py_ecc")
    key = ark.load_pubkey(public(11))
    with pytest.raises(AssertionError, match=r"^a key that arkworks decoded, given to py_ecc$"):
        ecc.verify(key, MESSAGE, sign(11))
    with pytest.raises(AssertionError):
        ecc.verify_signers(ark.sum_keys([key, key, key]), (0, 1, 2), MESSAGE, sign(11))
    assert key != ecc.load_pubkey(public(11))


# What everybody calls.


def test_the_module_asks_the_backend_of_the_process() -> None:
    keys = [bls.load_pubkey(public(secret)) for secret in (11, 22)]
    signature = bls.aggregate([sign(11), sign(22)])
    assert bls.verify(keys[0], MESSAGE, sign(11)) and not bls.verify(keys[1], MESSAGE, sign(11))
    assert bls.pop_verify(keys[0], sign(11, public(11), bls.POSSESSION_DOMAIN))
    assert bls.fast_aggregate_verify(keys, MESSAGE, signature)
    assert bls.verify_signers(bls.sum_keys(keys), (0, 1), MESSAGE, signature)
    assert bls.verify_batch([(keys[0], MESSAGE, sign(11)), (keys[1], MESSAGE, sign(22))], [3, 4])
    assert not bls.verify_batch([(keys[0], MESSAGE, sign(11)), (keys[1], MESSAGE, sign(11))], [3, 4])


def test_a_key_is_decoded_once_and_a_refusal_each_time() -> None:
    assert bls.load_pubkey(public(66)) is bls.load_pubkey(bytes(bytearray(public(66))))
    for _ in range(2):
        with pytest.raises(bls.InvalidPublicKey):
            bls.load_pubkey(OUTSIDE_G1)


KEY = bls.get_backend("arkworks").load_pubkey(public(11))


@settings(deadline=None, max_examples=200)
@given(
    st.one_of(
        st.binary(max_size=100),
        st.binary(min_size=96, max_size=96),
        st.binary(min_size=95, max_size=95).map(lambda tail: b"\x80" + tail),
    )
)
@example(b"\x80" * 96)
@example(b"\xbf" * 96)
def test_garbage_is_no_signature_and_never_raises(garbage: bytes) -> None:
    scheme = bls.get_backend("arkworks")
    assert scheme.verify(KEY, MESSAGE, garbage) is False
    assert scheme.fast_aggregate_verify([KEY, KEY], MESSAGE, garbage) is False
    assert scheme.verify_batch([(KEY, MESSAGE, garbage)], [7]) is False


@settings(deadline=None, max_examples=200)
@given(st.integers(0, 8 * 96 - 1))
def test_a_flipped_bit_of_a_signature_is_refused(bit: int) -> None:
    bad = bytearray(sign(11))
    bad[bit // 8] ^= 1 << bit % 8
    assert not bls.get_backend("arkworks").verify(KEY, MESSAGE, bytes(bad))
