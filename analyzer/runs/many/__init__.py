"""Many blocks and many books: backfills, shards, and where they run."""
