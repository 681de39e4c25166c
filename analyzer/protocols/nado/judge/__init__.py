"""Nado: the contracts' own views, control totals, and what detectors should know."""
