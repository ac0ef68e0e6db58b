"""Extrinsics, version 4: the envelope around a call.

    signed:  compact(length) 0x84  address  kind signature  extras  call
    bare:    compact(length) 0x04  call

What is signed is `call ++ extras ++ implicits`, or its BLAKE2b-256 when that is longer than 256 bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from operator import itemgetter
from typing import Any, Final, TypeAlias

from msgspec import Struct

from runtime.crypto import ed25519, sr25519
from runtime.crypto.hashing import blake2b_256
from runtime.frame.extension import TransactionExtension
from runtime.frame.host import Call, Host
from runtime.frame.late import RuntimeCall
from runtime.scale import U32, Codec, Compact, DecodeError, codec_of, tuple_codec
from runtime.types.account import Address, MultiAddress

SIGNED_V4: Final = 0x84
BARE_V4: Final = 0x04
PAYLOAD_MAX: Final = 256
"""A longer payload is hashed before it is signed."""
EXTRINSIC_BYTES_MAX: Final = 5 * 1024 * 1024
"""The longest extrinsic that is decoded at all."""
ED25519: Final = 0
SR25519: Final = 1
ECDSA: Final = 2
_SIGNATURE_SIZES: Final = (64, 64, 65)
_KINDS: Final = (ED25519, SR25519, ECDSA)

IMPLIED_MAX: Final = 1_024
"""For how many different extras it is kept what they imply."""

Proof: TypeAlias = tuple[int, bytes, bytes, bytes]
"""All that `verify` looks at: the signature's kind, the public key, the message, the signature."""


Implied: TypeAlias = dict[Any, bytes]
"""What the extensions add to what is signed, by the extras on which it depends: for as long as one block is
built, or one head stands.
"""


class Signature(Struct, frozen=True):
    """Who signed an extrinsic, and how."""

    address: MultiAddress
    kind: int
    """0 ed25519, 1 sr25519, 2 ecdsa, as `MultiSignature` numbers them."""
    signature: bytes
    extras: tuple[Any, ...]
    """The value of each extension that carries one, in the extensions' order (units included)."""
    extra_bytes: bytes
    """The same, as it came."""


class Extrinsic(Struct, frozen=True):
    """A decoded extrinsic; `raw` keeps the bytes that it came in, length prefix included."""

    raw: bytes
    call: Call
    call_bytes: bytes
    signature: Signature | None

    @property
    def hash(self) -> bytes:
        """By what clients and the pool know it."""
        return blake2b_256(self.raw)


