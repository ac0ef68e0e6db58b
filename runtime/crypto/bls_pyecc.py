"""BLS12-381 by py_ecc (plain Python): the reference, and what is left where arkworks has no build.

It takes half a second for a pairing: enough to follow a chain slowly, never to validate.
"""

from collections.abc import Sequence
from functools import reduce
from hashlib import sha256

from eth_typing import BLSPubkey, BLSSignature
from py_ecc.bls.g2_primitives import (
    G1_to_pubkey,
    G2_to_signature,
    pubkey_to_G1,
    signature_to_G2,
    subgroup_check,
)
from py_ecc.bls.hash_to_curve import hash_to_G2
from py_ecc.fields import optimized_bls12_381_FQ, optimized_bls12_381_FQ2, optimized_bls12_381_FQ12
from py_ecc.optimized_bls12_381.optimized_curve import G1, Z1, Z2, add, is_inf, multiply, neg
from py_ecc.optimized_bls12_381.optimized_pairing import final_exponentiate, pairing
from py_ecc.typing import Optimized_Point3D

G1Point = Optimized_Point3D[optimized_bls12_381_FQ]
G2Point = Optimized_Point3D[optimized_bls12_381_FQ2]


class PyEcc:
    """`Curve` over the package py_ecc."""

    name = "py_ecc"
    generator: G1Point = G1

    def decode_g1(self, data: bytes) -> G1Point:
        return pubkey_to_G1(BLSPubkey(data))

    def decode_g2(self, data: bytes) -> G2Point:
        return signature_to_G2(BLSSignature(data))

    def encode_g1(self, point: G1Point) -> bytes:
        return bytes(G1_to_pubkey(point))

    def encode_g2(self, point: G2Point) -> bytes:
        return bytes(G2_to_signature(point))

    def in_subgroup_g1(self, point: G1Point) -> bool:
        return subgroup_check(point)

    def in_subgroup_g2(self, point: G2Point) -> bool:
        return subgroup_check(point)

    def is_infinity(self, point: G1Point) -> bool:
        return is_inf(point)

    def negate(self, point: G1Point) -> G1Point:
        return neg(point)

    def sum_g1(self, points: Sequence[G1Point]) -> G1Point:
        return reduce(add, points, Z1)

    def sum_g2(self, points: Sequence[G2Point]) -> G2Point:
        return reduce(add, points, Z2)

    def multiply_g1(self, point: G1Point, scalar: int) -> G1Point:
        return multiply(point, scalar)

    def multiply_g2(self, point: G2Point, scalar: int) -> G2Point:
        return multiply(point, scalar)

    def combine_g1(self, points: Sequence[G1Point], scalars: Sequence[int]) -> G1Point:
        return self.sum_g1(list(map(multiply, points, scalars)))

    def combine_g2(self, points: Sequence[G2Point], scalars: Sequence[int]) -> G2Point:
        return self.sum_g2(list(map(multiply, points, scalars)))

    def hash_to_g2(self, message: bytes, domain: bytes) -> G2Point:
        # The annotation asks for a hash; the function calls it to make one, as py_ecc itself does.
        return hash_to_G2(message, domain, sha256)  # type: ignore[arg-type]

    def pairs_to_one(self, pairs: Sequence[tuple[G1Point, G2Point]]) -> bool:
        product = optimized_bls12_381_FQ12.one()
        for left, right in pairs:
            product *= pairing(right, left, final_exponentiate=False)
        return final_exponentiate(product) == optimized_bls12_381_FQ12.one()
