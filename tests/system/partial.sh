#!/bin/bash
# Half an upload is never imported: not from a shell that writes bit by bit, not under a name of a transfer, not from a
# client that was killed. When the rest comes, it is imported, once.
. "$(dirname "$0")/../lib/system.sh"
. "$(dirname "$0")/../lib/shop.sh"
. "$(dirname "$0")/../lib/servers.sh"
need sqlite3 python3 rsync

make_shop 30
plenty
start_shop
sku=$(some_sku)

# not_yet WHAT NAME: nothing decided about it, also a moment later
not_yet() {
    nothing() { [ "$(decisions_of "$1")" = 0 ]; }
    stays "$1" 1 nothing "$2"
}
# once WHAT NAME FILE: imported once, with these bytes
once() {
    check_imports "$1: imported once" "$2" 1
    check_equal "$1: and nothing else came of that name" 1 "$(decisions_of "$2")"
    check_same "$1: whole" "$PROCESSED/$2" "$3"
}
halves() {
    plain_order "$1" "$sku" >"$WORK/$1.xml"
    head -c 300 "$WORK/$1.xml" >"$WORK/$1.1"
    tail -c +301 "$WORK/$1.xml" >"$WORK/$1.2"
}

# -- shells --

halves sh1
cat "$WORK/sh1.xml" >"$IN/sh1.xml"
once "cat >" sh1.xml "$WORK/sh1.xml"

halves sh2
cat "$WORK/sh2.1" >>"$IN/sh2.xml"
not_yet ">> with the first half" sh2.xml
check_result "its result says incomplete" sh2.xml 'incomplete'
check_equal "it is there with its size" 300 "$(stat -c %s "$IN/sh2.xml")"
cat "$WORK/sh2.2" >>"$IN/sh2.xml"
once ">> with the second half" sh2.xml "$WORK/sh2.xml"

halves sh3
dd if="$WORK/sh3.xml" of="$IN/sh3.xml" bs=10 status=none
once "dd in tens of bytes" sh3.xml "$WORK/sh3.xml"

halves sh4
touch "$IN/sh4.xml"
not_yet "touch" sh4.xml
cat "$WORK/sh4.xml" >"$IN/sh4.xml"
once "touch, later >" sh4.xml "$WORK/sh4.xml"

halves sh5
exec 5>"$IN/sh5.xml"
cat "$WORK/sh5.1" >&5
not_yet "an open file, half written" sh5.xml
cat "$WORK/sh5.2" >&5
not_yet "an open file, wholly written" sh5.xml
exec 5>&-
once "the same, closed" sh5.xml "$WORK/sh5.xml"

# A session that died holds its handle for as long as its server likes.
halves sh7
exec 5>"$IN/sh7.xml"
cat "$WORK/sh7.1" >&5
cp "$WORK/sh7.xml" "$IN/sh7.xml"
check_imports "an upload that starts anew is not held up by an old session" sh7.xml 1
exec 5>&-
once "nor spoilt by its end" sh7.xml "$WORK/sh7.xml"

# -- names of transfers --

