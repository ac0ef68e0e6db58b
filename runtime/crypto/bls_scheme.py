"""BLS signatures with proofs of possession, over any `Curve`: Ethereum's scheme, and its traps closed.

Public keys are points of G1, signatures points of G2 (draft-irtf-cfrg-bls-signature, the suite
BLS_SIG_BLS12381G2_XMD:SHA-256_SSWU_RO_POP_). A signature of a message m by the secret s is s·H(m), and it is
valid when e(s·g, H(m)) = e(g, s·H(m)). Sums of signatures verify against sums of keys, and from that come the
rules that a caller has to keep:

- *A key enters a set only with its proof of possession* (`pop_verify`), at genesis too: else who chooses a
  key last can choose the sum.
- *Who is rewarded or punished for a vote has his signature verified alone or in `verify_batch`*: two invalid
  signatures can have a valid sum.
- *Each signer counts once*: a certificate names its signers by a bitmap, never by a list.

The raw libraries decode forms of infinity that are not canonical, and hold infinity for a key or a sum of
keys that anybody can sign for. Here whatever is decoded has one encoding, and infinity is no key.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import pairwise
from typing import Final, Generic, cast

from runtime.crypto.bls_curve import G1, G2, MODULUS, PUBLIC_BYTES, SIGNATURE_BYTES, Curve

VOTE_DOMAIN: Final = b"BLS_SIG_BLS12381G2_XMD:SHA-256_SSWU_RO_POP_"
"""The domain separation tag of signatures of messages."""
POSSESSION_DOMAIN: Final = b"BLS_POP_BLS12381G2_XMD:SHA-256_SSWU_RO_POP_"
"""The domain separation tag of proofs of possession: no message's signature is also a proof."""

WEIGHT_MAX: Final = 2**128 - 1
"""The largest weight in a batch: a forger guesses one that was drawn at random with a chance of 2^-128."""
HASHES_CACHED_MAX: Final = 64
"""How many hashed messages are remembered: votes for one block arrive together."""
SIGNATURES_CACHED_MAX: Final = 256
"""How many decoded signatures are remembered: votes are verified, and then added up."""

_COMPRESSED = 0x80
_INFINITY = 0x40
_FLAGS = 0xE0
_SHOWN_BYTES_MAX = 48


class InvalidEncoding(ValueError):
    """Bytes that are no point of the scheme; `why` says which rule they break."""

    thing = "point"

    def __init__(self, data: bytes, why: str) -> None:
        shown = data[:_SHOWN_BYTES_MAX].hex() + ("..." if len(data) > _SHOWN_BYTES_MAX else "")
        super().__init__(f"0x{shown} is no BLS {self.thing}: {why}")
        self.data = data
        self.why = why


class InvalidPublicKey(InvalidEncoding):
    """Bytes that are no public key."""

    thing = "public key"


class InvalidSignature(InvalidEncoding):
    """Bytes that are no signature, of whatever message."""

    thing = "signature"


