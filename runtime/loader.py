"""The loader: from a chain's spec and the pallets that are installed to a runtime, or a refusal that names
the fault.

Order comes from the spec's indices alone, never from discovery.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from runtime.api import ApiConflict, serve, versions
from runtime.composites import RUNTIME_PATH, Part, call_codec, composite, runtime_error_codec
from runtime.executive.closing import Closing
from runtime.executive.extensions import (
    CheckGenesis,
    CheckMortality,
    CheckNonce,
    CheckSpecVersion,
    CheckTxVersion,
)
from runtime.executive.extrinsic import Extrinsic, ExtrinsicCodec
from runtime.executive.migrate import Migrations
from runtime.executive.parts import Parts
from runtime.frame.call import BoundCall
from runtime.frame.catalogue import Catalogue
from runtime.frame.extension import TransactionExtension
from runtime.frame.host import Host
from runtime.frame.interfaces import Blocks, Nonces, System
from runtime.frame.late import (
    RuntimeCall,
    RuntimeEvent,
    RuntimeExtrinsic,
    RuntimeFreezeReason,
    RuntimeHoldReason,
    RuntimeOrigin,
)
from runtime.frame.origin import RawOrigin
from runtime.frame.pallet import Pallet, Seat
from runtime.frame.plain import PlainError, from_plain
from runtime.lifecycle import LoadError, checks_of, hooks_of, name_of
from runtime.manifest import Manifest, ManifestPallet, ManifestUse
from runtime.metadata import Described, ExtrinsicTypes, Metadata, unchecked_extrinsic
from runtime.runtime import Runtime
from runtime.scale import AnyCodec, Struct, codec_of, lazy
from runtime.spec import PALLETS_MAX, Found, RuntimeSpec, SeatSpec
from runtime.types.dispatch import DispatchEventInfo
from runtime.version import IMPL_NAME, SPEC_NAME, TRANSACTION_VERSION, RuntimeVersion


def load(
    spec: RuntimeSpec,
    found: Mapping[str, Found],
    *,
    runtime_digest: bytes = bytes(32),
) -> Runtime:
    """The runtime that `spec` describes, made of the pallets in `found` by their registered names. Raises
    LoadError.
    """
    seats = _check_seats(spec.pallets, found)
    classes = {seat.seat_name: found[seat.pallet].pallet for seat in seats}
    whole: dict[object, AnyCodec] = {}
    bindings: dict[object, AnyCodec] = {
        annotation: _late(whole, annotation, name) for annotation, name, _ in _COMPOSITES
    }
    bindings[RuntimeExtrinsic] = _late(whole, RuntimeExtrinsic, "UncheckedExtrinsic")
    version = _version(spec, classes)
    host = Host(bindings=bindings, version=version)
    catalogue = Catalogue()
    pallets = _construct(seats, classes, host, catalogue)
    ordered = tuple(pallets[seat.seat_name] for seat in seats)
    catalogue.settle(ordered)
    _refuse_shared(ordered)
    for annotation, name, attribute in _COMPOSITES:
        whole[annotation] = (
            composite(name, _shares(ordered, attribute, host)) if attribute else call_codec(ordered)
        )
    hooks = hooks_of(ordered)
    host.settle(
        filters=tuple(hook.run for hook in hooks["filter_call"]), error_pallets=_error_pallets(ordered)
    )
    extensions = _extensions(spec, ordered, host, version)
    extrinsic_codec, extrinsic_types = ExtrinsicCodec(host, extensions), ExtrinsicTypes.of(host, extensions)
    whole[RuntimeExtrinsic] = unchecked_extrinsic(extrinsic_types, extrinsic_codec.decode, _raw)
    system = _only(ordered, System, "the executive")
    parts = Parts(
        host=host,
        version=version,
        system=system,
        codec=extrinsic_codec,
        extensions=extensions,
        hooks=hooks,
        unsigned={hook.pallet: hook for hook in hooks["validate_unsigned"]},
        migrations=Migrations(host, {name_of(each): each for each in ordered}),
        successes=_successes(ordered, system),
        checks=checks_of(ordered, catalogue),
    )
    host.close_by(Closing(parts))
    metadata = Metadata(
        lambda: Described(
            host=host,
            pallets=ordered,
            errors=runtime_error_codec(ordered),
            extrinsic=extrinsic_types,
            apis=tuple(apis),
            path=RUNTIME_PATH,
        )
    )
    apis = serve(parts, metadata, ordered)
    return Runtime(
        spec=spec,
        parts=parts,
        pallets={name_of(each): each for each in ordered},
        manifest=_manifest(spec, seats, found, pallets, runtime_digest),
        apis=apis,
        metadata=metadata,
    )


_COMPOSITES: Final = (
    (RuntimeCall, "RuntimeCall", ""),
    (RuntimeEvent, "RuntimeEvent", "event_root"),
    (RuntimeOrigin, "OriginCaller", "origin_type"),
    (RuntimeHoldReason, "RuntimeHoldReason", "hold_reason"),
    (RuntimeFreezeReason, "RuntimeFreezeReason", "freeze_reason"),
)
"""The types that all pallets make together: how pallets name them, their name, and the pallets' part of them.
"""


# Seats.


def _check_seats(given: Sequence[SeatSpec], found: Mapping[str, Found]) -> tuple[SeatSpec, ...]:
    seats = tuple(sorted(given, key=lambda seat: seat.index))
    by_name: dict[str, SeatSpec] = {}
    by_index: dict[int, SeatSpec] = {}
    for seat in seats:
        if seat.pallet not in found:
            known = ", ".join(sorted(found)) or "none"
            raise LoadError(
                f"pallet {seat.pallet!r} at index {seat.index} is not installed; installed are: {known}"
            )
        if not 0 <= seat.index < PALLETS_MAX:
            raise LoadError(
                f"pallet {seat.seat_name!r} has index {seat.index}, outside [0, {PALLETS_MAX - 1}]"
            )
        if seat.index in by_index:
            raise LoadError(
                f"{by_index[seat.index].seat_name!r} and {seat.seat_name!r} both have index {seat.index}"
            )
        if seat.seat_name in by_name:
            raise LoadError(
                f"indices {by_name[seat.seat_name].index} and {seat.index} both store under "
                f"{seat.seat_name!r}: give one of them another name"
            )
        by_index[seat.index] = by_name[seat.seat_name] = seat
    return seats


def _refuse_shared(pallets: Sequence[Pallet[Any, Any]]) -> None:
    """Values are told apart by their classes: pallets with the same events or errors would be mixed up."""
    for attribute in ("event_root", "error_root", "hold_reason", "freeze_reason", "origin_type"):
        owners: dict[type[Any], str] = {}
        for pallet in pallets:
            root: type[Any] | None = getattr(pallet, attribute)
            if root is None or not (getattr(root, "__variants__", ()) or getattr(root, "variants", ())):
                continue
            other = owners.setdefault(root, name_of(pallet))
            if other != name_of(pallet):
                raise LoadError(
                    f"{other} and {name_of(pallet)} share {root.__name__}: a chain holds one pallet of a kind"
                )


def _late(whole: Mapping[object, AnyCodec], annotation: object, name: str) -> AnyCodec:
    return lazy(lambda: whole[annotation], name)


def _shares(pallets: Sequence[Pallet[Any, Any]], attribute: str, host: Host) -> list[Part]:
    """What each pallet puts into a composite type; pallets that put in nothing are left out."""
    parts: list[Part] = []
    for pallet in pallets:
        root: type[Any] | None = getattr(pallet, attribute)
        if attribute == "origin_type" and issubclass(type(pallet), System):
            root = RawOrigin
        if root is None or (attribute == "event_root" and not root.__variants__):
            continue
        assert pallet.seat is not None
        parts.append(Part(pallet.seat, root, host.codec(root)))
    return parts


# Construction.


def _construct(
    seats: Sequence[SeatSpec], classes: Mapping[str, type[Pallet[Any, Any]]], host: Host, catalogue: Catalogue
) -> dict[str, Pallet[Any, Any]]:
    """Every pallet, given what it wants of the others; two pallets may want one another."""
    made: dict[str, Pallet[Any, Any]] = {
        seat.seat_name: object.__new__(classes[seat.seat_name]) for seat in seats
    }
    for seat in seats:
        given: dict[str, Any] = {
            attribute: tuple(made[each] for each in source) if isinstance(source, tuple) else made[source]
            for attribute, source in _wanted(seat, classes).items()
        }
        hints = classes[seat.seat_name].given()
        given |= {attribute: catalogue for attribute, hint in hints.items() if hint is Catalogue}
        _give(made[seat.seat_name], seat, host, given)
    return made


def _wanted(
    seat: SeatSpec, classes: Mapping[str, type[Pallet[Any, Any]]]
) -> dict[str, str | tuple[str, ...]]:
    """Who provides each interface that a pallet is given: a pallet's name, or all that provide it."""
    cls = classes[seat.seat_name]
    given = {
        name: hint
        for name, hint in cls.given().items()
        if name != "host" and hint is not Catalogue and not _is_config(hint)
    }
    unknown = [name for name in seat.uses if name not in given]
    if unknown:
        raise LoadError(f"{seat.seat_name} uses {unknown[0]!r}, and the pallet is given nothing of that name")
    wanted: dict[str, str | tuple[str, ...]] = {}
    for name, hint in given.items():
        if getattr(hint, "__origin__", None) is tuple:
            interface = hint.__args__[0]
            wanted[name] = tuple(
                other
                for other, kind in classes.items()
                if other != seat.seat_name and issubclass(kind, interface)
            )
            continue
        wanted[name] = _provider(seat, name, hint, classes)
    return wanted


