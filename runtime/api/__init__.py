"""The runtime APIs by name: what every chain answers, and what its pallets declare."""

from runtime.api.core import Core, MetadataApi, TaggedTransactionQueue
from runtime.api.serve import CHAIN, call, serve, versions
from runtime.api.simplex import blocks_per_epoch, committee_after
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
    "blocks_per_epoch",
    "call",
    "committee_after",
    "serve",
    "versions",
]
