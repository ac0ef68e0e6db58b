"""The first state: chain specifications and how block zero is built from them."""
