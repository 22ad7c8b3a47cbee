#!/bin/bash
# Mappings edited while they are served, files that would shrink, and `shopctl exports` beside the mount.
. "$(dirname "$0")/../lib/system.sh"
. "$(dirname "$0")/../lib/shop.sh"
need sqlite3

make_shop 100
mapping=$WORK/mine.xml
# write_mapping TEXT [ATTRIBUTES]: the first column's name; by rename, as editors do
write_mapping() {
    cat >"$mapping.new" <<END
<export xmlns="urn:shopfs:mapping" path="exports/mine.csv" title="Mine" ${2-}>
  <csv><rows of="product" where="active = 1">
    <column name="$1" value="sku"/>
    <column name="price" value="price" format="decimal(2)"/>
  </rows></csv>
</export>
END
    mv "$mapping.new" "$mapping"
}
head_is() { [ "$(head -n 1 "$MNT/exports/mine.csv")" = "$1,price" ]; }
status_says() { grep -q -- "$1" "$MNT/.shopfs/status"; }
log_says() { grep -q -- "$1" "$SHOPFS_LOG"; }

write_mapping first
configure "exports = $mapping, yml"
check_match "before any mount nothing is known of the file" '^exports/mine.csv,,' \
    "$("$SHOPCTL" exports "$CONF" --format=csv | grep mine | cut -d, -f4-)"
start_shop row-limit=1 "$CONF"
check "the mapping is in service" head_is first
inode=$(stat -c %i "$MNT/exports/mine.csv")
exec 5<"$MNT/exports/mine.csv"

# -- a good mapping, by inotify and by SIGHUP --

write_mapping second
check "an edited mapping takes over by itself" wait_for 10 head_is second
check "with a new inode" test "$(stat -c %i "$MNT/exports/mine.csv")" != "$inode"
check_equal "who had the file open keeps it" "first,price" "$(head -n 1 <&5)"
exec 5<&-
check_same "as shopctl renders it" "$MNT/exports/mine.csv" <("$SHOPCTL" render "$CONF" exports/mine.csv)
inode=$(stat -c %i "$MNT/exports/mine.csv")
touch "$mapping"
sleep 1
check_equal "a touch is no new version" "$inode" "$(stat -c %i "$MNT/exports/mine.csv")"
kill -HUP "$SHOPFS_PID"
check "SIGHUP is heard" wait_for 10 log_says 'read anew as asked'
check "and survived" head_is second
check_equal "and is no new version either" "$inode" "$(stat -c %i "$MNT/exports/mine.csv")"

# -- a broken one --

sed -i 's/value="price"/value="prize"/' "$mapping"
check "a broken mapping is told in the log" wait_for 10 log_says 'mine.xml:4:'
check "and in the status, with file and line" status_says 'mine.xml:4:'
check "while the one before stays" head_is second
sql "UPDATE product SET sku = 'NEW-CODE' WHERE id = (SELECT min(id) FROM product WHERE active = 1)"
check "and shows what changes" grep -q NEW-CODE "$MNT/exports/mine.csv"
check_match "shopctl exports says so too" 'mine.xml:4.*prize' "$("$SHOPCTL" exports "$CONF")"
sed -i '4s/value="sku"/value="name"/; s/format="decimal(2)"//; s/value="prize"/value="name" format="decimal(2)"/' "$mapping"
check "one that cannot be rendered neither" wait_for 10 sh -c "head -n 1 '$MNT/exports/mine.csv' | grep -q second && grep -q 'is not a number' '$MNT/.shopfs/status'"
sed -i 's/value="name" format="decimal(2)"/value="(WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n)"/' "$mapping"
check "nor one that would never end" wait_for 20 sh -c "head -n 1 '$MNT/exports/mine.csv' | grep -q second && grep -q 'takes longer than 1000 ms' '$MNT/.shopfs/status'"
write_mapping third
check "a mended one takes over" wait_for 10 head_is third
check_not "and the error is gone" status_says 'mine.xml'
rm "$mapping"
sleep 1
check "a document that goes away changes nothing" head_is third
write_mapping fourth
check "when it is back it is taken" wait_for 10 head_is fourth

# -- a file that would shrink --

write_mapping guarded 'keep-rows="80%"'
check "a guard" wait_for 10 head_is guarded
rows=$(wc -l <"$MNT/exports/mine.csv")
sql "UPDATE product SET active = 0 WHERE id % 2 = 0"
check_equal "half of the rows gone is an accident" "$rows" "$(wc -l <"$MNT/exports/mine.csv")"
check "the status has the counts" status_says "rows are left, less than the 80% that keep-rows asks for"
check "the log has what to do" log_says 'accept exports/mine.csv'
check_match "shopctl exports has it" 'rows are left' "$("$SHOPCTL" exports "$CONF")"
check_not "accept of another file" "$SHOPCTL" exports "$CONF" accept feed.yml
check "accept" "$SHOPCTL" exports "$CONF" accept exports/mine.csv
check "is heard at once" test "$(wc -l <"$MNT/exports/mine.csv")" -lt $((rows * 8 / 10))
check_not "and the error is gone" status_says 'rows are left'
check_not "accept is for once" "$SHOPCTL" exports "$CONF" accept exports/mine.csv

# -- the list --

check "the feed is there" stat "$MNT/feed.yml"
row=$("$SHOPCTL" exports "$CONF" --format=csv | grep mine.xml)
check_equal "size and rows in the list" "yes,exports/mine.csv,$(stat -c %s "$MNT/exports/mine.csv"),$(($(wc -l <"$MNT/exports/mine.csv") - 1))" \
    "$(cut -d, -f3-6 <<<"$row")"
check_match "what is shipped and not enabled" 'joomshopping +no' "$("$SHOPCTL" exports "$CONF")"
unmount_shop
check_equal "the same without a mount" "$row" "$("$SHOPCTL" exports "$CONF" --format=csv | grep mine.xml)"
finish