number=0
for name in order-%.xml.tmp order-%.xml.filepart order-%.part .order-%.xml .in.order-%.xml. .order-%.xml.Xy3kQp order-%.xml~ \
    order-%-random; do
    number=$((number + 1))
    name=${name//%/$number}
    plain_order "T$number" "$sku" >"$WORK/t$number.xml"
    cp "$WORK/t$number.xml" "$IN/$name"
done
: >"$IN/flag.xml.ok"
: >"$IN/4913"
none_of_them() { [ "$(sql "SELECT count(*) FROM intake_order WHERE number LIKE 'T%'")" = 0 ]; }
stays "complete orders under names of transfers are left alone" 2 none_of_them
check_equal "and are there, hidden ones too" 10 "$(ls -A "$IN" | grep -cE 'order-|flag|4913')"
number=0
for name in order-%.xml.tmp order-%.xml.filepart order-%.part .order-%.xml .in.order-%.xml. .order-%.xml.Xy3kQp order-%.xml~ \
    order-%-random; do
    number=$((number + 1))
    name=${name//%/$number}
    check "renamed: $name" mv "$IN/$name" "$IN/t$number.xml"
    check_imports "$name: imported when renamed" "t$number.xml" 1
done
check_not "the flag file is not an order" has_result flag.xml.ok 'accepted|refused'

# An order under its last name that grew there is renamed over: both count.
plain_order over1 "$sku" >"$IN/.tmp-over"
head -c 200 "$WORK/sh1.xml" >"$IN/over.xml"
mv -f "$IN/.tmp-over" "$IN/over.xml"
check_imports "renamed over an incomplete one" over.xml 1

# -- moved and removed before they were complete --

head -c 200 "$WORK/sh1.xml" >"$IN/gone.xml"
check "an incomplete upload can be deleted" rm "$IN/gone.xml"
check_not "and is gone" stat "$IN/gone.xml"
head -c 200 "$WORK/sh1.xml" >"$IN/moved.xml"
check "and renamed" mv "$IN/moved.xml" "$IN/moved2.xml"
check_equal "with its size" 200 "$(stat -c %s "$IN/moved2.xml")"

# -- a restart between the halves --

halves late
cat "$WORK/late.1" >"$IN/late.xml"
unmount_shop
start_shop
check_equal "an incomplete upload is there after a restart" 300 "$(stat -c %s "$IN/late.xml")"
cat "$WORK/late.2" >>"$IN/late.xml"
once "and can be completed" late.xml "$WORK/late.xml"

# -- killed clients --

size=600000
grown() { [ "$(stat -c %s "$1")" -gt 60000 ]; }
# killed WHAT NAME PID: kills the client once some bytes are there
killed() {
    if wait_for 30 grown "$IN/$2"; then
        pass "$1: begins"
    else
        fail "$1: begins" "$(ls -lA "$IN")"
    fi
    kill -KILL "$3"
    wait "$3" 2>/dev/null
    not_yet "$1 killed: nothing imported" "$2"
    check_result "$1 killed: incomplete" "$2" incomplete
    check "$1 killed: the part is kept" test "$(stat -c %s "$IN/$2")" -lt "$(stat -c %s "$WORK/$2")"
}

if [ "$(id -u)" = 0 ] && command -v curl lftp >/dev/null && PATH=$PATH:/usr/sbin command -v sshd vsftpd >/dev/null; then
    start_sshd
    start_vsftpd

    big_order K1 "$sku" $size >"$WORK/k1.xml"
    curl -sS --user "$ACCOUNT:$ACCOUNT_PASSWORD" --limit-rate 120k -T "$WORK/k1.xml" \
        "ftp://127.0.0.1:$FTP_PORT/orders/incoming/" 2>/dev/null &
    killed "curl over FTP" k1.xml $!
    check "curl -C - resumes" ftp_curl -C - -T "$WORK/k1.xml" "ftp://127.0.0.1:$FTP_PORT/orders/incoming/"
    once "curl over FTP, resumed" k1.xml "$WORK/k1.xml"

    big_order K2 "$sku" $size >"$WORK/k2.xml"
    echo "put $WORK/k2.xml /orders/incoming/" >"$WORK/batch"
    sftp -q -l 900 "${SSH_OPTIONS[@]}" -P "$SFTP_PORT" -b "$WORK/batch" "$ACCOUNT@127.0.0.1" >/dev/null 2>&1 &
    killed "sftp" k2.xml $!
    check "reput resumes" sftp_batch <<<"reput $WORK/k2.xml /orders/incoming/k2.xml"
    once "sftp, resumed" k2.xml "$WORK/k2.xml"
else
    skip "killed network clients" "needs root, sshd, vsftpd, curl"
fi

# Three processes; the one that writes outlives the one that was killed, and renames what it has to the last name.
big_order K3 "$sku" $size >"$WORK/k3.xml"
rsync --partial --bwlimit=200 "$WORK/k3.xml" "$IN/" 2>/dev/null &
rsync_pid=$!
began() { [ -n "$(find "$IN" -name '.k3.xml.*' -size +60k)" ]; }
check "rsync --partial begins" wait_for 30 began
kill -KILL $rsync_pid
wait $rsync_pid 2>/dev/null
check "rsync --partial killed: the part has its last name" wait_for 20 test -e "$IN/k3.xml"
not_yet "rsync --partial killed: nothing imported" k3.xml
check "rsync --partial resumes" rsync --partial "$WORK/k3.xml" "$IN/"
once "rsync --partial, resumed" k3.xml "$WORK/k3.xml"

finish
