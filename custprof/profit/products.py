"""What did every customer buy of every product, in every period?

One scan of the invoice lines, written once with Narwhals for every engine. What cannot be said of a product, goods given back and lines
without product or quantity, stands in rows of its own, so that the rows of a customer and period add up to its net revenue to the cent.
"""

from __future__ import annotations

import narwhals.stable.v2 as nw
import pandas as pd

from custprof.study.engine import collect, customer_key, lazy, money, period_label
from custprof.study.facts import is_return

__all__ = ["NOT_SPLIT", "RETURNED", "product_sales"]

#: Rows that are no product.
RETURNED, NOT_SPLIT = "(returns)", "(no product or quantity)"


def product_sales(transactions, *, by: str = "year", fiscal_start: int = 1, decimals: int = 2) -> pd.DataFrame:
    """What every customer bought of every product in every period: the ground on which price and volume can be told apart.

    Parameters
    ----------
    transactions : frame of any engine
        With customer_id, product_id, quantity, date, revenue (net of discount, returns negative), and where known list_amount, discount,
        cost_of_goods and is_return, such as ``study.table("transactions")``.
    by : {"year", "quarter", "month"}
        Length of a period.
    fiscal_start : int
        Month in which the fiscal year starts.
    decimals : int
        Decimals of the minor unit of money.

    Returns
    -------
    DataFrame
        Index customer_id, period and product_id, with the product_ids "(returns)" for lines given back and "(no product or quantity)" for
        lines without product or with a quantity that is missing or not above zero. Columns quantity (units of the product), revenue
        (money, net), and where known list_amount (money) and cost_of_goods (money).

    Raises
    ------
    ValueError
        If the transactions know no products or no quantities.

    Examples
    --------
    >>> lines = pd.DataFrame({"customer_id": ["a", "a", "a"], "product_id": ["x", "x", "x"], "quantity": [2, 3, -1],
    ...     "revenue": [20.0, 27.0, -9.0], "date": pd.to_datetime(["2024-01-05", "2024-02-01", "2024-03-01"])})
    >>> product_sales(lines)
                                  quantity  revenue
    customer_id period product_id
    a           2024   (returns)      -1.0     -9.0
                       x               5.0     47.0
    """
    lines = lazy(transactions)
    known = lines.collect_schema().names()
    missing = [name for name in ("product_id", "quantity") if name not in known]
    if missing:
        raise ValueError(f"transactions lack {', '.join(missing)}; without them price and mix cannot be told apart.")
    amounts = {"revenue": money("revenue", decimals)}
    if {"list_amount", "discount"} & set(known):
        before = money("revenue", decimals) + (money("discount", decimals) if "discount" in known else 0)
        if "list_amount" in known:
            before = nw.when(nw.col("list_amount").is_null()).then(before).otherwise(money("list_amount", decimals))
        amounts["list_amount"] = before
    if "cost_of_goods" in known:
        amounts["cost_of_goods"] = money("cost_of_goods", decimals)
    countable = ~nw.col("product_id").is_null() & (nw.col("quantity").fill_null(0) > 0)
    product = nw.when(countable).then(nw.col("product_id").cast(nw.String)).otherwise(nw.lit(NOT_SPLIT))
    lines = lines.with_columns(
        customer_key(),
        period=period_label("date", by, fiscal_start),
        product_id=nw.when(is_return(lines)).then(nw.lit(RETURNED)).otherwise(product),
        quantity=nw.col("quantity").cast(nw.Float64).fill_null(0.0),
        **amounts,
    )
    keys = ["customer_id", "period", "product_id"]
    sums = collect(lines.group_by(keys).agg(*(nw.col(name).sum() for name in ("quantity", *amounts)))).set_index(keys).sort_index()
    sums[list(amounts)] = sums[list(amounts)].astype("int64") / 10**decimals
    return sums.rename_axis(columns=None)
