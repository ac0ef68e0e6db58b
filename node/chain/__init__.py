"""The chain as the node keeps it: blocks and their states, who builds the next one, and what is final."""
