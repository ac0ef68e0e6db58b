"""Nibbles: a path through the trie is the hexadecimal text of a key, one character a nibble.

Text serves better than numbers here: `bytes.hex` makes it in one call, slices and `startswith` walk it, and
its order is the order of the keys.
"""


def common_nibbles(a: bytes, b: bytes) -> int:
    """How many leading nibbles the two keys share."""
    size = min(len(a), len(b))
    difference = int.from_bytes(a[:size], "big") ^ int.from_bytes(b[:size], "big")
    return 2 * size - (difference.bit_length() + 3) // 4


def common_prefix(a: str, b: str) -> int:
    """How many leading characters the two paths share."""
    count = 0
    for one, other in zip(a, b, strict=False):
        if one != other:
            break
        count += 1
    return count


def pack(path: str) -> bytes:
    """The bytes of a partial key: two nibbles a byte, the first alone in its byte when the count is odd."""
    return bytes.fromhex("0" + path if len(path) & 1 else path)
