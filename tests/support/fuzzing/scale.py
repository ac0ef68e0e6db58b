"""The targets of SCALE: every type of the chain, alone and as storage and runtime APIs hold it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache

from runtime.frame.late import RuntimeEvent
from runtime.manifest import CODE_KEY, Manifest
from runtime.scale import AnyCodec, DecodeError, codec_of
from runtime.types.account import AccountInfo
from runtime.types.block import Header
from runtime.types.digest import Digest
from runtime.types.dispatch import DispatchErrorValue
from support.fuzzing import world
from support.fuzzing.engine import ACCEPTED, Target, outcome


def exactly(codec: AnyCodec, data: bytes) -> str:
    """Refused with what and where, or the one encoding of the value that it gives."""
    try:
        value = codec.decode(data)
    except DecodeError as error:
        assert 0 <= error.offset <= len(data), error
        return outcome(error)
    assert codec.encode(value) == data, "another encoding of the same value was accepted"
    return ACCEPTED


def one(name: str, codec: Callable[[], AnyCodec], salt: int, real: Callable[[], Sequence[bytes]]) -> Target:
    """A type, from values of it that the chain really has and random ones."""

    def seeds() -> list[bytes]:
        writer = world.shapes(salt)
        return [*real(), *(writer.encoding(codec()) for _ in range(12))]

    return Target(name, seeds, lambda data: exactly(codec(), data), rounds=250)


def many(name: str, codecs: Callable[[], list[tuple[str, AnyCodec]]], salt: int) -> Target:
    """Many types in one target: the first two bytes say which."""

    def seeds() -> list[bytes]:
        writer = world.shapes(salt)
        return [
            place.to_bytes(2, "little") + writer.encoding(codec)
            for place, (_, codec) in enumerate(codecs())
            for _ in range(2)
        ]

    def check(data: bytes) -> str:
        if len(data) < 2:
            return "too short"
        found = codecs()
        label, codec = found[int.from_bytes(data[:2], "little") % len(found)]
        return f"{label}: {exactly(codec, data[2:])}"

    return Target(name, seeds, check, rounds=1_000)


@cache
def stored() -> list[tuple[str, AnyCodec]]:
    """The codec of every storage item's values; the events among them."""
    runtime = world.runtime()
    return [
        (f"{name}.{item.name}", runtime.host.codec(item.value_type))
        for name, pallet in runtime.pallets.items()
        for item in pallet.storage.values()
    ]


@cache
def asked() -> list[tuple[str, AnyCodec]]:
    """What runtime APIs take and give."""
    methods = [method for api in world.runtime().apis for method in api.methods]
    return [
        *((f"{method.full_name}()", method.arguments) for method in methods),
        *((f"{method.full_name}->", method.output) for method in methods),
    ]


def headers() -> list[bytes]:
    return [codec_of(Header).encode(block.header) for block in world.blocks()]


def bodies() -> list[bytes]:
    return [codec_of(tuple[bytes, ...]).encode(block.extrinsics) for block in world.blocks()]


def manifests() -> list[bytes]:
    return [world.head().state.get(CODE_KEY) or b""]


def event_records() -> list[bytes]:
    system = world.runtime().pallets["System"]
    return [world.head().state.get(system.__dict__["events"].key) or b""]


TARGETS = [
    one("header", lambda: codec_of(Header), 10, headers),
    one("body", lambda: codec_of(tuple[bytes, ...]), 11, bodies),
    one("digest", lambda: codec_of(Digest), 12, tuple),
    one("account", lambda: codec_of(AccountInfo), 13, tuple),
    one("manifest", lambda: codec_of(Manifest), 14, manifests),
    one("dispatch-error", lambda: codec_of(DispatchErrorValue), 15, tuple),
    one("event", lambda: world.runtime().host.codec(RuntimeEvent).target, 16, tuple),
    one("events", lambda: dict(stored())["System.Events"], 17, event_records),
    many("stored", stored, 18),
    many("asked", asked, 19),
]
