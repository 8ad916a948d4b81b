"""The RFM quintiles and ABC classes of the Online Retail set, the way an analyst would do it.

Usage: rfm_abc.py FILE [OUT]. Prints the classes; writes one row per customer to OUT (CSV).

An order is an invoice that was not cancelled and sums to more than nothing; amounts are net of
what came back; dates count up to the day after the last order. Quintiles over the customers with
an order: 1 + the number of 20/40/60/80 % quantiles (linear interpolation) below the value; for
recency, fewer days are better.
"""

import sys

import numpy
import pandas

SCALE = 10_000


def quintile(values, up):
    """Bins 1 to 5; 5 is best; a missing value has none."""
    known = values.dropna().to_numpy()
    cuts = numpy.quantile(known, [0.2, 0.4, 0.6, 0.8])
    bins = 1 + (values.to_numpy()[:, None] > cuts[None, :]).sum(axis=1)
    return pandas.Series(bins if up else 6 - bins, index=values.index).where(values.notna())


def table(path):
    lines = pandas.read_csv(path, dtype={"InvoiceNo": str, "StockCode": str, "CustomerID": str})
    lines["InvoiceDate"] = pandas.to_datetime(lines["InvoiceDate"])
    as_of = lines["InvoiceDate"].max().normalize() + pandas.Timedelta(days=1)
    lines = lines[lines["CustomerID"].notna()].copy()
    # Whole numbers of 1/10,000 pound, so that sums are exact.
    lines["amount"] = (lines["UnitPrice"] * SCALE).round().astype("int64") * lines["Quantity"]
    by_order = lines.groupby(["CustomerID", "InvoiceNo"], sort=False)
    orders = by_order.agg(amount=("amount", "sum"), time=("InvoiceDate", "min")).reset_index()
    sold = orders[~orders["InvoiceNo"].str.startswith("C") & (orders["amount"] > 0)]
    result = pandas.DataFrame({"amount": orders.groupby("CustomerID")["amount"].sum()})
    result["orders"] = sold.groupby("CustomerID").size().reindex(result.index, fill_value=0)
    last = sold.groupby("CustomerID")["time"].max().dt.normalize()
    result["recency"] = (as_of - last).dt.days.reindex(result.index)
    bought = result["recency"].notna()
    result["r"] = quintile(result["recency"], up=False)
    result["f"] = quintile(result["orders"].where(bought), up=True)
    result["m"] = quintile(result["amount"].where(bought), up=True)
    # Ties go by the customer's key.
    keyed = result.assign(key=result.index)
    ranked = keyed.sort_values(["amount", "key"], ascending=[False, True])
    positive = ranked["amount"].clip(lower=0)
    share = (positive.cumsum() - positive) / positive.sum()
    abc = pandas.Series("C", index=ranked.index)
    abc[share < 0.95] = "B"
    abc[share < 0.80] = "A"
    abc[ranked["amount"] <= 0] = "C"
    result["abc"] = abc
    return result.drop(columns="place")


def main():
    result = table(sys.argv[1])
    if len(sys.argv) > 2:
        result.sort_index().to_csv(sys.argv[2])
    by_class = result.groupby("abc")["amount"].agg(["size", "sum"])
    by_class["sum"] /= SCALE
    print(by_class)


main()
