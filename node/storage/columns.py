"""The columns of the database: what each holds, by which key."""

from enum import StrEnum


class Column(StrEnum):
    """A column family. Numbers in keys are 8 bytes big-endian, so that they sort."""

    STATE = "state"
    """storage key -> value, of the finalized state only"""
    NODES = "nodes"
    """id -> branch of the trie"""
    LEAVES = "leaves"
    """id -> key and value of a leaf of the trie"""
    JOURNAL = "journal"
    """height -> ids of the nodes that the state of that height no longer has"""
    ROOTS = "roots"
    """height -> state root and id of the root node"""
    HEADERS = "headers"
    """block hash -> encoded header"""
    BODIES = "bodies"
    """block hash -> encoded extrinsics"""
    JUSTIFICATIONS = "justifications"
    """block hash -> encoded justifications"""
    NUMBERS = "numbers"
    """block number -> block hash"""
    META = "meta"
    """name -> format, height, next id, genesis hash, committees, how far a filling came; the last to go to
    disk: where it is, the others are
    """


BIG = frozenset((Column.STATE, Column.NODES, Column.LEAVES))
"""The columns that every block writes many keys of, and that are read by single keys."""

BY_ID = frozenset((Column.NODES, Column.LEAVES))
"""The columns whose keys only grow and are never asked for in vain: no filter would ever spare a look."""
