"""What Proxy stores, tells and refuses: Substrate's pallet_proxy, name by name, and the proxy types of this
chain.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Annotated, Final, TypeAlias

from runtime.frame import Error, Event
from runtime.scale import U16, U32, Doc, Enum, Max, Struct
from runtime.types import AccountId, Balance, BlockNumber, Hash
from runtime.types.dispatch import DispatchResult

PROXIES_MAX: Final = 32
"""The most proxies that an account may have."""
PENDING_MAX: Final = 32
"""The most announcements that one proxy may have waiting."""
NAMES_MAX: Final = 256
"""The most names in the list of one proxy type."""
NAME_BYTES_MAX: Final = 128


class ProxyType(IntEnum):
    """What a proxy may do for an account. Numbers as in Polkadot where the meaning is."""

    __type_path__ = ("ballast_runtime", "ProxyType")

    Any = 0
    """All that the account may do."""
    NonTransfer = 1
    """Run the account's business, and let no coin leave it."""
    Governance = 2
    """Vote."""
    Staking = 3
    """Bond, validate and leave."""
    Provider = 4
    """Attest capacity and serve redemptions: the key of a machine."""
    Reporter = 5
    """Report prices: the key of a machine."""
    CancelProxy = 6
    """Reject what other proxies have announced."""


class Allowance(Struct):
    """What one type of proxy may do."""

    proxy_type: ProxyType
    calls: Annotated[
        tuple[Annotated[str, Max(NAME_BYTES_MAX)], ...],
        Max(NAMES_MAX),
        Doc("Calls as `Pallet.call`, or all calls of a pallet as `Pallet`."),
    ]


class Config(Struct):
    """Constants of the chain."""

    proxy_deposit_base: Annotated[Balance, Doc("What it costs an account to have proxies.")]
    proxy_deposit_factor: Annotated[Balance, Doc("And each of them.")]
    announcement_deposit_base: Annotated[Balance, Doc("What it costs a proxy to have announcements waiting.")]
    announcement_deposit_factor: Annotated[Balance, Doc("And each of them.")]
    filters: Annotated[
        tuple[Allowance, ...],
        Max(len(ProxyType)),
        Doc("What each type may do. `Any` may do everything, and is not listed; one not listed, nothing."),
    ]


class ProxyDefinition(
    Struct,
    path="pallet_proxy::ProxyDefinition",
    params={"AccountId": AccountId, "ProxyType": ProxyType, "BlockNumber": BlockNumber},
):
    """Who may act for an account, and how."""

    delegate: AccountId
    proxy_type: ProxyType
    delay: Annotated[BlockNumber, Doc("For how many blocks a call is announced before it may be made.")]

    @property
    def order(self) -> tuple[bytes, int, int]:
        """By what an account's proxies are sorted."""
        return self.delegate, self.proxy_type, self.delay


class Announcement(
    Struct,
    path="pallet_proxy::Announcement",
    params={"AccountId": AccountId, "Hash": Hash, "BlockNumber": BlockNumber},
):
    """A call that a proxy will make."""

    real: Annotated[AccountId, Doc("For whom.")]
    call_hash: Hash
    height: Annotated[BlockNumber, Doc("The block in which it was announced.")]


class Spawner(Struct):
    """Who spawned a pure account, and what it has on hold for it."""

    who: AccountId
    deposit: Balance


Proxies: TypeAlias = tuple[Annotated[tuple[ProxyDefinition, ...], Max(PROXIES_MAX)], Balance]
Pending: TypeAlias = tuple[Annotated[tuple[Announcement, ...], Max(PENDING_MAX)], Balance]


class HoldReason(Enum):
    """Why Proxy holds coins."""


class ProxyDeposit(HoldReason, index=0):
    """Proxies that one has, or pure accounts that one has spawned."""


class AnnouncementDeposit(HoldReason, index=1):
    """Announcements that wait."""


class DepositKind(IntEnum):
    """What a deposit is for."""

    __type_path__ = ("pallet_proxy", "DepositKind")

    Proxies = 0
    """Proxies that one has."""
    Announcements = 1
    """Announcements that wait."""


class ProxyEvent(Event, path="pallet_proxy::pallet::Event"):
    """What Proxy tells the world."""


class ProxyExecuted(ProxyEvent, index=0):
    """A call was made for an account; how it ended."""

    result: DispatchResult


class PureCreated(ProxyEvent, index=1):
    """A pure account was created, with all that it takes to name it when it is killed."""

    pure: AccountId
    who: AccountId
    proxy_type: ProxyType
    disambiguation_index: U16
    at: BlockNumber
    extrinsic_index: U32


class PureKilled(ProxyEvent, index=2):
    """A pure account was killed: nobody can act for it any more."""

    pure: AccountId
    spawner: AccountId
    proxy_type: ProxyType
    disambiguation_index: U16


class Announced(ProxyEvent, index=3):
    """An announcement was placed to make a call in the future."""

    real: AccountId
    proxy: AccountId
    call_hash: Hash


class ProxyAdded(ProxyEvent, index=4):
    """A proxy was added."""

    delegator: AccountId
    delegatee: AccountId
    proxy_type: ProxyType
    delay: BlockNumber


class ProxyRemoved(ProxyEvent, index=5):
    """A proxy was removed."""

    delegator: AccountId
    delegatee: AccountId
    proxy_type: ProxyType
    delay: BlockNumber


class DepositPoked(ProxyEvent, index=6):
    """A deposit is what the chain asks for now."""

    who: AccountId
    kind: DepositKind
    old_deposit: Balance
    new_deposit: Balance


class ProxyError(Error):
    """Why Proxy refuses."""


class TooMany(ProxyError, index=0):
    """There are too many proxies registered or too many announcements pending."""


class NotFound(ProxyError, index=1):
    """Proxy registration, or announcement, not found."""


class NotProxy(ProxyError, index=2):
    """Sender is not a proxy of the account to be proxied."""


class Duplicate(ProxyError, index=4):
    """Account is already a proxy."""


class NoPermission(ProxyError, index=5):
    """The account is not the pure account that was created so."""


class Unannounced(ProxyError, index=6):
    """Announcement, if made at all, was made too recently."""


class NoSelfProxy(ProxyError, index=7):
    """Cannot add self as proxy."""
