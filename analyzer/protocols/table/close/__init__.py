"""What the table's rules close, the book in motion, and who bears losses."""
