"""Sync: how a node comes to hold the chain that others have agreed on, and keeps up with it."""
