#!/bin/bash
# A change in the database is in the next stat and the next read; who has a file open keeps the version he opened;
# what changes no byte publishes nothing.
. "$(dirname "$0")/../lib/system.sh"
. "$(dirname "$0")/../lib/shop.sh"
need sqlite3 rsync python3

mount_shop 300
sku=$(some_sku)
id=$(sql "SELECT id FROM product WHERE sku = '$sku'")

# set_price UNITS
set_price() {
    sql "UPDATE price SET price_e4 = $1 * 10000 WHERE product_id = $id AND variant_id = 0 AND min_qty_e3 = 0
            AND price_list_id = (SELECT price_list_id FROM site)"
}
identity() {
    stat -c '%i %s %Y' "$MNT/${1:-catalog.csv}"
}

# -- at once --

cat "$MNT/catalog.csv" >"$WORK/old.csv"
old=$(stat -c %i "$MNT/catalog.csv")
old_time=$(stat -c %Y "$MNT/catalog.csv")
exec 5<"$MNT/catalog.csv"
head -c 100 <&5 >/dev/null # the offset is wherever head left it
exec 6<"$MNT/feed.yml"
cat "$MNT/feed.yml" >"$WORK/old.yml"

set_price 4711
new_size=$(stat -c %s "$MNT/catalog.csv")
cat "$MNT/catalog.csv" >"$WORK/new.csv"
rendered catalog.csv >"$WORK/render.csv"
check_same "the next read shows the new price" "$WORK/new.csv" "$WORK/render.csv"
check_equal "the stat before it had the new size" "$(wc -c <"$WORK/render.csv")" "$new_size"
check "the row has it" grep -q 4711 "$WORK/new.csv"
check_not "the old one had not" cmp -s "$WORK/old.csv" "$WORK/new.csv"
check "a new inode" test "$(stat -c %i "$MNT/catalog.csv")" != "$old"
check "a later mtime" test "$(stat -c %Y "$MNT/catalog.csv")" -gt "$old_time"
check_same "feed.yml shows it too" "$MNT/feed.yml" <(rendered feed.yml)

# -- an open reader --