class NothingToAggregate(ValueError):
    """A sum of no signatures, which would be valid for nobody."""


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A checked and decoded public key; two are equal when their bytes are. Made by `load_pubkey` alone."""

    data: bytes
    """Its 48 bytes."""
    backend: str = field(repr=False)
    """The name of the backend that decoded it, the only one that can read its point."""
    point: object = field(repr=False, compare=False)

    def __bytes__(self) -> bytes:
        return self.data


@dataclass(frozen=True, slots=True)
class KeySum:
    """An ordered set of keys with their sum, for certificates that nearly all of them sign. Made by
    `sum_keys` alone.
    """

    keys: tuple[PublicKey, ...]
    backend: str = field(repr=False)
    point: object = field(repr=False, compare=False)


class Scheme(Generic[G1, G2]):
    """The signature scheme over one library's curve. What verifies gives a verdict and never raises."""

    def __init__(self, curve: Curve[G1, G2]) -> None:
        self.curve = curve
        self.name = curve.name
        self._minus_generator = curve.negate(curve.generator)
        self._hash_to_g2 = lru_cache(maxsize=HASHES_CACHED_MAX)(curve.hash_to_g2)
        self._signature = lru_cache(maxsize=SIGNATURES_CACHED_MAX)(self._load_signature)

    # Keys.

    def load_pubkey(self, data: bytes) -> PublicKey:
        """The public key of 48 bytes. Raises `InvalidPublicKey` unless they are the one encoding of a point
        of the group that is not infinity.
        """
        if why := _why_not_canonical(data, PUBLIC_BYTES):
            raise InvalidPublicKey(data, why)
        if data[0] & _INFINITY:
            raise InvalidPublicKey(data, "infinity is everybody's key")
        try:
            point = self.curve.decode_g1(data)
        except ValueError as error:
            raise InvalidPublicKey(data, "the curve has no point there") from error
        if not self.curve.in_subgroup_g1(point):
            raise InvalidPublicKey(data, "the point is outside of the group")
        return PublicKey(data, self.name, point)

    def sum_keys(self, keys: Sequence[PublicKey]) -> KeySum:
        """The keys of a committee with their sum, made once for all certificates of its epoch."""
        return KeySum(tuple(keys), self.name, self._sum(keys))

    # Verdicts.

    def verify(self, key: PublicKey, message: bytes, signature: bytes) -> bool:
        """Whether `signature` (96 bytes) of `message` is the key's."""
        return self._verify(self._point(key), message, signature, VOTE_DOMAIN)

    def pop_verify(self, key: PublicKey, proof: bytes) -> bool:
        """Whether `proof` (96 bytes) shows that somebody holds the key's secret."""
        return self._verify(self._point(key), key.data, proof, POSSESSION_DOMAIN)

    def fast_aggregate_verify(self, keys: Sequence[PublicKey], message: bytes, signature: bytes) -> bool:
        """Whether `signature` is the sum of a signature of `message` by each of the keys.

        No for no keys, and for keys that cancel each other out. Every key must have proven its possession.
        """
        return self._verify(self._sum(keys), message, signature, VOTE_DOMAIN)

    def verify_signers(
        self, committee: KeySum, signers: Sequence[int], message: bytes, signature: bytes
    ) -> bool:
        """The same for the keys of a committee at the places `signers`, which strictly ascend; other places
        are refused. Costs an addition for each signer or for each absent one, whichever are fewer.
        """
        size = len(committee.keys)
        bounded = (-1, *signers, size)
        if not all(low < high for low, high in pairwise(bounded)):
            return False
        if 2 * len(signers) <= size:
            point = self._sum([committee.keys[place] for place in signers])
        else:
            assert committee.backend == self.name
            present = frozenset(signers)
            absent = self._sum([key for place, key in enumerate(committee.keys) if place not in present])
            point = self.curve.sum_g1((cast("G1", committee.point), self.curve.negate(absent)))
        return self._verify(point, message, signature, VOTE_DOMAIN)

    def verify_batch(self, votes: Sequence[tuple[PublicKey, bytes, bytes]], weights: Sequence[int]) -> bool:
        """Whether every one of the votes (key, message, signature) is valid, by one product of pairings: two
        for the first message and one for each further.

        The weights make it a proof for each vote alone: one for each, from 1 to `WEIGHT_MAX`, drawn at random
        *after* the votes were received. Raises `ValueError` for other weights. No for no votes.
        """
        if len(votes) != len(weights):
            raise ValueError(f"{len(votes)} votes need as many weights, not {len(weights)}")
        if not all(0 < weight <= WEIGHT_MAX for weight in weights):
            raise ValueError("the weight of a vote is above 0 and below 2**128")
        if not votes:
            return False
        try:
            signatures = [self._signature(signature) for _, _, signature in votes]
        except InvalidSignature:
            return False
        by_message: dict[bytes, tuple[list[G1], list[int]]] = {}
        for (key, message, _), weight in zip(votes, weights, strict=True):
            points, scalars = by_message.setdefault(message, ([], []))
            points.append(self._point(key))
            scalars.append(weight)
        pairs = [
            (self.curve.combine_g1(points, scalars), self._hash_to_g2(message, VOTE_DOMAIN))
            for message, (points, scalars) in by_message.items()
        ]
        pairs.append((self._minus_generator, self.curve.combine_g2(signatures, weights)))
        return self.curve.pairs_to_one(pairs)

    # Sums.

    def aggregate(self, signatures: Sequence[bytes]) -> bytes:
        """The sum of signatures, 96 bytes. Raises `NothingToAggregate` and `InvalidSignature`."""
        if not signatures:
            raise NothingToAggregate("an aggregate needs at least one BLS signature")
        points = [self._signature(signature) for signature in signatures]
        return self.curve.encode_g2(self.curve.sum_g2(points))

    # Points.

    def _verify(self, point: G1, message: bytes, signature: bytes, domain: bytes) -> bool:
        if self.curve.is_infinity(point):
            return False
        try:
            decoded = self._signature(signature)
        except InvalidSignature:
            return False
        hashed = self._hash_to_g2(message, domain)
        return self.curve.pairs_to_one(((point, hashed), (self._minus_generator, decoded)))

    def _load_signature(self, data: bytes) -> G2:
        """The point of a signature. Infinity is one: it arises as a sum, and verifies for no key."""
        if why := _why_not_canonical(data, SIGNATURE_BYTES):
            raise InvalidSignature(data, why)
        try:
            point = self.curve.decode_g2(data)
        except ValueError as error:
            raise InvalidSignature(data, "the curve has no point there") from error
        if not self.curve.in_subgroup_g2(point):
            raise InvalidSignature(data, "the point is outside of the group")
        return point

    def _sum(self, keys: Sequence[PublicKey]) -> G1:
        return self.curve.sum_g1([self._point(key) for key in keys])

    def _point(self, key: PublicKey) -> G1:
        assert key.backend == self.name, f"a key that {key.backend} decoded, given to {self.name}"
        return cast("G1", key.point)


def _why_not_canonical(data: bytes, length: int) -> str | None:
    """Which rule of the compressed encoding the bytes break, whatever their point: lengths, flags, ranges."""
    if len(data) != length:
        return f"it has {length} bytes, not {len(data)}"
    if not data[0] & _COMPRESSED:
        return "its compression flag is not set"
    if data[0] & _INFINITY:
        canonical = data[0] == _COMPRESSED | _INFINITY and not any(data[1:])
        return None if canonical else "infinity has no further bit set"
    first = bytes((data[0] & ~_FLAGS,)) + data[1:PUBLIC_BYTES]
    for coordinate in (first, data[PUBLIC_BYTES:]):
        if int.from_bytes(coordinate, "big") >= MODULUS:
            return "a coordinate is not below the field's modulus"
    return None
