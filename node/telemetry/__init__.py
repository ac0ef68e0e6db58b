"""What the node tells about itself while it runs."""
