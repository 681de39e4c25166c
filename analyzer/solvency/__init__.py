"""Protocol-free: rebuild, verify, verdicts, control totals."""
