"""The committee: the validators of one epoch, in order, with their keys and their weights."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Final, TypeAlias

from runtime.crypto.hashing import blake2b_256
from runtime.scale import U64, U128, Doc, Fixed, Max, Struct, codec_of
from runtime.types.account import AccountId

VALIDATORS_MAX: Final = 128
"""The most validators of an epoch: each sees every other directly."""
BlsKey: TypeAlias = Annotated[bytes, Fixed(48)]
"""A BLS public key: a compressed point of G1."""
NetworkKey: TypeAlias = Annotated[bytes, Fixed(32)]
"""The ed25519 key by which a node is known to its peers."""


class Validator(Struct):
    """A member of a committee."""

    account: Annotated[AccountId, Doc("The provider who bonds for it.")]
    bls: Annotated[BlsKey, Doc("The key that signs its votes.")]
    network: Annotated[NetworkKey, Doc("The key of its node.")]
    weight: Annotated[U128, Doc("How much its vote counts.")]


class Committee(Struct):
    """Who votes in an epoch."""

    epoch: U64
    validators: Annotated[tuple[Validator, ...], Max(VALIDATORS_MAX)]

    @property
    def size(self) -> int:
        """How many validators there are."""
        return len(self.validators)

    @property
    def total(self) -> int:
        """The weight of all."""
        return sum(each.weight for each in self.validators)

    @property
    def quorum(self) -> int:
        """The least weight that decides."""
        return quorum_of(self.total)

    @property
    def root(self) -> bytes:
        """BLAKE2b-256 of the encoded committee: what a boundary header commits to."""
        return blake2b_256(codec_of(Committee).encode(self))

    def weight_of(self, signers: Iterable[int]) -> int:
        """The weight of the validators at these places, each counted as often as it is named."""
        return sum(self.validators[signer].weight for signer in signers)


def quorum_of(total: int) -> int:
    """The least weight such that two quorums of `total` meet in more than a third of it."""
    return 2 * total // 3 + 1
