"""A chain of validators in memory: the whole coin with a committee whose keys really sign, and no windows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from node.wallet.bls import BlsKeypair
from node.wallet.signer import Keypair
from pallets.authorities import Authorities
from pallets.authorities.proof import message as keys_message
from pallets.authorities.types import Keys, KeysProof
from pallets.balances import Balances
from pallets.beacon import ENGINE as BEACON
from pallets.beacon import Beacon
from pallets.beacon import message as beacon_message
from pallets.issuance import Issuance
from pallets.ledger import Ledger
from pallets.offences import Offences
from pallets.oracle import Oracle
from pallets.providers import Providers
from pallets.redemption import Redemption
from pallets.reserve import Reserve
from pallets.rewards import Rewards
from pallets.slashing import Slashing
from pallets.solvency import Solvency
from pallets.staking import Staking
from pallets.standards import Standards
from pallets.system import System
from pallets.timestamp import Timestamp
from runtime.frame import Pallet
from runtime.frame.plain import to_plain
from runtime.runtime import Runtime
from runtime.scale import codec_of
from runtime.simplex import ENGINE, Authored, Committee
from runtime.testing import TestChain
from runtime.types.digest import DigestItem, PreRuntime
from support.coin import COIN, CONFIG, ISSUERS, CoinChain, coin_parts

BLOCKS_PER_EPOCH: Final = 5
ANSWERED: Final = 42
"""Blocks in 7 days, on a chain whose blocks last four hours."""
BOND: Final = 10_000 * COIN
WORKING: Final = 5 * BOND
"""What a provider has free for its stake and more."""
VALIDATORS: Final = ISSUERS[:4]
"""Providers of the genesis."""
PALLETS: tuple[type[Pallet[Any, Any]], ...] = (
    System,
    Timestamp,
    Balances,
    Authorities,
    Beacon,
    Ledger,
    Oracle,
    Standards,
    Providers,
    Slashing,
    Rewards,
    Reserve,
    Issuance,
    Redemption,
    Solvency,
    Staking,
    Offences,
)
LOADED: dict[str, Runtime] = {}


class Signer:
    """What one validator signs with; named by any text."""

    def __init__(self, name: str) -> None:
        self.bls = BlsKeypair.from_suri(f"//{name}")
        self.network = Keypair.from_suri(f"//{name}", "ed25519")

    @property
    def keys(self) -> Keys:
        return Keys(self.bls.public, self.network.public)

    def proof(self, account: bytes, genesis_hash: bytes = bytes(32)) -> KeysProof:
        """What registers the keys for an account."""
        signed = keys_message(genesis_hash, account, self.keys)
        return KeysProof(self.bls.pop_prove(), self.network.sign(signed))


SIGNERS: dict[str, Signer] = {}


def signer(name: str) -> Signer:
    """The signer of a name; its keys are derived once."""
    if name not in SIGNERS:
        SIGNERS[name] = Signer(name)
    return SIGNERS[name]


class ValidatorChain(CoinChain):
    """A `CoinChain` whose blocks are proposed in turn by its committee."""

    __test__ = False

    def __init__(
        self,
        *,
        validators: Sequence[bytes] = VALIDATORS,
        genesis: Mapping[str, Any] | None = None,
        config: dict[str, dict[str, Any]] | None = None,
        pallets: tuple[type[Pallet[Any, Any]], ...] = PALLETS,
    ) -> None:
        self.signers = {
            signer(str(place)).bls.public: signer(str(place)) for place in range(len(validators) + 4)
        }
        is_own = config is not None or pallets is not PALLETS
        TestChain.__init__(
            self,
            *pallets,
            config={
                **CONFIG,
                "Standards": {"blocks_per_hour": 1, "hours": 4},
                "Authorities": {"blocks_per_epoch": BLOCKS_PER_EPOCH},
                **(config or {}),
            },
            genesis={**coin_parts(working=WORKING), **validator_parts(validators), **(genesis or {})},
            logs=proposed,
            runtime=None if is_own else LOADED.get(""),
        )
        if not is_own:
            LOADED[""] = self.runtime

    @property
    def authorities(self) -> Authorities:
        return self[Authorities]

    @property
    def staking(self) -> Staking:
        return self[Staking]

    @property
    def offences(self) -> Offences:
        return self[Offences]

    @property
    def committee(self) -> Committee:
        """Who decides on the open block."""
        return self.authorities.committee

    def next_epoch(self, count: int = 1) -> None:
        """Seal blocks until the first of a later epoch is open."""
        self.run_to(self.authorities.epoch_start(self.authorities.epoch_now() + count))


def proposed(chain: TestChain) -> tuple[DigestItem, ...]:
    """The digest items of the block that opens: who proposes it, and its beacon signature."""
    assert isinstance(chain, ValidatorChain)
    committee, height = chain.committee, chain.number
    place = height % committee.size
    keys = chain.signers[committee.validators[place].bls]
    signed = beacon_message(chain.genesis_hash, committee.epoch, height)
    return (authored(committee.epoch, height, place), PreRuntime(BEACON, keys.bls.sign(signed)))


def authored(epoch: int, view: int, proposer: int) -> DigestItem:
    """The item that says where in the agreement a block was proposed."""
    return PreRuntime(ENGINE, codec_of(Authored).encode(Authored(epoch, view, proposer)))


def validator_parts(validators: Sequence[bytes]) -> dict[str, Any]:
    """The genesis parts of pallets that know validators: the accounts with the keys of their places."""
    return {
        "Authorities": {
            "validators": [
                {
                    "account": account,
                    "keys": to_plain(signer(str(place)).keys),
                    "proof": to_plain(signer(str(place)).proof(account)),
                    "weight": BOND,
                }
                for place, account in enumerate(validators)
            ]
        },
        "Staking": {"validators": [{"account": account, "bond": BOND} for account in validators]},
    }
