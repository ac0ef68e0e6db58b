"""All that a pallet author imports."""

from runtime.frame.api import runtime_api
from runtime.frame.call import BoundCall, call
from runtime.frame.constant import constant
from runtime.frame.error import (
    BadOrigin,
    DispatchError,
    Error,
    Exhausted,
    FundsUnavailable,
    NoError,
    Other,
    Overflow,
    TokenError,
    Unavailable,
    Underflow,
)
from runtime.frame.event import Event, NoEvent
from runtime.frame.hashers import Blake2_128Concat, Identity, Twox64Concat
from runtime.frame.hooks import hookimpl, invariant
from runtime.frame.host import Call, Host, PostInfo
from runtime.frame.inherents import InherentData
from runtime.frame.invalid import InvalidBlock
from runtime.frame.late import (
    RuntimeCall,
    RuntimeEvent,
    RuntimeExtrinsic,
    RuntimeFreezeReason,
    RuntimeHoldReason,
    RuntimeOrigin,
)
from runtime.frame.lookup import lookup
from runtime.frame.migration import migration
from runtime.frame.origin import Origin, Root, Signed, Unsigned
from runtime.frame.pallet import Pallet, Seat, pallet_account
from runtime.frame.parameter import Parameter
from runtime.frame.register import register
from runtime.frame.storage import StorageDoubleMap, StorageMap, StorageNMap, StorageOption, StorageValue
from runtime.frame.validity import InvalidTransaction, ValidTransaction

__all__ = [
    "BadOrigin",
    "Blake2_128Concat",
    "BoundCall",
    "Call",
    "DispatchError",
    "Error",
    "Event",
    "Exhausted",
    "FundsUnavailable",
    "Host",
    "Identity",
    "InherentData",
    "InvalidBlock",
    "InvalidTransaction",
    "NoError",
    "NoEvent",
    "Origin",
    "Other",
    "Overflow",
    "Pallet",
    "Parameter",
    "PostInfo",
    "Root",
    "RuntimeCall",
    "RuntimeEvent",
    "RuntimeExtrinsic",
    "RuntimeFreezeReason",
    "RuntimeHoldReason",
    "RuntimeOrigin",
    "Seat",
    "Signed",
    "StorageDoubleMap",
    "StorageMap",
    "StorageNMap",
    "StorageOption",
    "StorageValue",
    "TokenError",
    "Twox64Concat",
    "Unavailable",
    "Underflow",
    "Unsigned",
    "ValidTransaction",
    "call",
    "constant",
    "hookimpl",
    "invariant",
    "lookup",
    "migration",
    "pallet_account",
    "register",
    "runtime_api",
]
