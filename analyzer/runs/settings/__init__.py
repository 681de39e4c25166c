"""What a user says once for all commands: `analyzer.toml` and the environment."""
