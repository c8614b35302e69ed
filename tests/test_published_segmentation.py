"""The stability of segments agrees with the R package by the author of the method, run once and recorded."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.cluster import KMeans
from threadpoolctl import threadpool_limits

from custprof.segmentation.stability import DISSOLVED, VALID, jaccards, mean_similarity

RECORDED = Path(__file__).resolve().parent / "references"

#: fpc 2.2-10, clusterboot(B = 1000, clustermethod = kmeansCBI, runs = 10): mean Jaccard, its standard deviation over the bootstraps, and
#: how many of a thousand recovered (at least .75) and dissolved (at most .5) each cluster; see clusterboot.R.
FPC = {
    3: {
        "mean": [0.97994937, 0.95713652, 0.97393608],
        "sd": [0.02176182, 0.03789831, 0.0304653],
        "recovered": [1000, 1000, 1000],
        "dissolved": [0, 0, 0],
    },
    5: {
        "mean": [0.81751896, 0.92606162, 0.84959961, 0.96176800, 0.91105195],
        "sd": [0.2167892, 0.07802361, 0.1360515, 0.05310816, 0.1310319],
        "recovered": [827, 966, 793, 990, 879],
        "dissolved": [135, 4, 23, 1, 22],
    },
}


@pytest.mark.parametrize("k", FPC)
def test_bootstrap_jaccard_agrees_with_fpc_clusterboot(k):
    """Hennig (2007), as in his R package fpc: within three standard errors of the difference of the two simulations."""
    points = pd.read_csv(RECORDED / "clusterboot.csv")
    labels = points[f"partition_{k}"].to_numpy() - 1
    draws, r = 150, {name: np.array(values) for name, values in FPC[k].items()}
    with threadpool_limits(1):
        runs = jaccards(points[["x", "y"]].to_numpy(), labels, KMeans(k, n_init=10), draws, np.random.default_rng(0))
    error = np.sqrt(r["sd"] ** 2 / draws + r["sd"] ** 2 / 1000)
    assert (np.abs(mean_similarity(runs) - r["mean"]) < 3 * error).all()
    for share, counted in (((runs >= VALID).mean(axis=0), r["recovered"]), ((runs <= DISSOLVED).mean(axis=0), r["dissolved"])):
        expected = (counted + 1) / 1002
        assert (np.abs(share - expected) < 3.5 * np.sqrt(expected * (1 - expected) * (1 / draws + 1 / 1000))).all()