check_equal "fstat of the open file is still the old one" "$(wc -c <"$WORK/old.csv")" "$(stat -L -c %s /proc/self/fd/5)"
check_same "an open reader reads the old version whole" <(python3 -c '
import os, sys
os.lseek(5, 0, 0)
while True:
    b = os.read(5, 65536)
    if not b: break
    sys.stdout.buffer.write(b)' 5<&5) "$WORK/old.csv"
check_same "one who had not begun to read too" <(cat <&6) "$WORK/old.yml"
exec 5<&- 6<&-

# -- every time --

# Equal sizes in a row: a mirror that looks at size and second must see each of them.
: >"$WORK/seen"
wrong=0
for price in 5001 5002 5003 5004; do
    set_price $price
    line=$(stat -c '%s %Y' "$MNT/catalog.csv")
    sum=$(sha256sum <"$MNT/catalog.csv")
    echo "$line $sum" >>"$WORK/seen"
    grep -q $price "$MNT/catalog.csv" || wrong=$((wrong + 1))
done
check_equal "each of four quick commits was seen by the read after it" 0 $wrong
check_equal "no two of them share size and second" 4 "$(cut -d' ' -f1,2 "$WORK/seen" | sort -u | wc -l)"

rsync -a "$MNT/catalog.csv" "$WORK/mirror.csv"
set_price 6001
rsync -a "$MNT/catalog.csv" "$WORK/mirror.csv"
check_same "rsync fetches a change of the same size" "$WORK/mirror.csv" <(rendered catalog.csv)

# -- edits without effect --

was=$(identity; identity feed.yml)
sql "UPDATE stock SET on_hand_e3 = on_hand_e3 + 7000, reserved_e3 = reserved_e3 + 7000 WHERE product_id = $id"
check_equal "stock and reservation growing alike publish nothing" "$was" "$(identity; identity feed.yml)"
set_price 6001
check_equal "a price set to what it was publishes nothing" "$was" "$(identity; identity feed.yml)"
sql "BEGIN; UPDATE price SET price_e4 = price_e4 * 2; ROLLBACK"
check_equal "a transaction rolled back publishes nothing" "$was" "$(identity; identity feed.yml)"

# A price there and back again is the old bytes, under a new time or the old one, never a different file.
set_price 6002
cat "$MNT/catalog.csv" >/dev/null
set_price 6001
check_same "there and back" "$MNT/catalog.csv" "$WORK/mirror.csv"

# -- all the kinds of change --

same() {
    check_same "$1" "$MNT/catalog.csv" <(rendered catalog.csv)
    check_same "$1 (feed)" "$MNT/feed.yml" <(rendered feed.yml)
}
sql "UPDATE product_text SET name = 'Renamed \"thing\"; with, all' WHERE product_id = $id"
check "a name with quotes and separators" grep -q 'Renamed' "$MNT/catalog.csv"
same "a renamed product"
sql "UPDATE product SET active = 0 WHERE id = $id"
check_not "an inactive product is out of the feed" grep -q 'Renamed' "$MNT/feed.yml"
same "an inactive product"
sql "INSERT INTO product (sku, unit_id, vat_rate_id) SELECT 'BRAND-NEW', unit_id, vat_rate_id FROM product LIMIT 1;
     INSERT INTO product_text (product_id, language, name) SELECT p.id, s.language, 'Brand new' FROM product p, site s WHERE sku = 'BRAND-NEW';
     INSERT INTO price (product_id, price_list_id, price_e4) SELECT p.id, s.price_list_id, 990000 FROM product p, site s WHERE sku = 'BRAND-NEW';"
check "a new product" grep -q 'BRAND-NEW' "$MNT/catalog.csv"
same "a new product"
sql "PRAGMA foreign_keys = ON; DELETE FROM product WHERE sku = 'BRAND-NEW'"
check_not "a deleted product" grep -q 'BRAND-NEW' "$MNT/catalog.csv"
same "a deleted product"
sql "UPDATE category_text SET name = name || ' *'"
same "categories renamed"
sql "UPDATE price SET price_e4 = price_e4 + 10000"
same "every price changed"

# One thread that commits and looks, without a pause: it sees every commit of its own.
check_equal "a program sees each of its own commits" "" "$(python3 - "$DB" "$MNT/catalog.csv" <<'END'
import os, sqlite3, sys
db = sqlite3.connect(sys.argv[1], timeout=20)
for i in range(7):
    os.stat(sys.argv[2])
    with db:
        db.execute("UPDATE price SET price_e4 = ? WHERE min_qty_e3 = 0", ((2000 + i) * 10000,))
    size = os.stat(sys.argv[2]).st_size
    text = open(sys.argv[2], "rb").read()
    if b"%d" % (2000 + i) not in text or len(text) != size:
        print("commit", i, "is not seen")
END
)"

# -- under a stream of commits --

# One commit sets every price alike: a file with two of them mixes commits.
sql "UPDATE price SET price_e4 = 10000000 WHERE min_qty_e3 = 0"
writer() {
    local i=0
    while [ ! -e "$WORK/enough" ]; do
        i=$(((i + 1) % 1000))
        sql "UPDATE price SET price_e4 = (1000000 + $i) * 10000 WHERE min_qty_e3 = 0" || return 1
        sleep 0.03
    done
}
writer &
writing=$!
torn=
failed=
for round in $(seq 1 6); do
    rm -f "$WORK/stream.csv"
    case $round in
    1 | 2) cat "$MNT/catalog.csv" >"$WORK/stream.csv" || failed+=" cat" ;;
    3 | 4) # cp refuses a file that was replaced between its stat and its open; that is rare, not the rule
        cp "$MNT/catalog.csv" "$WORK/stream.csv" 2>"$WORK/why" || cp "$MNT/catalog.csv" "$WORK/stream.csv" 2>"$WORK/why" ||
            cp "$MNT/catalog.csv" "$WORK/stream.csv" 2>"$WORK/why" || failed+=" $(cat "$WORK/why")" ;;
    5 | 6) rsync "$MNT/catalog.csv" "$WORK/stream.csv" 2>"$WORK/why" || failed+=" $(cat "$WORK/why")" ;;
    esac
    [ -e "$WORK/stream.csv" ] || continue
    prices=$(python3 - "$WORK/stream.csv" <<'END'
import csv, sys
with open(sys.argv[1], newline="", encoding="utf-8") as f:
    print(*sorted({r["price"] for r in csv.DictReader(f, delimiter=";")} - {""}))
END
    )
    [[ $prices =~ ^[0-9.]+$ ]] || torn+=" $round: $prices"
done
touch "$WORK/enough"
check "the writer was not disturbed" wait $writing
check_equal "cat, cp and rsync copy under a stream of commits" "" "$failed"
check_equal "no copy mixes two commits" "" "$torn"
same "after the stream"

finish
