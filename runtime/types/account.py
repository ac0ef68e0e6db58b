"""Accounts: who holds what, and how a transaction names them."""

from __future__ import annotations

from typing import Annotated, Final, TypeAlias

from runtime.scale import (
    H256,
    U32,
    U64,
    U128,
    Codec,
    CompactType,
    Description,
    Enum,
    Fixed,
    Newtype,
    Struct,
    codec_of,
)

AccountId: TypeAlias = Annotated[bytes, Fixed(32), Newtype("sp_core::crypto::AccountId32")]
"""32 bytes: a public key, or the account of a pallet."""
Balance: TypeAlias = U128
"""An amount in the smallest unit, 10^-9 of a coin."""
BlockNumber: TypeAlias = U32
"""The height of a block; genesis is 0."""
Nonce: TypeAlias = U32
"""How many transactions an account has sent."""
Hash: TypeAlias = H256
"""A BLAKE2b-256 digest."""
Moment: TypeAlias = U64
"""Milliseconds since the Unix epoch."""


class AccountData(Struct, path="pallet_balances::types::AccountData", params={"Balance": Balance}):
    """The balances of an account."""

    free: Balance = 0
    """What may be spent, frozen parts included."""
    reserved: Balance = 0
    """What is on hold."""
    frozen: Balance = 0
    """How much of the balance may not leave the account."""
    flags: Annotated[U128, Newtype("pallet_balances::types::ExtraFlags")] = 1 << 127
    """Bit 127: the account follows the current rules of holds and freezes."""


class AccountInfo(
    Struct, path="frame_system::AccountInfo", params={"Nonce": Nonce, "AccountData": AccountData}
):
    """Everything the chain keeps of an account."""

    nonce: Nonce = 0
    """How many transactions it has sent."""
    consumers: U32 = 0
    """How many things depend on the account's existence."""
    providers: U32 = 0
    """How many things make the account exist."""
    sufficients: U32 = 0
    """How many things make it exist for their own sake."""
    data: AccountData = AccountData()
    """Its balances."""


_UNIT: Final = codec_of(tuple[()])
NoIndex: TypeAlias = Annotated[
    tuple[()],
    Codec(
        "Compact<()>", _UNIT.read, _UNIT.write, fixed_size=0, describe=lambda: Description(CompactType(_UNIT))
    ),
]
"""The compact form of nothing: what stands for an account's index on a chain that gives none out."""


class MultiAddress(
    Enum,
    path="sp_runtime::multiaddress::MultiAddress",
    params={"AccountId": AccountId, "AccountIndex": tuple[()]},
):
    """How a transaction names an account."""


class Address(MultiAddress, index=0, name="Id", unnamed=True):
    """By its 32 bytes."""

    account: AccountId


class AccountIndex(MultiAddress, index=1, name="Index", unnamed=True):
    """By an index; this chain gives none out."""

    none: NoIndex


class RawAddress(MultiAddress, index=2, name="Raw", unnamed=True):
    """By bytes of any length; this chain knows none."""

    raw: bytes


class Address32(MultiAddress, index=3, name="Address32", unnamed=True):
    """By 32 bytes that are no public key; this chain knows none."""

    raw: Annotated[bytes, Fixed(32)]


class Address20(MultiAddress, index=4, name="Address20", unnamed=True):
    """By 20 bytes, as Ethereum does; this chain knows none."""

    raw: Annotated[bytes, Fixed(20)]
