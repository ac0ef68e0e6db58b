"""The extrinsic as clients know it: an opaque type whose parameters tell them how it is made."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Final

from runtime.frame.extension import TransactionExtension
from runtime.frame.host import Host
from runtime.frame.late import RuntimeCall
from runtime.scale import (
    U32,
    AnyCodec,
    Codec,
    Compact,
    CompositeType,
    DecodeError,
    Description,
    Enum,
    Field,
    Fixed,
    codec_of,
    tuple_codec,
)
from runtime.types.account import MultiAddress

VERSION: Final = 4
"""The extrinsic format."""
_LENGTH: Final = codec_of(Compact[U32])


class MultiSignature(Enum, path="sp_runtime::MultiSignature"):
    """A signature, of one of three kinds."""


class Ed25519(MultiSignature, index=0, unnamed=True):
    """Of ed25519."""

    signature: Annotated[bytes, Fixed(64)]


class Sr25519(MultiSignature, index=1, unnamed=True):
    """Of sr25519."""

    signature: Annotated[bytes, Fixed(64)]


class Ecdsa(MultiSignature, index=2, unnamed=True):
    """Of ECDSA over secp256k1; decoded, and never accepted."""

    signature: Annotated[bytes, Fixed(65)]


@dataclass(frozen=True, slots=True)
class ExtensionTypes:
    """What one transaction extension adds to an extrinsic, and to what is signed."""

    identifier: str
    extra: AnyCodec
    implicit: AnyCodec


@dataclass(frozen=True, slots=True)
class ExtrinsicTypes:
    """The parts of an extrinsic."""

    address: AnyCodec
    call: AnyCodec
    signature: AnyCodec
    extra: AnyCodec
    """Every extension's data, as one tuple."""
    extensions: tuple[ExtensionTypes, ...]

    @classmethod
    def of(cls, host: Host, extensions: Sequence[TransactionExtension]) -> ExtrinsicTypes:
        """The parts of the extrinsics of one runtime."""
        described = tuple(
            ExtensionTypes(each.identifier, host.codec(each.extra_type), host.codec(each.implicit_type))
            for each in extensions
        )
        return cls(
            address=host.codec(MultiAddress),
            call=host.codec(RuntimeCall),
            signature=host.codec(MultiSignature),
            extra=tuple_codec([each.extra for each in described]),
            extensions=described,
        )


def unchecked_extrinsic(
    types: ExtrinsicTypes, decode: Callable[[bytes], Any], raw_of: Callable[[Any], bytes]
) -> AnyCodec:
    """The codec of whole extrinsics, length included: `decode` reads one, `raw_of` gives back its bytes."""

    def read(data: bytes, at: int) -> tuple[Any, int]:
        length, start = _LENGTH.read(data, at)
        end = start + length
        if end > len(data):
            raise DecodeError(f"needs {length} bytes, {len(data) - start} remain", start)
        try:
            return decode(data[at:end]), end
        except DecodeError as error:
            raise DecodeError(error.reason, error.offset + at, error.path.removeprefix("Extrinsic")) from None

    def describe() -> Description:
        return Description(
            CompositeType((Field(None, codec_of(bytes)),)),
            ("sp_runtime", "generic", "unchecked_extrinsic", "UncheckedExtrinsic"),
            (
                ("Address", types.address),
                ("Call", types.call),
                ("Signature", types.signature),
                ("Extra", types.extra),
            ),
        )

    return Codec("UncheckedExtrinsic", read, raw_of, describe=describe, min_size=1)
