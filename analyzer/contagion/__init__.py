"""Contagion: from one failure to the next. Wings, lowest first:

scenario   what happens to the market, as data: `ETH=-30%`, a TOML file, a shipped history
linear     the linear twin of a book: cash, slopes, headroom; haircuts of winners (`adl`)
trace      from a loss back to its causes: edges, attribution, paths, the cheapest firewall
cascade    the protocols' own simulations, round by round, and the same run again without one
networks   models of the literature over plain arrays: a library
tell       paths, routes and firewalls as sentences
batch      many cascades at once over a linear book, float64
reverse    not what a shock does, but which shock does it
"""
