"""Runtimes: the folder of those that this node may run, addressed by their manifests, and the change from one
to another.
"""
