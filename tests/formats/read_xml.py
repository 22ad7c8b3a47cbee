#!/usr/bin/env python3
"""Reads an XML file with Python's own parser and compares it with a query on the database, value for value.

read_xml.py FILE [--namespace URI] --each PATH --columns COLUMNS --database DB --query FILE
read_xml.py FILE [--namespace URI] --each PATH --unique COLUMN | --each PATH --column COLUMN --among PATH/COLUMN
read_xml.py FILE [--namespace URI] --each PATH --required COLUMNS
read_xml.py FILE --strip NAMES --out FILE        without these elements and attributes (@name)

PATH      as ElementTree understands it; names without a prefix are in the namespace
COLUMN    "@name", "name", "name/@attribute", "name*" (all of that name, joined by "|"), "." the text; parted by "|" where several
NULL of the query stands for what is not there.
"""
import argparse
import re
import sqlite3
import sys
import xml.etree.ElementTree as ET


def fail(message):
    print(message)
    sys.exit(1)


def qualified(path, namespace):
    if not namespace:
        return path
    return "/".join(p if p in ("", ".", "..", "*") or p[0] in "@{" else re.sub(r"^([^\[]+)", "{" + namespace + r"}\1", p)
                    for p in path.split("/"))


def value(item, column, namespace):
    if column == ".":
        return item.text or ""
    if column.startswith("@"):
        return item.get(column[1:])
    if column.endswith("*"):
        found = item.findall(qualified(column[:-1], namespace))
        return "|".join(f.text or "" for f in found) if found else None
    path, _, attribute = column.partition("/@")
    found = item.find(qualified(path, namespace))
    if found is None:
        return None
    return found.get(attribute) if attribute else found.text or ""


def strip(root, names):
    for parent in root.iter():
        for name in names:
            if name.startswith("@"):
                parent.attrib.pop(name[1:], None)
        for child in list(parent):
            if child.tag in names:
                parent.remove(child)


def main():
    p = argparse.ArgumentParser()
    p.add_argument("file")
    for name in ("namespace", "each", "columns", "column", "database", "query", "unique", "among", "required", "strip", "out"):
        p.add_argument("--" + name)
    args = p.parse_args()
    tree = ET.parse(args.file)
    if args.strip:
        strip(tree.getroot(), args.strip.split("|"))
        tree.write(args.out, encoding="utf-8", xml_declaration=True)
        return
    items = tree.getroot().findall(qualified(args.each, args.namespace))
    if not items:
        fail(f"there is no {args.each}")
    if args.unique:
        seen = set()
        for item in items:
            v = value(item, args.unique, args.namespace)
            if not v or v in seen:
                fail(f"{args.unique} {v!r} is empty or there twice")
            seen.add(v)
    if args.required:
        for item in items:
            for column in args.required.split("|"):
                if value(item, column, args.namespace) is None:
                    fail(f"{column} is missing in {ET.tostring(item, encoding='unicode')[:300]}")
    if args.among:
        path, _, column = args.among.rpartition("/")
        known = {value(i, column, args.namespace) for i in tree.getroot().findall(qualified(path, args.namespace))}
        for item in items:
            v = value(item, args.column, args.namespace)
            if v is not None and v not in known:
                fail(f"{args.column} {v!r} is not among {sorted(known, key=str)}")
    if args.query:
        db = sqlite3.connect(f"file:{args.database}?mode=ro", uri=True)
        wanted = [[None if v is None else str(v) for v in row] for row in db.execute(open(args.query).read())]
        columns = args.columns.split("|")
        if not wanted:
            fail("the query gives nothing: it would prove nothing")
        for number, (item, row) in enumerate(zip(items, wanted), 1):
            if len(row) != len(columns):
                fail(f"the query gives {len(row)} columns, not {len(columns)}")
            for column, w in zip(columns, row):
                v = value(item, column, args.namespace)
                if v != w:
                    fail(f"item {number}, {column}: {v!r}, the database says {w!r}")
        if len(items) != len(wanted):
            fail(f"{len(items)} items, the database has {len(wanted)}")


main()
