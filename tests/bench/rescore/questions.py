"""Has Kehu evaluate a population and prints what each kind of evaluation takes.

Each reading is the time of the commands `kehu score` and `kehu classify`, which wait until their
runs are complete: for the first time (publishing and calibrating in it), again with nothing
changed, after one customer in a hundred got another order, and for the next day. The other side of
the first is DuckDB, which computes the same features, bins, grades and classes of everybody from
Parquet sorted by customer, and a COPY of the rows that Kehu wrote into the same tables.
"""

import pathlib
import statistics
import subprocess
import sys
import time

import duckdb

SERVER, CUSTOMERS = sys.argv[1], int(sys.argv[2])
FOLDER = pathlib.Path("target/bench/rescore") / str(CUSTOMERS)
PROGRAM, ADDRESS = "target/release/kehu", "127.0.0.1:27402"
SCORECARDS = ["rfm", "abc", "value", "rfm-mean"]
TAXONOMIES = ["value-six", "rfm-8"]
DAYS = ["2012-01-01", "2012-01-02"]
TABLES = ["score_span", "class_span"]
ROUNDS = 3


def sql(database, *commands):
    """What psql prints."""
    arguments = [argument for command in commands for argument in ("-c", command)]
    psql = ["psql", "-qAt", "-v", "ON_ERROR_STOP=1", f"{SERVER}/{database}", *arguments]
    return subprocess.run(psql, check=True, capture_output=True, text=True).stdout


def kehu(*arguments):
    """Seconds that a command takes."""
    start = time.perf_counter()
    command = [PROGRAM, *arguments, "--server", f"http://{ADDRESS}"]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"kehu {' '.join(arguments)}: {done.stderr}")
    return time.perf_counter() - start


def serve():
    """A server on a copy of the population."""
    sql("postgres", "DROP DATABASE IF EXISTS rescore",
        f"CREATE DATABASE rescore TEMPLATE population_{CUSTOMERS}")
    command = [PROGRAM, "serve", "--database-url", f"{SERVER}/rescore", "--listen", ADDRESS,
               "--log", "warn"]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    while subprocess.run([PROGRAM, "health", "--server", f"http://{ADDRESS}"],
                         capture_output=True).returncode != 0:
        if server.poll() is not None:
            sys.exit("the server ended")
        time.sleep(0.2)
    return server


def evaluate(day):
    """Seconds to score and to classify everybody."""
    score = kehu("score", *SCORECARDS, "--as-of", day)
    return score, kehu("classify", *TAXONOMIES, "--as-of", day)


def settle():
    """Waits until followers and runs have nothing more to do, the evaluation of the taxonomies that
    begins by itself among them; returns the seconds."""
    start = time.perf_counter()
    query = ("SELECT (SELECT count(*) FROM run WHERE finished_at IS NULL), "
             "(SELECT count(*) > 0 FROM run WHERE kind = 'evaluation'), "
             "(SELECT sum(hashtext(position)) FROM change_cursor)")
    held, same = None, 0
    while same < 10:
        found = sql("rescore", query)
        same = same + 1 if found == held and found.startswith("0|t|") else 0
        held = found
        time.sleep(0.1)
    return time.perf_counter() - start - 1


