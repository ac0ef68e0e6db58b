"""The JSON shapes of the chain's records, as Substrate's clients know them."""

from __future__ import annotations

from typing import Final

from node.chain.records import StoredBlock
from runtime.scale import codec_of
from runtime.types.block import Header
from runtime.types.digest import DigestItem
from runtime.version import RuntimeVersion

_DIGEST_ITEM: Final = codec_of(DigestItem)


def to_hex(data: bytes) -> str:
    """Bytes."""
    return "0x" + data.hex()


def maybe_hex(data: bytes | None) -> str | None:
    """Bytes, or null."""
    return None if data is None else "0x" + data.hex()


def header_json(header: Header) -> dict[str, object]:
    """A header; its number is a hex quantity."""
    return {
        "parentHash": to_hex(header.parent_hash),
        "number": hex(header.number),
        "stateRoot": to_hex(header.state_root),
        "extrinsicsRoot": to_hex(header.extrinsics_root),
        "digest": {"logs": [to_hex(_DIGEST_ITEM.encode(item)) for item in header.digest.logs]},
    }


def block_json(stored: StoredBlock) -> dict[str, object]:
    """A block, and why it is final; justifications are arrays of numbers, not hex."""
    return {
        "block": {
            "header": header_json(stored.block.header),
            "extrinsics": [to_hex(raw) for raw in stored.block.extrinsics],
        },
        "justifications": [[list(engine), list(proof)] for engine, proof in stored.justifications] or None,
    }


def version_json(version: RuntimeVersion) -> dict[str, object]:
    """A runtime's version; the system version stands under its old name too."""
    return {
        "specName": version.spec_name,
        "implName": version.impl_name,
        "authoringVersion": version.authoring_version,
        "specVersion": version.spec_version,
        "implVersion": version.impl_version,
        "apis": [[to_hex(each.id), each.version] for each in version.apis],
        "transactionVersion": version.transaction_version,
        "systemVersion": version.system_version,
        "stateVersion": version.system_version,
    }


def runtime_spec_json(version: RuntimeVersion) -> dict[str, object]:
    """A runtime as the new-style methods tell it: fewer fields, and the APIs as an object."""
    return {
        "type": "valid",
        "spec": {
            "specName": version.spec_name,
            "implName": version.impl_name,
            "specVersion": version.spec_version,
            "implVersion": version.impl_version,
            "transactionVersion": version.transaction_version,
            "apis": {to_hex(each.id): each.version for each in version.apis},
        },
    }
