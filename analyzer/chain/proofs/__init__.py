"""Proofs: what a node said, held against the roots of a header.

    receipts ─▶ receipts root ┐
    storage  ─▶ state root    ├─▶ header ─▶ its hash ─▶ hashes of its children ─▶ a trusted hash
    bloom ────────────────────┘

Everything here takes plain data and says whether it follows; nothing here asks a node, but `ask`.
Tries are the library `trie`'s (the extra `prove`).
"""
