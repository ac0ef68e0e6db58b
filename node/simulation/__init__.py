"""The simulation: validators, villains and a network in one loop, every run replayed by its seed."""
