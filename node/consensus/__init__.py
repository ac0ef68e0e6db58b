"""The agreement of the validators: a pure machine, `core`, and the world around it."""
