#!/usr/bin/env python3
"""Every cell of a shipped CSV mapping's file over the golden shop, read by Python's own parser.

check_cells.py MAPPING FILE DATABASE SITE [--dump OUT]
    compares all cells with what the tables say (golden_cells.py, golden_shops.py)
check_cells.py --list
    the mappings that it has expectations for

--dump writes the cells in UTF-8, a line for each record, a tab between cells; backslash, tab, LF and CR as \\\\ \\t \\n \\r: as
csv_cells does, which reads the same file with libcsv.
"""
import csv
import io
import re
import sys

import golden_cells
import golden_shops
from golden_shop import Shop

OWN = dict(delimiter=";")
MAPPINGS = {
    "stock": OWN, "prices": OWN, "price-tiers": OWN, "categories": OWN, "customers": OWN, "certificates": OWN, "order-status": OWN, "joomshopping": OWN,
    "joomshopping-core": dict(delimiter=";", encoding="iso-8859-1"), "google-tsv": dict(delimiter="\t", plain=True), "prom-csv": {},
    "torgsoft-goods": dict(delimiter=";", bom=True, crlf=True), "torgsoft-clients": dict(delimiter=";", bom=True, crlf=True, header=False),
    "shoptet-csv": dict(delimiter=";", crlf=True), "woocommerce": {}, "prestashop-products": OWN, "prestashop-combinations": OWN, "magento-products": {},
    "magento-advanced-pricing": {}, "magento-stock-sources": {}, "shopify-products": {}, "shopify-inventory": {},
}


def fail(message):
    print(message)
    sys.exit(1)


def read(path, delimiter=",", encoding="utf-8", bom=False, crlf=False, plain=False, header=True):
    raw = open(path, "rb").read()
    if raw.startswith(b"\xef\xbb\xbf") != bom:
        fail("byte order mark: " + ("missing" if bom else "not expected"))
    text = raw[3 if bom else 0:].decode(encoding)
    if not text.endswith("\r\n" if crlf else "\n"):
        fail("the last line does not end as it should")
    if not crlf and re.search("[^\n]\r\n", re.sub('"[^"]*"', '""', text)):
        fail("a line ends with CRLF")
    return list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True, quoting=csv.QUOTE_NONE if plain else csv.QUOTE_MINIMAL))


def numbered(header):
    seen = {}
    for name in header:
        seen[name] = seen.get(name, 0) + 1
        yield name if seen[name] == 1 else f"{name}#{seen[name]}"


def same(found, wanted, encoding):
    if encoding != "iso-8859-1":
        return found == wanted
    # what the encoding lacks becomes its nearest letters or "?", at most four; all else is there in its order
    rest = iter(found)
    return all(c in rest for c in wanted if ord(c) < 256) and len(found) <= sum(1 if ord(c) < 256 else 4 for c in wanted)


def main():
    if sys.argv[1:] == ["--list"]:
        print("\n".join(MAPPINGS))
        return
    mapping, path, database, site = sys.argv[1:5]
    options = MAPPINGS[mapping]
    records = read(path, **options)
    if "--dump" in sys.argv:
        escape = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})
        with open(sys.argv[sys.argv.index("--dump") + 1], "w", encoding="utf-8", newline="") as out:
            for record in records:
                out.write("\t".join(cell.translate(escape) for cell in record) + "\n")
    header = list(numbered(records.pop(0))) if options.get("header", True) else list(range(len(records[0])))
    shop = golden_cells.SHOP = Shop(database, site)
    name = mapping.replace("-", "_")
    function = getattr(golden_cells, name, None) or getattr(golden_shops, name)
    wanted = list(function(shop))
    errors = []
    for number, (record, row) in enumerate(zip(records, wanted), 1):
        if len(record) != len(header):
            errors.append(f"record {number} has {len(record)} cells, the header {len(header)}")
            continue
        unknown = set(row) - set(header)
        if unknown:
            fail(f"there is no column {unknown}")
        for column, cell in zip(header, record):
            value = row.get(column)
            value = "" if value is None else str(value)
            if not same(cell, value, options.get("encoding")):
                errors.append(f"record {number}, {column}: {cell!r} instead of {value!r}")
    if len(records) != len(wanted):
        errors.append(f"{len(records)} records instead of {len(wanted)}")
    if not wanted:
        errors.append("nothing is expected: it would prove nothing")
    if errors:
        fail("\n".join(errors[:12]))
    print(f"{len(records)} records of {len(header)} cells")


main()
