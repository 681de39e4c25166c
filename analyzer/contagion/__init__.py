"""Contagion: from one failure to the next.

The cascade runs protocols' own simulations: `scenario` (what happens), `venue` (who is in it),
`cascade` (round by round), `result`. What it leaves are `edges`, of which are made `attribution`
(what every loss is made of), `paths`, `routes` and `words` (the chains of events), `firewall` (what
would have cut them) and `counterfactual` (the cascade run again).

The network models work on plain arrays, each in a module of its name: `clearing` (who pays when all
owe each other), `claims` (between protocols), `debtrank` (distress passed on to lenders),
`firesale` (closings that move prices), `loss_spiral` and `overlap` (what amplifies), `adl`
(haircuts of winners), `cover` (the fund that outlasts n owners) and `span` (scenario margin). Their
docstrings, and docs/contagion.md, say which properties hold and which do not.
"""
