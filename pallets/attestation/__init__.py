"""Attestation: compute capacity is measured by unannounced probes, not declared."""

from pallets.attestation.pallet import Attestation
from runtime.frame import register

register_pallets = register(Attestation)

__all__ = ["Attestation"]
