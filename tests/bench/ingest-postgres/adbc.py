"""Writes files of rows, a file a table, by adbc_ingest: adbc.py URL FOLDER ORDERS."""

import pathlib
import sys
import time

import adbc_driver_postgresql.dbapi
import pyarrow
import pyarrow.csv

URL, FOLDER, ORDERS = sys.argv[1], pathlib.Path(sys.argv[2]), int(sys.argv[3])
TABLES = ["customer", "customer_reference", "sales_order", "order_line"]
TYPES = {"bigint": pyarrow.int64(), "integer": pyarrow.int32(), "text": pyarrow.string()}


def read(cursor, table):
    """The rows that psql's copy wrote of a table."""
    cursor.execute(
        "SELECT column_name, data_type FROM information_schema.columns "
        f"WHERE table_name = '{table}' ORDER BY ordinal_position"
    )
    types = {name: TYPES[kind] for name, kind in cursor.fetchall()}
    return pyarrow.csv.read_csv(
        FOLDER / table,
        read_options=pyarrow.csv.ReadOptions(column_names=list(types)),
        parse_options=pyarrow.csv.ParseOptions(delimiter="\t", quote_char=False),
        convert_options=pyarrow.csv.ConvertOptions(
            column_types=types, null_values=["\\N"], strings_can_be_null=True
        ),
    )


def main():
    """Reads everything, then measures the writing."""
    with adbc_driver_postgresql.dbapi.connect(URL) as connection:
        with connection.cursor() as cursor:
            rows = {table: read(cursor, table) for table in TABLES}
            connection.commit()
            start = time.perf_counter()
            for table in TABLES:
                cursor.adbc_ingest(table, rows[table], mode="append")
            connection.commit()
            seconds = time.perf_counter() - start
    print(f"  adbc_ingest {ORDERS / seconds:.0f} /s")


main()
