"""Versions: which runtime this is, as clients and the state root know it."""

from __future__ import annotations

from typing import Annotated, Final

from runtime.crypto.hashing import blake2b_64
from runtime.scale import U8, U32, Fixed, Struct

SPEC_NAME = "ballast"
IMPL_NAME = "ballast-python"
STATE_VERSION = 1
"""Substrate's state version 1: values of 33 bytes and more are stored by their hash."""
TRANSACTION_VERSION = 1
"""Raised when the meaning of signed bytes changes."""


class ApiVersion(Struct):
    """One runtime API that this runtime answers."""

    id: Annotated[bytes, Fixed(8)]
    """BLAKE2b-64 of the API's name."""
    version: U32


def api(name: str, version: int) -> ApiVersion:
    """The entry of a runtime API."""
    return ApiVersion(blake2b_64(name.encode()), version)


class RuntimeVersion(Struct, path="sp_version::RuntimeVersion"):
    """Which runtime this is."""

    spec_name: str
    """The kind of chain."""
    impl_name: str
    """The program."""
    authoring_version: U32
    """Raised when authors must change."""
    spec_version: U32
    """Raised with every change of behaviour."""
    impl_version: U32
    """Raised when only the program changes."""
    apis: tuple[ApiVersion, ...]
    """The runtime APIs answered."""
    transaction_version: U32
    """Raised when the meaning of signed bytes changes."""
    system_version: U8
    """1: state in version 1, the extrinsics root in version 0."""


UNVERSIONED: Final = RuntimeVersion(SPEC_NAME, IMPL_NAME, 1, 0, 1, (), TRANSACTION_VERSION, 1)
"""What pallets outside a loaded runtime are told, as in tests of a single pallet."""
