"""Which way a loss took: edges, flows, paths, and what would have cut them."""
