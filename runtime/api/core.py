"""The runtime APIs that every chain answers, whatever its pallets."""

from __future__ import annotations

from typing import Annotated, Final, TypeAlias

from runtime.api.validity import TransactionSource, TransactionValidityError, ValidTransaction, refusal_of
from runtime.executive.extrinsic import Extrinsic
from runtime.executive.parts import Parts
from runtime.executive.validate import Validator
from runtime.frame import validity
from runtime.frame.api import runtime_api
from runtime.frame.host import Host
from runtime.frame.late import RuntimeExtrinsic
from runtime.metadata import VERSIONS, Metadata
from runtime.scale import U32, Err, Newtype, Ok, Result
from runtime.types.account import Hash
from runtime.version import RuntimeVersion

OpaqueMetadata: TypeAlias = Annotated[bytes, Newtype("sp_core::OpaqueMetadata")]
"""Metadata from its magic on, as bytes."""
FIRST: Final = VERSIONS[0]
"""The version that `Metadata_metadata` has always meant."""


class Core:
    """What every runtime answers."""

    def __init__(self, host: Host) -> None:
        self._host = host

    @runtime_api("Core", version=5)
    def version(self) -> RuntimeVersion:
        """Which runtime this is."""
        return self._host.version


class MetadataApi:
    """The runtime's own description."""

    def __init__(self, metadata: Metadata) -> None:
        self._metadata = metadata

    @runtime_api("Metadata", version=2)
    def metadata(self) -> OpaqueMetadata:
        """The metadata in version 14."""
        found = self._metadata.encode(FIRST)
        assert found is not None
        return found

    @runtime_api("Metadata", version=2)
    def metadata_at_version(self, version: U32) -> OpaqueMetadata | None:
        """The metadata in a given version, or None when it is not written."""
        return self._metadata.encode(version)

    @runtime_api("Metadata", version=2)
    def metadata_versions(self) -> tuple[U32, ...]:
        """The versions that are written."""
        return VERSIONS


class TaggedTransactionQueue:
    """Whether transactions may enter the pool."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    @runtime_api("TaggedTransactionQueue", version=3)
    def validate_transaction(
        self, source: TransactionSource, tx: RuntimeExtrinsic, block_hash: Hash
    ) -> Result[ValidTransaction, TransactionValidityError]:
        """Whether a transaction may enter the block after `block_hash`."""
        assert isinstance(tx, Extrinsic)
        host = self._parts.host
        validator = Validator(self._parts, host.overlay.state, number=host.number + 1, parent_hash=block_hash)
        try:
            return Ok(ValidTransaction.of(validator.validate(tx)))
        except validity.TransactionValidityError as refusal:
            return Err(refusal_of(refusal))
