#!/bin/bash
# A mapping that makes a file for each row of a kind: the files come and go with the rows, at the next look.
. "$(dirname "$0")/../lib/system.sh"
. "$(dirname "$0")/../lib/shop.sh"
need sqlite3


cat >"$WORK/many.xml" <<'EOX'
<export xmlns="urn:shopfs:mapping" path="prices/{code}.csv" for="price_list">
  <csv>
    <rows of="price" where="price_list_id = for.price_list_id AND min_qty = 0">
      <column name="list" value="for.name"/>
      <column name="product" value="product_id"/>
      <column name="price" value="price" format="decimal(2)"/>
    </rows>
  </csv>
</export>
EOX
sed 's|prices/{code}.csv|{code}/deep.csv|' <"$WORK/many.xml" >"$WORK/deep.xml"
make_shop 40
configure "exports = joomshopping, many.xml, deep.xml"
start_shop "" "$CONF"

names() { (cd "$MNT/${1:-prices}" && echo *); }
listed() { check_equal "$1" "$2" "$(names)"; }
name_is() { check_equal "$1" "$2" "$(head -n 2 "$MNT/prices/$3" | tail -n 1 | cut -d, -f1)"; }

listed "a file for each price list" "eur.csv eur.csv.sha256 retail.csv retail.csv.sha256 wholesale.csv wholesale.csv.sha256"
check_same "as shopctl renders it" "$MNT/prices/retail.csv" <("$SHOPCTL" render "$CONF" prices/retail.csv)
check_equal "the checksum is that of the file" "$(sha256sum <"$MNT/prices/retail.csv" | cut -d' ' -f1)" "$(cut -d' ' -f1 "$MNT/prices/retail.csv.sha256")"
check_not "no file of nothing" test -e "$MNT/prices/vip.csv"

# -- a row comes --

sql "INSERT INTO price_list (id, code, name, currency) VALUES (900, 'vip', 'Best', 'UAH');
     INSERT INTO price (product_id, price_list_id, price_e4) SELECT id, 900, 12340000 FROM product WHERE id < 4"
check "a stat after the commit shows it" test -s "$MNT/prices/vip.csv"
check_equal "with its rows" "Best,1,1234.00" "$(sed -n 2p "$MNT/prices/vip.csv")"
listed "a listing too" "eur.csv eur.csv.sha256 retail.csv retail.csv.sha256 vip.csv vip.csv.sha256 wholesale.csv wholesale.csv.sha256"
check "a directory of its own as well" test -s "$MNT/vip/deep.csv"
check "the others are as they were" test -s "$MNT/prices/retail.csv"
check_match "the status has it" 'prices/vip.csv' "$(cat "$MNT/.shopfs/status")"
check_match "and shopctl exports" 'prices/vip.csv.* 3 ' "$("$SHOPCTL" exports "$CONF")"

# -- it changes, in its values and in its name --

