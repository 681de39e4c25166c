"""GMX V2: the contracts' own views, control totals and facts for findings."""
