"""What protocols have in common: the public surface for authors of protocols."""
