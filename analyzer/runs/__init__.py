"""What a command does, without the terminal."""