def _provider(
    seat: SeatSpec, name: str, interface: type[Any], classes: Mapping[str, type[Pallet[Any, Any]]]
) -> str:
    chosen = seat.uses.get(name)
    if chosen is not None:
        if chosen not in classes:
            raise LoadError(
                f"{seat.seat_name} uses {chosen!r} as its {name}, and the chain has no such pallet"
            )
        if not issubclass(classes[chosen], interface):
            raise LoadError(
                f"{seat.seat_name} uses {chosen!r} as its {name}, and that does not provide "
                f"{interface.__name__}"
            )
        return chosen
    providers = [
        other for other, kind in classes.items() if other != seat.seat_name and issubclass(kind, interface)
    ]
    if not providers:
        raise LoadError(
            f"{seat.seat_name} needs {name}: {interface.__name__}, and no pallet of the chain provides it"
        )
    if len(providers) > 1:
        raise LoadError(
            f"{seat.seat_name} needs {name}: {interface.__name__}, and {' and '.join(providers)} provide it: "
            f'say which under "uses"'
        )
    return providers[0]


def _is_config(hint: Any) -> bool:
    return isinstance(hint, type) and issubclass(hint, Struct)


def _give(instance: Pallet[Any, Any], seat: SeatSpec, host: Host, given: dict[str, Any]) -> None:
    """Construct a pallet in its place, with its constants."""
    cls = type(instance)
    configs = {name: hint for name, hint in cls.given().items() if _is_config(hint)}
    if not configs and seat.config:
        raise LoadError(
            f"{seat.seat_name} takes no config, and the chain spec gives {', '.join(seat.config)}"
        )
    for name, hint in configs.items():
        try:
            given[name] = from_plain(hint, dict(seat.config))
        except PlainError as error:
            raise LoadError(f"{seat.seat_name}: config: {error}") from None
    construct: Any = cls.__init__
    try:
        construct(instance, host=host, seat=Seat(seat.index, seat.seat_name), **given)
    except TypeError as error:
        raise LoadError(f"{seat.seat_name}: {error}") from error


