"""Agreement of several readers beyond chance.

Fleiss' kappa compares the observed agreement with the agreement of readers who draw categories at random. It takes the
frequencies of the categories over all rows for the random draw, so a category must have the same meaning in every row.

Tools do not: the candidates differ by row. Their position as shown is no category either, because it differs between
the readers of a row, and their position in the data set is random, so that its frequencies are even by design. For the
choice of a tool, the chance agreement of a row is therefore that of an even draw among its candidates (free marginals).
Roles do have the same meaning everywhere: the right tool, another tool that does the job, or a tool that does not. For
them, Fleiss' kappa applies as it was published.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

_RESAMPLES: Final = 1000
_Weighted = Callable[[NDArray[np.float64]], tuple[NDArray[np.float64], NDArray[np.float64]]]
"""Observed and chance agreement under weights of the rows, which have the shape (resamples, rows)."""


class Kappa(NamedTuple):
    """Agreement of readers, with its 95 % interval from a bootstrap over rows."""

    observed: float
    """Mean share of the pairs of readers of a row that agree, 0 to 1."""
    chance: float
    """Expected share if readers chose at random, 0 to 1."""
    kappa: float | None
    """(observed - chance) / (1 - chance); None if the chance agreement is 1."""
    low: float | None
    """Lower end of the interval; None without a kappa, or if the bootstrap has no spread, as with a single row."""
    high: float | None


def fleiss_kappa(counts: NDArray[np.int64]) -> Kappa:
    r"""Return Fleiss' kappa of categories that have the same meaning in every row.

    With $n_{ij}$ readers who chose category $j$ for row $i$, $n_i = \sum_j n_{ij}$ readers of row $i$, and $N$ rows,

        P_i = sum_j n_ij (n_ij - 1) / (n_i (n_i - 1)),   P = mean of P_i,
        p_j = sum_i n_ij / sum_i n_i,                    P_e = sum_j p_j^2,
        kappa = (P - P_e) / (1 - P_e).

    Source: J. L. Fleiss (1971), Measuring nominal scale agreement among many raters, Psychological Bulletin 76(5),
    378-382. There all n_i are equal; here they may differ, as in a study that has not ended.

    Args:
        counts: Number of readers by row and category; at least two readers for each row, at least one row.
    """
    agreement = _agreement(counts)

    def weighted(weights: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        frequencies = weights @ counts
        shares = frequencies / frequencies.sum(axis=1, keepdims=True)
        return weights @ agreement / weights.sum(axis=1), (shares**2).sum(axis=1)

    return _kappa(weighted, len(counts))


def free_marginal_kappa(choices: Sequence[Sequence[str]], options: Sequence[int]) -> Kappa:
    """Return the kappa of choices among options that differ by row; by chance, each option is equally probable.

    P_i is as in `fleiss_kappa`; with c_i options in row i, P_e = mean of 1 / c_i, and kappa = (P - P_e) / (1 - P_e). If
    all rows have the same number of options, this is the free-marginal multirater kappa of J. J. Randolph (2005),
    Free-marginal multirater kappa: an alternative to Fleiss' fixed-marginal multirater kappa, which generalises the S
    of E. M. Bennett, R. Alpert and A. C. Goldstein (1954) to several raters.

    Args:
        choices: Names that the readers of each row chose; at least two for each row, at least one row.
        options: Number of options in each row, at least 1.
    """
    agreement = np.array([float(_agreement(_counts(chosen))[0]) for chosen in choices])
    chance = 1 / np.array(options, dtype=np.float64)

    def weighted(weights: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        total = weights.sum(axis=1)
        return weights @ agreement / total, weights @ chance / total

    return _kappa(weighted, len(choices))


def _counts(chosen: Sequence[str]) -> NDArray[np.int64]:
    """Return how often each name occurs, as the counts of one row."""
    return np.unique(list(chosen), return_counts=True)[1][None, :]


def _agreement(counts: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the share of the pairs of readers of each row that agree."""
    readers = counts.sum(axis=1)
    return np.asarray((counts * (counts - 1)).sum(axis=1) / (readers * (readers - 1)), dtype=np.float64)


def _kappa(weighted: _Weighted, rows: int) -> Kappa:
    observed, chance = (float(part[0]) for part in weighted(np.ones((1, rows))))
    if chance == 1:
        return Kappa(observed, chance, None, None, None)
    draws = np.random.default_rng(0).multinomial(rows, np.full(rows, 1 / rows), size=_RESAMPLES)
    observed_in, chance_in = weighted(draws.astype(np.float64))
    # In a resample with a single category, kappa is not defined.
    defined = chance_in < 1
    kappas = (observed_in[defined] - chance_in[defined]) / (1 - chance_in[defined])
    kappa = (observed - chance) / (1 - chance)
    low, high = map(float, np.percentile(kappas, (2.5, 97.5)))
    return Kappa(observed, chance, kappa, None, None) if low == high else Kappa(observed, chance, kappa, low, high)
