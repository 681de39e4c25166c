"""The risk profile: what volatility, correlation and depth do to an account, an owner, a protocol.

Floats throughout: an indication with its error and its data named, never a verdict. Prices and
returns come from `market`, books and cascades from `contagion`.
"""
