"""What may become `:code`: the manifest of a runtime of a higher version, read and judged."""

from __future__ import annotations

from typing import Final

from pallets.system.types import FailedToExtractRuntimeVersion, SpecVersionNeedsToIncrease
from runtime.manifest import Manifest
from runtime.scale import DecodeError, codec_of

CODE_BYTES_MAX: Final = 1 << 16
"""The longest manifest: 256 pallets, at 256 bytes each."""

_MANIFEST: Final = codec_of(Manifest)


def read_manifest(code: bytes, spec_version: int) -> Manifest:
    """The runtime that `code` names, if it may follow the one of `spec_version`.

    Raises FailedToExtractRuntimeVersion for what names none: too long, not a manifest, or one without pallets
    or with pallets out of order, which no loader gives. Raises SpecVersionNeedsToIncrease.
    """
    if len(code) > CODE_BYTES_MAX:
        raise FailedToExtractRuntimeVersion
    try:
        manifest = _MANIFEST.decode(code)
    except DecodeError:
        raise FailedToExtractRuntimeVersion from None
    indices = [each.index for each in manifest.pallets]
    if not indices or indices != sorted(set(indices)):
        raise FailedToExtractRuntimeVersion
    if manifest.spec_version <= spec_version:
        raise SpecVersionNeedsToIncrease
    return manifest
