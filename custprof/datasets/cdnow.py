"""What did the customers of CDNOW buy? The data on which most models of customer lifetime were first shown."""

from __future__ import annotations

import pandas as pd

from custprof.datasets.shipped import shipped

__all__ = ["load_cdnow"]


def load_cdnow() -> pd.DataFrame:
    """Purchases at CDNOW, an online music shop: the 1/10 sample of customers who bought there first in the first quarter of 1997.

    Returns
    -------
    DataFrame of 6,919 rows by 2,357 customers, from 1997-01-01 to 1998-06-30, in order of customers:

    =========== ============== =====================================================
    customer_id text           number of the customer in the sample, "0001" to "2357"
    date        datetime64     day of the purchase
    quantity    int64          CDs bought
    revenue     float64        US dollars
    =========== ============== =====================================================

    Notes
    -----
    Origin: published by P. S. Fader and B. G. S. Hardie with their papers; taken from the file that the Python package lifetimes 0.11.3
    carries. No licence for the data was found. 223 rows repeat a customer's day (models of purchases merge them), 8 rows have no revenue.
    Fits are usually made on the first 39 weeks (to 1997-09-30) and tested on the other 39.

    References
    ----------
    Fader, P. S. and Hardie, B. G. S. (2001), Forecasting repeat sales at CDNOW: a case study, Interfaces 31(3), S94-S107.
    Fader, P. S., Hardie, B. G. S. and Lee, K. L. (2005), Counting your customers the easy way, Marketing Science 24(2), 275-284.

    Examples
    --------
    >>> purchases = load_cdnow()
    >>> len(purchases), purchases["customer_id"].nunique()
    (6919, 2357)
    >>> purchases.head(3)
      customer_id       date  quantity  revenue
    0        0001 1997-01-01         2    29.33
    1        0001 1997-01-18         2    29.73
    2        0001 1997-08-02         1    14.96
    """
    return pd.read_csv(shipped("data") / "cdnow" / "cdnow.csv", dtype={"customer_id": str}, parse_dates=["date"])
