"""The types that the whole runtime makes of its pallets: RuntimeCall, RuntimeEvent, OriginCaller, hold
reasons.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from runtime.frame.call import BoundCall
from runtime.frame.host import Call
from runtime.frame.names import plain_doc, snake
from runtime.frame.pallet import Pallet, Seat
from runtime.scale import (
    AnyCodec,
    Codec,
    DecodeError,
    EncodeError,
    Field,
    Variant,
    variant,
    variant_codec,
)

RUNTIME_PATH: Final = "ballast_runtime"
"""The crate that clients see in the paths of these types."""
NO_ERROR: Final = ("No error of the pallet has this number.",)


class Part(NamedTuple):
    """A pallet's share of a composite type."""

    seat: Seat
    root: type[Any]
    codec: AnyCodec


def composite(name: str, parts: Sequence[Part], *, path: str = "") -> AnyCodec:
    """An enum with one variant a pallet, each holding that pallet's own enum; values are the inner records
    alone.
    """
    owner = {kind: part.root for part in parts for kind in _kinds(part.root)}
    variants = [
        variant(
            part.seat.name,
            part.seat.index,
            [Field(None, part.codec)],
            make=_same,
            take=_alone,
            key=part.root,
        )
        for part in parts
    ]
    return variant_codec(
        name, variants, key_of=lambda value: owner[type(value)], path=path or f"{RUNTIME_PATH}::{name}"
    )


def _kinds(root: type[Any]) -> tuple[type[Any], ...]:
    return (root, *getattr(root, "__variants__", ()))


def _same(value: Any) -> Any:
    return value


def _alone(value: Any) -> tuple[Any]:
    return (value,)


def call_codec(pallets: Sequence[Pallet[Any, Any]]) -> Codec[Call]:
    """`RuntimeCall`: pallet index, call index, arguments; a table look-up to read, two bytes and the
    arguments to write.
    """
    table: dict[int, BoundCall[Any, Any]] = {}
    by_pallet: list[tuple[Seat, AnyCodec]] = []
    for pallet in pallets:
        seat = pallet.seat
        assert seat is not None
        bound = [getattr(pallet, name) for name in pallet.calls]
        for each in bound:
            table[each.pallet_index << 8 | each.index] = each
        if bound:
            by_pallet.append((seat, pallet_call_codec(pallet, bound)))
    readers = {key: (info, info.args_codec.read) for key, info in table.items()}
    variants = [
        variant(seat.name, seat.index, [Field(None, codec)], make=_same, take=_alone)
        for seat, codec in by_pallet
    ]
    described = variant_codec("RuntimeCall", variants, path=f"{RUNTIME_PATH}::RuntimeCall")

    def read(data: bytes, at: int) -> tuple[Call, int]:
        if at + 2 > len(data):
            raise DecodeError(f"needs 2 bytes, {max(0, len(data) - at)} remain", at)
        found = readers.get(data[at] << 8 | data[at + 1])
        if found is None:
            raise DecodeError(f"no call {data[at + 1]} of a pallet {data[at]}", at)
        info, read_args = found
        try:
            args, end = read_args(data, at + 2)
        except DecodeError as error:
            raise error.inside(f".{info.pallet}.{info.name}") from None
        return Call(info, args), end

    def write(call: Call) -> bytes:
        info: BoundCall[Any, Any] = call.info
        if table.get(info.pallet_index << 8 | info.index) != info:
            raise EncodeError(f"{call} is no call of this runtime")
        try:
            args = info.args_codec.write(call.args)
        except EncodeError as error:
            raise error.inside(f".{info.pallet}.{info.name}") from None
        return info.tag + args

    return Codec("RuntimeCall", read, write, min_size=2, describe=lambda: described.description)


def pallet_call_codec(pallet: Pallet[Any, Any], bound: Sequence[BoundCall[Any, Any]]) -> AnyCodec:
    """One pallet's calls as an enum, for metadata."""
    variants: list[Variant] = [
        variant(
            each.name,
            each.index,
            [
                Field(name.rstrip("_"), codec, type_name=codec.name)
                for (name, _), codec in zip(each.parameters, each.arg_codecs, strict=True)
            ],
            make=_tuple,
            take=_same,
            docs=each.declaration.docs,
        )
        for each in bound
    ]
    return variant_codec("Call", variants, path=f"{crate_of(pallet)}::pallet::Call")


def _tuple(*values: Any) -> tuple[Any, ...]:
    return values


def crate_of(pallet: Pallet[Any, Any]) -> str:
    """The crate under which clients look for a pallet's types: Substrate's where it has the pallet."""
    name = snake(type(pallet).__name__)
    return "frame_system" if name == "system" else f"pallet_{name}"


def error_codec(pallet: Pallet[Any, Any]) -> AnyCodec | None:
    """A pallet's errors as an enum, for metadata; None without any.

    Numbers that no error has are filled: py-substrate-interface looks errors up by their place in the list.
    """
    errors = pallet.error_root.variants
    if not errors:
        return None
    variants: list[Variant] = []
    for index in range(max(errors) + 1):
        error = errors.get(index)
        name, docs = (
            (f"Unused{index}", NO_ERROR) if error is None else (error.__name__, plain_doc(error.__doc__))
        )
        variants.append(variant(name, index, make=_tuple, take=_same, docs=docs))
    return variant_codec("Error", variants, path=f"{crate_of(pallet)}::pallet::Error")


def runtime_error_codec(pallets: Sequence[Pallet[Any, Any]]) -> AnyCodec:
    """`RuntimeError`: the errors of every pallet that has any, for metadata."""
    parts: list[Part] = []
    for pallet in pallets:
        codec = error_codec(pallet)
        if codec is not None:
            assert pallet.seat is not None
            parts.append(Part(pallet.seat, pallet.error_root, codec))
    return composite("RuntimeError", parts)
