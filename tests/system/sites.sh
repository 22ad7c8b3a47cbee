#!/bin/bash
# Two web shops on one database: each has its own directory, and garbage sent by one does not stop the other.
. "$(dirname "$0")/../lib/system.sh"
. "$(dirname "$0")/../lib/shop.sh"
need sqlite3

make_shop 30
plenty
sku=$(some_sku)
sql "INSERT INTO price_list (code, name, currency) VALUES ('export', 'Export', 'EUR');
     INSERT INTO price (product_id, variant_id, price_list_id, price_e4)
       SELECT product_id, variant_id, (SELECT id FROM price_list WHERE code = 'export'), price_e4 / 40 FROM price
        WHERE min_qty_e3 = 0 AND price_list_id = (SELECT price_list_id FROM site LIMIT 1);
     INSERT INTO site (name, title, url, language, currency, price_list_id)
       SELECT 'second', 'The second shop', 'https://second.example/', 'en', 'EUR', (SELECT id FROM price_list WHERE code = 'export')"
cat >"$WORK/shop.conf" <<END
[shop]
database = $DB

[site main]

[site second]
exports = joomshopping
END
start_shop '' "$WORK/shop.conf"

check_equal "a directory for each" "main second " "$(ls "$MNT" | tr '\n' ' ')"
check "the first has its feed" test -s "$MNT/main/feed.yml"
check_not "the second has none" test -e "$MNT/second/feed.yml"
check_not "the catalogues differ" cmp -s "$MNT/main/catalog.csv" "$MNT/second/catalog.csv"
check "prices of the second are in its currency" grep -q EUR "$MNT/second/catalog.csv"
check_same "shopctl render of the second" "$MNT/second/catalog.csv" <("$SHOPCTL" render "$WORK/shop.conf" catalog.csv --site second)

for i in 1 2 3; do
    head -c 30000 /dev/urandom >"$MNT/main/orders/incoming/noise$i.xml"
    echo '<not-an-order/>' >"$MNT/second/orders/incoming/other$i.xml"
done
plain_order 500 "$sku" 2 >"$MNT/main/orders/incoming/a.xml"
plain_order 500 "$sku" 3 >"$MNT/second/orders/incoming/a.xml"
verdicts() { grep -qi "$3" "$MNT/$1/orders/results/$2.txt"; }
check "the first's order" wait_for 20 verdicts main a.xml accepted
check "the second's, of the same number" wait_for 20 verdicts second a.xml accepted
check_equal "are two orders" "main 500
second 500" "$(sql "SELECT s.name || ' ' || number FROM orders JOIN site s ON s.id = site_id ORDER BY s.name")"
check "garbage of the first" wait_for 20 verdicts main noise3.xml refused
check "garbage of the second" wait_for 20 verdicts second other3.xml no-order
check_equal "each has its own refused" 6 "$(ls "$MNT/main/orders/rejected" | wc -l)"

finish