# The rest.


def _extensions(
    spec: RuntimeSpec, pallets: Sequence[Pallet[Any, Any]], host: Host, version: RuntimeVersion
) -> tuple[TransactionExtension, ...]:
    blocks = _only(pallets, Blocks, "a transaction extension")
    nonces = _only(pallets, Nonces, "a transaction extension")
    known: dict[str, TransactionExtension] = {
        each.identifier: each
        for each in (
            CheckSpecVersion(version),
            CheckTxVersion(version),
            CheckGenesis(blocks),
            CheckMortality(blocks, host),
            CheckNonce(nonces),
            *(extension for pallet in pallets for extension in pallet.extensions()),
        )
    }
    missing = [name for name in spec.extensions if name not in known]
    if missing:
        raise LoadError(
            f"transaction extension {missing[0]!r} is provided by no pallet; known are: {', '.join(known)}"
        )
    return tuple(known[name] for name in spec.extensions)


def _only(pallets: Sequence[Pallet[Any, Any]], interface: type[Any], who: str) -> Any:
    providers = [pallet for pallet in pallets if issubclass(type(pallet), interface)]
    if len(providers) != 1:
        names = ", ".join(name_of(each) for each in providers) or "none"
        raise LoadError(
            f"{who} needs exactly one pallet that provides {interface.__name__}; there is: {names}"
        )
    return providers[0]


