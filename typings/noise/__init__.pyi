"""Types of what is used of the package noiseprotocol; lengths are in bytes."""
