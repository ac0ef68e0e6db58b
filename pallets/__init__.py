"""The mechanisms of the chain: one folder each, none imports another."""
