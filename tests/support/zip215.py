"""An Ed25519 verifier by ZIP-215 in plain integers: slow, and an independent opinion on every edge case."""

from hashlib import sha512

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P
SQRT_MINUS_1 = pow(2, (P - 1) // 4, P)

Point = tuple[int, int, int, int]
"""Extended coordinates (X, Y, Z, T): x = X/Z, y = Y/Z, x y = T/Z."""

ZERO: Point = (0, 1, 1, 0)


def add(a: Point, b: Point) -> Point:
    """The complete addition law of the twisted Edwards curve with a = -1 (RFC 8032, section 5.1.4)."""
    e1 = (a[1] - a[0]) * (b[1] - b[0]) % P
    e2 = (a[1] + a[0]) * (b[1] + b[0]) % P
    e3 = 2 * a[3] * b[3] * D % P
    e4 = 2 * a[2] * b[2] % P
    e, f, g, h = e2 - e1, e4 - e3, e4 + e3, e2 + e1
    return e * f % P, g * h % P, f * g % P, e * h % P


def multiply(scalar: int, point: Point) -> Point:
    total = ZERO
    while scalar:
        if scalar & 1:
            total = add(total, point)
        point = add(point, point)
        scalar >>= 1
    return total


def is_zero(point: Point) -> bool:
    return point[0] % P == 0 and (point[1] - point[2]) % P == 0


def decode(data: bytes) -> Point | None:
    """The point of an encoding, canonical or not; None off the curve."""
    number = int.from_bytes(data, "little")
    sign, y = number >> 255, (number & (2**255 - 1)) % P
    u, v = (y * y - 1) % P, (D * y * y + 1) % P
    x = u * pow(v, 3, P) * pow(u * pow(v, 7, P), (P - 5) // 8, P) % P
    if (v * x * x + u) % P == 0:
        x = x * SQRT_MINUS_1 % P
    if (v * x * x - u) % P != 0:
        return None
    if x & 1 != sign:
        x = (P - x) % P  # -0 is 0: the encoding is not canonical, and decodes
    return x, y, 1, x * y % P


BASE = decode((4 * pow(5, -1, P) % P).to_bytes(32, "little"))


def verify(public: bytes, message: bytes, signature: bytes) -> bool:
    """Whether [8][s]B = [8]R + [8][k]A with s < L, for 32-byte `public` and 64-byte `signature`."""
    key, commitment = decode(public), decode(signature[:32])
    s = int.from_bytes(signature[32:], "little")
    if key is None or commitment is None or s >= L:
        return False
    assert BASE is not None
    k = int.from_bytes(sha512(signature[:32] + public + message).digest(), "little") % L
    minus_key: Point = (P - key[0], key[1], key[2], P - key[3])
    minus_commitment: Point = (P - commitment[0], commitment[1], 1, P - commitment[3])
    rest = add(add(multiply(s, BASE), multiply(k, minus_key)), minus_commitment)
    return is_zero(multiply(8, rest))


def small_order_encodings() -> list[bytes]:
    """The 14 encodings, canonical and not, of the eight points whose order divides eight."""
    order_eight = next(
        point
        for y in range(2, 100)
        if (found := decode(y.to_bytes(32, "little"))) is not None
        and not is_zero(multiply(4, point := multiply(L, found)))
    )
    ordinates = sorted({y * pow(z, -1, P) % P for _, y, z, _ in (multiply(n, order_eight) for n in range(8))})
    numbers = [y + wrap for y in ordinates for wrap in (0, P) if y + wrap < 2**255]
    return [(number | sign << 255).to_bytes(32, "little") for number in numbers for sign in (0, 1)]
