"""Not what a shock does, but which shock does it."""
