"""Books that come from a table, and tables that are made of books: what `book` does."""
