"""The JSON shapes of a node's answers, read back into the chain's records."""

from __future__ import annotations

from typing import Any, Final

from node.client.errors import BadAnswer, Unknown
from runtime.manifest import Manifest
from runtime.runtime import Runtime
from runtime.scale import DecodeError, Enum, codec_of
from runtime.scale.errors import show
from runtime.types.block import Header
from runtime.types.digest import Digest, DigestItem
from runtime.types.dispatch import DispatchErrorValue, Module

_DIGEST_ITEM: Final = codec_of(DigestItem)
_MANIFEST: Final = codec_of(Manifest)


def to_hex(data: bytes) -> str:
    """Bytes."""
    return "0x" + data.hex()


def maybe_hex(data: bytes | None) -> str | None:
    """Bytes, or null."""
    return None if data is None else to_hex(data)


def from_hex(text: Any) -> bytes:
    """Bytes. Raises `BadAnswer`."""
    if not isinstance(text, str) or not text.startswith("0x"):
        raise BadAnswer("a call", f"{show(text)} where hex was expected")
    try:
        return bytes.fromhex(text[2:])
    except ValueError:
        raise BadAnswer("a call", f"{show(text)} where hex was expected") from None


def maybe_bytes(text: Any) -> bytes | None:
    """Bytes, or None for null. Raises `BadAnswer`."""
    return None if text is None else from_hex(text)


def read_header(answer: Any, block_hash: bytes) -> Header:
    """A header, which must hash to what was asked for. Raises `Unknown` for null, and `BadAnswer`."""
    if answer is None:
        raise Unknown(f"the node knows no block {to_hex(block_hash)}")
    try:
        logs = tuple(_DIGEST_ITEM.decode(from_hex(each)) for each in answer["digest"]["logs"])
        header = Header(
            parent_hash=from_hex(answer["parentHash"]),
            number=int(answer["number"], 16),
            state_root=from_hex(answer["stateRoot"]),
            extrinsics_root=from_hex(answer["extrinsicsRoot"]),
            digest=Digest(logs),
        )
        found = header.hash
    except (LookupError, TypeError, ValueError) as error:
        raise BadAnswer("a header", show(error)) from None
    if found != block_hash:
        raise BadAnswer(f"the header of {to_hex(block_hash)}", f"it hashes to {to_hex(found)}")
    return header


def differences(code: Any, mine: Manifest) -> str:
    """In what a node's `:code` differs from the runtime that is installed here."""
    try:
        theirs = _MANIFEST.decode(from_hex(code))
    except (BadAnswer, DecodeError):
        return "what it keeps under :code is no manifest of this kind of chain"
    return "; ".join(theirs.differences(mine))


def name_refusal(runtime: Runtime, error: DispatchErrorValue) -> str:
    """`Balances.DeadAccount: The receiving account must exist.`: a refusal's name and meaning."""
    if isinstance(error, Module):
        for pallet in runtime.pallets.values():
            if pallet.seat is not None and pallet.seat.index == error.error.index:
                found = pallet.error_root.variants.get(error.error.error[0])
                if found is not None:
                    return _named(f"{pallet.seat.name}.{found.__name__}", found)
        return f"error {error.error.error[0]} of the pallet at index {error.error.index}"
    kind = type(error)
    inner: Enum | None = getattr(error, "error", None)
    if inner is not None:
        return name_variant(inner, f"{kind.__variant_name__}.")
    return name_variant(error)


def name_variant(value: Enum, prefix: str = "") -> str:
    """A variant's name and meaning."""
    kind = type(value)
    return _named(prefix + kind.__variant_name__, kind)


def _named(name: str, kind: type[object]) -> str:
    doc = " ".join((kind.__doc__ or "").split())
    return f"{name}: {doc}" if doc else name


def ended(update: Any) -> str | None:
    """Why a watched transaction will not become final, when an update says so."""
    match update:
        case {"usurped": by}:
            return f"another one of the same account and nonce took its place ({by})"
        case {"finalityTimeout": block}:
            return f"block {block} that holds it did not become final in time"
        case "dropped":
            return "the pool was full, and others paid more"
        case "invalid":
            return "it became invalid before a block took it"
        case _:
            return None
