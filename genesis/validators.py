"""The first committee: validators with the keys and proofs that they handed over, and their weights."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstValidator:
    """A validator of epoch 0: accounts, keys and proofs as a chain spec writes them."""

    account: str
    bls: str
    network: str
    possession: str
    """The BLS key's proof of possession."""
    consent: str
    """The network key's signature of the account and both keys; `pallets/authorities/proof.py`."""
    bond: int
    """Coins that it puts up, in the smallest unit; they are its weight."""


def validators_genesis(validators: Sequence[FirstValidator]) -> dict[str, Any]:
    """The genesis parts of the pallets that know validators, as plain values by pallet name."""
    return {
        "Authorities": {
            "validators": [
                {
                    "account": each.account,
                    "keys": {"bls": each.bls, "network": each.network},
                    "proof": {"possession": each.possession, "network": each.consent},
                    "weight": each.bond,
                }
                for each in validators
            ]
        },
        "Staking": {"validators": [{"account": each.account, "bond": each.bond} for each in validators]},
    }
