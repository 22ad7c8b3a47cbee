#!/usr/bin/env python3
"""What change tracking costs: many price updates in one transaction, with the triggers and without them.

    change_tracking.py SHOPCTL [ROWS]      makes a shop with 'SHOPCTL init' in a temporary directory
    change_tracking.py EMPTY.db [ROWS]     uses a copy of an empty shop

Prints a line for each case and the ratio. Exit code 1 where it is above LIMIT.
"""
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time

LIMIT = 10.0


def connect(path):
    db = sqlite3.connect(path, isolation_level=None)
    db.execute("PRAGMA synchronous = FULL")
    return db


def timed(db, sql):
    """The best of three: the machine has other things to do."""
    best = None
    for _ in range(3):
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        start = time.monotonic()
        db.execute("BEGIN IMMEDIATE")
        db.execute(sql)
        db.execute("COMMIT")
        seconds = time.monotonic() - start
        best = seconds if best is None else min(best, seconds)
    return best


def fill(db, rows):
    db.execute("BEGIN")
    db.execute("INSERT OR IGNORE INTO currency (code) VALUES ('EUR')")
    db.execute("INSERT OR IGNORE INTO price_list (id, code, currency) VALUES (1, 'retail', 'EUR')")
    db.execute("WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)"
               " INSERT INTO product (id, sku) SELECT i, 'P' || i FROM n", (rows,))
    db.execute("INSERT INTO price (product_id, price_list_id, price_e4) SELECT id, 1, 10000 + id FROM product")
    db.execute("COMMIT")


def main():
    source, rows = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 1_000_000
    with tempfile.TemporaryDirectory(prefix="shopfs-bench-") as directory:
        path = os.path.join(directory, "shop.db")
        if source.endswith(".db"):
            shutil.copy(source, path)
        else:
            subprocess.run([source, "init", path], check=True, stdout=subprocess.DEVNULL)
        db = connect(path)
        start = time.monotonic()
        fill(db, rows)
        print(f"{rows} products and prices inserted      {time.monotonic() - start:7.2f} s")
        same = timed(db, "UPDATE price SET price_e4 = price_e4")
        with_triggers = timed(db, "UPDATE price SET price_e4 = price_e4 + 100")
        for (name,) in db.execute("SELECT name FROM sqlite_schema WHERE type = 'trigger' AND name LIKE 'track%'").fetchall():
            db.execute(f'DROP TRIGGER "{name}"')
        without = timed(db, "UPDATE price SET price_e4 = price_e4 + 100")
        print(f"updated without tracking                 {without:7.2f} s")
        print(f"updated to the same, with tracking       {same:7.2f} s   {same / without:.1f} x")
        print(f"updated with tracking                    {with_triggers:7.2f} s   {with_triggers / without:.1f} x")
        return 0 if with_triggers / without <= LIMIT else 1


if __name__ == "__main__":
    sys.exit(main())
