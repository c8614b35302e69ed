"""Why did a customer's profit change: by volume, prices, mix, or what it costs to serve?

Between two periods, 0 and 1, the margin on the goods a customer bought is split in the order of sales-variance analysis. Quantities are
valued at the list prices the customer paid before, so that unlike units (pieces, hours) can be added:

* volume: the change of that value, at the margin per unit of value of before;
* mix: what today's basket would have left at the prices and unit costs of before, less volume: a move to better or poorer products;
* price, discounts, unit_cost: today's quantities times the change of list price, discount and cost of one unit.

A product that the customer did not buy before has no price of before: it is taken at today's, so its effect is in volume and mix. Sums of
goods given back, and of lines without product or quantity, change by themselves (returns, unsplit). Every further cost is one effect, and
with the rates of the activities the cost to serve falls into work (more or less of it) and rates (each unit dearer or cheaper). All
effects of a customer add up to the change of its profit, to the cent.

Where quantities and products are not known, price and mix cannot be told apart, and custprof does not pretend to: volume is the change of
list revenue at the margin of before, discounts is the change of their share of list revenue, and price_and_mix is the change of what the
goods cost per unit of list revenue, whatever made it: list prices, unit costs or the basket.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from custprof.profit.drift import drift
from custprof.profit.inputs import check_amounts, check_beside, check_frame, check_number
from custprof.profit.ladder import DIRECT_COSTS, activity_columns, customers_only
from custprof.profit.products import NOT_SPLIT, RETURNED
from custprof.profit.totals import total

__all__ = ["drift_effects", "effect_steps"]

_KNOWN_BY = {"discounts": "list_amount", "unit_cost": "cost_of_goods"}  # effects that need a column of the products


def drift_effects(
    pnl_by_period: pd.DataFrame, *, products: pd.DataFrame | None = None, rates: pd.DataFrame | None = None, decimals: int = 2
) -> pd.DataFrame:
    """Change of every customer's profit between consecutive periods, split into effects that add up to the cent.

    Parameters
    ----------
    pnl_by_period : DataFrame
        Result of `customer_pnl` by customer_id and period, with net_revenue; residual rows are left out.
    products : DataFrame, optional
        Result of `product_sales` for the same periods. Without it price and mix are one effect, and it is said so in its name.
    rates : DataFrame, optional
        ``Allocation.rates()``: period, activity, rate (money per unit). With it the cost to serve falls into work and rates; an activity
        without a rate in both periods is all work.
    decimals : int
        Decimals of the minor unit of money. What rounding leaves goes to the customer's largest effect.

    Returns
    -------
    DataFrame
        Index customer_id and period (the later one), as `drift`. Columns state, period_before, profit_before, then the effects (money,
        signed: what each added to profit), then profit_after. Effects: new (all of the profit of who was not there before) and lost
        (minus all of the profit of who is gone); with products volume, mix, price, discounts (where list prices are known; else price is
        that of the invoice), unit_cost (where known), returns, unsplit; without products volume, discounts, price_and_mix, returns (the
        money given back; what the goods taken back had cost is in price_and_mix), each as far as known; freight, commission, credit_cost,
        bad_debt, credit_loss_provision where known; cost_to_serve, or work and rates.

    Raises
    ------
    ValueError
        As `drift`; if net_revenue is not known, profit is not net revenue less the known costs, or `products` sell something else than
        `pnl_by_period`.

    References
    ----------
    Horngren, C. T., Datar, S. M. and Rajan, M. V. (2012). Cost Accounting: A Managerial Emphasis, 14th ed., chapter 14 (sales-volume,
    sales-mix and sales-quantity variances), here with quantities at the prices of before instead of counted units, as in the index of
    Laspeyres.

    Examples
    --------
    Ten units at 10 with a margin of 4 become twelve at 9.50, and serving them costs 5 more:

    >>> rows = pd.MultiIndex.from_tuples([("a", "2023"), ("a", "2024")], names=["customer_id", "period"])
    >>> pnl = pd.DataFrame({"net_revenue": [100.0, 114.0], "cost_of_goods": [60.0, 72.0], "cost_to_serve": [10.0, 15.0],
    ...                     "profit": [30.0, 27.0]}, index=rows)
    >>> sold = pd.DataFrame({"product_id": "x", "quantity": [10.0, 12.0], "revenue": [100.0, 114.0], "cost_of_goods": [60.0, 72.0]}, rows)
    >>> found = drift_effects(pnl, products=sold.set_index("product_id", append=True))
    >>> found.loc[("a", "2024"), ["volume", "mix", "price", "unit_cost", "cost_to_serve"]].tolist()
    [8.0, 0.0, -6.0, 0.0, -5.0]
    """
    check_number(decimals, "decimals", least=0, most=4, whole=True, say="give 0 to 4 decimals of the minor unit of money")
    if rates is not None:
        check_frame(rates, "rates", needs=["period", "activity", "rate"], say="give Allocation.rates()")
        check_amounts(rates["rate"], "rate of rates", gaps=True)
    moves = drift(pnl_by_period)
    if "net_revenue" not in pnl_by_period:
        raise ValueError("pnl_by_period lacks net_revenue; the change of profit cannot be told apart without it.")
    rows = customers_only(pnl_by_period)
    numbers = rows.select_dtypes("number").astype(float)
    known = rows.index.remove_unused_levels().levels
    of_row, later = (_number(index, known) for index in (rows.index, moves.index))
    before, after = (numbers.set_axis(of_row).reindex(later - back).fillna(0.0).set_axis(moves.index) for back in (1, 0))
    goods = _from_pnl(before, after) if products is None else _from_products(products, rows, known, later).set_axis(moves.index)
    costs = [name for name in DIRECT_COSTS if name in numbers]
    effects = pd.concat([goods, before[costs] - after[costs]], axis=1)
    if "cost_to_serve" in numbers and rates is not None:
        effects = effects.assign(**_work_and_rates(before, after, activity_columns(rows), rates, moves))
    elif "cost_to_serve" in numbers:
        effects["cost_to_serve"] = before["cost_to_serve"] - after["cost_to_serve"]
    is_new, is_lost = moves["state"] == "new", moves["state"] == "lost"
    effects = effects.mask(is_new | is_lost, 0.0)
    effects.insert(0, "lost", moves["change"].where(is_lost, 0.0))
    effects.insert(0, "new", moves["change"].where(is_new, 0.0))
    effects = _to_the_cent(effects, moves["change"], decimals)
    return pd.concat([moves[["state", "period_before", "profit_before"]], effects, moves[["profit_after"]]], axis=1)


def effect_steps(effects: pd.DataFrame) -> pd.DataFrame:
    """The effects of many customers together, as the steps from profit before to profit after.

    Parameters
    ----------
    effects : DataFrame
        Result of `drift_effects`, or some of its rows.

    Returns
    -------
    DataFrame
        Columns step, amount (money, signed) and kind ("total" or "step"), for ``plots.waterfall``. Effects of nobody are left out.

    Examples
    --------
    >>> effect_steps(pd.DataFrame({"profit_before": [30.0, 5.0], "volume": [8.0, 1.0], "price": [-6.0, 0.0], "profit_after": [32.0, 6.0]}))
                step  amount   kind
    0  profit_before    35.0  total
    1         volume     9.0   step
    2          price    -6.0   step
    3   profit_after    38.0  total
    """
    check_frame(effects, "effects", needs=["profit_before", "profit_after"], say="give the result of drift_effects")
    shown = effects.loc[:, "profit_before":"profit_after"]
    for name in shown:
        check_amounts(shown[name], f"{name} of effects")
    rows = [(name, total(shown[name]), "total" if name.startswith("profit_") else "step") for name in shown]
    rows = [row for row in rows if row[2] == "total" or shown[row[0]].any()]
    return pd.DataFrame(rows, columns=["step", "amount", "kind"])


def _number(index: pd.MultiIndex, known: Sequence[pd.Index]) -> np.ndarray:
    """One number for every customer and period, since strings are slow; that of the period before is one less. Of nobody known: -2."""
    customers, periods = known[0], known[1].sort_values()
    customer, period = (names.get_indexer(index.levels[at])[index.codes[at]] for at, names in enumerate((customers, periods)))
    return np.where((customer < 0) | (period < 0), -2, customer * (len(periods) + 1) + period + 1)


def _from_pnl(before: pd.DataFrame, after: pd.DataFrame) -> pd.DataFrame:
    """All goods of a customer as one product whose quantity is its list revenue."""
    goods = _split(_one_product(before), _one_product(after)).rename(columns={"unit_cost": "price_and_mix"})
    goods = goods[["volume", *(["discounts"] if "discounts" in after else []), *(["price_and_mix"] if "cost_of_goods" in after else [])]]
    return goods.assign(returns=before["returns"] - after["returns"]) if "returns" in after else goods


def _one_product(table: pd.DataFrame) -> pd.DataFrame:
    discount = table.get("discounts", 0.0 * table["net_revenue"])
    listed = table["net_revenue"] + table.get("returns", 0.0) + discount
    return pd.DataFrame({"quantity": listed, "listed": listed, "discount": discount, "cost": table.get("cost_of_goods", 0.0 * listed)})


def _from_products(products: pd.DataFrame, rows: pd.DataFrame, known: Sequence[pd.Index], later: np.ndarray) -> pd.DataFrame:
    """Effects of the goods at each change, which bears the number of its later period."""
    sold, number = _checked(products, rows, known)
    product, names = pd.factorize(sold.index.get_level_values(2))
    named = {name: product == names.get_indexer([name])[0] for name in (RETURNED, NOT_SPLIT)}
    alone = named[RETURNED] | named[NOT_SPLIT] | ~(sold["quantity"] > 0).to_numpy()
    margin = sold["listed"] - sold["discount"] - sold["cost"]
    parts = {}
    for name, chosen in (("returns", named[RETURNED]), ("unsplit", alone & ~named[RETURNED])):
        sums = margin[chosen].groupby(number[chosen]).sum()
        before, after = (sums.reindex(later - back).fillna(0.0).to_numpy() for back in (1, 0))
        parts[name] = after - before
    sides = []  # what was bought of each product, before and after each change
    for back in (1, 0):
        kept = ~alone & np.isin(number + back, later)
        sides.append(sold[kept].set_axis((number[kept] + back) * len(names) + product[kept]))
    every = sides[0].index.union(sides[1].index)
    goods = _split(*(side.reindex(every, fill_value=0.0) for side in sides), of=every // len(names))
    goods = goods.drop(columns=[effect for effect, column in _KNOWN_BY.items() if column not in products])
    return goods.reindex(later).fillna(0.0).assign(**parts)


def _checked(products: pd.DataFrame, rows: pd.DataFrame, known: Sequence[pd.Index]) -> tuple[pd.DataFrame, np.ndarray]:
    """Quantity, listed, discount and cost of products that are those of the profit and loss; with the number of customer and period."""
    check_beside(products, rows.index, "products", kind=pd.DataFrame)
    if products.index.nlevels != 3:
        raise ValueError("products are not by customer_id, period and product_id; give the result of product_sales.")
    check_frame(products, "products", needs=["quantity", "revenue"], say="give the result of product_sales")
    for name in [name for name in ("quantity", "revenue", "list_amount", "cost_of_goods") if name in products]:
        check_amounts(products[name], f"{name} of products")
    listed = products["list_amount"] if "list_amount" in products else products["revenue"]
    cost = products["cost_of_goods"] if "cost_of_goods" in products else 0.0 * listed
    number, of_row = (_number(index, known) for index in (products.index, rows.index))
    for name, ours in (("net_revenue", products["revenue"]), ("cost_of_goods", cost)):
        if name in rows:
            differs = (rows[name] - ours.groupby(number).sum().reindex(of_row).fillna(0.0).to_numpy()).round(2) != 0
            if differs.any():
                first = rows.index[differs][:3].tolist()
                raise ValueError(
                    f"products differ from pnl_by_period in {name} for {differs.sum()} of {len(rows)} rows, first {first}; make both from"
                    " the same lines and periods."
                )
    sold = {"quantity": products["quantity"], "listed": listed, "discount": listed - products["revenue"], "cost": cost}
    return pd.DataFrame(sold), number


def _split(before: pd.DataFrame, after: pd.DataFrame, *, of: pd.Index | None = None) -> pd.DataFrame:
    """Volume, mix, price, discounts and unit cost, from what was bought of every product before and after; summed by the change."""
    bought = before["quantity"] > 0
    factor = (after["quantity"] / before["quantity"].where(bought)).fillna(0.0)
    parts = ["listed", "discount", "cost"]
    today = before[parts].mul(factor, axis=0).where(bought, after[parts])  # today's quantities at the prices of before
    old, new, base = (table[parts] if of is None else table[parts].groupby(of).sum() for table in (before, after, today))
    margin, moved = (table["listed"] - table["discount"] - table["cost"] for table in (old, base))
    per_value = margin / old["listed"].where(old["listed"] > 0)
    volume = ((base["listed"] - old["listed"]) * per_value).fillna(moved - margin)
    return pd.DataFrame(
        {
            "volume": volume,
            "mix": moved - margin - volume,
            "price": new["listed"] - base["listed"],
            "discounts": base["discount"] - new["discount"],
            "unit_cost": base["cost"] - new["cost"],
        }
    )


def _work_and_rates(
    before: pd.DataFrame, after: pd.DataFrame, activities: list[str], rates: pd.DataFrame, moves: pd.DataFrame
) -> dict[str, pd.Series]:
    rate = rates[rates["rate"] > 0].pivot_table(index="period", columns="activity", values="rate", aggfunc="sum")
    rate = rate.reindex(columns=activities)
    old, new = rate.reindex(moves["period_before"]).to_numpy(), rate.reindex(moves.index.get_level_values(1)).to_numpy()
    dearer = np.nan_to_num(after[activities].to_numpy() * (1 - old / new))  # today's work, at the change of its rate
    rates_effect = pd.Series(-dearer.sum(axis=1), index=moves.index)
    return {"work": before["cost_to_serve"] - after["cost_to_serve"] - rates_effect, "rates": rates_effect}


def _to_the_cent(effects: pd.DataFrame, change: pd.Series, decimals: int) -> pd.DataFrame:
    values = effects.to_numpy().round(decimals) + 0.0
    left = (change.to_numpy() - values.sum(axis=1)).round(4)
    wrong = np.abs(left) > 0.5 * 10.0**-decimals * (values.shape[1] + 1)
    if wrong.any():
        raise ValueError(
            f"profit is not net revenue less the known costs for {wrong.sum()} of {len(change)} changes, first "
            f"{change.index[wrong][:3].tolist()}; give the whole result of customer_pnl."
        )
    largest = np.abs(values).argmax(axis=1)
    values[np.arange(len(values)), largest] += left
    return pd.DataFrame(values.round(4), index=effects.index, columns=effects.columns)
