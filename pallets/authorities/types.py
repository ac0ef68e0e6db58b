"""What Authorities stores, tells and refuses."""

from __future__ import annotations

from typing import Annotated, Final, TypeAlias

from runtime.frame import Error, Event
from runtime.scale import U32, U64, U128, Doc, Fixed, Max, Struct
from runtime.simplex.committee import VALIDATORS_MAX, BlsKey, NetworkKey, Validator
from runtime.simplex.statement import Signature
from runtime.types import AccountId, BlockNumber, Hash

RETIRED_MAX: Final = 8
"""How many keys that it gave up an account may have waiting: so often it changes keys within 7 days."""
KEY_BYTES_MAX: Final = 48

AnyKey: TypeAlias = Annotated[bytes, Max(KEY_BYTES_MAX)]
"""A key of either kind; their lengths tell them apart."""
Counts: TypeAlias = Annotated[tuple[U32, ...], Max(VALIDATORS_MAX)]


class Config(Struct):
    """Constants of the chain."""

    blocks_per_epoch: Annotated[U32, Doc("L: epoch e is the blocks e L + 1 to (e + 1) L.")]


class Keys(Struct):
    """The keys of a validator."""

    bls: Annotated[BlsKey, Doc("Signs its votes.")]
    network: Annotated[NetworkKey, Doc("The ed25519 key by which its node is known.")]


class KeysProof(Struct):
    """That both secrets are held, and meant for this account of this chain."""

    possession: Annotated[Signature, Doc("The BLS key's proof of possession.")]
    network: Annotated[
        bytes, Fixed(64), Doc("The network key's signature of the genesis, the account and both keys.")
    ]


class Retired(Struct):
    """A key that was given up; nobody may register it before its time is over."""

    key: AnyKey
    until: BlockNumber


RetiredKeys: TypeAlias = Annotated[tuple[Retired, ...], Max(RETIRED_MAX)]


class Authorship(Struct):
    """Who proposed the block being executed, and where in the agreement."""

    epoch: U64
    view: U64
    validator: Validator


class GenesisValidator(Struct):
    """A validator of epoch 0."""

    account: AccountId
    keys: Keys
    proof: Annotated[KeysProof, Doc("As for `set_keys`; the genesis hash is zeros, since it is to come.")]
    weight: Annotated[U128, Doc("How much its vote counts; not 0.")]


class Genesis(Struct):
    """The first committee."""

    validators: Annotated[tuple[GenesisValidator, ...], Max(VALIDATORS_MAX)]


class AuthoritiesEvent(Event):
    """What Authorities tells the world."""


class KeysSet(AuthoritiesEvent, index=0):
    """An account registered keys; they count from the next epoch on in which it is a validator."""

    who: AccountId
    keys: Keys


class KeysPurged(AuthoritiesEvent, index=1):
    """An account gave up its keys."""

    who: AccountId


class NewEpoch(AuthoritiesEvent, index=2):
    """The epoch that begins with the next block, and its committee."""

    epoch: U64
    root: Hash
    validators: U32


class AuthoritiesError(Error):
    """Why Authorities refuses."""


class NoKeys(AuthoritiesError, index=0):
    """The account has no keys registered."""


class BadBlsKey(AuthoritiesError, index=1):
    """The BLS key is not the one encoding of a point of the group other than infinity."""


class NotPossessed(AuthoritiesError, index=2):
    """The proof of possession is not the BLS key's: make it with the key that is registered."""


class NotConsented(AuthoritiesError, index=3):
    """The network key did not sign for these keys, this account and this chain."""


class KeyTaken(AuthoritiesError, index=4):
    """A key is registered already, or was given up less than 7 days ago: make a new one."""


class TooManyChanges(AuthoritiesError, index=5):
    """The account gave up too many keys in the last 7 days: wait until the oldest is free."""


class NoValidators(AuthoritiesError, index=6):
    """A chain needs a validator."""


class NoWeight(AuthoritiesError, index=7):
    """A validator without weight has no vote."""


class BadEpoch(AuthoritiesError, index=8):
    """An epoch has a block at least, and lasts half as long as bonds wait to be free at most."""
