"""What the state trie costs: each figure in microseconds of CPU, and as a ratio to hashing the same bytes.

Run by hand: `python -m benchmarks.trie [--accounts N] [--changes K] [--blocks B]`. Figures move with the
machine; the ratio to the hash floor, taken in the same block, is what to compare. The floor hashes the
leaves, the values and the branches that the update had to hash, and does nothing else.
"""

import argparse
import gc
import json
import tempfile
import time
from collections.abc import Callable
from hashlib import blake2b
from random import Random
from statistics import median

from node.storage import RocksStates
from runtime.trie import ordered_trie_root, trie_root
from runtime.trie.branch import encoding_of
from runtime.trie.node import digest_of

VALUE_BYTES = 80
EXTRINSICS = 2_000
EXTRINSIC_BYTES = 150
PROOFS = 200
PREFIX = bytes(range(32))


def account_key(number: int) -> bytes:
    account = number.to_bytes(4, "big") * 8
    return PREFIX + blake2b(account, digest_size=16).digest() + account


def cpu(work: Callable[[], object]) -> float:
    """Seconds of CPU that `work` takes."""
    began = time.process_time()
    work()
    return time.process_time() - began


def measure(accounts: int, changes: int, blocks: int, path: str) -> dict[str, float]:
    random = Random(1)
    keys = [account_key(number) for number in range(accounts)]
    states = RocksStates.open(path, window=blocks // 2)
    entries = {key: random.randbytes(VALUE_BYTES) for key in keys}
    insert = cpu(lambda: states.genesis(entries)) / accounts
    assert states.head.root == trie_root(entries)
    entries.clear()
    gc.collect()
    gc.freeze()
    rows: list[tuple[float, float, float]] = []
    for _ in range(blocks):
        changed = {random.choice(keys): random.randbytes(VALUE_BYTES) for _ in range(changes)}
        began = time.process_time()
        child = states.head.child(changed, {})
        updated = time.process_time()
        assert child.trie is not None
        hashed = [encoding_of(branch) for branch in child.trie.branches.values()]
        hashed += [*changed.values(), *[key[:64] for key in changed]]
        floor = min(cpu(lambda: [digest_of(data) for data in hashed]) for _ in range(3))  # noqa: B023
        final = cpu(lambda: states.finalize(child))  # noqa: B023
        rows.append((floor / len(changed), (updated - began) / len(changed), final / len(changed)))
    rows = rows[blocks // 2 :]
    floor, update, final = (median(column) for column in zip(*rows, strict=True))
    extrinsics = [random.randbytes(EXTRINSIC_BYTES) for _ in range(EXTRINSICS)]
    asked = random.sample(keys, PROOFS)
    past = states.at(states.store.oldest)
    figures = {
        "accounts": accounts,
        "insert_us": insert,
        "hash_floor_us": floor,
        "update_us": update,
        "finality_us": final,
        "extrinsics_root_us": min(cpu(lambda: ordered_trie_root(extrinsics)) for _ in range(5)) / EXTRINSICS,
        "proof_us": cpu(lambda: [states.head.prove([key]) for key in asked]) / PROOFS,
        "past_proof_us": cpu(lambda: [past.prove([key]) for key in asked]) / PROOFS,
    }
    states.close()
    shown = {
        name: round(1e6 * value, 2) if name.endswith("_us") else value for name, value in figures.items()
    }
    for name, column in (("update_ratio", 1), ("finality_ratio", 2)):
        shown[name] = round(median(row[column] / row[0] for row in rows), 2)
    return shown


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--accounts", type=int, default=100_000)
    parser.add_argument("--changes", type=int, default=2_000, help="keys that a block changes")
    parser.add_argument("--blocks", type=int, default=20)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as path:
        print(json.dumps(measure(arguments.accounts, arguments.changes, arguments.blocks, path), indent=2))


if __name__ == "__main__":
    main()
