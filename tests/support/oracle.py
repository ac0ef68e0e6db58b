"""Another implementation of Substrate's types, told about a chain by its metadata V14 alone."""

from __future__ import annotations

from typing import Any

import scalecodec.types  # noqa: F401  (registers the classes of metadata)
from scalecodec.base import RuntimeConfigurationObject, ScaleBytes
from scalecodec.type_registry import load_type_registry_preset


class Oracle:
    """Reads and writes a chain's values by what `metadata` says of them."""

    def __init__(self, metadata: bytes) -> None:
        self._config: Any = RuntimeConfigurationObject(ss58_format=42)
        self._config.update_type_registry(load_type_registry_preset("core"))
        self.metadata: Any = self._config.create_scale_object("MetadataVersioned", data=ScaleBytes(metadata))
        self.metadata.decode(check_remaining=True)
        self._config.add_portable_registry(self.metadata)

    def decode(self, kind: str, data: bytes) -> Any:
        """The plain value of a type, from exactly these bytes."""
        found = self._config.create_scale_object(kind, data=ScaleBytes(data), metadata=self.metadata)
        found.decode(check_remaining=True)
        return found.value

    def encode(self, kind: str, value: Any) -> bytes:
        """The bytes of a plain value."""
        return bytes(self._config.create_scale_object(kind, metadata=self.metadata).encode(value).data)

    def encode_call(self, module: str, function: str, arguments: dict[str, Any]) -> bytes:
        """The bytes of a call by its names."""
        value = {"call_module": module, "call_function": function, "call_args": arguments}
        return self.encode("Call", value)

    def storage_type(self, module: str, item: str) -> str:
        """The type of what a storage item holds."""
        kind: str = (
            self.metadata.get_metadata_pallet(module).get_storage_function(item).get_value_type_string()
        )
        return kind

    def pallet(self, name: str) -> Any:
        """A pallet's part."""
        return self.metadata.get_metadata_pallet(name)
