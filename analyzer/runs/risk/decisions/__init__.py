"""`analyzer risk size|what-if|exits|unwind`: what may be decided, by the protocols' own integers.

snapshot ─▶ one deployment ─▶ its plug's `decide` ─▶ books that might be ─▶ margins ─▶ document
"""
