"""Jobs: the work that coins are redeemed for, in integers, so that anybody can run a piece of it again and
compare.

A floating-point job cannot be settled by digest: the same program gives other bits on another processor.
Here a network is trained, fine-tuned and run in 64-bit fixed point, which gives the same bits everywhere. A
run leaves a chain of checkpoint digests in its receipt; from any checkpoint's state one segment can be run
again in a twentieth of the time, and what does not match is a proof that the work was not done.
"""