def _error_pallets(pallets: Sequence[Pallet[Any, Any]]) -> dict[Any, int]:
    table: dict[Any, int] = {}
    for pallet in pallets:
        assert pallet.seat is not None
        table.setdefault(pallet.error_root, pallet.seat.index)
    return table


def _successes(pallets: Sequence[Pallet[Any, Any]], system: System) -> dict[object, bytes]:
    found: dict[object, bytes] = {}
    for pallet in pallets:
        for name, declaration in pallet.calls.items():
            bound: BoundCall[Any, Any] = getattr(pallet, name)
            if bound.fixed_weight is not None:
                found[bound] = system.success(
                    DispatchEventInfo(bound.fixed_weight, declaration.dispatch_class, declaration.pays)
                )
    return found


def _version(spec: RuntimeSpec, classes: Mapping[str, type[Pallet[Any, Any]]]) -> RuntimeVersion:
    try:
        apis = versions(classes)
    except ApiConflict as conflict:
        raise LoadError(str(conflict)) from None
    return RuntimeVersion(SPEC_NAME, IMPL_NAME, 1, spec.spec_version, 1, apis, TRANSACTION_VERSION, 1)


def _raw(extrinsic: Extrinsic) -> bytes:
    return extrinsic.raw


def _manifest(
    spec: RuntimeSpec,
    seats: Sequence[SeatSpec],
    found: Mapping[str, Found],
    made: Mapping[str, Pallet[Any, Any]],
    runtime_digest: bytes,
) -> Manifest:
    pallets: list[ManifestPallet] = []
    for seat in seats:
        here = found[seat.pallet]
        pallets.append(
            ManifestPallet(
                index=seat.index,
                name=seat.seat_name,
                pallet=seat.pallet,
                distribution=here.distribution,
                version=here.version,
                digest=here.digest,
                constants=_constants(made[seat.seat_name]),
                uses=tuple(ManifestUse(interface, given) for interface, given in sorted(seat.uses.items())),
            )
        )
    return Manifest(spec.spec_version, runtime_digest, tuple(pallets), spec.extensions)


def _constants(pallet: Pallet[Any, Any]) -> bytes:
    return b"".join(
        codec_of(hint).encode(getattr(pallet, name))
        for name, hint in pallet.given().items()
        if _is_config(hint)
    )
