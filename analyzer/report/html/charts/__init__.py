"""Pictures as SVG text: drawn by hand, small, the same bytes for the same numbers.

A picture has no colours of its own: its marks have classes, which the page's style sheet colours.
"""
