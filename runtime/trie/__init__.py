"""The state trie: Substrate's base-16 Patricia trie, persistent, so that past and competing states stay
readable.
"""

from runtime.trie.branch import Branch, Leaf, Nodes, shape_of
from runtime.trie.build import Builder
from runtime.trie.node import EMPTY_ROOT, StateVersion
from runtime.trie.proof import (
    IncompleteProof,
    InvalidProof,
    MalformedProof,
    SuperfluousProof,
    verify_proof,
    verify_proofs,
)
from runtime.trie.range import EmptyPage, Page, prove_range, read_range
from runtime.trie.root import ordered_trie_root, trie_root
from runtime.trie.trie import Update, update
from runtime.trie.walk import get, keys, merkle_value, prove

__all__ = [
    "EMPTY_ROOT",
    "Branch",
    "Builder",
    "EmptyPage",
    "IncompleteProof",
    "InvalidProof",
    "Leaf",
    "MalformedProof",
    "Nodes",
    "Page",
    "StateVersion",
    "SuperfluousProof",
    "Update",
    "get",
    "keys",
    "merkle_value",
    "ordered_trie_root",
    "prove",
    "prove_range",
    "read_range",
    "shape_of",
    "trie_root",
    "update",
    "verify_proof",
    "verify_proofs",
]
