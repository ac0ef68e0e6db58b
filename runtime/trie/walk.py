"""Reading a frozen trie by walking it from its root node: a value, the keys in order, proofs and digests."""

from collections.abc import Iterator, Sequence

from runtime.trie.branch import Nodes, child_of, encoding_of, ids_of, own_leaf
from runtime.trie.node import (
    EMPTY_NODE,
    HASH_SIZE,
    StateVersion,
    digest_of,
    encode_leaf,
    reference_of,
)


def get(nodes: Nodes, top: int, key: bytes) -> bytes | None:
    """The value of `key` in the trie whose root node is `top`."""
    path = key.hex()
    id = top
    while id and not id & 1:
        branch = nodes.branch(id)
        shape = branch[0]
        if not path.startswith(shape.partial, shape.start):
            return None
        if len(path) == shape.depth:
            own = own_leaf(branch)
            return nodes.leaf(own)[1] if own else None
        slot = shape.slots.get(path[shape.depth])
        if slot is None:
            return None
        id = child_of(branch, slot)
    if not id:
        return None
    held, value = nodes.leaf(id)
    return value if held == key else None


def keys(nodes: Nodes, top: int, prefix: bytes = b"", after: bytes | None = None) -> Iterator[bytes]:
    """The keys that start with `prefix` and are greater than `after`, in ascending order."""
    first = prefix.hex()
    passed = "" if after is None else after.hex()
    stack = [(top, "")] if top else []
    while stack:
        id, path = stack.pop()
        if id & 1:
            key = nodes.leaf(id)[0]
            if key.startswith(prefix) and (after is None or key > after):
                yield key
            continue
        branch = nodes.branch(id)
        shape, ids = branch[0], ids_of(branch)
        path += shape.partial
        if path < passed[: len(path)] or not path.startswith(first[: len(path)]):
            continue
        for nibble, slot in reversed(tuple(shape.slots.items())):
            below = path + nibble
            if below >= passed[: len(below)] and below.startswith(first[: len(below)]):
                stack.append((ids[slot], below))
        if shape.has_value:
            stack.append((ids[-1], path))


def prove(nodes: Nodes, top: int, wanted: Sequence[bytes], version: StateVersion) -> tuple[bytes, ...]:
    """The read proof of `wanted`: each node from the root to where the answer shows, and each value that
    stands by its digest; no item twice, in the order of the walks.
    """
    inline_max = version.inline_max
    proof: dict[bytes, None] = {}
    if not top:
        return (EMPTY_NODE,)
    for key in wanted:
        path = key.hex()
        id, start = top, 0
        found = 0
        while not id & 1:
            branch = nodes.branch(id)
            shape, encoded = branch[0], encoding_of(branch)
            if start == 0 or len(encoded) >= HASH_SIZE:
                proof[encoded] = None
            if not path.startswith(shape.partial, shape.start):
                break
            if len(path) == shape.depth:
                found = own_leaf(branch)
                break
            slot = shape.slots.get(path[shape.depth])
            if slot is None:
                break
            id, start = child_of(branch, slot), shape.depth + 1
        else:
            held, value = nodes.leaf(id)
            encoded = encode_leaf(held, start, value, inline_max)
            if start == 0 or len(encoded) >= HASH_SIZE:
                proof[encoded] = None
            found = id if held == key else 0
        if found:
            value = nodes.leaf(found)[1]
            if len(value) > inline_max:
                proof[value] = None
    return tuple(proof)


def merkle_value(nodes: Nodes, top: int, key: bytes, version: StateVersion) -> bytes | None:
    """The Merkle value of the node at `key`, or of the first one below it; None if nothing is there.

    That is the node's encoding if it is shorter than a digest, else its blake2b-256; for the root always the
    latter, which is the state root.
    """
    path = key.hex()
    id, start = top, 0
    while id:
        if id & 1:
            held, value = nodes.leaf(id)
            if not held.startswith(key):
                return None
            encoded = encode_leaf(held, start, value, version.inline_max)
        else:
            branch = nodes.branch(id)
            shape, encoded = branch[0], encoding_of(branch)
            rest = path[shape.start :]
            if len(rest) > len(shape.partial) and rest.startswith(shape.partial):
                slot = shape.slots.get(path[shape.depth])
                if slot is None:
                    return None
                id, start = child_of(branch, slot), shape.depth + 1
                continue
            if not shape.partial.startswith(rest):
                return None
        return digest_of(encoded) if start == 0 else reference_of(encoded)
    return None
