#!/bin/bash
# Another file is moved over the database of a mount: the last good exports stay and the status tells; no order goes
# into the file that nobody will see again; with the database back all goes on by itself.
. "$(dirname "$0")/../lib/system.sh"
. "$(dirname "$0")/../lib/shop.sh"
need sqlite3

mount_shop 30
plenty
sku=$(some_sku)
"$SHOPCTL" init "$WORK/other.db" --demo=10 >/dev/null
plain_order first "$sku" >"$IN/first.xml"
check "an order is taken" wait_for 20 test -s "$RESULTS/first.xml.txt"
wait_for 20 grep -q accepted "$RESULTS/first.xml.txt"
cp "$MNT/catalog.csv" "$WORK/before"

ln "$DB" "$WORK/kept.db"
mv "$WORK/other.db" "$DB"
check_same "the last good version stays" "$MNT/catalog.csv" "$WORK/before"
check_match "the status tells why" 'replaced or removed while in use' "$(cat "$MNT/.shopfs/status")"

plain_order second "$sku" >"$IN/second.xml"
waits() { grep -q waiting "$RESULTS/second.xml.txt"; }
check "an order waits" wait_for 20 waits
check_equal "it is not in the file that was removed" 0 \
    "$(sqlite3 "file:$WORK/kept.db?immutable=1" "SELECT count(*) FROM orders WHERE number = 'second'")"

mv "$WORK/kept.db" "$DB"
taken() { grep -q accepted "$RESULTS/second.xml.txt"; }
check "with the database back the order is taken" wait_for 60 taken
check_equal "once" 1 "$(orders_with second)"
rendered catalog.csv >"$WORK/render"
check "and the exports are current again" wait_for 20 cmp "$MNT/catalog.csv" "$WORK/render"
check_match "the status is good" 'no error' "$(grep -A4 '^catalog.csv' "$MNT/.shopfs/status")"

finish
