#!/bin/bash
# Every byte served belongs to one committed state: money is moved between products without a pause, each commit keeps
# the sum, and whoever reads the catalogue, by whatever program, must find exactly that sum in all its rows.
. "$(dirname "$0")/../lib/system.sh"
. "$(dirname "$0")/../lib/shop.sh"
need sqlite3
need rsync
need python3

make_shop 1500
sql "DELETE FROM product WHERE id IN (SELECT product_id FROM variant) OR kind <> 'goods';
     DELETE FROM price; INSERT INTO price (product_id, price_list_id, price_e4) SELECT id, (SELECT price_list_id FROM site LIMIT 1), 10000000 FROM product"
start_shop

cat >"$WORK/writer.py" <<'END'
import random, sqlite3, sys, time
db = sqlite3.connect(sys.argv[1], timeout=30, isolation_level=None)
db.execute("PRAGMA synchronous = NORMAL")
ids = [i for (i,) in db.execute("SELECT id FROM product")]
end, commits = time.monotonic() + float(sys.argv[2]), 0
while time.monotonic() < end:
    db.execute("BEGIN IMMEDIATE")
    for _ in range(random.choice((1, 1, 5, 200))):  # near and far, one chunk and all of them
        a, b = random.sample(ids, 2)
        by = random.randrange(1, 9000) * 100
        db.execute("UPDATE price SET price_e4 = price_e4 - ? WHERE product_id = ? AND price_e4 >= ?", (by, a, by))
        if db.execute("SELECT changes()").fetchone()[0]:
            db.execute("UPDATE price SET price_e4 = price_e4 + ? WHERE product_id = ?", (by, b))
    db.execute("COMMIT")
    commits += 1
    time.sleep(0.01)
print(commits)
END
cat >"$WORK/sum.py" <<'END'
import csv, decimal, sys
for name in sys.argv[3:]:
    rows = list(csv.DictReader(open(name, encoding="utf-8", newline=""), delimiter=";"))
    total = sum(decimal.Decimal(r["price"]) for r in rows)
    if len(rows) != int(sys.argv[1]) or total != decimal.Decimal(sys.argv[2]):
        sys.exit(f"{name}: {len(rows)} rows, total {total}, not {sys.argv[1]} and {sys.argv[2]}")
END
cat >"$WORK/held.py" <<'END'
import sys, time
end, n = time.monotonic() + float(sys.argv[2]), 0
while time.monotonic() < end:  # an old version, read slowly while newer ones come
    with open(sys.argv[1], "rb", buffering=0) as f, open(f"{sys.argv[3]}.{n}", "wb") as out:
        while piece := f.read(65536):
            out.write(piece)
            time.sleep(0.15)
    n += 1
END
rows=$(sql "SELECT count(*) FROM product")
total=$(sql "SELECT CAST(sum(price_e4) / 10000 AS INTEGER) FROM price")
check "the sum is right before" python3 "$WORK/sum.py" "$rows" "$total" "$MNT/catalog.csv"

python3 "$WORK/writer.py" "$DB" 20 >"$WORK/commits" &
writer=$!
python3 "$WORK/held.py" "$MNT/catalog.csv" 18 "$WORK/old" &
held=$!
sums=0
bad=
until=$((SECONDS + 18))
while [ $SECONDS -lt $until ] && [ -z "$bad" ]; do
    cat "$MNT/catalog.csv" >"$WORK/by-cat.csv" || bad="cat failed"
    rsync -W "$MNT/catalog.csv" "$WORK/by-rsync.csv" || bad="rsync failed"
    dd if="$MNT/catalog.csv" of="$WORK/by-dd.csv" bs=4k status=none || bad="dd failed"
    bad=$bad$(python3 "$WORK/sum.py" "$rows" "$total" "$WORK"/by-*.csv 2>&1)
    sums=$((sums + 3))
done
wait $held
wait $writer
check_equal "every copy ($sums, among $(cat "$WORK/commits") commits) holds one state" "" "$bad"
check "there were commits enough" test "$(cat "$WORK/commits")" -gt 50
check "so does a version that is read while newer ones come" python3 "$WORK/sum.py" "$rows" "$total" "$WORK"/old.*
check "and the last one" python3 "$WORK/sum.py" "$rows" "$total" "$MNT/catalog.csv"
finish
