"""Another implementation of SCALE, told our types through the portable registry, agrees on every byte."""

from __future__ import annotations

from typing import Any

import scalecodec.types  # noqa: F401  (registers the classes of metadata)
from hypothesis import HealthCheck, assume, given, settings
from scalecodec.base import RuntimeConfigurationObject, ScaleBytes
from scalecodec.type_registry import load_type_registry_preset

from runtime.scale import AnyCodec, Registry
from runtime.scale.registry import PRIMITIVES, BitSequence, PortableType, Primitive, Tuple
from support.scale_types import typed_values

BEYOND_IT = (
    Primitive(PRIMITIVES.index("char")),
    Primitive(PRIMITIVES.index("i256")),
    Tuple(()),
)
"""What scalecodec 1.2 cannot name, or reads but cannot write; and it takes a tuple of one for that one."""

PRESET = load_type_registry_preset("core")


def is_within_it(portable: PortableType) -> bool:
    definition = portable.type.definition
    if definition in BEYOND_IT or isinstance(definition, BitSequence):
        return False
    if isinstance(definition, Tuple) and len(definition.types) == 1:
        return False
    return portable.type.path not in (("BTreeMap",), ("BTreeSet",))


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])
@given(typed_values())
def test_another_implementation_reads_and_writes_the_same_bytes(drawn: tuple[AnyCodec, Any]) -> None:
    codec, value = drawn
    registry = Registry()
    number = registry.register(codec)
    assume(all(is_within_it(each) for each in registry.types()))
    other: Any = RuntimeConfigurationObject()
    other.update_type_registry(PRESET)
    portable = other.create_scale_object("PortableRegistry", ScaleBytes(registry.encode()))
    portable.decode(check_remaining=True)
    other.update_from_scale_info_types(portable.value_object["types"].value_object)
    encoded = codec.encode(value)
    reading = other.create_scale_object(f"scale_info::{number}", ScaleBytes(encoded))
    reading.decode(check_remaining=True)
    writing = other.create_scale_object(f"scale_info::{number}")
    assert bytes(writing.encode(reading.value).data) == encoded
