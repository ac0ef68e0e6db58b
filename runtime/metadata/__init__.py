"""Metadata: the runtime told to clients, written from the declarations of its pallets."""

from runtime.metadata.extrinsic import ExtrinsicTypes, MultiSignature, unchecked_extrinsic
from runtime.metadata.metadata import VERSIONS, Described, Metadata

__all__ = ["Described", "ExtrinsicTypes", "Metadata", "MultiSignature", "VERSIONS", "unchecked_extrinsic"]
