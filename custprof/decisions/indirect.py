"""What does a customer bring beyond what it buys: the customers it referred, case studies, features that opened a market, its name?

A referred customer of type one would not have come otherwise: its referrer gets the credit for all of its value, and for the cost of
winning it that was saved. One of type two would have come anyway: only the cost of winning it was saved. Every referred customer counts
once, for the one who referred it, however long the chain; and since its value is its own as well, the value by referrals stands beside the
customers' own value and is never added to it: in one total the same money would stand twice.

Other benefits are hard to measure, and their amounts are estimates where there are any. They are counted and added up by customer, to stand
beside the profit that the books show, and never inside it.
"""

from __future__ import annotations

import narwhals.stable.v2 as nw
import numpy as np
import pandas as pd

from custprof.profit.inputs import check_amounts, check_beside, check_frame, check_number, check_profits
from custprof.study.engine import collect, customer_key, lazy, money

__all__ = ["CELLS", "UNKNOWN_REFERRER", "indirect_benefit", "referral_value"]

#: The row of referred customers of whom nobody known says who referred them.
UNKNOWN_REFERRER = "(unknown referrer)"
#: Cells of the customer value matrix, by (high own value, high referral value).
CELLS = {(True, True): "champion", (True, False): "affluent", (False, True): "advocate", (False, False): "miser"}
_NO_KIND = "(no kind)"
_TYPES = {"one": "one", "1": "one", "type one": "one", "two": "two", "2": "two", "type two": "two"}


def referral_value(
    customers: pd.DataFrame, value: pd.Series, *, acquisition_cost: float | pd.Series = 0.0, missing_type: str | None = None
) -> pd.DataFrame:
    """Value that every customer brought by referrals, beside its own, and its cell of the customer value matrix.

    Parameters
    ----------
    customers : DataFrame
        The study's customers: customer_id (a column or the index), referred_by (customer_id of the referrer; missing for who was not
        referred) and referral_type ("one": would not have come otherwise, "two": would have come anyway).
    value : Series of float
        Value of each customer by customer_id (money, signed), such as a lifetime value after cost to serve. Only customers of type one
        need one.
    acquisition_cost : float or Series of float
        Cost of winning a customer that a referral saves (money, zero or more), less what was paid for the referral; one for all, or by
        customer_id of the referred.
    missing_type : {"one", "two"}, optional
        What a referral without a type counts as; without it such referrals are refused.

    Returns
    -------
    DataFrame by customer_id: those of `value`, then referrers without a value, then "(unknown referrer)" where there are such
        value (money, the customer's own); type_one and type_two (count of customers it referred itself); referred_value (money: value of
        those of type one, signed); saved_cost (money: cost of winning both); referral_value (money: the two together); cell (champion: own
        and referral value above the median of all customers; affluent: own value only; advocate: referral value only; miser: neither).
        Who has no value has no cell. There is no column of value and referral value together: that money would count
        twice.

    Raises
    ------
    ValueError
        If a customer refers itself or customers refer each other in a circle, a type is missing or unknown, the value or saved cost of a
        referred customer is missing, amounts are infinite, a customer stands twice or without an id, or referrers are named by ids of
        another type than the customers.

    Notes
    -----
    Of a chain, a refers b and b refers c, the value of c counts for b and not for a; the sum over all referrers has each referred customer
    once. A customer with a referral_type, or a referrer who is not in `customers`, is one of an unknown referrer.

    References
    ----------
    V. Kumar, J. A. Petersen & R. P. Leone (2010), Driving profitability by encouraging customer referrals: who, when, and how, Journal of
    Marketing 74(5), 1-17: the two types. V. Kumar, J. A. Petersen & R. P. Leone (2007), How valuable is word of mouth?, Harvard Business
    Review 85(10), 139-146: the matrix.

    Examples
    --------
    >>> customers = pd.DataFrame({"customer_id": ["a", "b", "c", "d"], "referred_by": [None, "a", "a", "b"],
    ...     "referral_type": [None, "one", "two", "one"]})
    >>> value = pd.Series({"a": 10.0, "b": 500.0, "c": 300.0, "d": 40.0})
    >>> referral_value(customers, value, acquisition_cost=20)[["value", "type_one", "type_two", "referral_value", "cell"]]
                 value  type_one  type_two  referral_value      cell
    customer_id
    a             10.0         1         1           540.0  advocate
    b            500.0         1         0            60.0  champion
    c            300.0         0         0             0.0  affluent
    d             40.0         0         0             0.0     miser
    """
    people = _people(customers, missing_type)
    check_profits(value.dropna() if isinstance(value, pd.Series) else value, name="value", say="the value of CustomerValue.predict")
    check_beside(value, people.index, "value")
    referred = people[people["type"].notna()]
    full = (referred["type"] == "one").to_numpy()
    worth = pd.Series(0.0, index=referred.index)
    worth[full] = _known(value, referred.index[full], "value")
    saved = _saved(acquisition_cost, referred.index)
    credit = pd.DataFrame(
        {"type_one": full.astype("int64"), "type_two": (~full).astype("int64"), "referred_value": worth, "saved_cost": saved}
    )
    by_referrer = credit.groupby(referred["referrer"].to_numpy()).sum()
    others = by_referrer.index.difference([*value.index, UNKNOWN_REFERRER], sort=False)
    places = [*sorted(value.index), *sorted(others), *by_referrer.index.intersection([UNKNOWN_REFERRER])]
    table = pd.DataFrame({"value": value.astype(float)}).reindex(pd.Index(places, name="customer_id")).join(by_referrer)
    table = table.fillna(dict.fromkeys(by_referrer, 0)).astype({"type_one": "int64", "type_two": "int64"})
    table["referral_value"] = table["referred_value"] + table["saved_cost"]
    return table.assign(cell=_cells(table))


