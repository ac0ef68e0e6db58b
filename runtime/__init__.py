"""The deterministic machine: bytes and values in, values out."""
