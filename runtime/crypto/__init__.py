"""Cryptography that consensus rests on: hashing, verifying, addresses, key derivation; no entropy, no
signing.

Signing and new secrets live in `node.wallet`.
"""
