"""GMX V2: which logs are indexed, and what they add up to."""
