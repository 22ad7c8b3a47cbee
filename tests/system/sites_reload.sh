#!/bin/bash
# shop.conf edited while the shop is served: sites come, change and go, and nothing under way is lost.
. "$(dirname "$0")/../lib/system.sh"
. "$(dirname "$0")/../lib/shop.sh"
need sqlite3

make_shop 30
plenty
sku=$(some_sku)
CONF=$WORK/shop.conf
add_site() {
    sql "INSERT INTO site (name, title, company, url, language, fallback_language, currency, price_list_id)
         SELECT '$1', '$1', company, 'https://$1.example/', language, fallback_language, currency, price_list_id
           FROM site WHERE name = 'main'"
}
add_site second
add_site third
sql 'DELETE FROM site_product' # or main has a file of its own
# conf TEXT: a new configuration, by rename as editors do
conf() {
    printf '[shop]\ndatabase = shop.db\n%s\n' "$1" >"$CONF.new"
    mv "$CONF.new" "$CONF"
}
log_says() { grep -q -- "$1" "$SHOPFS_LOG"; }
status_says() { grep -q -- "$2" "$MNT/$1.shopfs/status"; }
exec_close() { exec 7>&-; }
verdict() { grep -qi "$3" "$MNT/$1orders/results/$2.txt"; }

conf '[site main]
exports = joomshopping'
start_shop '' "$CONF"
catalog=$(sha256sum <"$MNT/catalog.csv")
exec 5<"$MNT/catalog.csv"
exec 6>"$MNT/orders/incoming/long.xml"
plain_order 700 "$sku" >"$WORK/order"
head -c 200 "$WORK/order" >&6

# -- one site becomes two --

conf '[site main]
exports = joomshopping
[site second]
exports = joomshopping, yml'
check "a second site appears by itself" wait_for 20 test -s "$MNT/second/feed.yml"
check_equal "the tree has one directory for each" "main second " "$(ls "$MNT" | tr '\n' ' ')"
check_equal "the first's file is what it was" "$catalog" "$(sha256sum <"$MNT/main/catalog.csv")"
check_equal "who had it open goes on" "$catalog" "$(sha256sum <&5)"
check_same "as shopctl renders it" "$MNT/second/catalog.csv" <("$SHOPCTL" render "$CONF" catalog.csv --site second)
tail -c +201 "$WORK/order" >&6
exec 6>&- 5<&-
check "an upload that was under way is decided" wait_for 20 verdict main/ long.xml accepted
check "in the log" log_says 'configuration=.*sites=2'
check "in the status" status_says main/ 'configuration .*shop.conf, read 20'
check "which says what sites share" status_says main/ 'the same file for 2 sites'

# -- a bad one --

conf '[site main]
exports = joomshopping
lingre = 5'
check "a mistake is told with file and line" wait_for 10 log_says 'shop.conf:5: .*lingre'
check "and in the status" status_says main/ 'configuration error.*shop.conf:5'
check "what was served is" test -s "$MNT/second/feed.yml"
conf '[site main]
exports = no-such'
check "a mapping that is not there" wait_for 10 log_says 'shop.conf:4: .*no-such'
printf '[shop]\nstate = elsewhere\ndatabase = other.db\n[site main]\n' >"$CONF"
check "another database needs a new mount" wait_for 10 log_says "shop.conf:3: database: .*other.db.* needs a new mount"
check "the status says so too" status_says second/ 'needs a new mount'
check_not "and nothing is made of it" test -e "$WORK/other.db"
rm "$CONF"
kill -HUP "$SHOPFS_PID"
check "one that is away" wait_for 10 log_says "cannot open '.*shop.conf'"
check "the tree stays" test -s "$MNT/second/feed.yml"

# -- what the file says of the rows --

