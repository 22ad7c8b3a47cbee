#!/bin/bash
# What an operator sees: .shopfs/status, metrics in the format of Prometheus, recent events; nobody else sees them.
. "$(dirname "$0")/../lib/system.sh"
. "$(dirname "$0")/../lib/shop.sh"
need sqlite3 python3

make_shop 30
plenty
cat >"$WORK/mine.xml" <<'END'
<export xmlns="urn:shopfs:mapping" path="mine.csv">
  <csv><rows of="product"><column name="n" value="CASE WHEN sku = 'broken' THEN 'word' ELSE 1 END" format="decimal(2)"/></rows></csv>
</export>
END
printf '[shop]\ndatabase = %s\n[site main]\nexports = joomshopping mine.xml\n' "$DB" >"$WORK/shop.conf"
start_shop '' "$WORK/shop.conf"
sku=$(some_sku)
plain_order 1 "$sku" >"$IN/good.xml"
check_result "an order" good.xml 'accepted'
echo '<order><oops></order>' >"$IN/bad'\"name.xml"
check_result "a refused one" "bad'\"name.xml" 'refused'
plain_order 2 "$sku" | head -c 200 >"$IN/half.xml"
check_result "an incomplete one" half.xml 'incomplete'
cat "$MNT/catalog.csv" >/dev/null

check_match "status: exports" 'catalog\.csv' "$(cat "$MNT/.shopfs/status")"
check_match "status: orders" 'waiting 0 .*incomplete 1' "$(cat "$MNT/.shopfs/status")"
check_match "status: verdicts" '1 accepted, 0 duplicate, 0 revised, 0 partly, 1 refused' "$(cat "$MNT/.shopfs/status")"

# -- metrics: what an independent reader makes of them --

cat >"$WORK/read.py" <<'END'
import re, sys
text = open(sys.argv[1], encoding="utf-8").read()
assert text.endswith("\n")
types, values, current, done = {}, {}, None, set()
for line in text.splitlines():
    m = re.fullmatch(r"# (HELP|TYPE) ([a-z_]+) (.+)", line)
    if m:
        if m[1] == "TYPE":
            assert m[3] in ("counter", "gauge"), line
            assert m[2] not in types, line
            types[m[2]], current = m[3], m[2]
        continue
    m = re.fullmatch(r'([a-z_]+)(?:\{((?:[a-z]+="(?:[^"\\\n]|\\.)*",?)*)\})? (-?[0-9]+(?:\.[0-9]+)?)', line)
    assert m, line
    assert m[1] == current, line
    assert (types[m[1]] == "counter") == m[1].endswith("_total"), line
    key = m[1], m[2] or ""
    assert key not in values, line
    values[key] = float(m[3])
for wanted in sys.argv[2:]:
    name, labels, least, most = re.fullmatch(r"([a-z_]+)(?:\{(.*)\})? ([0-9.]+)-([0-9.]+)", wanted).groups()
    value = values[name, labels or ""]
    assert float(least) <= value <= float(most), (wanted, value)
END
now=$(date +%s)
size=$(stat -c %s "$MNT/catalog.csv")
mtime=$(stat -c %Y "$MNT/catalog.csv")
check "metrics" python3 "$WORK/read.py" "$MNT/.shopfs/metrics" \
    "shopfs_export_size_bytes{site=\"main\",path=\"catalog.csv\"} $size-$size" \
    "shopfs_export_version_timestamp_seconds{site=\"main\",path=\"catalog.csv\"} $mtime-$mtime" \
    "shopfs_export_rows{site=\"main\",path=\"catalog.csv\"} 10-1000" \
    "shopfs_export_failing{site=\"main\",path=\"catalog.csv\"} 0-0" \
    "shopfs_export_refreshed_timestamp_seconds{site=\"main\",path=\"catalog.csv\"} $((now - 600))-$((now + 1))" \
    'shopfs_orders_files_total{site="main",verdict="accepted"} 1-1' \
    'shopfs_orders_files_total{site="main",verdict="refused"} 1-1' \
    'shopfs_orders_files_total{site="main",verdict="no-order"} 0-0' \
    'shopfs_orders_total{site="main"} 1-1' \
    'shopfs_orders_waiting_files{site="main",queue="incoming"} 0-0' \
    'shopfs_orders_incomplete_files{site="main",queue="incoming"} 1-1' \
    "shopfs_read_bytes_total $size-100000000" \
    'shopfs_requests_total{request="lookup"} 10-100000' \
    'shopfs_requests_total{request="write"} 3-1000'


coproc LOCK { sqlite3 -batch "$DB"; }
lock=$LOCK_PID # unset once it has ended
printf 'BEGIN IMMEDIATE;\nSELECT 1;\n' >&"${LOCK[1]}"
read -r -t 10 -u "${LOCK[0]}" _
plain_order 3 "$sku" >"$IN/waits.xml"
check "one that waits for the database" wait_for 10 python3 "$WORK/read.py" "$MNT/.shopfs/metrics" \
    'shopfs_orders_waiting_files{site="main",queue="incoming"} 1-1' \
    'shopfs_orders_oldest_waiting_seconds{site="main",queue="incoming"} 1-60'
printf 'ROLLBACK;\n.quit\n' >&"${LOCK[1]}"
wait "$lock" 2>/dev/null
check_result "is taken then" waits.xml 'accepted'

cat "$MNT/mine.csv" >/dev/null
sql "UPDATE product SET sku = 'broken' WHERE id = 7"
stat "$MNT/mine.csv" >/dev/null
check "a failing export" wait_for 10 python3 "$WORK/read.py" "$MNT/.shopfs/metrics" \
    'shopfs_export_failing{site="main",path="mine.csv"} 1-1' \
    'shopfs_export_failures_total{site="main",path="mine.csv"} 1-1000' \
    'shopfs_export_failing{site="main",path="catalog.csv"} 0-0'

# -- events --

events=$(cat "$MNT/.shopfs/events")
check_match "events: an order" "Z order file 'good.xml': accepted: order 1" "$events"
check_match "events: a failure" "Z error: export 'main/mine.csv': " "$events"
for i in $(seq 520); do
    echo '<html/>' >"$IN/e$i.xml"
done
bounded() { [ "$(wc -l <"$MNT/.shopfs/events")" = 500 ] && tail -n 1 "$MNT/.shopfs/events" | grep -q "e520.xml"; }
check "events: the last 500" wait_for 60 bounded
check_not "not those before" grep -q good.xml "$MNT/.shopfs/events"

# -- for whom --

check_not ".shopfs is not listed" sh -c "ls -a '$MNT' | grep -q shopfs"
check_equal "its directory is its owner's" "550 $(id -u)" "$(stat -c '%a %u' "$MNT/.shopfs")"
check_equal "so are its files" "440 $(id -u)" "$(stat -c '%a %u' "$MNT/.shopfs/metrics")"
check_not "nobody writes there" sh -c "echo x >'$MNT/.shopfs/x'"
if [ "$(id -u)" = 0 ] && command -v setpriv >/dev/null; then
    check_not "nobody else reads it" setpriv --reuid=nobody --regid=nogroup --clear-groups cat "$MNT/.shopfs/status"
    check_not "or looks at it" setpriv --reuid=nobody --regid=nogroup --clear-groups ls "$MNT/.shopfs"
else
    skip "nobody else reads it" "root only"
fi
finish
