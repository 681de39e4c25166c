"""Again and again: watch, jobs, alerts."""
