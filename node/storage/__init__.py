"""Storage on disk: RocksDB below the states of the chain, one synced write a finalized block."""

from node.storage.columns import Column
from node.storage.database import Database
from node.storage.errors import (
    StorageCorrupted,
    StorageError,
    StorageFilled,
    StorageFormat,
    StorageFull,
    StorageLocked,
    StorageUnfinished,
    StorageUnusable,
)
from node.storage.filling import Filling
from node.storage.rocks import RocksDatabase
from node.storage.states import RocksStates

__all__ = [
    "Column",
    "Database",
    "Filling",
    "RocksDatabase",
    "RocksStates",
    "StorageCorrupted",
    "StorageError",
    "StorageFilled",
    "StorageFormat",
    "StorageFull",
    "StorageLocked",
    "StorageUnfinished",
    "StorageUnusable",
]
