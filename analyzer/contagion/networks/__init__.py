"""Models of the literature over matrices of claims and holdings: a library."""
