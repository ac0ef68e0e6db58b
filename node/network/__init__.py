"""Peers: authenticated connections to other nodes, and what travels on them. Start with `service.py`."""
