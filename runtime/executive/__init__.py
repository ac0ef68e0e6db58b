"""The executive: initialise a block, apply its extrinsics, finalise it; execute a block that somebody else
made.
"""
