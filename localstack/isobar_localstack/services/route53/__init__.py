"""Route 53."""