FEATURES = """
    SELECT CustomerID AS id,
        date_diff('day', max(day), DATE '2012-01-01') AS recency,
        count(DISTINCT InvoiceNo) AS orders_total, sum(amount) AS amount_total,
        count(DISTINCT InvoiceNo) FILTER (day > DATE '2011-01-01') AS orders_365d,
        coalesce(sum(amount) FILTER (day > DATE '2011-01-01'), 0) AS amount_365d,
        sum(amount) FILTER (day <= DATE '2011-01-01' AND day > DATE '2010-01-01') AS amount_before
    FROM (SELECT *, InvoiceDate::date AS day, (Quantity * UnitPrice)::decimal(18, 2) AS amount
          FROM orders)
    GROUP BY 1
"""
BINS = """
    SELECT *,
        ntile(5) OVER (ORDER BY recency DESC) AS r, ntile(5) OVER (ORDER BY orders_total) AS f,
        ntile(5) OVER (ORDER BY amount_total) AS m, ntile(10) OVER (ORDER BY amount_365d) AS v1,
        ntile(10) OVER (ORDER BY orders_365d) AS v2, ntile(10) OVER (ORDER BY recency DESC) AS v3,
        ntile(10) OVER (ORDER BY amount_365d / nullif(amount_before, 0)) AS v4,
        ntile(10) OVER (ORDER BY amount_total) AS a1,
        sum(amount_total) OVER (ORDER BY amount_total DESC, id) / sum(amount_total) OVER () AS share,
        recency < avg(recency) OVER () AS r2, orders_total > avg(orders_total) OVER () AS f2,
        amount_total > avg(amount_total) OVER () AS m2
    FROM features
"""
CLASSES = """
    SELECT *,
        CASE WHEN recency > 270 THEN 'churned' WHEN recency > 120 THEN 'dormant'
            WHEN share <= 0.8 AND value_rank <= 0.2 THEN 'high-value'
            WHEN orders_365d >= 3 AND recency < 90 THEN 'active'
            WHEN value_rank <= 0.5 OR share <= 0.8 THEN 'potential' ELSE 'low-value' END AS six,
        CASE WHEN r2 THEN 4 ELSE 0 END + CASE WHEN f2 THEN 2 ELSE 0 END
            + CASE WHEN m2 THEN 1 ELSE 0 END AS eight
    FROM (SELECT *, r + f + m AS rfm, percent_rank() OVER
            (ORDER BY 0.4 * v1 + 0.25 * v2 + 0.2 * v3 + 0.15 * v4 DESC) AS value_rank FROM bins)
"""


def duck():
    """Seconds in which DuckDB computes features, bins, grades and classes from Parquet."""
    connection = duckdb.connect()
    connection.execute(f"CREATE VIEW orders AS SELECT * FROM '{FOLDER}/orders.parquet'")
    start = time.perf_counter()
    connection.execute(f"CREATE TABLE features AS {FEATURES}")
    connection.execute(f"CREATE TABLE bins AS {BINS}")
    connection.execute(f"CREATE TABLE classes AS {CLASSES}")
    return time.perf_counter() - start


def copy():
    """Seconds in which PostgreSQL takes the rows that Kehu wrote, a table at a time."""
    for table in TABLES:
        sql("rescore", f"\\copy {table} TO '{FOLDER}/{table}'")
    readings = []
    for _ in range(ROUNDS):
        for table in TABLES:
            sql("rescore", f"DROP TABLE IF EXISTS copy_{table}",
                f"CREATE TABLE copy_{table} (LIKE {table} INCLUDING ALL)")
        start = time.perf_counter()
        for table in TABLES:
            sql("rescore", f"\\copy copy_{table} FROM '{FOLDER}/{table}'")
        readings.append(time.perf_counter() - start)
    for table in TABLES:
        sql("rescore", f"DROP TABLE copy_{table}")
    return statistics.median(readings)


def phases():
    """The runs so far, and what each took."""
    query = ("SELECT kind, as_of, round((finished_at - started_at) / 1e6, 2) "
             "FROM run ORDER BY run_id")
    for line in sql("rescore", query).splitlines():
        print("    run", line.replace("|", " "))


def show(name, seconds, more=""):
    print(f"  {name} {sum(seconds):.2f}s (scores {seconds[0]:.2f}s, classes {seconds[1]:.2f}s){more}",
          flush=True)


def main():
    server = serve()
    try:
        first = evaluate(DAYS[0])
        settle()
        computed, copied = statistics.median(duck() for _ in range(ROUNDS)), copy()
        show("first", first, f" ratio={sum(first) / (computed + copied):.2f} duckdb={computed:.2f}s "
             f"copy={copied:.2f}s")
        again = evaluate(DAYS[0])
        show("again", again)
        loaded = kehu("import", str(FOLDER / "more.csv"))
        followed = settle()
        few = evaluate(DAYS[0])
        show("hundredth", few, f" after an import of {loaded:.2f}s and followers for {followed:.2f}s")
        kehu("business-date", DAYS[1])
        show("next day", evaluate(DAYS[1]))
        phases()
    finally:
        server.terminate()
        server.wait()
    # What is beyond the tenths of a second that a run costs in itself.
    share = max(sum(few) - 0.2, 0) / sum(first)
    about = pathlib.Path("tests/bench/rescore/about").read_text().strip()
    print(f"rescore ratio={share:.3f} ({about})")


main()
