"""Metadata says what the pallets declare, all of it, in records that hang together."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any

import pytest

from pallets.system import System
from pallets.timestamp import Timestamp
from runtime.frame import (
    Blake2_128Concat,
    Error,
    Event,
    Identity,
    NoError,
    NoEvent,
    Pallet,
    Signed,
    StorageDoubleMap,
    StorageMap,
    StorageNMap,
    StorageOption,
    StorageValue,
    Twox64Concat,
    call,
    constant,
)
from runtime.metadata import VERSIONS
from runtime.metadata.records import (
    MAGIC,
    Map,
    MetadataV14,
    MetadataV15,
    Modifier,
    PalletConstant,
    PalletV14,
    PalletV15,
    Plain,
    StorageEntry,
)
from runtime.metadata.v16 import (
    MetadataV16,
    NotDeprecated,
    PalletConstantV16,
    PalletEnumV16,
    StorageEntryV16,
)
from runtime.scale import U16, U32, U64, Compact, Doc, Struct, codec_of
from runtime.scale.registry import (
    Array,
    BitSequence,
    CompactOf,
    Composite,
    PortableField,
    PortableVariant,
    Primitive,
    Sequence,
    Tuple,
    Type,
    TypeDef,
    Variants,
)
from runtime.spec import EXTENSIONS, RuntimeSpec, SeatSpec
from runtime.testing import TestChain
from runtime.types import AccountId, Balance, db
from support.chains import chain_of
from support.oracle import Oracle

Metadata = MetadataV14 | MetadataV15
RECORDS: dict[int, Any] = {14: MetadataV14, 15: MetadataV15, 16: MetadataV16}


class Config(Struct):
    """Constants."""

    ss58_check: Annotated[U16, Doc("A capital word.\nIn two lines.")] = 7
    class_: U32 = 1


class MuseumEvent(Event):
    """What the museum tells."""


class Opened(MuseumEvent, index=3):
    """It opened."""

    at: U32


class MuseumError(Error):
    """Why the museum refuses."""


class Closed(MuseumError, index=0):
    """It is closed."""


class Shut(MuseumError, index=2):
    """It is shut."""


class Museum(Pallet[MuseumEvent, MuseumError]):
    """One of each declaration.

    In paragraphs.
    """

    config: Config

    plain = StorageValue[U32](default=258, doc="A value.")
    maybe = StorageOption[bytes](doc="A value that may be absent.")
    by_one = StorageMap[U32, bool](hasher=Twox64Concat, doc="By one key.")
    by_two = StorageDoubleMap[AccountId, U64, Balance](
        default=0, hashers=(Blake2_128Concat, Identity), doc="By two."
    )
    by_three = StorageNMap[tuple[U32, U32, bytes], str](
        hashers=(Identity, Twox64Concat, Blake2_128Concat), default="", doc="By three."
    )

    @constant
    def ticket_price(self) -> Balance:
        """What a visit costs."""
        return self.config.class_ * 10

    @call(index=4, weight=db())
    def visit(self, origin: Signed, day: Compact[U32], with_: AccountId | None) -> None:
        """Visit.

        On a day.
        """


class Silent(Pallet[NoEvent, NoError]):
    """Nothing at all."""


CHAIN = chain_of(Museum, Silent)


def read(chain: TestChain, version: int) -> Any:
    raw = chain.runtime.metadata.encode(version)
    assert raw is not None
    assert raw[:5] == MAGIC + bytes((version,))
    return codec_of(RECORDS[version]).decode(raw[5:])


@pytest.fixture(params=[14, 15], scope="module")
def metadata(request: pytest.FixtureRequest) -> Metadata:
    found: Metadata = read(CHAIN, request.param)
    return found


def pallet_of(metadata: Metadata, name: str) -> PalletV14 | PalletV15:
    (found,) = [each for each in metadata.pallets if each.name == name]
    return found


def entries(metadata: Metadata) -> dict[str, StorageEntry]:
    storage = pallet_of(metadata, "Museum").storage
    assert storage is not None
    assert storage.prefix == "Museum"
    return {each.name: each for each in storage.entries}


def type_of(metadata: Metadata, number: int | None) -> Type:
    assert number is not None
    return metadata.types[number].type


def fields_of(definition: TypeDef) -> tuple[PortableField, ...]:
    assert isinstance(definition, Composite)
    return definition.fields


def variants_of(portable: Type) -> dict[str, PortableVariant]:
    assert isinstance(portable.definition, Variants)
    return {each.name: each for each in portable.definition.variants}


def inner(definition: TypeDef) -> Iterator[int]:
    match definition:
        case Composite(fields):
            yield from (field.type for field in fields)
        case Variants(variants):
            yield from (field.type for variant in variants for field in variant.fields)
        case Sequence(number) | Array(_, number) | CompactOf(number):
            yield number
        case Tuple(numbers):
            yield from numbers
        case BitSequence(store, order):
            yield from (store, order)
        case _:
            assert isinstance(definition, Primitive)


def outer(metadata: Metadata) -> Iterator[int | None]:
    """Every type that metadata names outside the registry."""
    for pallet in metadata.pallets:
        yield from (pallet.calls, pallet.event, pallet.error)
        yield from (each.type for each in pallet.constants)
        for entry in pallet.storage.entries if pallet.storage is not None else ():
            yield from (
                (entry.type.key, entry.type.value) if isinstance(entry.type, Map) else (entry.type.value,)
            )
    yield metadata.type
    for extension in metadata.extrinsic.signed_extensions:
        yield from (extension.type, extension.additional_signed)
    if isinstance(metadata, MetadataV14):
        yield metadata.extrinsic.type
        return
    extrinsic, enums = metadata.extrinsic, metadata.outer_enums
    yield from (extrinsic.address, extrinsic.call, extrinsic.signature, extrinsic.extra)
    yield from (enums.call, enums.event, enums.error)
    for api in metadata.apis:
        for method in api.methods:
            yield from (each.type for each in method.inputs)
            yield method.output


def test_every_type_is_at_its_number_and_every_number_is_a_type(metadata: Metadata) -> None:
    count = len(metadata.types)
    assert [each.id for each in metadata.types] == list(range(count))
    named = [number for each in metadata.types for number in inner(each.type.definition)]
    named += [
        each.type for portable in metadata.types for each in portable.type.params if each.type is not None
    ]
    named += [number for number in outer(metadata) if number is not None]
    assert max(named) < count


def test_no_type_is_told_twice(metadata: Metadata) -> None:
    told = [each.type.replace(docs=()) for each in metadata.types]
    assert len(dict.fromkeys(told)) == len(told)


def test_types_of_one_path_differ_in_their_parameters(metadata: Metadata) -> None:
    named = [(each.type.path, each.type.params) for each in metadata.types if each.type.path]
    assert len(dict.fromkeys(named)) == len(named)


def test_the_paths_that_clients_look_for(metadata: Metadata) -> None:
    paths = {"::".join(each.type.path) for each in metadata.types}
    assert paths >= {
        "sp_core::crypto::AccountId32",
        "sp_runtime::multiaddress::MultiAddress",
        "sp_runtime::MultiSignature",
        "sp_runtime::generic::era::Era",
        "sp_runtime::generic::digest::Digest",
        "sp_runtime::generic::digest::DigestItem",
        "sp_runtime::generic::unchecked_extrinsic::UncheckedExtrinsic",
        "sp_runtime::DispatchError",
        "sp_runtime::ModuleError",
        "sp_weights::weight_v2::Weight",
        "frame_system::AccountInfo",
        "frame_system::EventRecord",
        "frame_system::Phase",
        "frame_support::dispatch::DispatchClass",
        "frame_support::dispatch::Pays",
        "primitive_types::H256",
    }
    assert all(path and not path.startswith(("runtime::frame", "runtime::types")) for path in paths - {""})


def test_storage_by_every_kind_of_declaration(metadata: Metadata) -> None:
    found = entries(metadata)
    assert list(found) == ["Plain", "Maybe", "ByOne", "ByTwo", "ByThree"]
    assert [each.docs for each in found.values()] == [
        ("A value.",),
        ("A value that may be absent.",),
        ("By one key.",),
        ("By two.",),
        ("By three.",),
    ]
    assert [each.modifier for each in found.values()] == [
        Modifier.Default,
        Modifier.Optional,
        Modifier.Optional,
        Modifier.Default,
        Modifier.Default,
    ]
    assert [each.default for each in found.values()] == [b"\x02\x01\0\0", b"\0", b"\0", bytes(16), b"\0"]
    assert isinstance(found["Plain"].type, Plain)
    hashers = [each.type.hashers for each in found.values() if isinstance(each.type, Map)]
    assert hashers == [(5,), (2, 6), (6, 5, 2)]
    two = found["ByTwo"].type
    assert isinstance(two, Map)
    keys = type_of(metadata, two.key).definition
    assert isinstance(keys, Tuple)
    assert [type_of(metadata, each).path[-1:] for each in keys.types] == [("AccountId32",), ()]


def test_calls_events_and_errors_with_their_docs(metadata: Metadata) -> None:
    museum = pallet_of(metadata, "Museum")
    visit = variants_of(type_of(metadata, museum.calls))["visit"]
    assert (visit.index, visit.docs) == (4, ("Visit.", "", "On a day."))
    assert [(each.name, each.type_name) for each in visit.fields] == [
        ("day", "Compact<u32>"),
        ("with", "Option<AccountId32>"),
    ]
    opened = variants_of(type_of(metadata, museum.event))["Opened"]
    assert (opened.index, opened.docs, [each.name for each in opened.fields]) == (3, ("It opened.",), ["at"])
    errors = variants_of(type_of(metadata, museum.error))
    assert [(each.index, name, each.docs) for name, each in errors.items()] == [
        (0, "Closed", ("It is closed.",)),
        (1, "Unused1", ("No error of the pallet has this number.",)),
        (2, "Shut", ("It is shut.",)),
    ]


def test_constants_of_the_config_and_of_methods(metadata: Metadata) -> None:
    def shown(each: PalletConstant) -> tuple[str, bytes, tuple[str, ...]]:
        return each.name, each.value, each.docs

    assert [shown(each) for each in pallet_of(metadata, "Museum").constants] == [
        ("SS58Check", b"\x07\0", ("A capital word.", "In two lines.")),
        ("Class", b"\x01\0\0\0", ()),
        ("TicketPrice", (10).to_bytes(16, "little"), ("What a visit costs.",)),
    ]


def test_a_pallet_that_declares_nothing(metadata: Metadata) -> None:
    silent = pallet_of(metadata, "Silent")
    assert (silent.storage, silent.calls, silent.event, silent.constants, silent.error) == (
        None,
        None,
        None,
        (),
        None,
    )


def test_pallets_stand_at_their_indices(metadata: Metadata) -> None:
    assert [(each.index, each.name) for each in metadata.pallets] == [
        (0, "System"),
        (1, "Timestamp"),
        (2, "Balances"),
        (3, "TransactionPayment"),
        (4, "Museum"),
        (5, "Silent"),
    ]


def test_what_pallets_make_together_names_their_own_types(metadata: Metadata) -> None:
    by_path = {each.type.path[-1]: each.type for each in metadata.types if each.type.path}
    for name, attribute in (("RuntimeCall", "calls"), ("RuntimeEvent", "event")):
        shares = {each.index: each.fields[0].type for each in variants_of(by_path[name]).values()}
        assert shares == {
            each.index: getattr(each, attribute)
            for each in metadata.pallets
            if getattr(each, attribute) is not None
        }


def test_extensions_without_data_are_units(metadata: Metadata) -> None:
    found = {each.identifier: each for each in metadata.extrinsic.signed_extensions}
    unit = Tuple(())
    assert list(found) == list(CHAIN.spec.extensions)
    for name in ("CheckSpecVersion", "CheckTxVersion", "CheckGenesis"):
        assert type_of(metadata, found[name].type).definition == unit
    for name in ("CheckNonce", "ChargeTransactionPayment"):
        assert type_of(metadata, found[name].additional_signed).definition == unit
    assert type_of(metadata, found["CheckMortality"].type).path[-1] == "Era"
    assert type_of(metadata, found["CheckGenesis"].additional_signed).path == ("primitive_types", "H256")


def test_the_extrinsic_of_version_14_is_a_type_with_four_parameters() -> None:
    metadata = read(CHAIN, 14)
    extrinsic = type_of(metadata, metadata.extrinsic.type)
    paths = {each.name: type_of(metadata, each.type).path[-1:] for each in extrinsic.params}
    assert paths == {
        "Address": ("MultiAddress",),
        "Call": ("RuntimeCall",),
        "Signature": ("MultiSignature",),
        "Extra": (),
    }
    assert metadata.extrinsic.version == 4
    (field,) = fields_of(extrinsic.definition)
    assert isinstance(type_of(metadata, field.type).definition, Sequence)
    address = type_of(metadata, extrinsic.params[0].type)
    assert [each.name for each in address.params] == ["AccountId", "AccountIndex"]
    signature = variants_of(type_of(metadata, extrinsic.params[2].type))
    assert [(each.index, name) for name, each in signature.items()] == [
        (0, "Ed25519"),
        (1, "Sr25519"),
        (2, "Ecdsa"),
    ]


def test_version_15_has_docs_outer_enums_and_apis() -> None:
    metadata = read(CHAIN, 15)
    assert pallet_of(metadata, "Museum").docs == ("One of each declaration.", "", "In paragraphs.")  # type: ignore[union-attr]
    enums = metadata.outer_enums
    assert [type_of(metadata, each).path[-1] for each in (enums.call, enums.event, enums.error)] == [
        "RuntimeCall",
        "RuntimeEvent",
        "RuntimeError",
    ]
    assert variants_of(type_of(metadata, enums.error))["Museum"].index == 4
    assert metadata.extrinsic.version == 4
    assert metadata.custom == ()
    assert {api.name: [each.name for each in api.methods] for api in metadata.apis} == {
        "Core": ["version"],
        "Metadata": ["metadata", "metadata_at_version", "metadata_versions"],
        "TaggedTransactionQueue": ["validate_transaction"],
        "AccountNonceApi": ["account_nonce"],
        "TransactionPaymentApi": [
            "query_info",
            "query_fee_details",
            "query_weight_to_fee",
            "query_length_to_fee",
        ],
        "TransactionPaymentCallApi": ["query_call_info", "query_call_fee_details"],
    }
    queue = next(each for each in metadata.apis if each.name == "TaggedTransactionQueue").methods[0]
    assert [(each.name, type_of(metadata, each.type).path[-1]) for each in queue.inputs] == [
        ("source", "TransactionSource"),
        ("tx", "UncheckedExtrinsic"),
        ("block_hash", "H256"),
    ]
    assert type_of(metadata, queue.output).path == ("Result",)


def test_version_16_says_what_version_15_says_and_that_nothing_is_deprecated() -> None:
    old, new = read(CHAIN, 15), read(CHAIN, 16)
    assert (new.types, new.outer_enums, new.custom) == (old.types, old.outer_enums, old.custom)
    for before, after in zip(old.pallets, new.pallets, strict=True):
        assert (after.name, after.index, after.docs) == (before.name, before.index, before.docs)
        for attribute in ("calls", "event", "error"):
            kind = getattr(before, attribute)
            assert getattr(after, attribute) == (None if kind is None else PalletEnumV16(kind))
        for one, other in zip(before.constants, after.constants, strict=True):
            assert other == PalletConstantV16(one.name, one.type, one.value, one.docs, NotDeprecated())
        assert (before.storage is None) == (after.storage is None)
        if before.storage is not None:
            assert after.storage.prefix == before.storage.prefix
            for one, other in zip(before.storage.entries, after.storage.entries, strict=True):
                assert other == StorageEntryV16(one.name, one.modifier, one.type, one.default, one.docs)
    assert (new.extrinsic.versions, new.extrinsic.extensions_by_version) == ((4,), ((0, (0, 1, 2, 3, 4, 5)),))
    assert new.extrinsic.extensions == old.extrinsic.signed_extensions
    assert [(api.name, api.version) for api in new.apis] == [
        ("Core", 5),
        ("Metadata", 2),
        ("TaggedTransactionQueue", 3),
        ("AccountNonceApi", 1),
        ("TransactionPaymentApi", 4),
        ("TransactionPaymentCallApi", 3),
    ]
    for before, after in zip(old.apis, new.apis, strict=True):
        assert [method.replace(deprecation=NotDeprecated()) for method in after.methods] == list(
            after.methods
        )
        assert [(each.name, each.inputs, each.output) for each in after.methods] == [
            (each.name, each.inputs, each.output) for each in before.methods
        ]


def test_every_storage_default_decodes_with_its_type() -> None:
    raw = CHAIN.runtime.metadata.encode(14)
    assert raw is not None
    oracle, seen = Oracle(raw), 0
    for pallet in read(CHAIN, 14).pallets:
        for entry in pallet.storage.entries if pallet.storage is not None else ():
            if entry.modifier is Modifier.Default:
                oracle.decode(f"scale_info::{entry.type.value}", entry.default)
                seen += 1
    assert seen > 10


def test_the_same_chain_tells_the_same_bytes_and_tells_them_once() -> None:
    again = chain_of(Museum, Silent)
    for version in VERSIONS:
        first = CHAIN.runtime.metadata.encode(version)
        assert again.runtime.metadata.encode(version) == first
        assert CHAIN.runtime.metadata.encode(version) is first


@pytest.mark.parametrize("version", [0, 13, 17, 2**32 - 1])
def test_a_version_that_is_not_written_is_none(version: int) -> None:
    assert CHAIN.runtime.metadata.encode(version) is None


def test_a_pallet_under_another_name_stores_and_tells_under_it() -> None:
    seats = (
        SeatSpec(index=0, pallet="System"),
        SeatSpec(index=1, pallet="Timestamp"),
        SeatSpec(index=200, pallet="Museum", name="Gallery"),
    )
    spec = RuntimeSpec(spec_version=1, pallets=seats, extensions=EXTENSIONS[:-1])
    metadata = read(TestChain(System, Timestamp, Museum, spec=spec), 15)
    gallery = metadata.pallets[-1]
    assert (gallery.index, gallery.name, gallery.storage.prefix) == (200, "Gallery", "Gallery")
    assert [api.name for api in metadata.apis] == [
        "Core",
        "Metadata",
        "TaggedTransactionQueue",
        "AccountNonceApi",
    ]
