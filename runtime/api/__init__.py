"""The runtime APIs by name: what every chain answers, and what its pallets declare."""

from runtime.api.core import Core, MetadataApi, TaggedTransactionQueue
from runtime.api.serve import CHAIN, call, serve, versions
from runtime.frame.api import ApiConflict, ApiError, Apis, BadInput, UnknownMethod

__all__ = [
    "ApiConflict",
    "ApiError",
    "Apis",
    "BadInput",
    "CHAIN",
    "Core",
    "MetadataApi",
    "TaggedTransactionQueue",
    "UnknownMethod",
    "call",
    "serve",
    "versions",
]
