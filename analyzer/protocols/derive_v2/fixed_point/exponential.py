"""exp, ln, powers and square roots of 18-decimal numbers, as the contracts approximate them.

The constants are those of the rational approximations in derivexyz/lyra-utils
`FixedPointMathLib`. Numbers between the conversions are in base 2**96 (X96).

True error, measured against 80-digit arithmetic (60,000 arguments each): `ln` is within 1.06 units
of the last digit over the whole domain; `exp` within 1.01 units for arguments up to 0, and above 0
within one unit and a relative 1e-20 (exp(0) is one unit short of 1); `power` within one unit and a
relative 3e-18 for bases of 1e-6 to 1e6 and exponents up to 2.
"""

from __future__ import annotations

from math import isqrt

from analyzer.model.integers import WAD, trunc_div
from analyzer.protocols.kit.unreadable import UnreadableNumberError, reverts

X96 = 96
"""Binary digits after the point between the conversions."""

EXP_ZERO_BELOW = -42139678854452767551
"""At and below it exp is under half a unit and the contract answers 0."""
EXP_OVERFLOW_FROM = 135305999368893231589
"""From here on the result does not fit and the contract refuses (ExpOverflow)."""
LN2_X96 = 54916777467707473351141471128
EXP_P = (
    2772001395605857295435445496992,
    44335888930127919016834873520032,
    398888492587501845352592340339721,
    1993839819670624470859228494792842,
    4385272521454847904632057985693276,
)
"""Numerator of exp, monic of degree 6 with Z and W below: highest coefficient first."""
EXP_Z = (750530180792738023273180420736, 32788456221302202726307501949080)
EXP_W = (2218138959503481824038194425854, 892943633302991980437332862907700)
EXP_Q = (78174809823045304726920794422040, 4203224763890128580604056984195872)
EXP_SCALE = 3822833074963236453042738258902158003155416615667
"""Scale of the approximation times 5**18 * 2**... : X96 to 18 decimals in base 2**213."""

LN_P = (
    3273285459638523848632254066296,
    24828157081833163892658089445524,
    43456485725739037958740375743393,
    -11111509109440967052023855526967,
    -45023709667254063763336534515857,
    -14706773417378608786704636184526,
)
LN_P_LAST = 795164235651350426258249787498
LN_Q = (
    5573035233440673466300451813936,
    71694874799317883764090561454958,
    283447036172924575727196451306956,
    401686690394027663651624208769553,
    204048457590392012362485061816622,
    31853899698501571402653359427138,
    909429971244387300277376558375,
)
LN_SCALE = 1677202110996718588342820967067443963516166
LN_TWO = 16597577552685614221487285958193947469193820559219878177908093499208371
"""ln 2 * 5**18 * 2**192."""
LN_UNIT = 600920179829731861736702779321621459595472258049074101567377883020018308
"""ln(2**96 / 1e18) * 5**18 * 2**192: the input is read as X96 without converting it."""
LN_SHIFT = 174
"""5**18 * 2**192 to 18 decimals."""


def _refused(name: str) -> UnreadableNumberError:
    """The contracts' own refusal of an argument."""
    return UnreadableNumberError(reverts("fixed-point arithmetic", name))


def exp(x: int) -> int:
    """e**x: 18-decimal signed argument to 18-decimal unsigned result.

    The argument is split as k * ln 2 + rest with |rest| <= ln 2 / 2; a (6, 7) rational function
    of the rest is scaled and shifted by k. Rounded down at the last shift.
    Raises: UnreadableNumberError ExpOverflow from 135.3 on.
    """
    if x <= EXP_ZERO_BELOW:
        return 0
    if x >= EXP_OVERFLOW_FROM:
        raise _refused("ExpOverflow")
    x96 = trunc_div(x << 78, 5**18)
    k = (trunc_div(x96 << X96, LN2_X96) + 2**95) >> X96
    rest = x96 - k * LN2_X96

    p = rest + EXP_P[0]
    for coefficient in EXP_P[1:4]:
        p = ((p * rest) >> X96) + coefficient
    p = p * rest + (EXP_P[4] << X96)

    z = (((rest + EXP_Z[0]) * rest) >> X96) + EXP_Z[1]
    w = (((rest - EXP_W[0]) * z) >> X96) + EXP_W[1]
    q = (((z + w - EXP_Q[0]) * w) >> X96) + EXP_Q[1]
    return (trunc_div(p, q) * EXP_SCALE) >> (195 - k)


def ln(x: int) -> int:
    """Natural logarithm: 18-decimal positive argument to 18-decimal signed result.

    The argument is normalised to [1, 2) as X96, an (8, 8) rational function of it is scaled, and
    the powers of two come back as multiples of ln 2. Rounded toward minus infinity at the end.
    Raises: UnreadableNumberError Overflow for 0, LnNegativeUndefined below.
    """
    if x < 1:
        raise _refused("Overflow" if x == 0 else "LnNegativeUndefined")
    top = x.bit_length() - 1
    k = top - X96
    mantissa = x << -k if k < 0 else x >> k

    p = mantissa + LN_P[0]
    for coefficient in LN_P[1:]:
        p = ((p * mantissa) >> X96) + coefficient
    p = p * mantissa - (LN_P_LAST << X96)
    q = mantissa + LN_Q[0]
    for coefficient in LN_Q[1:]:
        q = ((q * mantissa) >> X96) + coefficient
    return (trunc_div(p, q) * LN_SCALE + LN_TWO * k + LN_UNIT) >> LN_SHIFT


def sqrt(x: int) -> int:
    """Square root of an 18-decimal number >= 0, rounded down."""
    return isqrt(x * WAD)


def power(base: int, exponent: int) -> int:
    """base ** exponent as exp(ln(base) * exponent), the product truncated toward zero.

    Raises: UnreadableNumberError as `ln` and `exp` do.
    """
    return exp(trunc_div(ln(base) * exponent, WAD))
