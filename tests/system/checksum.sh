#!/bin/bash
# NAME.sha256 beside each export: always of the version it stands beside, hashed once, and what catches a download
# that was resumed across two versions.
. "$(dirname "$0")/../lib/system.sh"
. "$(dirname "$0")/../lib/shop.sh"
need sqlite3 rsync sha256sum

mount_shop 300

sum_of() { sha256sum "$1" | cut -d ' ' -f 1; }
reprice() { sql "UPDATE price SET price_e4 = price_e4 + $1"; }

# -- what it is --

check "listed" test "$(find "$MNT" -maxdepth 1 -name '*.sha256' | wc -l)" = 2
check "sha256sum -c takes them" sh -c "cd '$MNT' && sha256sum -c --strict catalog.csv.sha256 feed.yml.sha256"
check_equal "its size is exact" "$(stat -c %s "$MNT/catalog.csv.sha256")" "$(wc -c <"$MNT/catalog.csv.sha256")"
check_equal "it has the time of its version" "$(stat -c %Y "$MNT/catalog.csv")" "$(stat -c %Y "$MNT/catalog.csv.sha256")"
check_equal "the same bytes, the same inode" "$(stat -c %i "$MNT/feed.yml.sha256")" "$(stat -c %i "$MNT/feed.yml.sha256")"
check_not "not for writing" sh -c "echo x >>'$MNT/catalog.csv.sha256'"
check_not "no checksum of a checksum" test -e "$MNT/catalog.csv.sha256.sha256"

# -- a change --

exec 5<"$MNT/catalog.csv.sha256"
old=$(cat "$MNT/catalog.csv.sha256")
inode=$(stat -c %i "$MNT/catalog.csv.sha256")
reprice 10000
check "after a commit it is of the new version" sh -c "cd '$MNT' && sha256sum -c --strict catalog.csv.sha256"
check_not "and another inode" test "$(stat -c %i "$MNT/catalog.csv.sha256")" = "$inode"
check_equal "an open one stays" "$old" "$(cat <&5)"
exec 5<&-

# asked for before the file was
reprice 10000
line=$(cat "$MNT/feed.yml.sha256")
check_equal "asked for first" "$(sum_of "$MNT/feed.yml")  feed.yml" "$line"

# many at once, of a version nobody has looked at
reprice 10000
for i in 1 2 3 4 5 6 7 8; do cat "$MNT/catalog.csv.sha256" >"$WORK/at-once.$i" & pids[i]=$!; done
wait "${pids[@]}"
check_equal "eight at once get one answer" 1 "$(sort -u "$WORK"/at-once.* | wc -l)"
check_equal "the right one" "$(sum_of "$MNT/catalog.csv")  catalog.csv" "$(cat "$WORK/at-once.1")"

# -- under a stream of commits the pair is right as soon as both are of one version --

(for i in 1 2 3 4 5 6; do reprice 10000; sleep 0.3; done) &
changing=$!
wrong=0
right=0
while kill -0 $changing 2>/dev/null; do
    before=$(cat "$MNT/catalog.csv.sha256")
    cat "$MNT/catalog.csv" >"$WORK/stream.csv"
    after=$(cat "$MNT/catalog.csv.sha256")
    [ "$before" = "$after" ] || continue
    if [ "$(sum_of "$WORK/stream.csv")  catalog.csv" = "$after" ]; then right=$((right + 1)); else wrong=$((wrong + 1)); fi
done
wait $changing
check_equal "never the checksum of another version" 0 "$wrong"
check "often enough of the same" test $right -ge 1

# -- mirrors --

check "a mirror takes both" rsync -a "$MNT/" "$WORK/mirror/"
check "the mirror's are right" sh -c "cd '$WORK/mirror' && sha256sum -c --strict *.sha256"
check_equal "nothing the second time" "" "$(rsync -ai "$MNT/" "$WORK/mirror/")"
reprice 10000
rsync -a "$MNT/" "$WORK/mirror/"
check "after a change, too" sh -c "cd '$WORK/mirror' && sha256sum -c --strict *.sha256"

# A download that is continued after a change: every client joins the parts; this is how one notices.
half=$(($(stat -c %s "$MNT/catalog.csv") / 2))
head -c $half "$MNT/catalog.csv" >"$WORK/catalog.csv"
reprice 990000
tail -c +$((half + 1)) "$MNT/catalog.csv" >>"$WORK/catalog.csv"
cp "$MNT/catalog.csv.sha256" "$WORK/"
check_not "a download joined of two versions is noticed" sh -c "cd '$WORK' && sha256sum -c catalog.csv.sha256"

unmount_shop
start_shop
check "the same after a restart" sh -c "cd '$MNT' && sha256sum -c --strict catalog.csv.sha256 feed.yml.sha256"
check_same "byte for byte" "$WORK/catalog.csv.sha256" "$MNT/catalog.csv.sha256"
rsync -a "$MNT/" "$WORK/mirror/"
unmount_shop
start_shop
check_equal "nothing for a mirror after a restart" "" "$(rsync -ai "$MNT/" "$WORK/mirror/")"

finish
