"""Contagion: from one failure to the next.

What is here are the network models, each on plain arrays and each in a module of its name:
`clearing` (who pays when all owe each other), `debtrank` (distress passed on to lenders),
`firesale` (closings that move prices), `adl` (haircuts of winners), `cover` (the fund that outlasts
n owners) and `span` (scenario margin). Their docstrings say which properties hold and which do not.
"""