def indirect_benefit(contributions, *, decimals: int = 2) -> pd.DataFrame:
    """Indirect benefits by customer and kind, added up in the engine.

    Parameters
    ----------
    contributions : frame of any engine
        A row is a benefit: customer_id, and where known kind (case study, feature, brand) and value (money, an estimate; missing where
        nobody has estimated it).
    decimals : int
        Decimals of the minor unit of money.

    Returns
    -------
    DataFrame by customer_id, "(unknown customer)" for benefits of nobody known
        benefits (count), not_valued (count of those without an amount), one column per kind in alphabetical order (money, "(no kind)" where
        it is not said), and indirect_benefit (money, the kinds together). Customers without a benefit are left out.

    Raises
    ------
    ValueError
        If `contributions` lack customer_id, a value is infinite, or a kind has the name of another column.
    TypeError
        If the values are no numbers.

    Examples
    --------
    >>> rows = pd.DataFrame({"customer_id": ["a", "a", "b"], "kind": ["brand", "feature", "brand"], "value": [10.0, 5.0, None]})
    >>> indirect_benefit(rows)
                 benefits  not_valued  brand  feature  indirect_benefit
    customer_id
    a                   2           0   10.0      5.0              15.0
    b                   1           1    0.0      0.0               0.0
    """
    if not hasattr(contributions, "columns"):
        raise TypeError(f"contributions is a {type(contributions).__name__}; give the study's table, or a frame of any engine.")
    check_number(decimals, "decimals", least=0, whole=True, say="give the decimals of the minor unit, 2 for cents")
    rows = lazy(contributions)
    known = rows.collect_schema().names()
    if "customer_id" not in known:
        raise ValueError(f"contributions lack customer_id; they have {', '.join(known) or 'no columns'}.")
    kind = nw.col("kind").cast(nw.String).fill_null(_NO_KIND) if "kind" in known else nw.lit(_NO_KIND)
    open_value = nw.col("value").is_null() if "value" in known else nw.lit(True)
    amount = money("value", decimals) if "value" in known else nw.lit(0)
    if "value" in known:
        _check_values(rows)
    rows = rows.with_columns(customer_key(), _kind=kind, _open=open_value.cast(nw.Int64), _amount=amount)
    sums = collect(
        rows.group_by("customer_id", "_kind").agg(
            nw.len().alias("benefits"), nw.col("_open").sum().alias("not_valued"), nw.col("_amount").sum().alias("amount")
        )
    ).astype({"benefits": "int64", "not_valued": "int64", "amount": "int64"})
    taken = sorted({"benefits", "not_valued", "indirect_benefit"} & set(sums["_kind"]))
    if taken:
        raise ValueError(f"kind is {taken[0]!r}, the name of a column of the result; call that kind something else.")
    counts = sums.groupby("customer_id")[["benefits", "not_valued"]].sum()
    cents = sums.pivot_table(index="customer_id", columns="_kind", values="amount", aggfunc="sum", fill_value=0)
    cents = cents.rename_axis(columns=None).sort_index(axis="columns").assign(indirect_benefit=cents.sum(axis="columns"))
    return counts.join(cents / 10**decimals)


