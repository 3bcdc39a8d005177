"""The doubly robust estimator of one two-group, two-period comparison, with normalised weights.

diff-diff divides the weighted residuals of the controls by the number of treated instead of by the sum of their own
weights, which moves the estimate in the seventh to fourth digit. Sant'Anna and Zhao (2020, equation 3.1; the default of
R's `DRDID::drdid_panel`) normalise both; this does too, so that published numbers are met.
"""

from __future__ import annotations

import numpy as np


def doubly_robust(
    change: np.ndarray, treated: np.ndarray, design: np.ndarray, propensity: np.ndarray, weights: np.ndarray
) -> tuple[float, np.ndarray]:
    """Estimate the effect on the treated from the change of the outcome between two periods.

    Parameters
    ----------
    change : (n,) float
        Outcome after minus outcome before.
    treated : (n,) float, 1 or 0
    design : (n, k) float
        Covariates with an intercept.
    propensity : (n,) float
        Fitted logit probabilities of being treated, below 1 for every control.
    weights : (n,) float

    Returns
    -------
    effect : float
    influence : (n,) float
        Each unit's share of the estimate's error: the standard error is the root of its sum of squares.

    References
    ----------
    Sant'Anna, P. H. C. and Zhao, J. (2020). Doubly robust difference-in-differences estimators. Journal of
    Econometrics 219(1), 101-122.
    """
    n = len(change)
    design = design / np.sqrt((design**2).mean(axis=0))
    odds = weights * np.where(treated == 1, 0.0, propensity / (1 - propensity))
    on_treated = weights * treated
    on_control = weights * (1 - treated)
    cross = np.linalg.inv(design.T @ (on_control[:, None] * design) / n)
    fitted = design @ (cross @ (design.T @ (on_control * change) / n))
    residual = change - fitted
    mean_treated = (on_treated @ residual) / on_treated.sum()
    mean_control = (odds @ residual) / odds.sum()

    outcome_model = (on_control * residual)[:, None] * design @ cross
    information = design.T @ ((weights * propensity * (1 - propensity))[:, None] * design) / n
    scores = (weights * (treated - propensity))[:, None] * design
    propensity_model = scores @ np.linalg.inv(information)

    share_treated, share_control = on_treated.mean(), odds.mean()
    influence_treated = on_treated * (residual - mean_treated) - outcome_model @ (on_treated @ design / n)
    influence_control = (
        odds * (residual - mean_control)
        + propensity_model @ ((odds * (residual - mean_control)) @ design / n)
        - outcome_model @ (odds @ design / n)
    )
    influence = (influence_treated / share_treated - influence_control / share_control) / n
    return float(mean_treated - mean_control), influence
