"""Real contracts on a local anvil, with seeded markets."""
