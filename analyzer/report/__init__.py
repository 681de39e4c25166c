"""Table, JSON, CSV, Markdown. Computes nothing."""
