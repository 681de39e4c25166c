"""Detectors, one class a file; fingerprints. Prints nothing."""
