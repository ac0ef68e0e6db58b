"""Transactions on their way into a block: the pool, its events and refusals, and the verifier process."""