class ExtrinsicCodec:
    """Reads and writes the extrinsics of one runtime."""

    def __init__(self, host: Host, extensions: Sequence[TransactionExtension]) -> None:
        self._implicits = [
            (place, each.implicit)
            for place, each in enumerate(extensions)
            if type(each).implicit is not TransactionExtension.implicit
        ]
        codecs = [host.codec(each.extra_type) for each in extensions]
        # A unit is always the same.
        self._implied_by = _places([place for place, _ in self._implicits if codecs[place].fixed_size != 0])
        self._call: Codec[Call] = host.codec(RuntimeCall).target
        self._extras: Codec[tuple[Any, ...]] = tuple_codec(codecs)
        self._read_address = codec_of(MultiAddress).read
        self._length = codec_of(Compact[U32])
        self._read_length = self._length.read
        self._read_extras, self._read_call = self._extras.read, self._call.read

    def decode(self, raw: bytes) -> Extrinsic:
        """The extrinsic in `raw`, which must hold it and nothing else; raises DecodeError."""
        read_length = self._read_length
        length, at = read_length(raw, 0)
        if length != len(raw) - at:
            raise DecodeError(f"claims {length} bytes, {len(raw) - at} follow", 0, "Extrinsic.length")
        if not length:
            raise DecodeError("needs 1 byte, 0 remain", at, "Extrinsic.version")
        version = raw[at]
        if version == SIGNED_V4:
            return self._decode_signed(raw, at + 1)
        if version != BARE_V4:
            raise DecodeError(
                f"version byte {version:#04x} is neither 0x84 (signed) nor 0x04 (bare)",
                at,
                "Extrinsic.version",
            )
        try:
            call, end = self._read_call(raw, at + 1)
        except DecodeError as error:
            raise error.inside("Extrinsic.call") from None
        if end != len(raw):
            raise _more_behind(raw, end)
        return Extrinsic(raw, call, raw[at + 1 :], None)

    def _decode_signed(self, raw: bytes, at: int) -> Extrinsic:
        if len(raw) >= at + 34 and raw[at] == 0:
            address: MultiAddress = Address(raw[at + 1 : at + 33])
            at += 33
        else:
            try:
                address, at = self._read_address(raw, at)
            except DecodeError as error:
                raise error.inside("Extrinsic.address") from None
        kind = raw[at] if at < len(raw) else -1
        if kind not in _KINDS:
            raise DecodeError(
                "the signature's kind is none of ed25519, sr25519, ecdsa", at, "Extrinsic.signature"
            )
        start = at + 1
        at = start + _SIGNATURE_SIZES[kind]
        if at > len(raw):
            raise DecodeError(
                f"needs {_SIGNATURE_SIZES[kind]} bytes, {len(raw) - start} remain",
                start,
                "Extrinsic.signature",
            )
        read_extras, read_call, part = self._read_extras, self._read_call, "Extrinsic.extras"
        try:
            extras, call_at = read_extras(raw, at)
            part = "Extrinsic.call"
            call, end = read_call(raw, call_at)
        except DecodeError as error:
            raise error.inside(part) from None
        if end != len(raw):
            raise _more_behind(raw, end)
        signature = Signature(address, kind, raw[start:at], extras, raw[at:call_at])
        return Extrinsic(raw, call, raw[call_at:], signature)

    def payload(self, extrinsic: Extrinsic, implied: Implied) -> bytes:
        """What the signature of a signed extrinsic covers; `implied` keeps what the extensions said of the
        same extras before, over the same block. Raises `InvalidTransaction` when it is no longer known.
        """
        signature = extrinsic.signature
        assert signature is not None
        extras = signature.extras
        # A function that stands in a slot is called sooner by a name of its own.
        implied_by = self._implied_by
        given = implied_by(extras)
        added = implied.get(given)
        if added is None:
            if len(implied) >= IMPLIED_MAX:
                implied.clear()
            added = implied[given] = self._imply(extras)
        payload = extrinsic.call_bytes + signature.extra_bytes + added
        return payload if len(payload) <= PAYLOAD_MAX else signed_bytes(payload)

    def _imply(self, extras: tuple[Any, ...]) -> bytes:
        return b"".join([implicit(extras[place]) for place, implicit in self._implicits])

    def bare(self, call: Call) -> bytes:
        """The bare extrinsic of a call: an inherent, or an unsigned transaction."""
        body = bytes((BARE_V4,)) + self._call.write(call)
        return self._length.encode(len(body)) + body

    def signed(
        self, address: bytes, kind: int, signature: bytes, extra_bytes: bytes, call_bytes: bytes
    ) -> bytes:
        """A signed extrinsic from its parts."""
        body = b"".join((bytes((SIGNED_V4, 0)), address, bytes((kind,)), signature, extra_bytes, call_bytes))
        return self._length.encode(len(body)) + body

    def extras(self, values: tuple[Any, ...]) -> bytes:
        """The encoding of one value an extension."""
        return self._extras.encode(values)


def signed_bytes(payload: bytes) -> bytes:
    """What is really signed of a payload: itself, or its hash when it is long."""
    return payload if len(payload) <= PAYLOAD_MAX else blake2b_256(payload)


def verify(kind: int, public: bytes, message: bytes, signature: bytes) -> bool:
    """Whether a signature holds. ECDSA is decoded and never holds on this chain."""
    if kind == ED25519:
        return ed25519.verify(public, message, signature)
    if kind == SR25519:
        return sr25519.verify(public, message, signature)
    return False


def _places(places: Sequence[int]) -> Callable[[tuple[Any, ...]], Any]:
    """How to take the values at some places of a tuple: as one value, if it is one."""
    return itemgetter(*places) if places else lambda values: ()


def _more_behind(raw: bytes, end: int) -> DecodeError:
    return DecodeError(f"{len(raw) - end} bytes remain after the call", end, "Extrinsic.call")
