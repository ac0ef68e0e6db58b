"""The first committee: validators with the keys and proofs that they handed over, elected by their bonds."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from pallets.authorities.types import Keys, KeysProof
from pallets.staking.election import weights_of
from runtime.frame.plain import to_plain


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstValidator:
    """A validator of epoch 0."""

    account: bytes
    keys: Keys
    proof: KeysProof
    """As `pallets/authorities/proof.py` says, for a genesis to come."""
    bond: int
    """Coins that it puts up, in the smallest unit."""


def validators_genesis(validators: Iterable[FirstValidator]) -> dict[str, Any]:
    """The genesis parts of the pallets that know validators, as plain values by pallet name: the committee of
    epoch 0 is the one that the election of the same bonds gives.
    """
    elected = sorted(validators, key=lambda each: (-each.bond, each.account))
    weights = weights_of([each.bond for each in elected])
    return {
        "Authorities": {
            "validators": [
                {
                    "account": to_plain(each.account),
                    "keys": to_plain(each.keys),
                    "proof": to_plain(each.proof),
                    "weight": weight,
                }
                for each, weight in zip(elected, weights, strict=True)
            ]
        },
        "Staking": {
            "validators": [{"account": to_plain(each.account), "bond": each.bond} for each in elected]
        },
    }
