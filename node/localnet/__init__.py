"""Local networks: real nodes in processes of their own on one machine, used, measured, maltreated."""
