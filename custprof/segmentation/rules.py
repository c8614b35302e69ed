"""How would one say, in money, who belongs to which segment?

A shallow decision tree on the money columns and their ratios to revenue, its thresholds rounded to three digits (more where customers would
change sides) and written as text, and as conditions of SQL that hold in any database for the same customers. The rules explain
the segments, and are not the segments: the share of customers that they place right says how good an explanation.
"""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
from sklearn.tree import DecisionTreeClassifier

from custprof.segmentation.names import words
from custprof.segmentation.scaler import as_money, bounded_ratio, check_money, revenue_column

__all__ = ["segment_rules", "segment_sql"]

#: Words that cannot name a column without quotes in some database.
RESERVED = """
all alter analyse analyze and any array as asc between both by case cast check collate column constraint create cross current
current_date current_time current_timestamp current_user database date default delete desc describe distinct drop else end except
exists false fetch for foreign from full function grant group groups having in index inner insert intersect interval into is join
key keys lateral leading left like limit localtime localtimestamp natural not null of offset on only or order outer over partition
pivot primary procedure qualify range rank references returning right row rows select session_user set show some start summarize
symmetric system table then time timestamp to trailing trigger true union unique unpivot update user using value values view when
where window with
"""

COLUMNS = ["segment", "rule", "sql", "customers", "right"]
EVERYBODY, ALWAYS = "every customer", "1 = 1"
NO_RULE, NEVER = "no rule leads here: its customers fall under those of other segments", "1 = 0"
#: A threshold has three digits unless more than this share of its customers would change sides.
MOVED = 0.001


def segment_rules(
    X: pd.DataFrame, labels, *, names=None, revenue: str | None = None, max_leaves: int | None = None, whales: float | None = None
) -> pd.DataFrame:
    """Rules in money units that reproduce the segments, one row per rule.

    Parameters
    ----------
    X : DataFrame, customers x money columns
        Currency units.
    labels : array-like of int, one per customer
    names : Series or dict, optional
        Segment to name.
    revenue : str, optional
        The revenue column (default as in `MoneyScaler`).
    max_leaves : int, optional
        Most rules for those who are no whales (default one more than the segments, at least 6).
    whales : float, optional
        Revenue from which a customer is a whale, as in ``whale_limit_`` of a `ProfitSegmenter`. Whales have the first rule, which is exact;
        the others are about the other customers.

    Returns
    -------
    DataFrame by rule (from 1), whales first, then by segment, the largest rule of a segment first
        segment; name (if given); rule (text); sql (the same as a condition, and for those who are no whales that they are none); customers
        (that the rule takes); right (share of them that are in the segment). Every customer falls under one rule, so the sum of customers
        x right over all customers is the rules' fidelity. A segment that no rule leads to has a last row that says so, with no customers.

    Raises
    ------
    ValueError
        If money is missing or labels are not one per customer.

    Examples
    --------
    >>> X = pd.DataFrame({"revenue": [100.0, 120.0, 900.0, 1000.0], "cost_to_serve": [20.0, 600.0, 180.0, 50.0]})
    >>> segment_rules(X, [1, 1, 0, 0])[["segment", "rule", "customers", "right"]]
          segment                  rule  customers  right
    rule
    1           0      revenue over 510          2    1.0
    2           1  revenue at most 510          2    1.0
    """
    X = as_money(X)
    values = check_money(X)
    labels = np.asarray(labels)
    if labels.shape != (len(X),):
        raise ValueError(f"there are {labels.size:,} labels for {len(X):,} customers; pass one for each.")
    at = revenue_column(X, revenue)
    money = pd.DataFrame(values, columns=list(X.columns))
    whale = np.zeros(len(X), dtype=bool) if whales is None else money[at].to_numpy() >= whales
    leaves = max_leaves or max(6, len(np.unique(labels[~whale])) + 1)
    table = _tree_rules(money[~whale], labels[~whale], at, leaves) if not whale.all() else pd.DataFrame(columns=COLUMNS)
    table = table.sort_values(["segment", "customers"], ascending=[True, False], kind="stable")
    if whale.any():
        table["sql"] += f" AND {_quoted(at)} < {whales!r}"
        table["rule"] = table["rule"].replace(EVERYBODY, "every other customer")
        largest = int(pd.Series(labels[whale]).mode()[0])
        right = float((labels[whale] == largest).mean())
        first = (largest, f"{words(at)} {_number(whales)} or more", f"{_quoted(at)} >= {whales!r}", int(whale.sum()), right)
        table = pd.concat([pd.DataFrame([first], columns=COLUMNS), table])
    bare = [(segment, NO_RULE, NEVER, 0, np.nan) for segment in np.setdiff1d(labels, table["segment"].to_numpy(dtype=int))]
    table = pd.concat([table, pd.DataFrame(bare, columns=COLUMNS).astype(table.dtypes)]) if bare else table
    table.index = pd.RangeIndex(1, len(table) + 1, name="rule")
    if names is not None:
        table.insert(1, "name", table["segment"].map(dict(names)))
    return table


