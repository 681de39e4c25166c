"""What can be asked of a snapshot that is there."""
