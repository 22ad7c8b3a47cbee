#!/bin/bash
# 200 web shops on one database: what is the same for all is rendered and kept once, who is alone has his own.
. "$(dirname "$0")/../lib/system.sh"
. "$(dirname "$0")/../lib/shop.sh"
need sqlite3

SITES=200
make_shop 300
sql "DELETE FROM site_product;
     WITH RECURSIVE n (i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE i < $SITES)
     INSERT INTO site (name, title, company, url, language, fallback_language, currency, price_list_id)
       SELECT 's' || i, 'Shop ' || i, company, 'https://s' || i || '.example/', language, fallback_language, currency, price_list_id
         FROM n, site WHERE name = 'main'"
{
    printf '[shop]\ndatabase = shop.db\n'
    printf '[site main]\nexports = joomshopping, customers\n'
    for i in $(seq 2 $SITES); do
        printf '[site s%d]\nexports = joomshopping, customers\n' "$i"
    done
} >"$WORK/shop.conf"
sed -i 's/^\[site s77\]$/&\ngroup = daemon/' "$WORK/shop.conf"
start_shop '' "$WORK/shop.conf"
files() { ls "$WORK/shop.state/spool"/*"$1".data 2>/dev/null | wc -l; }
threads() { awk '$1 == "Threads:" { print $2 }' "/proc/$SHOPFS_PID/status"; }
inodes() { stat -c %i "$MNT"/*/catalog.csv | sort -u | wc -l; }

check_equal "all are there" $SITES "$(ls "$MNT" | wc -l)"
check_equal "the catalogue is one version for all" 1 "$(inodes)"
check_equal "rendered into one file" 1 "$(files catalog.csv)"
check_match "as the status says" "the same file for $SITES sites" "$(cat "$MNT/s100/.shopfs/status")"
check_equal "private ones are each site's own" $SITES "$(files customers.csv)"
check "threads do not grow with sites" test "$(threads)" -lt 30
check_equal "nobody's orders are open" 0 "$(find "$WORK/shop.state" -maxdepth 2 -name incoming | wc -l)"
check "an open file for each export of its own, and no more" test "$(ls "/proc/$SHOPFS_PID/fd" | wc -l)" -lt $((3 * SITES + 60))
ls "$MNT/s5/orders" >/dev/null
check_equal "until somebody looks" 1 "$(find "$WORK/shop.state" -maxdepth 2 -name incoming | wc -l)"

# -- edits --

before=$(stat -c %Y "$MNT/s9/catalog.csv")
sql "UPDATE price SET price_e4 = price_e4 + 10000 WHERE product_id = (SELECT min(id) FROM product WHERE active = 1)"
check_equal "an edit is one version for all" 1 "$(inodes)"
check "and a later one" test "$(stat -c %Y "$MNT/s9/catalog.csv")" -gt "$before"
for i in main s2 s77 s200; do
    check_same "$i as shopctl renders it" "$MNT/$i/catalog.csv" <("$SHOPCTL" render "$WORK/shop.conf" catalog.csv --site $i)
done

# -- what one hides, no other loses, and nobody sees --

secret=$(sql "SELECT min(id) FROM product WHERE active = 1")
sql "BEGIN;
     UPDATE product SET sku = 'HIDDEN-FROM-S9' WHERE id = $secret;
     INSERT INTO site_product (product_id, site_id, hidden) SELECT $secret, id, 1 FROM site WHERE name = 's9';
     COMMIT"
check "the others show it" grep -q HIDDEN-FROM-S9 "$MNT/s10/catalog.csv"
check_same "all of them" "$MNT/s10/catalog.csv" "$MNT/s11/catalog.csv"
check_not "a product hidden from one site in the commit that makes it" cmp -s "$MNT/s9/catalog.csv" "$MNT/s10/catalog.csv"
check_equal "s9 has its own file now, the others go on together" 2 "$(inodes)"
check_same "it is right" "$MNT/s9/catalog.csv" <("$SHOPCTL" render "$WORK/shop.conf" catalog.csv --site s9)

# -- another price list for some, in one step --

sql "INSERT INTO price_list (code, name, currency) VALUES ('vip', 'VIP', (SELECT currency FROM site WHERE name = 'main'));
     INSERT INTO price (product_id, variant_id, price_list_id, price_e4)
       SELECT product_id, variant_id, (SELECT id FROM price_list WHERE code = 'vip'), price_e4 / 2 FROM price
        WHERE min_qty_e3 = 0 AND price_list_id = (SELECT price_list_id FROM site WHERE name = 'main');
     UPDATE site SET price_list_id = (SELECT id FROM price_list WHERE code = 'vip') WHERE name IN ('main', 's20', 's21', 's22')"
check_equal "they part together" 3 "$(inodes)"
for i in main s20 s23; do
    check_same "$i has its prices" "$MNT/$i/catalog.csv" <("$SHOPCTL" render "$WORK/shop.conf" catalog.csv --site $i)
done

# -- a restart --

listing() { stat -c '%n %s %Y' "$MNT"/*/catalog.csv; }
was=$(listing)
unmount_shop
start_shop '' "$WORK/shop.conf"
check_equal "size and time stay over a restart" "$was" "$(listing)"
check_equal "and what is shared" 3 "$(inodes)"
check_match "shopctl finds the note of a shared file" 'yes,catalog.csv,[0-9]+' \
    "$("$SHOPCTL" exports "$WORK/shop.conf" --site s150 --format=csv | grep catalog.csv | cut -d, -f3-)"
finish
