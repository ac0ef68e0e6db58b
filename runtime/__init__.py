"""The deterministic machine of Ballast: bytes and values in, bytes and values out, no world."""
