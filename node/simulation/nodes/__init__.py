"""Tier two: whole nodes on machines that fail, in one Trio run."""
