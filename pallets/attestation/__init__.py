"""Attestation: compute capacity is measured by unannounced probes, not declared."""