listing() { stat -c '%n %i %s %Y' "$MNT"/*/catalog.csv; }
times() { grep -c -- "$1" "$SHOPFS_LOG"; }
more() { [ "$(times "$1")" -gt "$2" ]; }
conf '[site main]
exports = joomshopping
[site second]
exports = joomshopping
price-list = wholesale'
check "a price list of its own" wait_for 20 log_says "shop.conf:7: site 'second': price-list 'wholesale' in place of 'retail'"
differ() { ! cmp -s "$MNT/main/catalog.csv" "$MNT/second/catalog.csv"; }
check "has other prices" wait_for 10 differ
check_same "as shopctl renders it" "$MNT/second/catalog.csv" <("$SHOPCTL" render "$CONF" catalog.csv --site second 2>/dev/null)
was=$(listing)
count=$(times 'read anew$')
kill -HUP "$SHOPFS_PID"
check "read anew as it is" wait_for 10 more 'read anew$' "$count"
check_equal "nothing is rendered again" "$was" "$(listing)"
sql "UPDATE site SET price_list_id = (SELECT price_list_id FROM site WHERE name = 'main') WHERE name = 'second'"
check_same "a row changed by hand counts" "$MNT/main/catalog.csv" "$MNT/second/catalog.csv"
kill -HUP "$SHOPFS_PID"
check "until the file is read anew" wait_for 10 differ
check_equal "as the log tells" 2 "$(times "price-list 'wholesale' in place of 'retail'")"
conf '[site main]
exports = joomshopping
title = Never seen
[site second]
exports = joomshopping
price-list = dear'
check "a price list that is not there" wait_for 10 log_says "shop.conf:8: price-list: there is no price list 'dear'; there are: .*wholesale"
check "in the status" wait_for 10 status_says second/ "no price list 'dear'"
check_equal "nothing of such a file is written" 0 "$(sql "SELECT count(*) FROM site WHERE title = 'Never seen'")"

# -- another directory --

exec 5<"$MNT/second/catalog.csv"
conf '[site main]
path = second
exports = joomshopping
[site second]
path = first
exports = joomshopping'
check "sites under other names" wait_for 10 test -s "$MNT/first/catalog.csv"
check_equal "and no others" "first second " "$(ls "$MNT" | tr '\n' ' ')"
check_same "each with its own" "$MNT/first/catalog.csv" <(cat <&5)
check_equal "with its inode" "$(stat -L -c %i /dev/fd/5)" "$(stat -c %i "$MNT/first/catalog.csv")"
check_match "in the status" 'site main, directory second,' "$(head -n 1 "$MNT/second/.shopfs/status")"
plain_order 710 "$sku" >"$MNT/second/orders/incoming/moved.xml"
check "an order there" wait_for 20 verdict second/ moved.xml accepted
check_equal "is the site's" main "$(sql "SELECT s.name FROM orders JOIN site s ON s.id = site_id WHERE number = '710'")"
exec 5<&-
conf '[site main]
path = only
exports = joomshopping'
check "a directory for the only site" wait_for 10 test -s "$MNT/only/catalog.csv"
check_equal "where it says so" "only " "$(ls "$MNT" | tr '\n' ' ')"
sql "UPDATE site SET price_list_id = (SELECT price_list_id FROM site WHERE name = 'main') WHERE name = 'second'"
conf '[site main]
exports = joomshopping
[site second]
exports = yml'
check "back" wait_for 20 test -s "$MNT/second/feed.yml"

# -- limits, owner, order mappings --

conf '[site main]
exports = joomshopping
linger = 5
max-upload = 1k
[site second]
exports = yml
orders = plain
group = daemon
[site third]
exports = joomshopping'
check "changed" wait_for 20 test -d "$MNT/third"
check_not "an export that was taken out is away" test -e "$MNT/second/catalog.csv"
check "the other is there" test -s "$MNT/second/feed.yml"
check_not "a limit holds at once" sh -c "head -c 3000 /dev/zero >'$MNT/main/orders/incoming/big.xml'"
check "it is the site's" sh -c "head -c 3000 /dev/zero >'$MNT/third/orders/incoming/big.xml'"
if [ "$(id -u)" = 0 ]; then
    check_equal "the group of its directory" "750 root:daemon" "$(stat -c '%a %U:%G' "$MNT/second")"
    check_equal "and of what it was told" "550 daemon" "$(stat -c '%a %G' "$MNT/second/orders/results")"
fi
check_equal "the owner of the others" "755 root" "$(stat -c '%a %G' "$MNT/main")"

# Order mappings are read anew like the others.
cp "$ROOT/mapping/order/plain.xml" "$WORK/own.xml"
conf "[site main]
exports = joomshopping
orders = $WORK/own.xml"
check "one site is the root again" wait_for 20 test -s "$MNT/catalog.csv"
check "who left is told" log_says "site 'second' is no longer served"
plain_order 701 "$sku" >"$MNT/orders/incoming/own.xml"
check "a mapping of its own" wait_for 20 verdict '' own.xml accepted
sed -i 's/<order-mapping /<order-mapping oops="1" /' "$WORK/own.xml"
check "a broken one is told" wait_for 10 log_says 'order mapping as it was stays in service: .*own.xml:'
check "in the status too" status_says '' 'order mapping as it was stays in service'
plain_order 702 "$sku" >"$MNT/orders/incoming/own2.xml"
check "and the one before decides" wait_for 20 verdict '' own2.xml accepted
cp "$ROOT/mapping/order/plain.xml" "$WORK/own.xml"
check "a mended one takes over" wait_for 10 log_says 'own.xml.* is in service again'
check_not "and the error is gone" status_says '' 'order mapping as'

# -- a site that goes while it has work --

conf '[site main]
exports = joomshopping
[site second]
exports = yml'
check "back again" wait_for 20 test -d "$MNT/second/orders/incoming"
sqlite3 "$DB" >"$WORK/locked" 2>&1 <<'SQL' &
.timeout 20000
BEGIN IMMEDIATE;
SELECT 'held';
.shell sleep 4
COMMIT;
SQL
locker=$!
wait_for 10 grep -q held "$WORK/locked"
plain_order 800 "$sku" >"$MNT/second/orders/incoming/left.xml"
exec 7>"$MNT/second/orders/incoming/open.xml"
plain_order 801 "$sku" | head -c 100 >&7
conf '[site main]
exports = joomshopping'
check "the site is away from new lookups" wait_for 10 test -s "$MNT/catalog.csv"
check_not "its directory too" test -e "$MNT/second"
plain_order 801 "$sku" | tail -c +101 >&7
check "an upload into it goes on" exec_close
wait $locker
order_is_in() { [ "$(orders_with "$1")" = 1 ]; }
check "what waited for the database is decided" wait_for 30 order_is_in 800
check "and what was still being written" wait_for 30 order_is_in 801

# -- while everything is busy --

for i in $(seq 1 8); do
    conf "[site main]
exports = joomshopping
linger = $((5 + i))
[site second]
exports = yml$([ $((i % 2)) = 0 ] && printf '\n[site third]\nexports = joomshopping')"
    kill -HUP "$SHOPFS_PID"
    plain_order $((900 + i)) "$sku" >"$WORK/o"
    cp "$WORK/o" "$MNT/main/orders/incoming/o$i.xml" 2>/dev/null || cp "$WORK/o" "$MNT/orders/incoming/o$i.xml"
    cat "$MNT"/*/catalog.csv >/dev/null 2>&1
    ls -lR "$MNT" >/dev/null 2>&1
    sleep 0.1
done
all_in() { [ "$(sql "SELECT count(*) FROM orders WHERE number BETWEEN '901' AND '908'")" = 8 ]; }
check "every order is in, once" wait_for 30 all_in

# -- a site that waits is remembered by the next mount --

wait_for 20 test -d "$MNT/third/orders"
plain_order 950 "$sku" | head -c 200 >"$MNT/second/orders/incoming/half.xml"
unmount_shop
conf '[site main]
exports = joomshopping'
start_shop '' "$CONF"
check "uploads of a site that is away are told" log_says "[0-9] uploads of 'second' wait in"
unmount_shop
conf '[site main]
exports = joomshopping
[site second]
exports = yml'
start_shop '' "$CONF"
check_equal "and there again with it" 200 "$(stat -c %s "$MNT/second/orders/incoming/half.xml")"
finish
