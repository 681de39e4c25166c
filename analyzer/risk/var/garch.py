"""GARCH(1,1) with a constant mean, normal or Student's t, fitted by the package `arch`.

    r[t] = mu + e[t],   e[t] = sigma[t] z[t]
    sigma[t]**2 = omega + alpha e[t-1]**2 + beta sigma[t-1]**2

Every number is in the unit of the returns that went in. The fit is a maximum that an optimiser
found: `converged` says whether it says so itself, and a fit on few returns says little anyway.

Source: Bollerslev 1986; starting values and the first variance are those of `arch`.
"""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from analyzer.market.history import Floats
from analyzer.risk.extra import library
from analyzer.risk.var.tail import checked_sample

Distribution = Literal["normal", "t"]

LEAST = 250
"""Returns below which GARCH is not fitted: a year of market days."""


@dataclass(frozen=True, slots=True)
class Garch:
    """A fitted model.

    nu: degrees of freedom of t, None for the normal. loglik: of the returns as given. z: [row],
    standardised residuals. sigma: [row], the volatility of each return; sigma_next: of the one
    after the last.
    """

    mu: float
    omega: float
    alpha: float
    beta: float
    nu: float | None
    loglik: float
    distribution: Distribution
    z: Floats
    sigma: Floats
    sigma_next: float
    converged: bool

    @property
    def persistence(self) -> float:
        """alpha + beta: 1 = a shock to volatility never fades."""
        return self.alpha + self.beta


def garch(returns: ArrayLike, distribution: Distribution = "normal") -> Garch:
    """The model of one factor's returns. Shape: returns [row], oldest first.

    Raises: ValueError for fewer than `LEAST` returns, one that is not finite, returns that do not
    move, or another distribution.
    """
    sample = checked_sample(returns)
    if distribution not in ("normal", "t"):
        raise ValueError(f"distribution is normal or t, not {distribution!r}")
    if len(sample) < LEAST:
        raise ValueError(f"{len(sample)} returns are too few for GARCH: {LEAST} are needed")
    deviation = float(sample.std())
    if deviation <= 1e-12 * (1 + float(np.abs(sample).max())):
        raise ValueError("the returns do not move: there is no volatility to fit")
    # The optimiser wants numbers near one; a power of ten brings no rounding that matters.
    scale = 10.0 ** -math.floor(math.log10(deviation))
    model = library("arch").arch_model(sample * scale, dist=distribution, rescale=False)
    with warnings.catch_warnings():
        # What the optimiser has to say is in its flag.
        warnings.simplefilter("ignore")
        fit = model.fit(disp="off", show_warning=False)
    found = dict(fit.params)
    sigma: Floats = np.asarray(fit.conditional_volatility, dtype=np.float64) / scale
    mu, omega = float(found["mu"]) / scale, float(found["omega"]) / scale**2
    alpha, beta = float(found["alpha[1]"]), float(found["beta[1]"])
    residuals: Floats = sample - mu
    return Garch(
        mu=mu,
        omega=omega,
        alpha=alpha,
        beta=beta,
        nu=float(found["nu"]) if distribution == "t" else None,
        loglik=float(fit.loglikelihood) + len(sample) * math.log(scale),
        distribution=distribution,
        z=residuals / sigma,
        sigma=sigma,
        sigma_next=math.sqrt(omega + alpha * residuals[-1] ** 2 + beta * sigma[-1] ** 2),
        converged=int(fit.convergence_flag) == 0,
    )
