"""The targets of what is stored and proven: trie proofs and the records of the database."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from node.storage import records
from runtime.scale import DecodeError, codec_of
from runtime.state.backend import Root
from runtime.trie import InvalidProof, MalformedProof, verify_proof
from runtime.trie.branch import encoding_of, freeze, ids_of
from runtime.trie.node import BRANCH, BRANCH_WITH_HASH, BRANCH_WITH_VALUE, digest_of
from runtime.trie.proof import decode_node
from support.fuzzing import world
from support.fuzzing.engine import ACCEPTED, Target, outcome

ITEMS = codec_of(tuple[bytes, ...])


def proofs() -> list[bytes]:
    """A key, and the items that prove what it holds: keys that exist, keys that do not, several at once."""
    state = world.head().state
    keys = list(state.keys(b""))
    asked = [keys[:1], keys[3:6], keys[::7], [keys[0] + b"\0"], [b"\0"]]
    return [ITEMS.encode((each[0], *state.prove(each))) for each in asked]


def check_proof(data: bytes) -> str:
    """Under the true root a proof shows the truth or is refused; under a root made up for it, it is read
    strictly.
    """
    try:
        key, *items = ITEMS.decode(data)
    except (DecodeError, ValueError):
        return "no proof"
    state = world.head().state
    try:
        assert verify_proof(state.root, items, key) == state.get(key), "a proof shows what is not so"
        found = ACCEPTED
    except InvalidProof as refusal:
        found = outcome(refusal)
    try:
        for item in items[:3]:
            verify_proof(digest_of(item), items, key)
    except InvalidProof as refusal:
        return f"{found}; {outcome(refusal)}"
    return f"{found}; {ACCEPTED}"


def record(name: str, seeds: Callable[[], Sequence[bytes]], again: Callable[[bytes], bytes]) -> Target:
    """A record of the database: refused as damaged, or what its writer writes of the value it gives."""

    def check(data: bytes) -> str:
        try:
            written = again(data)
        except records.DamagedRecord as error:
            return outcome(error)
        assert written == data, "another record of the same value was accepted"
        return ACCEPTED

    return Target(name, seeds, check, rounds=300)


def branches() -> list[bytes]:
    """Branches with each kind of header, a long partial key and children inline among them."""
    nodes = [
        *(item for item in world.head().state.prove(list(world.head().state.keys(b""))) if len(item) > 33),
        bytes((BRANCH[0] | 63, 40)) + bytes(52) + b"\3\0" + b"\4a" + b"\4b",
        bytes((BRANCH_WITH_VALUE[0],)) + b"\1\0" + b"\x08ab" + b"\x10abcd",
        bytes((BRANCH_WITH_HASH[0],)) + b"\1\x80" + bytes(32) + b"\x80" + bytes(32) + b"\4a",
    ]
    found: list[bytes] = []
    for node in nodes:
        try:
            count = len(decode_node(node).children or ())
        except MalformedProof:
            continue
        if count:
            found.append(freeze(0, node, range(2, 2 + count + (node[0] < 0x20 or node[0] >= 0xC0)))[1])
    return found


def _frozen_again(data: bytes) -> bytes:
    branch = records.read_branch(data)
    return freeze(branch[0].start, encoding_of(branch), ids_of(branch))[1]


def _journal(data: bytes) -> bytes:
    branch_keys, leaf_keys = records.read_dead(data)
    return len(branch_keys).to_bytes(4, "little") + b"".join(branch_keys + leaf_keys)


TARGETS = [
    Target("proof", proofs, check_proof, rounds=700),
    record("branch", branches, _frozen_again),
    record(
        "leaf",
        lambda: [records.write_leaf((bytes(size), bytes(size * 3))) for size in (0, 1, 32, 300)],
        lambda data: records.write_leaf(records.read_leaf(data)),
    ),
    record(
        "root",
        lambda: [records.write_root(Root(bytes(range(32)), 8, 1 << 40))],
        lambda data: records.write_root(records.read_root(data)),
    ),
    record(
        "journal",
        lambda: [records.write_dead(range(6, size, 2), range(7, size, 2)) for size in (6, 8, 40)],
        _journal,
    ),
    record(
        "number", lambda: [records.number_key(7)], lambda data: records.number_key(records.number_of(data))
    ),
]
