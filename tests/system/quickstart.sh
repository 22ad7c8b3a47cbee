#!/bin/bash
# asan: no
# contrib/quickstart: from any directory, twice in a row, and with a demo to keep.
. "$(dirname "$0")/../lib/system.sh"
need cmake ninja
[ -c /dev/fuse ] || skip_all "no /dev/fuse here"

cd "$WORK" || exit 1
mkdir temp
export TMPDIR=$WORK/temp
for turn in first second; do
    rc=0
    output=$("$ROOT/contrib/quickstart" 2>&1 </dev/null) || rc=$?
    check_equal "the $turn time: exit code" 0 $rc
    check_match "the $turn time: the tree" 'catalog\.csv' "$output"
    check_match "the $turn time: the verdict" 'accepted: order 1042' "$output"
    check_match "the $turn time: the card" 'number: +1042' "$output"
    check_equal "the $turn time: nothing stays" "" "$(ls temp)"
done
check_not "no warning in the demo order" grep -qi 'warning:' <<<"$output"

MNT=$WORK/shop/mnt
check "--keep" "$ROOT/contrib/quickstart" --keep shop
check "is mounted" mountpoint -q "$MNT"
check "with the order" "$SHOPCTL" orders "$WORK/shop/shop.db" show 1042
check_not "not over another one" "$ROOT/contrib/quickstart" --keep shop
check "unmounts" fusermount3 -u "$MNT"
check_not "an unknown option" "$ROOT/contrib/quickstart" --surprise

finish
