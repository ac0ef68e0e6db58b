"""Governance as people read it: referenda, their timelines, what they need and what they would call."""
