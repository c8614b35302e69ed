"""How would one say, in money, who belongs to which segment?

A shallow decision tree on the money columns and their ratios to revenue, its thresholds rounded to three digits and written as text, and as
conditions of SQL that hold in any database for the same customers. The rules are an explanation of the segments, not the segments: the
share of customers that they place right says how good an explanation.
"""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
from sklearn.tree import DecisionTreeClassifier

from custprof.segmentation.names import short_money, words
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


def segment_rules(X: pd.DataFrame, labels, *, names=None, revenue: str | None = None, max_leaves: int | None = None) -> pd.DataFrame:
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
        Most rules (default one more than the segments, at least 6).

    Returns
    -------
    DataFrame by rule (from 1), by segment, the largest rule of a segment first
        segment; name (if given); rule (text); sql (the same as a condition); customers (that the rule takes); right (share of them that are
        in the segment). Every customer falls under one rule, so the sum of customers x right over all customers is the rules' fidelity.

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
    ratios = pd.DataFrame(bounded_ratio(money.drop(columns=at).to_numpy(), money[[at]].to_numpy()), columns=list(money.columns.drop(at)))
    features, columns = np.hstack([values, ratios.to_numpy()]), [*money.columns, *ratios.columns]
    leaves = max_leaves or max(6, len(np.unique(labels)) + 1)
    tree = DecisionTreeClassifier(max_leaf_nodes=leaves, min_samples_leaf=max(1, len(X) // 200), random_state=0).fit(features, labels).tree_
    classes, rows = np.unique(labels), []
    for node, path in _paths(tree):
        bounds = {}
        for feature, low, limit in path:
            bounds.setdefault(feature, [-np.inf, np.inf])
            threshold = _rounded(limit, feature >= len(money.columns))
            bounds[feature][0 if low else 1] = threshold
        inside = pd.Series(True, index=money.index)
        for feature, (low, high) in bounds.items():
            amount, unit = money[columns[feature]], money[at].abs() if feature >= money.shape[1] else 1.0
            inside &= ((amount > low * unit) if np.isfinite(low) else True) & ((amount <= high * unit) if np.isfinite(high) else True)
        sql = " AND ".join(_condition(columns[f], str(at), low, high, f >= len(money.columns)) for f, (low, high) in sorted(bounds.items()))
        text = (
            " and ".join(_said(columns[f], low, high, f >= len(money.columns)) for f, (low, high) in sorted(bounds.items()))
            or "every customer"
        )
        segment = classes[tree.value[node, 0].argmax()]
        right = float((labels[inside.to_numpy()] == segment).mean()) if inside.any() else np.nan
        rows.append((segment, text, sql or "TRUE", int(inside.sum()), right))
    table = pd.DataFrame(rows, columns=["segment", "rule", "sql", "customers", "right"])
    table = table.sort_values(["segment", "customers"], ascending=[True, False], kind="stable", ignore_index=True)
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


def _condition(column: str, revenue: str, low: float, high: float, ratio: bool) -> str:
    amount, times = _quoted(column), f" * ABS({_quoted(revenue)})" if ratio else ""
    parts = [f"{amount} > {low!r}{times}"] if np.isfinite(low) else []
    return " AND ".join([*parts, f"{amount} <= {high!r}{times}"] if np.isfinite(high) else parts)


def _quoted(name: str) -> str:
    return name if re.fullmatch(r"[a-z_][a-z0-9_]*", name) and name not in RESERVED.split() else '"' + name.replace('"', '""') + '"'


def _paths(tree, node: int = 0, path: tuple = ()):
    """Leaves of a tree with the conditions that lead there: (feature, is a lower bound, threshold)."""
    if tree.children_left[node] == -1:
        yield node, path
        return
    feature, limit = int(tree.feature[node]), float(tree.threshold[node])
    yield from _paths(tree, tree.children_left[node], (*path, (feature, False, limit)))
    yield from _paths(tree, tree.children_right[node], (*path, (feature, True, limit)))


def _rounded(limit: float, ratio: bool) -> float:
    """The threshold as it will be read: three digits of money, or a whole per mille of revenue (three digits of many times revenue)."""
    if not ratio:
        return float(f"{limit:.3g}")
    plain = limit / max(1 - abs(limit), 1e-9)
    return round(plain, 3) if abs(plain) < 10 else float(f"{plain:.3g}")


def _said(column: str, low: float, high: float, ratio: bool) -> str:
    if not ratio:
        low_text, high_text, unit = short_money(low), short_money(high), ""
    else:
        low_text, high_text = (f"{x * 100:.3g} %" for x in (low, high))
        unit = " of revenue"
    if np.isfinite(low) and np.isfinite(high):
        return f"{words(column)} over {low_text} to {high_text}{unit}"
    return f"{words(column)} over {low_text}{unit}" if np.isfinite(low) else f"{words(column)} at most {high_text}{unit}"
