"""Economies on the real runtime: chains in memory whose days pass in a few blocks, with people who mint,
serve, redeem, cheat, die and run.
"""
