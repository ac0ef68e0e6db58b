"""The portable registry: known bytes, what counts as one type, and that another implementation reads it."""

from __future__ import annotations

import enum
from typing import Annotated, Any

import pytest
import scalecodec.types  # noqa: F401  (registers the classes of metadata)
from scalecodec.base import RuntimeConfigurationObject, ScaleBytes
from scalecodec.type_registry import load_type_registry_preset

from runtime.scale import (
    H256,
    I128,
    U8,
    U16,
    U32,
    U64,
    U128,
    U256,
    BitVec,
    BTreeMap,
    BTreeSet,
    Codec,
    Compact,
    Doc,
    Enum,
    Err,
    Field,
    Fixed,
    Max,
    Newtype,
    Registry,
    Result,
    Struct,
    codec_of,
    lazy,
    struct_codec,
    vec_codec,
)
from runtime.scale.registry import Variants

AccountId = Annotated[bytes, Fixed(32), Newtype("sp_core::crypto::AccountId32", "Who signs.")]


class Small(Struct, path="my::Small"):
    """Two lines

    of words.
    """

    from_: U8
    to: Annotated[U8 | None, Doc("Where to.")]


class Tree(Enum, path="my::Tree"):
    """Grows."""

    # Its variants follow.


class Leaf(Tree, index=0):
    pass


class Fork(Tree, index=7, unnamed=True):
    """Two ways."""

    left: Small
    branches: tuple[Tree, ...]


class Level(enum.IntEnum):
    LOW = 0
    HIGH = 9


class Everything(Struct, path="my::Everything"):
    """One field of each kind."""

    flag: bool
    text: str
    blob: bytes
    wide: U256
    signed: I128
    tip: Compact[U128]
    who: AccountId
    root: H256
    maybe: U16 | None
    outcome: Result[None, Level]
    pair: tuple[U8, tuple[()]]
    few: Annotated[tuple[U64, ...], Max(4)]
    three: Annotated[tuple[U32, ...], Fixed(3)]
    table: BTreeMap[U8, str]
    keys: BTreeSet[U16]
    votes: BitVec
    tree: Tree


def test_the_bytes_of_a_small_registry() -> None:
    registry = Registry()
    assert registry.register(codec_of(Small)) == 0
    assert registry.register(codec_of(U8)) == 1

    def text(value: str) -> bytes:
        return bytes((len(value) << 2,)) + value.encode()

    field = b"\1" + text("from") + b"\x04" + b"\1" + text("u8") + b"\0"
    target = b"\1" + text("to") + b"\x08" + b"\1" + text("Option<u8>") + b"\x04" + text("Where to.")
    docs = b"\x0c" + text("Two lines") + text("") + text("of words.")
    small = b"\0" + b"\x08" + text("my") + text("Small") + b"\0" + b"\0\x08" + field + target + docs
    byte = b"\x04" + b"\0\0" + b"\5\3" + b"\0"
    none = text("None") + b"\0" + b"\0" + b"\0"
    some = text("Some") + b"\x04" + b"\0\x04\1" + text("u8") + b"\0" + b"\1" + b"\0"
    option = (
        b"\x08" + b"\x04" + text("Option") + b"\x04" + text("T") + b"\1\x04" + b"\1\x08" + none + some + b"\0"
    )
    assert registry.encode() == b"\x0c" + small + byte + option


def test_ids_follow_the_order_of_declaration_and_are_stable() -> None:
    first, second = Registry(), Registry()
    for registry in (first, second):
        registry.register(codec_of(Everything))
        registry.register(codec_of(Everything))
    assert first.encode() == second.encode()
    assert [each.id for each in first.types()] == list(range(len(first.types())))
    paths = ["::".join(each.type.path) for each in first.types() if each.type.path]
    assert paths[:4] == ["my::Everything", "sp_core::crypto::AccountId32", "primitive_types::H256", "Option"]
    assert paths.count("Option") == 2  # of u16 and of u8
    assert len(paths) == len(set(paths)) + 1


def test_types_without_a_path_are_the_same_when_made_of_the_same() -> None:
    registry = Registry()
    assert registry.register(codec_of(bytes)) == registry.register(codec_of(tuple[U8, ...]))
    assert registry.register(codec_of(tuple[U8, ...])) == registry.register(
        codec_of(Annotated[tuple[U8, ...], Max(9)])
    )
    assert registry.register(codec_of(None)) == registry.register(codec_of(tuple[()]))
    assert registry.register(codec_of(U8)) != registry.register(codec_of(U16))


def test_a_type_that_is_only_itself_is_refused() -> None:
    loop: Codec[Any] = vec_codec(lazy(lambda: loop))
    with pytest.raises(TypeError, match=r"contains itself, and no type with a name is between$"):
        Registry().register(loop)


def test_parameters_of_generic_types_are_told() -> None:
    codec = struct_codec(
        "UncheckedExtrinsic",
        [Field(None, codec_of(bytes))],
        path="sp_runtime::generic::unchecked_extrinsic::UncheckedExtrinsic",
        params=(("Address", codec_of(AccountId)), ("Extra", None)),
        docs=["A transaction."],
    )
    registry = Registry()
    assert registry.register(codec) == 0
    described = registry.types()[0].type
    assert [(each.name, each.type) for each in described.params] == [("Address", 1), ("Extra", None)]
    assert described.docs == ("A transaction.",)
    assert described.path[-1] == "UncheckedExtrinsic"


def test_docs_of_classes_and_variants_are_told() -> None:
    registry = Registry()
    assert registry.register(codec_of(Tree)) == 0
    tree = registry.types()[0].type
    assert isinstance(tree.definition, Variants)
    variants = tree.definition.variants
    assert tree.docs == ("Grows.",)
    assert [(each.name, each.index, each.docs) for each in variants] == [
        ("Leaf", 0, ()),
        ("Fork", 7, ("Two ways.",)),
    ]
    assert [field.name for field in variants[1].fields] == [None, None]


def test_another_implementation_reads_the_registry_and_then_the_values() -> None:
    registry = Registry()
    number = registry.register(codec_of(Everything))
    reader: Any = RuntimeConfigurationObject()
    reader.update_type_registry(load_type_registry_preset("core"))
    portable = reader.create_scale_object("PortableRegistry", ScaleBytes(registry.encode()))
    portable.decode()
    reader.update_from_scale_info_types(portable.value_object["types"].value_object)
    value = Everything(
        flag=True,
        text="some text",
        blob=b"\xff\0",
        wide=1 << 200,
        signed=-5,
        tip=10**20,
        who=b"w" * 32,
        root=b"r" * 32,
        maybe=300,
        outcome=Err(Level.HIGH),
        pair=(8, ()),
        few=(1, 2),
        three=(3, 4, 5),
        table=((1, "one"), (2, "two")),
        keys=(6, 7),
        votes=(True, False, True),
        tree=Fork(Small(1, 2), (Leaf(), Leaf())),
    )
    encoded = codec_of(Everything).encode(value)
    read = reader.create_scale_object(f"scale_info::{number}", ScaleBytes(encoded))
    read.decode(check_remaining=True)
    assert read.value["text"] == "some text"
    assert read.value["wide"] == 1 << 200
    assert read.value["signed"] == -5
    assert read.value["tip"] == 10**20
    assert read.value["maybe"] == 300
    assert read.value["outcome"] == {"Err": "HIGH"}
    assert read.value["three"] == [3, 4, 5]
    assert read.value["keys"] == [6, 7]
    assert read.value["tree"] == {"Fork": ({"from": 1, "to": 2}, ["Leaf", "Leaf"])}
    assert read.value["root"] == "0x" + "72" * 32
