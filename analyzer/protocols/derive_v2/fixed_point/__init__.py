"""The contracts' fixed-point arithmetic, equal to the wei: products, exp, ln, roots, the normal
distribution. One family of operations a module; 18 decimals everywhere."""

from analyzer.protocols.derive_v2.fixed_point.decimal import div, div_round, mul
from analyzer.protocols.derive_v2.fixed_point.exponential import exp, ln, power, sqrt
from analyzer.protocols.derive_v2.fixed_point.normal import normal_cdf

__all__ = ["div", "div_round", "exp", "ln", "mul", "normal_cdf", "power", "sqrt"]
