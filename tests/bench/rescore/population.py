"""Orders of a shop with few large and many small customers, the same every time.

`population.py FOLDER CUSTOMERS` writes ten orders a customer in two years, each of one line:
`orders.csv` for `kehu import`, `orders.parquet` of the same rows sorted by customer, and
`more.csv`, one more order of one customer in a hundred. Every customer buys once; nine orders in
ten go to customers in the way of a power law, so that the largest have a thousand times the orders
of the smallest. Amounts are spread log-normally about 50. All that looks random is a hash of the
number of the order.
"""

import pathlib
import sys

import duckdb

FOLDER, CUSTOMERS = pathlib.Path(sys.argv[1]), int(sys.argv[2])
ORDERS = 10 * CUSTOMERS
# A number in [0, 1) that a hash of the order's number and the name of what is drawn gives.
UNIFORM = "(hash(number, '{}') >> 11)::double / 9007199254740992"
WHO, WHEN, MUCH, MORE = (UNIFORM.format(name) for name in ("who", "when", "much", "more"))

ORDER = f"""
    number + 1 AS InvoiceNo,
    'A' || (number % 500) AS StockCode,
    'Article ' || (number % 500) AS Description,
    1 + number % 12 AS Quantity,
    strftime(timestamp '2010-01-01 08:00:00' + to_minutes(floor({WHEN} * 1049000)::bigint),
        '%Y-%m-%d %H:%M') AS InvoiceDate,
    greatest(0.01, round(exp(1.5 + 1.2 * sqrt(-2 * ln(1 - {MUCH})) * cos(2 * pi() * {MORE})), 2))
        ::decimal(12, 2) AS UnitPrice,
    CASE WHEN number < {CUSTOMERS} THEN number + 1
        ELSE 1 + floor({CUSTOMERS} * pow({WHO}, 1.6)) END::bigint AS CustomerID,
    CASE number % 3 WHEN 0 THEN 'United Kingdom' WHEN 1 THEN 'France' ELSE 'Germany' END AS Country
"""
LATE = ORDER.replace(f"{WHEN} * 1049000", "1049000").replace("number + 1 AS InvoiceNo",
                                                               f"number + {ORDERS + 1} AS InvoiceNo")


def main():
    if (FOLDER / "written").exists():
        return
    FOLDER.mkdir(parents=True, exist_ok=True)
    connection = duckdb.connect()
    numbers = f"(SELECT range AS number FROM range({ORDERS}))"
    connection.execute(f"CREATE TABLE orders AS SELECT {ORDER} FROM {numbers}")
    connection.execute(f"COPY orders TO '{FOLDER}/orders.csv' (HEADER)")
    connection.execute(
        f"COPY (SELECT * FROM orders ORDER BY CustomerID) TO '{FOLDER}/orders.parquet'"
    )
    hundredth = f"(SELECT range * 100 AS number FROM range({CUSTOMERS // 100}))"
    connection.execute(f"COPY (SELECT {LATE} FROM {hundredth}) TO '{FOLDER}/more.csv' (HEADER)")
    (FOLDER / "written").touch()


main()
