#!/usr/bin/env python3
"""Reads a CSV file with Python's own parser and compares it with a query on the database, cell for cell.

read_csv.py FILE [--delimiter C] [--encoding NAME] [--bom] [--crlf] [--no-header] [--no-quotes] [--backslash]
            [--header NAMES] [--columns NAMES] [--database DB --query FILE]

--header   the whole header, its names parted by the delimiter "|"
--columns  the columns the query gives, in its order: names (the first of that name), NAME#2, or numbers from 0;
           without it the query gives all
NULL of the query stands for an empty cell. Numbers are compared as written by the query: let it write text.
"""
import argparse
import csv
import io
import re
import sqlite3
import sys


def fail(message):
    print(message)
    sys.exit(1)


def read(args):
    raw = open(args.file, "rb").read()
    if raw.startswith(b"\xef\xbb\xbf") != args.bom:
        fail("byte order mark: " + ("missing" if args.bom else "not expected"))
    if args.bom:
        raw = raw[3:]
    text = raw.decode(args.encoding)
    if not text.endswith("\r\n" if args.crlf else "\n"):
        fail("the last line does not end as it should")
    dialect = dict(delimiter="\t" if args.delimiter == "tab" else args.delimiter, strict=True)
    if args.no_quotes:
        dialect["quoting"] = csv.QUOTE_NONE
    if args.backslash:
        dialect.update(doublequote=False, escapechar="\\")
    rows = list(csv.reader(io.StringIO(text, newline=""), **dialect))
    # what is between the records, seen by the lengths alone: every record ends with the same line end
    if args.crlf and text.count("\r\n") < len(rows):
        fail("not every line ends with CRLF")
    width = len(rows[0])
    for number, row in enumerate(rows, 1):
        if len(row) != width:
            fail(f"record {number} has {len(row)} cells, the first has {width}")
    return rows


def main():
    p = argparse.ArgumentParser()
    p.add_argument("file")
    p.add_argument("--delimiter", default=",")
    p.add_argument("--encoding", default="utf-8")
    for flag in ("bom", "crlf", "no-header", "no-quotes", "backslash"):
        p.add_argument("--" + flag, action="store_true")
    p.add_argument("--header")
    p.add_argument("--columns")
    p.add_argument("--database")
    p.add_argument("--query")
    args = p.parse_args()
    rows = read(args)
    header = None if args.no_header else rows.pop(0)
    if args.header is not None and header != args.header.split("|"):
        wanted = args.header.split("|")
        for i, name in enumerate(wanted):
            if i >= len(header) or header[i] != name:
                fail(f"column {i}: {header[i] if i < len(header) else None!r} instead of {name!r}")
        fail(f"columns that are not wanted: {header[len(wanted):]}")
    if not args.query:
        return
    places = range(len(rows[0]) if rows else 0)
    if args.columns is not None:
        places = []
        for name in args.columns.split("|"):
            base, nth = re.fullmatch(r"(.*?)(?:#(\d+))?", name).groups()
            if name.isdigit():
                places.append(int(name))
            else:
                where = [i for i, h in enumerate(header) if h == base]
                if not where:
                    fail(f"no column {base!r}")
                places.append(where[int(nth or 1) - 1])
    db = sqlite3.connect(f"file:{args.database}?mode=ro", uri=True)
    wanted = [["" if v is None else str(v) for v in row] for row in db.execute(open(args.query).read())]
    found = [[row[i] for i in places] for row in rows]
    if not wanted:
        fail("the query gives nothing: it would prove nothing")
    for number, (f, w) in enumerate(zip(found, wanted), 1):
        for i, (a, b) in enumerate(zip(f, w)):
            if a != b:
                fail(f"record {number}, column {header[places[i]] if header else places[i]}: {a!r}, the database says {b!r}")
        if len(f) != len(w):
            fail(f"the query gives {len(w)} columns, not {len(f)}")
    if len(found) != len(wanted):
        fail(f"{len(found)} records, the database has {len(wanted)}")


main()
