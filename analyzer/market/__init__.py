"""Price history, returns, depth and impact curves."""
