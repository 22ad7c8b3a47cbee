#!/bin/bash
# A disk that is really full while an export is rendered: the last good version stays, whole, and the status says why.
. "$(dirname "$0")/../lib/system.sh"
. "$(dirname "$0")/../lib/shop.sh"
need_root
need sqlite3

STATE=$WORK/state
mkdir -p "$STATE"
mount -t tmpfs -o size=8m tmpfs "$STATE" 2>/dev/null || skip_all "no tmpfs can be mounted here"
on_exit umount -l "$STATE"
make_shop 2000
printf '[shop]\ndatabase = %s\nstate = %s\n[site main]\n' "$DB" "$STATE" >"$WORK/shop.conf"
start_shop "" "$WORK/shop.conf"

before=$(sha256sum <"$MNT/catalog.csv")
size=$(stat -c %s "$MNT/catalog.csv")
dd if=/dev/zero of="$STATE/filler" bs=64k 2>/dev/null
sql "UPDATE price SET price_e4 = price_e4 + 12340000"

check_equal "the size stays that of the last good version" "$size" "$(stat -c %s "$MNT/catalog.csv")"
check_equal "so do the bytes" "$before" "$(sha256sum <"$MNT/catalog.csv")"
check_match "the status says why" "[Nn]o space left" "$(cat "$MNT/.shopfs/status")"
check_match "so does the log" "[Nn]o space left" "$(cat "$SHOPFS_LOG")"

rm "$STATE/filler"
fresh() { [ "$(sha256sum <"$MNT/catalog.csv")" != "$before" ]; }
check "with room again the new version comes by itself" wait_for 30 fresh
check_equal "and it is what the database holds" "$(rendered catalog.csv "$WORK/shop.conf" | sha256sum)" \
    "$(sha256sum <"$MNT/catalog.csv")"
check_not "the status has nothing to complain about" grep -qi "no space left" "$MNT/.shopfs/status"
finish
