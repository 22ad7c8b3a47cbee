#!/bin/bash
# An older copy of the database is put back, tables and views are changed by hand: what no trigger records is seen all the
# same, in a running mount and after a restart, also where the change sequence climbs to a number that was seen before.
. "$(dirname "$0")/../lib/system.sh"
. "$(dirname "$0")/../lib/shop.sh"
need sqlite3

mount_shop 200
first=$(some_sku) second=$(some_sku 5)
sequence() { sql "SELECT sequence FROM change_sequence"; }
# price SKU AMOUNT_E4: with another one first
price() {
    sql "UPDATE price SET price_e4 = $2 + 10000 WHERE product_id = (SELECT id FROM product WHERE sku = '$1');
         UPDATE price SET price_e4 = $2 WHERE product_id = (SELECT id FROM product WHERE sku = '$1')"
}
# is_right WHAT: the exports are what the database is
is_right() {
    local path
    for path in catalog.csv feed.yml; do
        rendered "$path" >"$WORK/render"
        check_same "$1: $path" "$MNT/$path" "$WORK/render"
    done
}
# climb NUMBER: one product's name is written until the sequence is there
climb() {
    while [ "$(sequence)" -lt "$1" ]; do
        sql "UPDATE product_text SET name = name || '+' WHERE product_id = (SELECT id FROM product WHERE sku = '$second')
                AND language = (SELECT language FROM site)"
    done
}

is_right "at first"
sql ".backup '$WORK/old.db'"
sleep 1.1
price "$first" 7770000
is_right "after an edit"
known=$(sequence)

# -- restored while mounted --

for up in 0 1 4; do
    sql ".restore '$WORK/old.db'"
    [ "$up" = 0 ] || climb $((known + up - 1))
    is_right "restored in use, climbed to $(($(sequence) - known)) of what was known"
    sql ".restore '$WORK/old.db'"
    sleep 1.1
    price "$first" 7770000
    is_right "and changed again"
    known=$(sequence)
done

# -- copied back while not mounted --

for up in 0 1 4; do
    unmount_shop
    inode=$(stat -c %i "$DB")
    rm -f "$DB"-wal "$DB"-shm
    cp "$WORK/old.db" "$DB"
    check_equal "the file is the same" "$inode" "$(stat -c %i "$DB")"
    [ "$up" = 0 ] || climb $((known + up - 1))
    start_shop
    is_right "copied back, climbed to $(($(sequence) - known)) of what was known"
    sleep 1.1
    price "$first" 7770000
    is_right "and changed again"
    known=$(sequence)
done

# -- tables and views --

stamp() { stat -c '%i %Y %s' "$MNT/catalog.csv"; }
before=$(stamp)
sql "CREATE TABLE my_own (a)"
check_equal "a table of somebody's own makes no version" "$before" "$(stamp)"
is_right "with a table of somebody's own"

cp "$MNT/catalog.csv" "$WORK/good.csv"
sql ".backup '$WORK/good.db'"
sql "DROP VIEW v_stock; DROP TABLE price"
check_same "a table dropped: the last good version stays" "$MNT/catalog.csv" "$WORK/good.csv"
check_match "and the status says so at once" 'error: .*(price|v_stock)' "$(grep -A4 '^catalog.csv' "$MNT/.shopfs/status")"
sql ".restore '$WORK/good.db'"
is_well() { stat "$MNT/catalog.csv" >/dev/null; grep -A4 '^catalog.csv' "$MNT/.shopfs/status" | grep -q 'no error'; }
check "the status is good" wait_for 20 is_well
is_right "with the table back"

# A view that reads other tables from now on: their changes count.
view=$(sql "SELECT sql FROM sqlite_schema WHERE name = 'v_product'")
sql "DROP VIEW v_product; ${view/CREATE VIEW v_product/CREATE VIEW v_product_kept};
     CREATE VIEW v_product AS SELECT * FROM v_product_kept WHERE product_id NOT IN
         (SELECT product_id FROM barcode WHERE barcode = '4006381333931')"
is_right "a view made anew"
lines=$(wc -l <"$MNT/catalog.csv")
sql "INSERT INTO barcode (product_id, barcode) SELECT id, '4006381333931' FROM product WHERE sku = '$second'"
is_right "the table it reads now was changed"
check "and a product is gone" test "$(wc -l <"$MNT/catalog.csv")" -lt "$lines"

finish
