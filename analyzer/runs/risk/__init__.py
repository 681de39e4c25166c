"""`analyzer risk`: the profile of an account, an owner or a protocol.

snapshot ─▶ books ─▶ one linear twin ┐
prices ─▶ days of its factors ───────┼─▶ figures (`analyzer.risk`) ─▶ document ─▶ plain words
depth ─▶ curves ─────────────────────┘
"""
