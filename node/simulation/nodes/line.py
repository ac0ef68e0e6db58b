"""The line: a group without secrets in the curve's place, so that signatures cost next to nothing.

Points are numbers below the order of BLS12-381's groups, the generator is one, the pairing multiplies: sums,
products and pairings obey the laws that the scheme rests on, and every line of the scheme, of the verifier
and of the pallets runs as it does on the curve. What is missing is that secrets are hard to find: here a
public key is its secret. Nobody in a simulation looks for one.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import contextmanager
from typing import Final

from runtime.crypto import bls
from runtime.crypto.bls_curve import ORDER, PUBLIC_BYTES, SIGNATURE_BYTES
from runtime.crypto.bls_scheme import Scheme
from runtime.crypto.hashing import blake2b_256

_COMPRESSED: Final = 1 << 8 * PUBLIC_BYTES - 1
_INFINITY: Final = 3 << 8 * PUBLIC_BYTES - 2
_PAD: Final = bytes(SIGNATURE_BYTES - PUBLIC_BYTES)


class Line:
    """`runtime.crypto.bls_curve.Curve` over numbers; both groups are the same."""

    name = "line"
    generator = 1

    def decode_g1(self, data: bytes) -> int:
        number = int.from_bytes(data, "big")
        if number == _INFINITY:
            return 0
        if not 0 < number - _COMPRESSED < ORDER:
            raise ValueError("no point of the line")
        return number - _COMPRESSED

    def decode_g2(self, data: bytes) -> int:
        if data[PUBLIC_BYTES:] != _PAD:
            raise ValueError("no point of the line")
        return self.decode_g1(data[:PUBLIC_BYTES])

    def encode_g1(self, point: int) -> bytes:
        return (point + _COMPRESSED if point else _INFINITY).to_bytes(PUBLIC_BYTES, "big")

    def encode_g2(self, point: int) -> bytes:
        return self.encode_g1(point) + _PAD

    def in_subgroup_g1(self, point: int) -> bool:
        return True

    def in_subgroup_g2(self, point: int) -> bool:
        return True

    def is_infinity(self, point: int) -> bool:
        return not point

    def negate(self, point: int) -> int:
        return -point % ORDER

    def sum_g1(self, points: Sequence[int]) -> int:
        return sum(points) % ORDER

    def sum_g2(self, points: Sequence[int]) -> int:
        return sum(points) % ORDER

    def multiply_g1(self, point: int, scalar: int) -> int:
        return point * scalar % ORDER

    def multiply_g2(self, point: int, scalar: int) -> int:
        return point * scalar % ORDER

    def combine_g1(self, points: Sequence[int], scalars: Sequence[int]) -> int:
        return sum(point * scalar for point, scalar in zip(points, scalars, strict=True)) % ORDER

    def combine_g2(self, points: Sequence[int], scalars: Sequence[int]) -> int:
        return self.combine_g1(points, scalars)

    def hash_to_g2(self, message: bytes, domain: bytes) -> int:
        return int.from_bytes(blake2b_256(domain + b"\0" + message), "big") % ORDER

    def pairs_to_one(self, pairs: Sequence[tuple[int, int]]) -> bool:
        return sum(left * right for left, right in pairs) % ORDER == 0


@contextmanager
def on_the_line() -> Generator[None]:
    """Let this process sign and verify on the line for a while; keys decoded on one are void on the other."""
    settled, decoded = bls._settled, bls._load_pubkey  # pyright: ignore[reportPrivateUsage]
    before = settled.copy()
    settled["backend"] = Scheme(Line())
    decoded.cache_clear()
    try:
        yield
    finally:
        settled.clear()
        settled.update(before)
        decoded.cache_clear()
