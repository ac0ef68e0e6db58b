"""Storage on disk: RocksDB below the states of the chain, one synced write a finalized block."""

from node.storage.columns import Column
from node.storage.database import Database
from node.storage.errors import (
    StorageCorrupted,
    StorageError,
    StorageFormat,
    StorageFull,
    StorageLocked,
    StorageUnusable,
)
from node.storage.rocks import RocksDatabase
from node.storage.states import RocksStates

__all__ = [
    "Column",
    "Database",
    "RocksDatabase",
    "RocksStates",
    "StorageCorrupted",
    "StorageError",
    "StorageFormat",
    "StorageFull",
    "StorageLocked",
    "StorageUnusable",
]
