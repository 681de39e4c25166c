"""The linear twin of a book: what margin is made of when prices move."""