inode=$(stat -c %i "$MNT/prices/retail.csv")
sql "UPDATE price_list SET name = 'Very best' WHERE id = 900"
name_is "a value of the row" "Very best" vip.csv
sql "UPDATE price SET price_e4 = 20000 WHERE price_list_id = 900 AND product_id = 1"
check_equal "and its rows" "Very best,1,2.00" "$(sed -n 2p "$MNT/prices/vip.csv")"
exec 5<"$MNT/prices/vip.csv"
mtime=$(stat -c %Y "$MNT/prices/vip.csv")
sql "UPDATE price_list SET code = 'gold' WHERE id = 900"
check "another name: it is there" test -s "$MNT/prices/gold.csv"
check_not "and not under the old one" test -e "$MNT/prices/vip.csv"
check_not "nor its directory" test -e "$MNT/vip"
check_not "nor in the listing" grep -q vip <(names)
spooled() { find "$WORK" -path '*spool*' -name "*$1*"; }
held() { readlink "/proc/$SHOPFS_PID"/fd/* | grep -q "vip.*deleted"; }
freed() { ! held; }
no_longer() { [ -z "$(spooled "$1")" ]; }
check "it leaves the spool" wait_for 20 no_longer vip
check "but its bytes are kept" held
check_equal "who has it open reads on" "Very best,1,2.00" "$(sed -n 2p <&5)"
exec 5<&-
check "until he closes it" wait_for 10 freed
gold=$(stat -c '%i %Y' "$MNT/prices/gold.csv")
sql "UPDATE price_list SET code = 'vip' WHERE id = 900"
check_equal "it comes back" "Very best,1,2.00" "$(sed -n 2p "$MNT/prices/vip.csv")"
check "as a later version" test "$(stat -c %Y "$MNT/prices/vip.csv")" -gt "$mtime"
sql "UPDATE price_list SET code = 'gold' WHERE id = 900"
check_equal "one that was away for a moment is as it was" "$gold" "$(stat -c '%i %Y' "$MNT/prices/gold.csv")"
check_equal "the other lists are untouched" "$inode" "$(stat -c %i "$MNT/prices/retail.csv")"

# -- names from data --

sql "INSERT INTO price_list (id, code, name, currency) VALUES (901, '../../etc/x', 'bad', 'UAH')"
check "what no name can hold is replaced" test -e "$MNT/prices/_._.._etc_x.csv"
sql "INSERT INTO price_list (id, code, name, currency) VALUES (902, '..\\..\\etc\\x', 'worse', 'UAH')"
check_match "a second row with a name is told" "like a row before it" "$(cat "$MNT/.shopfs/status")"
name_is "and the first one served" "$(head -n 2 "$MNT/prices/_._.._etc_x.csv" | tail -n 1 | cut -d, -f1)" "_._.._etc_x.csv"
check_match "and in the log" "like a row before it" "$(cat "$SHOPFS_LOG")"
check_match "and by check" "warning: row .* like a row before it" "$("$SHOPCTL" check "$CONF")"
sql "DELETE FROM price_list WHERE id IN (901, 902)"
check_not "both go" grep -q etc <(names)
check_not "and so does the remark" grep -q 'like a row' "$MNT/.shopfs/status"

# -- after a restart --

before=$(stat -c '%s %Y' "$MNT/prices/gold.csv")
unmount_shop
sql "DELETE FROM price WHERE price_list_id = 900 AND product_id = 2"
start_shop "" "$CONF"
check_not "a change while away is seen" grep -q '^Very best,2,' "$MNT/prices/gold.csv"
sleep 1
after=$(stat -c '%s %Y' "$MNT/prices/gold.csv")
check_not "as another version" test "$before" = "$after"
retail=$(stat -c '%s %Y' "$MNT/prices/retail.csv")
unmount_shop
start_shop "" "$CONF"
check_equal "what did not change is as it was" "$retail" "$(stat -c '%s %Y' "$MNT/prices/retail.csv")"

# -- a row goes --

sql "DELETE FROM price WHERE price_list_id = 900; DELETE FROM price_list WHERE id = 900"
check_not "a stat after the commit does not find it" test -e "$MNT/prices/gold.csv"
listed "nor does a listing" "eur.csv eur.csv.sha256 retail.csv retail.csv.sha256 wholesale.csv wholesale.csv.sha256"
unmount_shop
start_shop "" "$CONF"
check "the others are there" test -s "$MNT/prices/retail.csv"
check_equal "nothing of it is left in the spool" "" "$(spooled gold)"

# -- the document --

sed -i 's/code}/kode}/' "$WORK/many.xml"
check "a broken one is told" wait_for 10 grep -q 'no such column: kode' "$MNT/.shopfs/status"
check "its files stay" test -s "$MNT/prices/retail.csv"
sql "UPDATE price SET price_e4 = 70000 WHERE price_list_id = (SELECT id FROM price_list WHERE code = 'retail') AND product_id = 1 AND min_qty_e3 = 0"
check "and follow the shop" grep -q ',1,7.00' "$MNT/prices/retail.csv"
sed -i 's/kode}/code}/; s/name="price"/name="cost"/' "$WORK/many.xml"
check "a mended one takes over" wait_for 10 grep -q '^list,product,cost' "$MNT/prices/retail.csv"

# -- all at once: rows come and go, the configuration is read anew, many look --

stop=$WORK/stop
look() {
    until [ -e "$stop" ]; do
        names >/dev/null
        stat "$MNT/prices/flip.csv" "$MNT/flip/deep.csv" "$MNT/prices/retail.csv" >/dev/null 2>&1
        cat "$MNT"/prices/*.csv >/dev/null 2>&1
    done
}
lookers=()
for _ in 1 2 3; do
    look &
    lookers+=($!)
done
for i in $(seq 25); do
    sql "INSERT INTO price_list (id, code, name, currency) VALUES (950, 'flip', 'n$i', 'UAH')"
    [ -e "$MNT/prices/flip.csv" ] || fail "round $i: it is there"
    [ $((i % 3)) != 0 ] || kill -HUP "$SHOPFS_PID"
    sql "DELETE FROM price_list WHERE id = 950"
    [ ! -e "$MNT/prices/flip.csv" ] || fail "round $i: it is gone"
done
: >"$stop"
quiet() { ! kill -0 "${lookers[@]}" 2>/dev/null; }
check "nobody hangs" wait_for 20 quiet
listed "and all is as it was" "eur.csv eur.csv.sha256 retail.csv retail.csv.sha256 wholesale.csv wholesale.csv.sha256"
finish