def segment_sql(rules: pd.DataFrame, *, table: str = "customers", key: str = "customer_id") -> str:
    """The rules as one query, for any database that holds the money columns by customer.

    Parameters
    ----------
    rules : DataFrame
        Result of `segment_rules`, or ``rules_`` of a `ProfitSegmenter`.
    table, key : str
        Name of the table and of its column of customers.

    Returns
    -------
    str
        A SELECT of the key and the number of the segment.

    Examples
    --------
    >>> rules = pd.DataFrame({"segment": [0, 1], "sql": ["revenue > 510.0", "revenue <= 510.0"]})
    >>> print(segment_sql(rules))
    SELECT customer_id, CASE
      WHEN revenue > 510.0 THEN 0
      WHEN revenue <= 510.0 THEN 1
    END AS segment FROM customers
    """
    cases = "\n".join(f"  WHEN {condition} THEN {segment}" for segment, condition in zip(rules["segment"], rules["sql"], strict=True))
    return f"SELECT {_quoted(key)}, CASE\n{cases}\nEND AS segment FROM {_quoted(table)}"


def _tree_rules(money: pd.DataFrame, labels: np.ndarray, at: str, leaves: int) -> pd.DataFrame:
    """One rule per leaf of a tree on the amounts and their ratios to the revenue column."""
    others = list(money.columns.drop(at))
    values, unit = money.to_numpy(), money[at].abs().to_numpy()
    features = np.hstack([values, bounded_ratio(money[others].to_numpy(), money[[at]].to_numpy())])
    columns, ratio = [*money.columns, *others], np.arange(len(money.columns) + len(others)) >= len(money.columns)
    amounts = {feature: (money[column].to_numpy(), unit if ratio[feature] else 1.0) for feature, column in enumerate(columns)}
    model = DecisionTreeClassifier(max_leaf_nodes=leaves, min_samples_leaf=max(1, len(money) // 200), random_state=0)
    tree, classes, rows = model.fit(features, labels).tree_, model.classes_, []
    limits = _limits(model, features, amounts, ratio)
    for leaf, path in _paths(tree):
        bounds, inside = {}, np.ones(len(money), dtype=bool)
        for node, above in path:
            bounds.setdefault(int(tree.feature[node]), [-np.inf, np.inf])[0 if above else 1] = limits[node]
            amount, times = amounts[tree.feature[node]]
            inside &= (amount > limits[node] * times) if above else (amount <= limits[node] * times)
        said = [(columns[feature], at, *bounds[feature], bool(ratio[feature])) for feature in sorted(bounds)]
        text = " and ".join(_said(*bound) for bound in said) or EVERYBODY
        sql = " AND ".join(_condition(*bound) for bound in said) or ALWAYS
        segment = classes[tree.value[leaf, 0].argmax()]
        rows.append((segment, text, sql, int(inside.sum()), float((labels[inside] == segment).mean()) if inside.any() else np.nan))
    return pd.DataFrame(rows, columns=COLUMNS)


def _limits(model: DecisionTreeClassifier, features: np.ndarray, amounts: dict, ratio: np.ndarray) -> dict[int, float]:
    """The threshold of every inner node as it will be read: three digits, or as many more as keep its customers on their sides."""
    tree, reached, limits = model.tree_, model.decision_path(features).tocsc(), {}
    for node in np.flatnonzero(tree.children_left >= 0).tolist():
        feature, rows = tree.feature[node], reached[:, [node]].indices
        limit = float(tree.threshold[node])
        exact = limit / max(1 - abs(limit), 1e-9) if ratio[feature] else limit
        amount, unit = (np.broadcast_to(values, len(features))[rows] for values in amounts[feature])
        below = features[rows, feature].astype(np.float32) <= limit  # as the tree compares
        choices = [float(f"{exact:.{digits}g}") for digits in range(3, 16)]
        moved = [max(((amount <= choice * unit) != below).mean(), MOVED) for choice in choices]
        limits[node] = choices[int(np.argmin(moved))]
    return limits


def _condition(column: str, revenue: str, low: float, high: float, ratio: bool) -> str:
    amount, times = _quoted(column), f" * ABS({_quoted(revenue)})" if ratio else ""
    parts = [f"{amount} > {low!r}{times}"] if np.isfinite(low) else []
    return " AND ".join([*parts, f"{amount} <= {high!r}{times}"] if np.isfinite(high) else parts)


def _said(column: str, _: str, low: float, high: float, ratio: bool) -> str:
    unit = " of revenue" if ratio else ""
    low_text, high_text = (f"{_number(limit * 100)} %" if ratio else _number(limit) for limit in (low, high))
    if np.isfinite(low) and np.isfinite(high):
        return f"{words(column)} over {low_text} to {high_text}{unit}"
    return f"{words(column)} over {low_text}{unit}" if np.isfinite(low) else f"{words(column)} at most {high_text}{unit}"


def _number(limit: float) -> str:
    """A threshold with all of its digits."""
    return f"{limit:,.14g}"


def _quoted(name: str) -> str:
    return name if re.fullmatch(r"[a-z_][a-z0-9_]*", name) and name not in RESERVED.split() else '"' + name.replace('"', '""') + '"'


def _paths(tree, node: int = 0, path: tuple = ()):
    """Leaves of a tree with the way there: (node, whether above its threshold)."""
    if tree.children_left[node] == -1:
        yield node, path
        return
    yield from _paths(tree, tree.children_left[node], (*path, (node, False)))
    yield from _paths(tree, tree.children_right[node], (*path, (node, True)))
