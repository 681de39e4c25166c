"""Models of the literature over matrices of claims and holdings: a library.

Each model is in a module of its name, and is imported from there: `clearing` (who pays when all
owe each other), `claims` (between protocols), `debtrank` (distress passed on to lenders),
`exposures` (who may owe whom, by sums), `firesale` (closings that move prices, in rounds or steps;
the steps themselves are in `delever`), `loss_spiral` and `overlap` (what amplifies), `cover` (the
fund that outlasts n owners), `sizing` (the largest trades within a distance) and `span` (scenario
margin). Their docstrings, and docs/contagion.md, say which properties hold and which do not.
"""
