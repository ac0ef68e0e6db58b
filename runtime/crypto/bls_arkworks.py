"""BLS12-381 by arkworks (Rust): the backend that a validator uses.

A pairing releases the interpreter's lock, hashing to the curve (some 0.5 ms) holds it.
"""

from collections.abc import Sequence

from py_arkworks_bls12381 import GT, G1Point, G2Point, Scalar

from runtime.crypto.bls_curve import SECRET_BYTES


class Arkworks:
    """`Curve` over the package py_arkworks_bls12381."""

    name = "arkworks"
    generator = G1Point()

    def decode_g1(self, data: bytes) -> G1Point:
        return G1Point.from_compressed_bytes_unchecked(data)

    def decode_g2(self, data: bytes) -> G2Point:
        return G2Point.from_compressed_bytes_unchecked(data)

    def encode_g1(self, point: G1Point) -> bytes:
        return bytes(point.to_compressed_bytes())

    def encode_g2(self, point: G2Point) -> bytes:
        return bytes(point.to_compressed_bytes())

    def in_subgroup_g1(self, point: G1Point) -> bool:
        return point.is_in_subgroup()

    def in_subgroup_g2(self, point: G2Point) -> bool:
        return point.is_in_subgroup()

    def is_infinity(self, point: G1Point) -> bool:
        return point == G1Point.identity()

    def negate(self, point: G1Point) -> G1Point:
        return -point

    def sum_g1(self, points: Sequence[G1Point]) -> G1Point:
        return sum(points, G1Point.identity())

    def sum_g2(self, points: Sequence[G2Point]) -> G2Point:
        return sum(points, G2Point.identity())

    def multiply_g1(self, point: G1Point, scalar: int) -> G1Point:
        return point * _scalar(scalar)

    def multiply_g2(self, point: G2Point, scalar: int) -> G2Point:
        return point * _scalar(scalar)

    def combine_g1(self, points: Sequence[G1Point], scalars: Sequence[int]) -> G1Point:
        return G1Point.multiexp_unchecked(list(points), [_scalar(scalar) for scalar in scalars])

    def combine_g2(self, points: Sequence[G2Point], scalars: Sequence[int]) -> G2Point:
        return G2Point.multiexp_unchecked(list(points), [_scalar(scalar) for scalar in scalars])

    def hash_to_g2(self, message: bytes, domain: bytes) -> G2Point:
        return G2Point.hash_to_curve(message, domain)

    def pairs_to_one(self, pairs: Sequence[tuple[G1Point, G2Point]]) -> bool:
        return GT.pairing_check([left for left, _ in pairs], [right for _, right in pairs])


def _scalar(scalar: int) -> Scalar:
    """By bytes, which the library refuses from the group's order on; integers it would reduce."""
    return Scalar.from_be_bytes(scalar.to_bytes(SECRET_BYTES, "big"))
