"""The root of a set of entries that is needed once: the extrinsics root of a block."""

from collections.abc import Mapping, Sequence

from runtime.trie.nibbles import common_nibbles
from runtime.trie.node import (
    EMPTY_ROOT,
    StateVersion,
    compact,
    digest_of,
    encode_branch,
    encode_leaf,
    reference_of,
)


def trie_root(entries: Mapping[bytes, bytes], version: StateVersion = StateVersion.V1) -> bytes:
    """The root of the trie of `entries`, built from the leaves up and kept nowhere.

    One pass over the sorted keys with a stack of open branches: a key's leaf hangs below the longer of the
    prefixes that it shares with its two neighbours, and a branch is closed when the next prefix is shorter.
    """
    if not entries:
        return EMPTY_ROOT
    inline_max = version.inline_max
    ordered = sorted(entries)
    shared = [*map(common_nibbles, ordered, ordered[1:]), -1]
    # Open branches: depth, references by nibble, and the value of the key that ends there.
    stack: list[tuple[int, dict[str, bytes], list[bytes]]] = [(-1, {}, [])]
    for place, key in enumerate(ordered):
        after = shared[place]
        path = key.hex()
        if after > stack[-1][0]:
            stack.append((after, {}, []))
        depth, references, own = stack[-1]
        if len(path) == depth:
            own.append(entries[key])
        else:
            encoded = encode_leaf(key, depth + 1, entries[key], inline_max)
            if depth < 0:
                return digest_of(encoded)
            references[path[depth]] = reference_of(encoded)
        while after < stack[-1][0]:
            depth, references, own = stack.pop()
            above = stack[-1][0]
            if above < after:
                above = after
                stack.append((above, {}, []))
            value = own[0] if own else None
            encoded = encode_branch(path[above + 1 : depth], value, references, inline_max)
            if above < 0:
                return digest_of(encoded)
            stack[-1][1][path[above]] = reference_of(encoded)
    raise AssertionError("the last key closes every branch")


def ordered_trie_root(values: Sequence[bytes], version: StateVersion = StateVersion.V1) -> bytes:
    """The root of the trie that maps the SCALE compact encoding of each position to the value there."""
    return trie_root({compact(index): value for index, value in enumerate(values)}, version)
