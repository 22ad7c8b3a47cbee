#!/bin/bash
# Two web shops on one database: each has its own directory and what shop.conf says of it, and garbage sent by one does
# not stop the other.
. "$(dirname "$0")/../lib/system.sh"
. "$(dirname "$0")/../lib/shop.sh"
need sqlite3

make_shop 30
plenty
sku=$(some_sku)
sql "INSERT INTO price_list (code, name, currency) VALUES ('export', 'Export', 'EUR');
     INSERT INTO price (product_id, variant_id, price_list_id, price_e4)
       SELECT product_id, variant_id, (SELECT id FROM price_list WHERE code = 'export'), price_e4 / 40 FROM price
        WHERE min_qty_e3 = 0 AND price_list_id = (SELECT price_list_id FROM site LIMIT 1)"
cat >"$WORK/shop.conf" <<END
[shop]
database = $DB

[site main]
title = The first shop
stock-buffer = 1

[site second]
path = shop-2
exports = joomshopping
title = The second shop
url = https://second.example/
language = en
currency = EUR
price_list = export
warehouses = main,
  store
END

# -- a mistake --

rows() { sql "SELECT count(*) || ' ' || max(stock_buffer_e3) FROM site"; }
check "a configuration may be looked at first" sh -c "'$SHOPCTL' check '$WORK/shop.conf' >'$WORK/out'"
check "it tells what would be written" grep -q "shop.conf:6: warning: site 'main': stock-buffer '1' in place of '0'" "$WORK/out"
check "and the row that would be made" grep -q "shop.conf:8: warning: site 'second': a new row" "$WORK/out"
"$SHOPCTL" render "$WORK/shop.conf" catalog.csv 2>"$WORK/out" >/dev/null
check "shopctl render too" grep -q "stock-buffer '1' in place of '0': not in the database yet" "$WORK/out"
check_equal "they write nothing" "1 0" "$(rows)"
mkdir "$MNT"
# refused KEY VALUE LINE WORDS: in a copy with this value
refused() {
    sed "s/^$1 = .*/$1 = $2/" "$WORK/shop.conf" >"$WORK/bad.conf"
    local rc=0
    "$SHOPFS" "$WORK/bad.conf" "$MNT" >"$WORK/out" 2>&1 || rc=$?
    check_equal "$1 $2 refuses the mount" 32 $rc
    check "telling where and what there is" grep -q "bad.conf:$3: .*$4" "$WORK/out"
    rc=0
    "$SHOPCTL" check "$WORK/bad.conf" >"$WORK/out" 2>&1 || rc=$?
    check_equal "shopctl check finds it" 78 $rc
    check "with the same words" grep -q "bad.conf:$3: .*$4" "$WORK/out"
}
refused price_list dear 15 "no price list 'dear'; there are: .*export, .*retail"
refused currency XXX 14 "no currency 'XXX'; there are: .*EUR"
refused language xx 13 "no language 'xx'; there are: .*en"
refused warehouses "main, moon" 16 "no warehouse 'moon'; there are: main"
refused path main 9 "have one directory, 'main'"
check_equal "nothing was written" "1 0" "$(rows)"

# -- the mount --

start_shop '' "$WORK/shop.conf"

check_equal "a directory for each" "main shop-2 " "$(ls "$MNT" | tr '\n' ' ')"
check "the first has its feed" test -s "$MNT/main/feed.yml"
check_not "the second has none" test -e "$MNT/shop-2/feed.yml"
check_not "the catalogues differ" cmp -s "$MNT/main/catalog.csv" "$MNT/shop-2/catalog.csv"
check "prices of the second are in its currency" grep -q EUR "$MNT/shop-2/catalog.csv"
check_equal "the rows say what the file says" "The first shop 1000 uk
The second shop 0 en" "$(sql "SELECT title || ' ' || stock_buffer_e3 || ' ' || language FROM site ORDER BY id")"
check_equal "and their warehouses" "second main
second store" "$(sql "SELECT s.name || ' ' || w.code FROM site_warehouse JOIN site s ON s.id = site_id JOIN warehouse w ON w.id = warehouse_id ORDER BY 1")"
check "in the log" grep -q "shop.conf:6: site 'main': stock-buffer '1' in place of '0'" "$SHOPFS_LOG"
check_match "the status knows its directory" 'site second, directory shop-2, ' "$(head -n 1 "$MNT/shop-2/.shopfs/status")"
check_equal "the checksum is the file's" "$(sha256sum <"$MNT/shop-2/catalog.csv" | cut -d' ' -f1)" "$(cut -d' ' -f1 "$MNT/shop-2/catalog.csv.sha256")"
check_same "shopctl render of the second" "$MNT/shop-2/catalog.csv" <("$SHOPCTL" render "$WORK/shop.conf" catalog.csv --site second)

for i in 1 2 3; do
    head -c 30000 /dev/urandom >"$MNT/main/orders/incoming/noise$i.xml"
    echo '<not-an-order/>' >"$MNT/shop-2/orders/incoming/other$i.xml"
done
plain_order 500 "$sku" 2 >"$MNT/main/orders/incoming/a.xml"
plain_order 500 "$sku" 3 >"$MNT/shop-2/orders/incoming/a.xml"
verdicts() { grep -qi "$3" "$MNT/$1/orders/results/$2.txt"; }
check "the first's order" wait_for 20 verdicts main a.xml accepted
check "the second's, of the same number" wait_for 20 verdicts shop-2 a.xml accepted
check_equal "are two orders" "main 500
second 500" "$(sql "SELECT s.name || ' ' || number FROM orders JOIN site s ON s.id = site_id ORDER BY s.name")"
check "garbage of the first" wait_for 20 verdicts main noise3.xml refused
check "garbage of the second" wait_for 20 verdicts shop-2 other3.xml no-order
check_equal "each has its own refused" 6 "$(ls "$MNT/main/orders/rejected" | wc -l)"

# -- orders go by what the file says, also with shopctl --

sed -i 's/^title = The first shop/&\ndefault-client = K-7/' "$WORK/shop.conf"
check "read anew" wait_for 10 grep -q "default-client 'K-7' in place of ''" "$SHOPFS_LOG"
plain_order 501 "$sku" >"$WORK/501.xml"
sed 's/K-7/K-8/' "$WORK/shop.conf" >"$WORK/other.conf"
client() { sql "SELECT default_client FROM site WHERE name = 'main'"; }
"$SHOPCTL" import "$WORK/other.conf" --site main --dry-run --explain "$WORK/501.xml" >"$WORK/out"
check "a dry run does" grep -q K-8 "$WORK/out"
check_equal "and leaves no trace" K-7 "$(client)"
check "an import" "$SHOPCTL" import "$WORK/other.conf" --site main "$WORK/501.xml"
check_equal "writes them" "K-8 K-8" "$(client) $(sql "SELECT client_code FROM orders WHERE number = '501'")"

# -- a row changed by hand is the file's again at the next start, in what the file names --

unmount_shop
sql "UPDATE site SET title = 'By hand', phone = '1' WHERE name = 'main'"
start_shop '' "$WORK/shop.conf"
check_equal "what the file names" "The first shop 1 K-7" "$(sql "SELECT title || ' ' || phone || ' ' || default_client FROM site WHERE name = 'main'")"
check "told in the log" grep -q "title 'The first shop' in place of 'By hand'" "$SHOPFS_LOG"
finish
