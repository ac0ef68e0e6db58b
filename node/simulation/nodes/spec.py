"""The chain of a simulation: the whole coin, its validators and users with ed25519 keys, so that all that is
signed is the same each time.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from typing import Final

from genesis.coin import COIN, PROBE_WORK, Backing, coin_genesis, covering_work
from genesis.seats import ESCROW, EXISTENTIAL_DEPOSIT, FEES, RESERVE, Timing, seats
from genesis.validators import FirstValidator, validators_genesis
from node.plugins import discover, runtime_digest
from node.simulation.nodes.plan import BLOCK_MS, Plan
from node.wallet.bls import BlsKeypair
from node.wallet.signer import Keypair
from pallets.authorities.proof import message
from pallets.authorities.types import Keys, KeysProof
from runtime.crypto.hashing import blake2b_256
from runtime.loader import load
from runtime.runtime import Runtime
from runtime.spec import RuntimeSpec
from runtime.types.fixed import PPB

USERS: Final = 6
"""Accounts that pay each other."""
ENDOWMENT: Final = 10_000 * COIN
BLOCKS_PER_HOUR: Final = 3_600
"""So many that no window of capacity opens within a run: nobody here proves any."""
COVERAGE_PPB: Final = 3 * PPB // 2
NO_GENESIS: Final = bytes(32)
"""What stands for the genesis hash in the proofs of a genesis."""


@dataclass(frozen=True, slots=True)
class Secrets:
    """The keys of one node."""

    account: Keypair
    network: Keypair
    bls: BlsKeypair

    @property
    def keys(self) -> Keys:
        """What a validator registers."""
        return Keys(self.bls.public, self.network.public)

    def proof(self, genesis_hash: bytes) -> KeysProof:
        """What shows that it holds them."""
        signed = message(genesis_hash, self.account.public, self.keys)
        return KeysProof(self.bls.pop_prove(), self.network.sign(signed))


def secrets_of(place: int) -> Secrets:
    """The keys of the node at a place; those for votes are of the curve that this process is on."""
    return Secrets(
        _keypair(f"account {place}"),
        _keypair(f"network {place}"),
        BlsKeypair.from_seed(blake2b_256(b"votes %d" % place)),
    )


@cache
def user(number: int) -> Keypair:
    """An account that pays."""
    return _keypair(f"user {number}")


@cache
def _keypair(name: str) -> Keypair:
    return Keypair.from_seed(blake2b_256(name.encode()), "ed25519")


@cache
def runtime_of(epoch_blocks: int) -> Runtime:
    """The runtime of all chains with epochs of this length: it keeps no state."""
    timing = Timing(
        blocks_per_hour=BLOCKS_PER_HOUR,
        block_ms=BLOCK_MS,
        blocks_per_epoch=epoch_blocks,
        slash_delay_hours=0,
    )
    spec = RuntimeSpec(spec_version=1, pallets=seats(timing, sudo=False))
    return load(spec, discover(), runtime_digest=runtime_digest())


def genesis_of(plan: Plan) -> dict[str, object]:
    """The first state: each validator, newcomers included, a provider, and the first `plan.size` elected."""
    secrets = [secrets_of(place) for place in range(plan.validators)]
    endowed: list[tuple[bytes | str, int]] = [
        *((user(number).public, ENDOWMENT) for number in range(USERS)),
        *((each.account.public, ENDOWMENT) for each in secrets),
        (RESERVE, COIN),
        (ESCROW, EXISTENTIAL_DEPOSIT),
        (FEES, EXISTENTIAL_DEPOSIT),
    ]
    backing = Backing(
        providers=tuple(each.account.public for each in secrets), work_per_hour=1_000 * PROBE_WORK
    )
    backing = replace(backing, work=covering_work(endowed, backing, COVERAGE_PPB))
    first = [
        FirstValidator(
            account=each.account.public, keys=each.keys, proof=each.proof(NO_GENESIS), bond=bond * COIN
        )
        for each, bond in zip(secrets[: plan.size], plan.bonds, strict=False)
    ]
    return {**coin_genesis(endowed, backing), **validators_genesis(first)}
