"""The hash-seed audit: prints what must not depend on it, a line each; `go.py check` compares two runs.

A section is a function that yields lines. To audit something new, write its section and add it to SECTIONS.
Sections feed what they audit in the order of a *set*, which does differ between the two runs: only a result
that depends on no such order prints the same line twice.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE)]

from genesis.build import build_genesis  # noqa: E402 (the path above comes first)
from genesis.presets import PRESETS  # noqa: E402
from genesis.presets.local import BOND, VALIDATORS_MAX, dev_validators  # noqa: E402
from genesis.validators import validators_genesis  # noqa: E402
from node.consensus.leader import leaders_of  # noqa: E402
from node.plugins import discover, runtime_digest  # noqa: E402
from node.simulation.agreement import simulate  # noqa: E402
from pallets.balances import Balances  # noqa: E402
from pallets.system import System  # noqa: E402
from pallets.timestamp import Timestamp  # noqa: E402
from pallets.transaction_payment import TransactionPayment  # noqa: E402
from runtime.crypto.hashing import blake2b_256  # noqa: E402
from runtime.loader import load  # noqa: E402
from runtime.manifest import Manifest  # noqa: E402
from runtime.metadata import VERSIONS  # noqa: E402
from runtime.scale import codec_of  # noqa: E402
from runtime.state.memory import MemoryStates  # noqa: E402
from runtime.testing import TestChain  # noqa: E402
from runtime.trie import StateVersion, trie_root  # noqa: E402
from runtime.types import Address  # noqa: E402
from support.coin import COIN  # noqa: E402
from support.validators import VALIDATORS, ValidatorChain  # noqa: E402

RUNS = 8
"""Simulated runs of the agreement: villains, crashes and partitions are among them."""
RUN_SECONDS = 30


def trie() -> Iterator[str]:
    """The roots of the vectors, built at once, and grown by two blocks of changes over an empty state."""
    cases = json.loads((HERE / "vectors" / "trie.json").read_text(encoding="utf-8"))["cases"]
    for case in cases:
        shuffled = set(map(tuple, case["entries"]))
        entries = {bytes.fromhex(key[2:]): bytes.fromhex(value[2:]) for key, value in shuffled}
        for version in StateVersion:
            yield trie_root(entries, version).hex()
            states = MemoryStates(version=version)
            first = states.genesis({}).child(dict(list(entries.items())[::2]), {})
            yield first.child(dict(list(entries.items())[1::2]), {}).root.hex()


def chain() -> Iterator[str]:
    """A chain: its genesis, and the headers of blocks of transfers, some of which fail."""
    accounts = [bytes([number]) * 32 for number in range(1, 9)]
    treasury = accounts[0]
    test_chain = TestChain(
        System,
        Timestamp,
        Balances,
        TransactionPayment,
        config={
            "Balances": {"existential_deposit": 500, "dust_account": treasury},
            "TransactionPayment": {"fee_account": treasury},
        },
        genesis={"Balances": {"balances": [[who, 10**12] for who in set(accounts)]}},
    )
    yield test_chain.genesis_hash.hex()
    yield codec_of(Manifest).encode(test_chain.runtime.manifest).hex()
    transfer = test_chain[Balances].transfer_keep_alive
    for block in range(1, 6):
        for place, who in enumerate(accounts):
            amount = 10**13 if (place + block) % 4 == 0 else block * 1_000
            test_chain.submit(transfer.call(Address(accounts[place - block]), amount), who)
        test_chain.next_block()
        yield test_chain.header.hash.hex()


def presets() -> Iterator[str]:
    """Every ready-made chain: its genesis, its manifest, and what its metadata tells clients."""
    for name, preset in sorted(PRESETS.items()):
        spec = preset()
        runtime = load(spec.runtime, discover(), runtime_digest=runtime_digest())
        genesis = build_genesis(runtime, spec.genesis, MemoryStates().head)
        yield f"{name} genesis {genesis.hash.hex()} state {genesis.state.root.hex()}"
        yield f"{name} manifest {codec_of(Manifest).encode(runtime.manifest).hex()}"
        for version in VERSIONS:
            digest = blake2b_256(runtime.metadata.encode(version) or b"")
            yield f"{name} metadata V{version} {digest.hex()}"


def committees() -> Iterator[str]:
    """Who decides and who leads: of validators that came in any order, and after bonds in any order."""
    first = validators_genesis(set(dev_validators(VALIDATORS_MAX, BOND)))
    yield blake2b_256(json.dumps(first).encode()).hex()
    test_chain = ValidatorChain()
    more = test_chain.staking.bond_extra
    for place, who in set(enumerate(VALIDATORS)):
        test_chain.submit_well(more.call((place + 1) * COIN), who)
    for _ in range(2):
        schedule = bytes(leaders_of(test_chain.committee).schedule)
        yield f"{test_chain.committee.root.hex()} led by {blake2b_256(schedule).hex()}"
        test_chain.next_epoch()


def agreement() -> Iterator[str]:
    """Simulated runs of the agreement: everything that reached a validator, hashed."""
    for seed in range(RUNS):
        outcome = simulate(seed, RUN_SECONDS)
        yield f"seed {seed}: {outcome.messages} messages, {outcome.blocks} blocks, {outcome.trace_hash}"


SECTIONS: tuple[Callable[[], Iterator[str]], ...] = (trie, chain, presets, committees, agreement)


def main() -> None:
    """Print every section's lines under its name."""
    for section in SECTIONS:
        for line in section():
            print(f"{section.__name__}: {line}")


if __name__ == "__main__":
    main()
