"""Transactions on their way into a block: the pool, its events and refusals, and the verifier process.

It imports nothing here, so that the verifier process starts with no more than it needs.
"""
