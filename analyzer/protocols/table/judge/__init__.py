"""What a table is held against: nothing but its own rows."""
