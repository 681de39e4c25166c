"""The table's book at given prices."""
