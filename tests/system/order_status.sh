#!/bin/bash
# orders/status.csv and status.xml: the web shop learns what became of its orders, as fresh and whole as any export; the
# catalogue is not touched by it.
. "$(dirname "$0")/../lib/system.sh"
. "$(dirname "$0")/../lib/shop.sh"
need sqlite3 xmllint

make_shop 30
plenty
sku=$(some_sku)
cat >"$WORK/shop.conf" <<CONF
[shop]
database = $DB
[site main]
exports = joomshopping
user = nobody
group = nogroup
CONF
start_shop allow_other,default_permissions "$WORK/shop.conf"
CSV=$MNT/orders/status.csv
XML=$MNT/orders/status.xml
row() { grep "^$1;" "$CSV" | cut -d ';' -f "$2"; }
value() { xmllint --xpath "string(/orders/order[@number='$1']/$2)" "$XML"; }

check_equal "no orders yet: a heading" 1 "$(wc -l <"$CSV")"
check_equal "and an empty list" 0 "$(xmllint --xpath 'count(/orders/order)' "$XML")"
check_match "both are listed" 'status\.csv.*status\.xml' "$(ls "$MNT/orders" | tr '\n' ' ')"

plain_order 10 "$sku" 1 >"$IN/a.xml"
check_result "an order" a.xml 'accepted'
check_equal "it is there" "accepted new unpaid 100.00 UAH" "$(row 10 4) $(row 10 6) $(row 10 8) $(row 10 10) $(row 10 11)"
check_equal "in XML too" "accepted new unpaid 100.00" "$(value 10 state) $(value 10 status) $(value 10 payment) $(value 10 total)"
check_equal "the number is ours" "$(sql "SELECT id FROM orders WHERE number = '10'")" "$(row 10 3)"
plain_order 10 "$sku" 2 >"$IN/b.xml"
check_result "a revision" b.xml 'revised'
check_equal "it says so" "revised 2 200.00" "$(row 10 4) $(row 10 5) $(row 10 10)"
check_match "size and checksum are those of an export" "^$(sha256sum <"$CSV" | cut -d ' ' -f 1)" "$(cat "$CSV.sha256")"
check_equal "no personal data" "" "$(grep -iE 'olena|Олена|@' "$CSV" "$XML")"

# The catalogue: an order of what is in stock changes it, what is said of the order does not.
cat "$MNT/catalog.csv" >/dev/null
catalog=$(stat -c '%i %Y %s' "$MNT/catalog.csv")
status=$(stat -c %i "$CSV")
check "being handled" "$SHOPCTL" orders "$DB" handle 10
check_equal "it says so" "handled" "$(row 10 4)"
check "packed" "$SHOPCTL" orders "$DB" status 10 packed --tracking=2045
check_equal "it says so, with the parcel's number" "handled packed 2045" "$(row 10 4) $(row 10 6) $(row 10 12)"
check_equal "paid, by whatever program" "paid" "$(sql "UPDATE orders SET paid = 1 WHERE number = '10'"; row 10 8)"
check_equal "the time is that of the change" "$(sql "SELECT replace(modified, ' ', 'T') || 'Z' FROM orders")" "$(row 10 13)"
check_not "the file is another each time" test "$status" = "$(stat -c %i "$CSV")"
check_equal "the catalogue is not" "$catalog" "$(stat -c '%i %Y %s' "$MNT/catalog.csv")"
rendered=$(grep -A2 '^catalog.csv' "$MNT/.shopfs/status" | grep -o 'rendered [0-9]*')
check "cancelled" "$SHOPCTL" orders "$DB" cancel 10
check_equal "it says so" "cancelled cancelled" "$(row 10 4) $(row 10 6)"
check_equal "the stock is free again" 0 "$(sql "SELECT sum(reserved_e3) FROM stock")"
stat "$MNT/catalog.csv" >/dev/null
check_not "the catalogue was asked for the stock" grep -q "$rendered)" <(grep -A2 '^catalog.csv' "$MNT/.shopfs/status")
check "deleted" sql "DELETE FROM orders WHERE number = '10'"
check_equal "it is gone" 1 "$(wc -l <"$CSV")"

# -- for whom --

check_equal "for the site's owner" "440 nobody nogroup" "$(stat -c '%a %U %G' "$CSV")"
check_equal "the checksum too" "440 nobody nogroup" "$(stat -c '%a %U %G' "$CSV.sha256")"
unmount_shop
start_shop
check_equal "without one for everybody" "444 root" "$(stat -c '%a %U' "$CSV")"
unmount_shop
echo 'order-status = no' >>"$WORK/shop.conf"
start_shop '' "$WORK/shop.conf"
check_not "left out where the site says so" test -e "$CSV"
check "the rest is there" test -d "$MNT/orders/results"
finish
