"""GMX V2: what positions and pools are worth, and what they must be worth."""
