"""Asks Kehu and DuckDB the same questions in turn: a warm-up, then five pairs.

Kehu is the example `history`, which answers through storage's readers and says how long it took;
DuckDB reads the same tables of PostgreSQL through its postgres extension, and the same spans as
Parquet. Answers are compared by the number of their rows.
"""

import importlib.util
import pathlib
import statistics
import subprocess
import sys
import time

import duckdb

URL, CUSTOMERS = sys.argv[1], int(sys.argv[2])
PAIRS = 5
PARQUET = "target/bench/history.parquet"
TAXONOMY, FIRST_DAY = 1, 14975  # the first line; 2011-01-01
DAY, MONTH = FIRST_DAY + 400, 30


def connect():
    """DuckDB with the tables of PostgreSQL attached as `pg`."""
    package = importlib.util.find_spec("duckdb_extension_postgres_scanner")
    folder = pathlib.Path(package.submodule_search_locations[0])
    extension = next(folder.rglob("postgres_scanner.duckdb_extension"))
    connection = duckdb.connect()
    connection.execute(f"LOAD '{extension}'")
    connection.execute(f"ATTACH '{URL}' AS pg (TYPE postgres, READ_ONLY)")
    return connection


def true_on(day, table=""):
    """The condition of what is true on a day as known now."""
    return (
        f"{table}line_id = {TAXONOMY} AND {table}known_to IS NULL AND {table}valid_from <= {day} "
        f"AND ({table}valid_to IS NULL OR {table}valid_to > {day})"
    )


def questions(spans):
    """The questions as DuckDB is asked them of a table of spans."""
    of_one = [
        f"SELECT * FROM {spans} WHERE line_id = {TAXONOMY} AND known_to IS NULL AND "
        f"customer_id = {1 + number * (CUSTOMERS // 10)} ORDER BY valid_from DESC"
        for number in range(10)
    ]
    return {
        "counts": [f"SELECT class_no, count(*) FROM {spans} WHERE {true_on(DAY)} GROUP BY 1"],
        "all": [
            f"SELECT customer_id, class_no, valid_from FROM {spans} WHERE {true_on(DAY)} "
            "ORDER BY customer_id"
        ],
        "matrix": [
            f"SELECT a.class_no, b.class_no, count(*) FROM {spans} a JOIN {spans} b "
            f"ON a.customer_id = b.customer_id WHERE {true_on(DAY, 'a.')} AND "
            f"{true_on(DAY + MONTH, 'b.')} GROUP BY 1, 2"
        ],
        "customer": of_one,
    }


def asked(connection, statements):
    """Seconds that DuckDB takes, and the rows of its answers."""
    start = time.perf_counter()
    rows = sum(connection.execute(sql).to_arrow_table().num_rows for sql in statements)
    return time.perf_counter() - start, rows


class Kehu:
    """The example that answers for Kehu."""

    def __init__(self):
        command = ["target/release/examples/history", "answer", URL, str(CUSTOMERS)]
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def ask(self, question):
        """Seconds that Kehu takes, and the rows of its answer."""
        print(question, file=self.process.stdin, flush=True)
        answer = self.process.stdout.readline().split()
        if len(answer) < 2:
            sys.exit(f"no answer to {question}")
        return float(answer[0]), int(answer[1])


def main():
    connection, kehu = connect(), Kehu()
    pathlib.Path(PARQUET).parent.mkdir(parents=True, exist_ok=True)
    connection.execute(
        f"COPY (SELECT * FROM pg.class_span ORDER BY line_id, customer_id, valid_from) "
        f"TO '{PARQUET}' (FORMAT parquet)"
    )
    rows, size = kehu.ask("size")[1], kehu.ask("bytes")[1]
    print(f"  size: {rows} stays, {size} bytes with indexes and evidence, "
          f"{pathlib.Path(PARQUET).stat().st_size} bytes as Parquet without evidence")
    of_tables, of_files = questions("pg.class_span"), questions(f"'{PARQUET}'")
    worst = (0.0, "")
    for name in of_tables:
        readings = {"kehu": [], "tables": [], "parquet": []}
        for pair in range(PAIRS + 1):
            peer, expected = asked(connection, of_tables[name])
            ours, found = kehu.ask(name)
            files, _ = asked(connection, of_files[name])
            if found != expected:
                sys.exit(f"{name}: {found} rows against {expected}")
            if pair > 0:
                readings["kehu"].append(ours)
                readings["tables"].append(peer)
                readings["parquet"].append(files)
        ours, peer, files = (statistics.median(values) for values in readings.values())
        worst = max(worst, (ours / peer, name))
        print(f"  {name} ratio={ours / peer:.2f} kehu={ours:.4f}s duckdb={peer:.4f}s "
              f"(as Parquet {files:.4f}s, ratio {ours / files:.2f})", flush=True)
    seconds, moved = kehu.ask("day")
    print(f"  day: {seconds:.2f}s to look at everybody under both taxonomies and write "
          f"{moved} moves")
    print(f"history ratio={worst[0]:.2f} ({worst[1]}: "
          f"{pathlib.Path('tests/bench/history/about').read_text()})")


main()