def _check_values(rows: nw.LazyFrame) -> None:
    """Refuse values that are no finite numbers."""
    kind = rows.collect_schema()["value"]
    if not kind.is_numeric():
        if kind != nw.Unknown and collect(rows.select(nw.col("value").count().alias("given")))["given"].iloc[0]:
            raise TypeError(f"value of contributions is of type {kind}, not a number; give amounts of money.")
        return
    if kind.is_float():
        wrong = collect(rows.select((nw.col("value").abs() == float("inf")).cast(nw.Int64).sum().alias("wrong")))["wrong"].iloc[0]
        if wrong > 0:
            raise ValueError(f"value is infinite in {int(wrong):,} rows of contributions; correct them, or leave them empty.")


def _people(customers: pd.DataFrame, missing_type: str | None) -> pd.DataFrame:
    """Referrer and type by customer; a referrer whom nobody knows is the unknown one."""
    say = "give the study's customers with referred_by and referral_type"
    check_frame(customers, "customers", needs=["referred_by"], say=say)
    if missing_type not in (None, "one", "two"):
        raise ValueError(f"missing_type is {missing_type!r}; choose 'one' (would not have come otherwise) or 'two' (would have).")
    people = customers.set_index("customer_id") if "customer_id" in customers else customers
    nameless = int(people.index.isna().sum())
    if nameless:
        raise ValueError(f"customer_id is missing in {nameless:,} of {len(people):,} rows of customers; fill or drop them before.")
    if people.index.has_duplicates:
        raise ValueError(f"customers {people.index[people.index.duplicated()][:3].tolist()} stand in more than one row; keep one each.")
    referrer = people["referred_by"].astype(object)
    kind = people["referral_type"].astype(object) if "referral_type" in people else pd.Series(np.nan, index=people.index, dtype=object)
    own = people.index[referrer == people.index]
    if len(own):
        raise ValueError(f"{len(own):,} customers refer themselves, first {own[:3].tolist()}; correct referred_by.")
    is_referred = referrer.notna() | kind.notna()
    if referrer.notna().any():
        check_beside(pd.Series(0.0, index=pd.Index(referrer.dropna().unique())), people.index, "referred_by")
    _refuse_circles(referrer[referrer.isin(people.index)])
    typed = kind.map({words: _TYPES.get(str(words).strip().lower().removesuffix(".0")) for words in kind.dropna().unique()}).astype(object)
    strange = kind[kind.notna() & typed.isna()]
    if len(strange):
        raise ValueError(f"referral_type is {strange.iloc[0]!r} for {strange.index[0]!r}; it is 'one' or 'two'.")
    open_type = people.index[is_referred & typed.isna()]
    if len(open_type) and missing_type is None:
        raise ValueError(
            f"referral_type is missing for {len(open_type):,} of {is_referred.sum():,} referred customers, first "
            f"{open_type[:3].tolist()}; fill it, or say by missing_type what they count as."
        )
    return pd.DataFrame(
        {
            "referrer": referrer.where(referrer.isin(people.index), UNKNOWN_REFERRER).where(is_referred),
            "type": typed.fillna(missing_type or "").where(is_referred),
        }
    )


def _refuse_circles(referrer: pd.Series) -> None:
    """Who is reached again by going from referrer to referrer; each round takes away those who referred nobody that is left."""
    left = referrer
    while len(left):
        still = left[left.index.isin(left.to_numpy())]
        if len(still) == len(left):
            first = sorted(still.index, key=str)[:3]
            raise ValueError(f"{len(still):,} customers refer each other in a circle, first {first}; correct referred_by.")
        left = still


def _known(values: pd.Series, index: pd.Index, name: str) -> pd.Series:
    found = values.reindex(index)
    missing = found.index[found.isna()]
    if len(missing):
        raise ValueError(
            f"{name} is missing for {len(missing):,} of {len(index):,} referred customers, first {missing[:3].tolist()}; "
            "give it, 0 for who brings nothing."
        )
    return found


def _saved(cost: float | pd.Series, index: pd.Index) -> pd.Series:
    say = "give what winning a customer costs, zero or more"
    if not isinstance(cost, pd.Series):
        check_number(cost, "acquisition_cost", least=0, say=say)
        return pd.Series(float(cost), index=index)
    check_beside(cost, index, "acquisition_cost")
    check_amounts(cost, "acquisition_cost", gaps=True)
    if (cost < 0).any():
        raise ValueError(f"acquisition_cost is {cost[cost < 0].iloc[0]} for {cost.index[cost < 0][0]!r}; {say}.")
    return _known(cost, index, "acquisition_cost").astype(float)


def _cells(table: pd.DataFrame) -> pd.Series:
    """Cells of the matrix; who has no value has none."""
    known = table[table["value"].notna()]
    high = known[["value", "referral_value"]].gt(known[["value", "referral_value"]].median())
    return pd.Series([CELLS[pair] for pair in high.itertuples(index=False, name=None)], index=known.index, dtype="str")
