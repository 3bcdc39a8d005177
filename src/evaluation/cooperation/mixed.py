"""A linear model in which rows of a group share something unmeasured: the network's or the municipality's own level."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from evaluation.errors import EstimationError, Problem
from evaluation.workbench import Described


@dataclass(frozen=True, eq=False)
class Mixed(Described):
    """A random-intercept model fitted by restricted maximum likelihood.

    Attributes
    ----------
    coefficients : (columns,) float
    covariance : (columns, columns) float
    between, within : float
        Variances of the groups' intercepts and of a row (of weight one).
    groups, rows : int
    inside : (columns, columns) float
        Projection onto what varies within groups.
    df_inside, df_between : int
        Rows less the rank of the columns and the groups; groups less the number of columns.
    """

    coefficients: np.ndarray
    covariance: np.ndarray
    between: float
    within: float
    groups: int
    rows: int
    inside: np.ndarray
    df_inside: int
    df_between: int

    def contrast(self, weights: np.ndarray) -> tuple[float, float, int]:
        """Return a weighted sum of the coefficients, its standard error and its degrees of freedom.

        The degrees of freedom are those within groups if the sum can be told from differences within groups alone,
        otherwise those between them.
        """
        told_inside = np.allclose(self.inside @ weights, weights, atol=1e-8)
        error = float(np.sqrt(weights @ self.covariance @ weights))
        return float(weights @ self.coefficients), error, self.df_inside if told_inside else self.df_between


def mixed(outcome: np.ndarray, columns: np.ndarray, group: np.ndarray, weights: np.ndarray | None = None) -> Mixed:
    """Fit outcome = columns x coefficients + the group's intercept + noise of variance within / weight.

    With weights every row is multiplied by their root, the group's intercept too. One number is searched for, the ratio
    of the two variances; all else is known given it, so that a ratio of zero (least squares) is an answer like any
    other. statsmodels' MixedLM maximises the same likelihood and agrees, but warns or fails where the ratio is zero,
    which is common with few groups.

    Raises
    ------
    EstimationError
        If the columns repeat each other, or there are no more rows than coefficients.

    References
    ----------
    Patterson, H. D. and Thompson, R. (1971). Biometrika 58(3), 545-554. Laird, N. M. and Ware, J. H. (1982).
    Biometrics 38(4), 963-974.
    """
    rows, width = columns.shape
    codes = np.unique(group, return_inverse=True)[1]
    count = int(codes.max()) + 1 if rows else 0
    rank = int(np.linalg.matrix_rank(columns)) if rows else 0
    if rows <= width or rank < width:
        what = f"{rows} rows and columns of rank {rank} cannot answer for {width} coefficients"
        raise EstimationError(Problem(what, "Take more municipalities, or a trait in which they differ"))
    root = np.ones(rows) if weights is None else np.sqrt(weights / weights.mean())
    likelihood = _Likelihood.of(outcome * root, columns * root[:, None], codes, root)
    # Where each row is a group, or all are one, the two variances cannot be told apart.
    ratio = likelihood.best() if 1 < count < rows else 0.0
    beta, covariance, within = likelihood.given(ratio)
    return Mixed(beta, covariance, ratio * within, within, count, rows, *_degrees(columns, codes, count))


@dataclass(frozen=True, eq=False)
class _Likelihood:
    """The restricted likelihood of a ratio of variances, by the sums it needs.

    Attributes
    ----------
    information, moments, squares : cross products of the columns, of the columns and the outcome, and of the outcome
    column_sums, outcome_sums, weight : (groups, columns), (groups,) and (groups,), each row times its root of weight
    free : rows less columns
    """

    information: np.ndarray
    moments: np.ndarray
    squares: float
    column_sums: np.ndarray
    outcome_sums: np.ndarray
    weight: np.ndarray
    free: int

    @classmethod
    def of(cls, y: np.ndarray, x: np.ndarray, codes: np.ndarray, root: np.ndarray) -> _Likelihood:
        dummies = root[:, None] * np.eye(int(codes.max()) + 1)[codes]
        sums = dummies.T @ x, dummies.T @ y, (dummies**2).sum(axis=0)
        return cls(x.T @ x, x.T @ y, float(y @ y), *sums, len(y) - x.shape[1])

    def given(self, ratio: float) -> tuple[np.ndarray, np.ndarray, float]:
        """Return coefficients, their covariance, and the variance within groups."""
        shrunk = (ratio / (1 + ratio * self.weight))[:, None] * self.column_sums
        inverse = np.linalg.inv(self.information - shrunk.T @ self.column_sums)
        moments = self.moments - shrunk.T @ self.outcome_sums
        beta = inverse @ moments
        squares = self.squares - (ratio / (1 + ratio * self.weight)) @ self.outcome_sums**2
        within = float(squares - beta @ moments) / self.free
        return beta, within * inverse, within

    def deviance(self, ratio: float) -> float:
        """Return minus twice the logarithm of the restricted likelihood, up to a constant."""
        _, covariance, within = self.given(ratio)
        determinant = np.linalg.slogdet(covariance / within)[1]
        return float(self.free * np.log(within) + np.log1p(ratio * self.weight).sum() - determinant)

    def best(self) -> float:
        """Return the ratio of the highest likelihood, zero included."""
        from scipy.optimize import minimize_scalar

        # A coarse look first: the likelihood of unequal groups may have more than one top.
        grid = np.linspace(np.log(1e-6), np.log(1e4), 47)
        looked = [self.deviance(float(np.exp(point))) for point in grid]
        top = int(np.argmin(looked))
        ends = grid[max(top - 1, 0)], grid[min(top + 1, len(grid) - 1)]
        found = minimize_scalar(
            lambda point: self.deviance(float(np.exp(point))), bounds=ends, method="bounded", options={"xatol": 1e-8}
        )
        ratio = float(np.exp(found.x))
        return ratio if self.deviance(ratio) < self.deviance(0.0) - 1e-10 else 0.0


def _degrees(columns: np.ndarray, codes: np.ndarray, count: int) -> tuple[np.ndarray, int, int]:
    """Return the projection onto what varies within groups, and the degrees of freedom within and between."""
    rows, width = columns.shape
    if count == rows:
        return np.eye(width), rows - width, rows - width
    dummies = np.eye(count)[codes]
    means = (dummies.T @ columns) / dummies.sum(axis=0)[:, None]
    varying = columns - means[codes]
    inside = np.linalg.pinv(varying, rcond=1e-10) @ varying
    together = int(np.linalg.matrix_rank(np.hstack([dummies, columns])))
    return inside, max(rows - together, 1), max(count - width, 1)
