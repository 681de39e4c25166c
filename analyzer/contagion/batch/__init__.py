"""Many cascades at once over a linear book: one scenario a column, float64."""
