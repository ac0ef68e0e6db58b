"""Benchmarks of the real runtime, its real pallets and the real database; no path exists for their sake."""
