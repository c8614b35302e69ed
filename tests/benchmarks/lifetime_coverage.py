"""Do parameters and intervals come back from simulated customers? Prints two tables of bias and coverage; a few minutes.

Run it as ``python tests/benchmarks/lifetime_coverage.py [studies customers]``: `custprof.lifetime.recovery` with more studies than exercise
6 of notebook 05 takes; `tests/test_customer_value.py` holds a small run to its bounds.
"""

from __future__ import annotations

import sys

from custprof.lifetime import recovery

TRUTH = {"r": 0.8, "alpha": 8.0, "s": 0.7, "beta": 20.0, "p": 5.0, "q": 4.0, "gamma": 20.0}


if __name__ == "__main__":
    studies, customers = (int(each) for each in sys.argv[1:3] or (100, 1000))
    parameters, values = recovery(TRUTH, studies=studies, customers=customers)
    print(f"{studies} studies of {customers:,} customers, 90 % intervals")
    print(parameters.round(3).to_string(), values.round(3).to_string(), sep="\n\n")
