"""The table's rows as a book, and the state beside it."""
