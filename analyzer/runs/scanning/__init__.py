"""From deployments and a chain to a verified result, and what belongs to that."""
