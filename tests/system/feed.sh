#!/bin/bash
# Readers that others wrote understand what we write: xmllint with the schema, Python's csv.
. "$(dirname "$0")/../lib/system.sh"
. "$(dirname "$0")/../lib/shop.sh"
need xmllint sqlite3 python3

mount_shop 500

check "feed.yml is well-formed" xmllint --nonet --noout "$MNT/feed.yml"
schema=$ROOT/../shared/schemas/yml/shops_with_byn.xsd
if [ -f "$schema" ]; then
    check "feed.yml is valid" xmllint --nonet --noout --schema "$schema" "$MNT/feed.yml"
else
    skip "feed.yml is valid" "no schema shops_with_byn.xsd beside the source tree"
fi
offers=$(xmllint --nonet --xpath 'count(//offer)' "$MNT/feed.yml")
check "it has offers" test "$offers" -gt 100
check_equal "their ids are unique" "$offers" \
    "$(xmllint --nonet --xpath '//offer/@id' "$MNT/feed.yml" | grep -o '"[^"]*"' | sort -u | wc -l)"
check_equal "every offer's category is there" "" "$(python3 - "$MNT/feed.yml" <<'END'
import sys, xml.etree.ElementTree as E
shop = E.parse(sys.argv[1]).getroot().find("shop")
known = {c.get("id") for c in shop.find("categories")}
for o in shop.find("offers"):
    for c in o.findall("categoryId"):
        if c.text not in known:
            print(o.get("id"), c.text)
for c in shop.find("categories"):
    if c.get("parentId") and c.get("parentId") not in known:
        print("category", c.get("id"), c.get("parentId"))
END
)"

read_csv() {
    python3 - "$1" "$DB" <<'END'
import csv, sqlite3, sys
csv.field_size_limit(1 << 30)
with open(sys.argv[1], newline="", encoding="utf-8") as f:
    rows = list(csv.reader(f, delimiter=";", strict=True))
header, data = rows[0], rows[1:]
widths = {len(r) for r in rows}
print("columns", "one width" if len(widths) == 1 else sorted(widths))
print("names", "unique" if len(set(header)) == len(header) and all(header) else header)
db = sqlite3.connect("file:%s?mode=ro" % sys.argv[2], uri=True)
names = [n for n, in db.execute("SELECT name FROM v_product WHERE active = 1 AND kind <> 'service'")]
column = header.index("name")
got = [r[column] for r in data]
missing = set(names) - set(got)
print("rows", "all" if len(data) >= len(names) else "%d of %d" % (len(data), len(names)))
print("products", "by their names" if not missing else sorted(missing)[:3])
END
}
check_equal "catalog.csv as Python's csv reads it" "columns one width
names unique
rows all
products by their names" "$(read_csv "$MNT/catalog.csv" 2>&1)"

# Texts that have broken such files before.
id=$(sql "SELECT min(product_id) FROM v_product WHERE active = 1")
sql "UPDATE product_text SET name = 'a;b,\"c\"' || char(9) || 'd', description = 'x' || char(10) || 'y' || char(13) || char(10) || ' ]]> &amp; <b>\"</b>' || char(1) || char(128640),
     short_description = '\\\"; ''' WHERE product_id = $id"
check_equal "after hostile texts" "columns one width
names unique" "$(read_csv "$MNT/catalog.csv" 2>&1 | head -n 2)"
check "feed.yml after hostile texts" xmllint --nonet --noout "$MNT/feed.yml"

finish
