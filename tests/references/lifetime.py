"""What are the likelihoods of the lifetime models to thirty digits?

Writes lifetime.csv beside this file, from the models' definitions (sums and integrals over what customers differ in), with mpmath, which
custprof itself does not need:

    pip install mpmath
    python tests/references/lifetime.py

One row is a model, its parameters, and a customer: frequency, recency, T (mean value for GammaGamma, age for contracts); the log-likelihood
as a decimal. The tests read the file.
"""

from __future__ import annotations

import csv
from itertools import product
from pathlib import Path

from mpmath import beta, exp, log, loggamma, mp, mpf, nstr, quad

FILE = Path(__file__).with_suffix(".csv")

CUSTOMERS = [
    (0, 0.0, 0.0),
    (0, 0.0, 39.0),
    (1, 0.142857, 30.0),
    (2, 30.428571, 38.857143),
    (5, 30.0, 30.0),
    (26, 30.857143, 31.0),
    (150, 200.0, 700.0),
    (300, 12.5, 30.0),
    (1000, 4999.0, 5000.0),
    (1000, 10.0, 5000.0),
]
PAIRS = [(0.5, 10.0), (1e-4, 1e-3), (1e-3, 50.0), (2.0, 0.01), (1e4, 1e5), (3e4, 5.0)]  # a shape and a scale, both tiny and huge
CHANCES = [(0.8, 2.4), (1e-4, 1e-3), (1e-3, 50.0), (5.0, 0.01), (1e4, 1e5), (3.0, 3e4)]
PERIODS = [(0, 0, 0), (0, 0, 6), (1, 6, 6), (2, 2, 6), (6, 6, 6), (3, 40, 52), (26, 26, 52), (100, 400, 1000), (1000, 1000, 1000)]


def pareto(params, x, recency, age):
    """Staying to the end, or leaving at a moment since the last purchase."""
    r, alpha, s, b = params

    def log_density(y):
        return -(r + x) * log(1 + y / alpha) - (s + 1) * log(1 + y / b)

    head = loggamma(r + x) - loggamma(r) - x * log(alpha)
    stay = -(r + x) * log(1 + age / alpha) - s * log(1 + age / b)
    if age == recency:
        return head + stay
    top = log_density(recency)
    scale = 1 / ((r + x) / (alpha + recency) + (s + 1) / (b + recency))  # over which the density falls
    cuts = [recency] + [recency + scale * mpf(2) ** k for k in range(-4, 60) if scale * mpf(2) ** k < age - recency] + [age]
    gone = quad(lambda y: exp(log_density(y) - top), cuts)
    return head + log(exp(stay) + exp(top) * s / b * gone)


def beta_geometric(params, x, recency, age, offset=0):
    """Staying after every purchase, or leaving after the last one."""
    r, alpha, a, b = params
    k = x + offset
    head = loggamma(r + x) - loggamma(r) + r * log(alpha)
    total = exp(log(beta(a, b + k)) - log(beta(a, b)) - (r + x) * log(alpha + age))
    if k:
        total += exp(log(beta(a + 1, b + k - 1)) - log(beta(a, b)) - (r + x) * log(alpha + recency))
    return head + log(total)


def modified(params, x, recency, age):
    return beta_geometric(params, x, recency, age, offset=1)


def gamma_gamma(params, x, value, _):
    p, q, g = params
    head = loggamma(p * x + q) - loggamma(p * x) - loggamma(q) + q * log(g)
    return head + (p * x - 1) * log(value) + p * x * log(x) - (p * x + q) * log(g + x * value)


def occasions(params, x, recency, n):
    a, b, g, d = params

    def term(k, leaves):
        return beta(a + x, b + k - x) / beta(a, b) * beta(g + leaves, d + k) / beta(g, d)

    return log(term(n, 0) + sum(term(k, 1) for k in range(recency, n)))


def renewal(params, lost, _, age):
    a, b, c = params

    def survival(t):
        return beta(a, b + mpf(t) ** c) / beta(a, b)

    return log(survival(age - 1) - survival(age)) if lost else log(survival(age))


def cases():
    for first, second in product(PAIRS, repeat=2):
        for customer in CUSTOMERS:
            yield "ParetoNBD", pareto, (*first, *second), customer
    for (first, second), customer in product(product(PAIRS, CHANCES), CUSTOMERS):
        yield "BetaGeoNBD", beta_geometric, (*first, *second), customer
        yield "ModifiedBetaGeoNBD", modified, (*first, *second), customer
    for p, q, g in product([1e-3, 6.25, 1e4], [0.05, 3.74, 2e4], [1e-3, 15.44, 1e6]):
        for x, value in [(1, 0.01), (1, 35.0), (7, 2e4), (1000, 25.0)]:
            yield "GammaGamma", gamma_gamma, (p, q, g), (x, value, 0)
    for first, second in product(CHANCES, repeat=2):
        for customer in PERIODS:
            yield "BetaGeoBinomial", occasions, (*first, *second), customer
    for (a, b), c, (lost, age) in product(CHANCES, [0.2, 1.0, 1.6], [(0, 1), (0, 12), (0, 1000), (1, 1), (1, 12), (1, 1000)]):
        yield "BetaDiscreteWeibull", renewal, (a, b, c), (lost, 0, age)


def main():
    with FILE.open("w", newline="") as file:
        out = csv.writer(file)
        out.writerow(["model", "parameters", "frequency", "recency", "T", "loglik"])
        for name, likelihood, params, customer in cases():
            values = []
            for digits in (60, 90):  # twice, to see that the digits kept are not lost on the way
                mp.dps = digits
                values.append(likelihood([mpf(p) for p in params], *(mpf(each) if isinstance(each, float) else each for each in customer)))
            close = abs(values[0] - values[1]) <= mpf(10) ** -25 * max(1, abs(values[1]))
            if not close:
                raise ArithmeticError(f"{name} {params} {customer}: {values}")
            out.writerow([name, " ".join(map(repr, params)), *customer, nstr(values[1], 25)])


if __name__ == "__main__":
    main()
