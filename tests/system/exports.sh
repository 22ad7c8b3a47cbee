#!/bin/bash
# The exported files as an operator's tools see them: the tree, exact sizes, byte for byte what `shopctl render`
# writes, and rsync that has nothing to do.
. "$(dirname "$0")/../lib/system.sh"
. "$(dirname "$0")/../lib/shop.sh"
need rsync sqlite3 python3

mount_shop 300

# -- the tree --

tree=$(cd "$MNT" && find . -mindepth 1 -maxdepth 2 -not -path './images/*' -printf '%P %y %m\n' | sort)
check_equal "the tree" "catalog.csv f 444
feed.yml f 444
images d 755
orders d 755
orders/check d 1777
orders/incoming d 1777
orders/processed d 755
orders/rejected d 755
orders/results d 755
orders/status.csv f 444
orders/status.csv.sha256 f 444
orders/status.xml f 444
orders/status.xml.sha256 f 444" "$(grep -vE '^catalog.csv\.|^feed.yml\.' <<<"$tree")"
check_equal "its root" "755 0 0 directory" "$(stat -c '%a %u %g %F' "$MNT/.")"
check "ls -lR shows no error" ls -lR "$MNT"
check "ls -la shows . and .." test "$(ls -a "$MNT" | head -n 2 | tr '\n' ' ')" = ". .. "
check "find without stat knows what is a directory" test "$(find "$MNT" -maxdepth 1 -type d | wc -l)" = 3
check_not "what is not there is not there" stat "$MNT/no-such-file"

# -- sizes before a byte is read --

for name in catalog.csv feed.yml; do
    size=$(stat -c %s "$MNT/$name")
    blocks=$(stat -c %b "$MNT/$name")
    check "$name has a size" test "$size" -gt 1000
    check_equal "$name: st_size is what a reader gets" "$size" "$(cat "$MNT/$name" | wc -c)"
    check_equal "$name: st_blocks" $(((size + 511) / 512)) "$blocks"
    check_equal "$name: nlink" 1 "$(stat -c %h "$MNT/$name")"
    rendered "$name" >"$WORK/render-$name"
    check_same "$name: cat" <(cat "$MNT/$name") "$WORK/render-$name"
    check "$name: cp" cp "$MNT/$name" "$WORK/copy"
    check_same "$name: cp gives the same bytes" "$WORK/copy" "$WORK/render-$name"
    check_same "$name: dd by bytes" <(dd if="$MNT/$name" bs=777 status=none) "$WORK/render-$name"
    check_same "$name: from the middle" <(tail -c +12346 "$MNT/$name") <(tail -c +12346 "$WORK/render-$name")
    check_same "$name: tail reads backwards" <(tail -n 7 "$MNT/$name") <(tail -n 7 "$WORK/render-$name")
    check_equal "$name: tar of it has the data" "$(sha256sum <"$WORK/render-$name")" \
        "$(tar -C "$MNT" -cSf - "$name" | tar -xOf - | sha256sum)"
    check_equal "$name: mapped memory" "$(sha256sum <"$WORK/render-$name")" "$(python3 - "$MNT/$name" <<'END'
import hashlib, mmap, sys
with open(sys.argv[1], "rb") as f, mmap.mmap(f.fileno(), 0, prot=mmap.PROT_READ) as m:
    print(hashlib.sha256(m).hexdigest() + "  -")
END
)"
done
check "df has free space to show" test "$(stat -f -c %a "$MNT")" -gt 0

# -- rsync --

check "rsync copies the shop" rsync -a "$MNT/" "$WORK/mirror/"
check_same "rsync: catalog.csv" "$WORK/mirror/catalog.csv" "$WORK/render-catalog.csv"
check_same "rsync: feed.yml" "$WORK/mirror/feed.yml" "$WORK/render-feed.yml"
check_equal "a second rsync does nothing" "" "$(rsync -ai "$MNT/" "$WORK/mirror/" 2>&1)"
check_equal "a second rsync --checksum finds no difference" "" "$(rsync -aic "$MNT/" "$WORK/mirror/" 2>&1)"

before=$(stat -c '%n %s %Y' "$MNT/catalog.csv" "$MNT/feed.yml")
unmount_shop
start_shop
check_equal "after a restart rsync does nothing" "" "$(rsync -ai "$MNT/" "$WORK/mirror/" 2>&1)"
check_equal "after a restart sizes and times are the same" "$before" "$(stat -c '%n %s %Y' "$MNT/catalog.csv" "$MNT/feed.yml")"
check_same "after a restart the bytes are the same" "$MNT/catalog.csv" "$WORK/render-catalog.csv"

# What only the operating system forgot: the mount died without a word.
kill_shop KILL
start_shop
check_equal "after a crash rsync does nothing" "" "$(rsync -ai "$MNT/" "$WORK/mirror/" 2>&1)"

# -- not for writing --

for action in ": >'$MNT/catalog.csv'" "echo x >>'$MNT/catalog.csv'" "rm -f '$MNT/catalog.csv'" \
    "mv '$MNT/catalog.csv' '$MNT/c.csv'" "truncate -s 0 '$MNT/feed.yml'" "touch '$MNT/new.txt'" "mkdir '$MNT/new'" \
    "touch '$MNT/images/new.png'" "rm -f '$MNT'/images/*.png" "rmdir '$MNT/orders/results'" \
    "ln '$MNT/catalog.csv' '$MNT/orders/incoming/c.xml'" "touch '$MNT/orders/results/mine.txt'" \
    "mv '$MNT/catalog.csv' '$MNT/orders/incoming/c.xml'"; do
    check_not "refused: ${action//"$MNT/"/}" sh -c "$action"
done
check_same "after all that the catalogue is what it was" "$MNT/catalog.csv" "$WORK/render-catalog.csv"

# -- status --

check_not ".shopfs is not listed" sh -c "ls -a '$MNT' | grep -q shopfs"
check_match ".shopfs/status names the exports" 'catalog\.csv' "$(cat "$MNT/.shopfs/status" 2>&1)"
check_match ".shopfs/status has no error" 'no error' "$(cat "$MNT/.shopfs/status" 2>&1)"

# -- what is spliced is not read: libfuse copies without a word where it cannot --

read_by_mount() { sed -n 's/^rchar: //p' "/proc/$SHOPFS_PID/io"; }
if [ -r "/proc/$SHOPFS_PID/io" ]; then
    sql "UPDATE price SET price_e4 = price_e4 + 10000 WHERE product_id = 1"
    size=$(stat -c %s "$MNT/catalog.csv")
    before=$(read_by_mount)
    cat "$MNT/catalog.csv" >"$WORK/first-read.csv"
    spent=$(($(read_by_mount) - before))
    check_same "a first read has the bytes" "$WORK/first-read.csv" <("$SHOPCTL" render "$DB" catalog.csv)
    check "and the mount read no half of them ($spent of $size)" test "$spent" -lt $((size / 2))
else
    skip "what the mount reads is not told here"
fi

# -- the kernel asks for 512 KiB at a time, where it may be told --

ahead=/sys/class/bdi/$(mountpoint -d "$MNT")/read_ahead_kb
raised() { [ "$(cat "$ahead")" = 512 ]; }
if [ -w "$ahead" ]; then
    check "the readahead is 512 KiB" wait_for 10 raised
else
    skip "the readahead may not be set here"
fi

finish
