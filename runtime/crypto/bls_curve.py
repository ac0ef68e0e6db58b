"""The curve BLS12-381 as the signature scheme sees it: two groups, a hash into the second, and a pairing.

`Curve` is what a library must offer to be a backend (`bls_arkworks.py`, `bls_pyecc.py`); the scheme over it,
with every guard that a raw library leaves out, is written once in `bls_scheme.py`. Points are opaque to all
but their own backend.

Encodings are the compressed ones of Zcash: a point is its x coordinate, big-endian, below three flags in the
highest bits: compressed, infinity, and which of the two y.
"""

from collections.abc import Sequence
from typing import Final, Protocol, TypeVar

PUBLIC_BYTES: Final = 48
"""A compressed point of G1: one coordinate of 381 bits."""
SIGNATURE_BYTES: Final = 96
"""A compressed point of G2: two coordinates of 381 bits, the imaginary part first."""
SECRET_BYTES: Final = 32
MODULUS: Final = int(
    "1a0111ea397fe69a4b1ba7b6434bacd764774b84f38512bf6730d2a0f6b0f6241eabfffeb153ffffb9feffffffffaaab", 16
)
"""The field's modulus: a coordinate is below it."""
ORDER: Final = 0x73EDA753299D7D483339D80809A1D80553BDA402FFFE5BFEFFFFFFFF00000001
"""The order of both groups, r: a secret key is above zero and below it."""

G1 = TypeVar("G1")
"""A backend's points of G1: public keys."""
G2 = TypeVar("G2")
"""A backend's points of G2: hashed messages and signatures."""


class Curve(Protocol[G1, G2]):
    """One library's arithmetic on BLS12-381. Scalars are at least 0 and below `ORDER`."""

    @property
    def name(self) -> str:
        """The backend's name."""
        ...

    @property
    def generator(self) -> G1:
        """The generator of G1 that everybody uses."""
        ...

    def decode_g1(self, data: bytes) -> G1:
        """The point of a canonical encoding of 48 bytes, in the subgroup or not; raises `ValueError` when the
        curve has no point at this x.
        """
        ...

    def decode_g2(self, data: bytes) -> G2:
        """The same for 96 bytes and the second curve."""
        ...

    def encode_g1(self, point: G1) -> bytes: ...

    def encode_g2(self, point: G2) -> bytes: ...

    def in_subgroup_g1(self, point: G1) -> bool:
        """Whether the point lies in the group of order r, as infinity does."""
        ...

    def in_subgroup_g2(self, point: G2) -> bool:
        """The same for the second curve."""
        ...

    def is_infinity(self, point: G1) -> bool: ...

    def negate(self, point: G1) -> G1: ...

    def sum_g1(self, points: Sequence[G1]) -> G1:
        """The sum of any number of points; infinity for none."""
        ...

    def sum_g2(self, points: Sequence[G2]) -> G2:
        """The same in G2."""
        ...

    def multiply_g1(self, point: G1, scalar: int) -> G1: ...

    def multiply_g2(self, point: G2, scalar: int) -> G2: ...

    def combine_g1(self, points: Sequence[G1], scalars: Sequence[int]) -> G1:
        """The sum of the points, each times its scalar; at least one of both, as many of each."""
        ...

    def combine_g2(self, points: Sequence[G2], scalars: Sequence[int]) -> G2:
        """The same in G2."""
        ...

    def hash_to_g2(self, message: bytes, domain: bytes) -> G2:
        """RFC 9380's BLS12381G2_XMD:SHA-256_SSWU_RO_ under the domain separation tag `domain`."""
        ...

    def pairs_to_one(self, pairs: Sequence[tuple[G1, G2]]) -> bool:
        """Whether the product of the pairings is one; a pair with infinity in it counts as one."""
        ...
