"""The trie root as the specification states it: plain, recursive, and sharing no code with the runtime."""

from collections.abc import Mapping
from hashlib import blake2b


def reference_root(entries: Mapping[bytes, bytes], version: int) -> bytes:
    """The root of the trie of `entries` under state version 0 or 1."""
    nibbled = {
        tuple(nibble for byte in key for nibble in (byte >> 4, byte & 15)): value
        for key, value in entries.items()
    }
    return _digest(_node(nibbled, version))


def _node(entries: Mapping[tuple[int, ...], bytes], version: int) -> bytes:
    if not entries:
        return b"\0"
    paths = list(entries)
    shared = 0
    while all(len(path) > shared and path[shared] == paths[0][shared] for path in paths):
        shared += 1
    value = entries.get(paths[0][:shared])
    below = {path[shared:]: held for path, held in entries.items() if len(path) > shared}
    is_hashed = version == 1 and value is not None and len(value) > 32
    if not below:
        head = _header(0x20, 5, shared) if is_hashed else _header(0x40, 6, shared)
    elif value is None:
        head = _header(0x80, 6, shared)
    else:
        head = _header(0x10, 4, shared) if is_hashed else _header(0xC0, 6, shared)
    partial = paths[0][:shared]
    node = head + _pack(partial)
    children = [{path[1:]: held for path, held in below.items() if path[0] == nibble} for nibble in range(16)]
    if below:
        node += sum(1 << nibble for nibble in range(16) if children[nibble]).to_bytes(2, "little")
    if value is not None:
        node += _digest(value) if is_hashed else _counted(value)
    for child in children:
        if child:
            encoded = _node(child, version)
            node += _counted(encoded if len(encoded) < 32 else _digest(encoded))
    return node


def _header(kind: int, width: int, count: int) -> bytes:
    full = 2**width - 1
    if count < full:
        return bytes([kind + count])
    head, count = bytes([kind + full]), count - full
    while count >= 255:
        head, count = head + b"\xff", count - 255
    return head + bytes([count])


def _pack(partial: tuple[int, ...]) -> bytes:
    padded = (0, *partial) if len(partial) % 2 else partial
    return bytes(16 * high + low for high, low in zip(padded[::2], padded[1::2], strict=True))


def _counted(data: bytes) -> bytes:
    size = len(data)
    if size < 64:
        return bytes([size << 2]) + data
    if size < 2**14:
        return (size << 2 | 1).to_bytes(2, "little") + data
    return (size << 2 | 2).to_bytes(4, "little") + data


def _digest(data: bytes) -> bytes:
    return blake2b(data, digest_size=32).digest()
