#!/bin/bash
# asan: no
# FTP: four servers, each with lftp, curl, ncftp and Python's ftplib, in all the ways they send, break off and resume.
. "$(dirname "$0")/../lib/system.sh"
. "$(dirname "$0")/../lib/shop.sh"
. "$(dirname "$0")/../lib/servers.sh"
. "$(dirname "$0")/../lib/clients.sh"
need_root
need lftp curl sqlite3 python3

mount_shop 30
plenty
sku=$(some_sku)
sides

# -- the clients --

FTP() { echo "ftp://127.0.0.1:$FTP_PORT/orders/incoming"; }
ftp_curl() { curl -sS --fail --max-time 60 -w '%{response_code}\n' -u "$ACCOUNT:$ACCOUNT_PASSWORD" "$@"; }
curl_put() { ftp_curl -T "$FILE" "$@" "$(FTP)/$NAME"; }
curl_as() { # TEMPORARY-NAME
    ftp_curl -T "$FILE" -Q "-RNFR $1$NAME${2-}" -Q "-RNTO $NAME" "$(FTP)/$1$NAME${2-}"
}
curl_append() {
    head -c 1500 "$FILE" >"$TMP/half" && ftp_curl -T "$TMP/half" "$(FTP)/$NAME" && ftp_curl -C - -T "$FILE" "$(FTP)/$NAME"
}
lftp_put() { lftp_ftp "${2-}; cd orders/incoming; put $FILE; ${1-}"; }
lftp_mirror() { mkdir "$TMP/mirror" && cp "$FILE" "$TMP/mirror/" && lftp_ftp "$1; mirror -v -R $TMP/mirror orders/incoming"; }
lftp_continue() {
    head -c 1500 "$FILE" >"$TMP/$NAME" && lftp_ftp "cd orders/incoming; put $TMP/$NAME; put -c $FILE"
}
ncftp_put() { ncftpput -V "$@" -u "$ACCOUNT" -p "$ACCOUNT_PASSWORD" -P "$FTP_PORT" 127.0.0.1 orders/incoming "$FILE"; }
ncftp_append() {
    head -c 1500 "$FILE" >"$TMP/$NAME" && tail -c +1501 "$FILE" >"$TMP/send/rest" && FILE=$TMP/$NAME ncftp_put &&
        mv "$TMP/send/rest" "$TMP/$NAME" && FILE=$TMP/$NAME ncftp_put -A
}
ftplib() { "$PYTHON" "$ROOT/tests/lib/ftp_client.py" "$FTP_PORT" "$ACCOUNT" "$ACCOUNT_PASSWORD" "$1" "$FILE" "$NAME" "$IN"; }
# What is broken off is renamed or removed by the session, a process of its own, before it ends.
settled() { ! pgrep -P "$FTP_PID" >/dev/null; }
# Not through a function, so that the signal meets the client itself.
slow_curl() { cut_off KILL curl -sS --user "$ACCOUNT:$ACCOUNT_PASSWORD" --limit-rate 200k -T "$FILE" "$(FTP)/"; }
slow_lftp() {
    cut_off KILL lftp -c "set net:max-retries 1; set net:limit-rate 200000; set ftp:ssl-allow no
        open -u $ACCOUNT,$ACCOUNT_PASSWORD -p $FTP_PORT 127.0.0.1; cd orders/incoming; put $FILE"
}

# uploads LETTER SERVER: all of them; HIDDEN for a server whose uploads have a hidden name, which REST and a second upload
# do not get. When the client dies, both connections end: if the server reads the end of the data first, the upload is
# whole for it and gets its name; if it reads that of the other first, the hidden name stays.
uploads() {
    local whole=try rest=resumed anew=twice killed=broken after=resumed

    group "$1"
    use_server "$2"
    [ -z "${HIDDEN-}" ] || whole=refused rest=unresumed anew=refused killed=broken_by_chance after=resumed_by_chance
    try "$2 curl" "put" curl_put
    try "$2 curl" "put, active mode" curl_put --ftp-port 127.0.0.1
    try "$2 curl" "put, ASCII" curl_put --use-ascii --crlf
    try "$2 curl" "put, SITE CHMOD" curl_put -Q "-SITE CHMOD 644 $1$((row + 1)).xml"
    try "$2 curl" "put tmp_X.xml, rename" curl_as tmp_
    try "$2 curl" "put X.part, rename" curl_as '' .part
    try "$2 curl" "put .X, rename" curl_as .
    try "$2 curl" "half, -C -" curl_append
    try "$2 lftp" "put" lftp_put
    try "$2 lftp" "put, use-temp-file" lftp_put '' 'set xfer:use-temp-file yes'
    try "$2 lftp" "put -a (ASCII)" lftp_put '' 'set ftp:prefer-epsv no; alias put "put -a"'
    try "$2 lftp" "put, chmod" lftp_put "chmod 644 $1$((row + 1)).xml"
    SIZE=60000 try "$2 lftp" "put at 100 kB/s" lftp_put '' 'set net:limit-rate 100000'
    try "$2 lftp" "mirror -R" lftp_mirror ''
    try "$2 lftp" "mirror -R, use-temp-file" lftp_mirror 'set xfer:use-temp-file yes'
    try "$2 lftp" "half, put -c" lftp_continue
    if command -v ncftpput >/dev/null; then
        try "$2 ncftp" "put" ncftp_put
        try "$2 ncftp" "put -T tmp." ncftp_put -T tmp.
        try "$2 ncftp" "put -a (ASCII)" ncftp_put -a
        try "$2 ncftp" "half, put -A" ncftp_append
    fi
    try "$2 ftplib" "STOR, SIZE, NLST" ftplib stor
    try "$2 ftplib" "STOR in small pieces" ftplib small
    try "$2 ftplib" "STOR in ASCII" ftplib ascii
    try "$2 ftplib" "STOR, APPE" ftplib appe
    $whole "$2 ftplib" "STOR, REST, STOR" ftplib rest
    try "$2 ftplib" "noise, then STOR over it" ftplib noise
    twice "$2 ftplib" "STOR, STOR again" ftplib again
    try "$2 ftplib" "STOR, MDTM, MFMT" ftplib mdtm
    try "$2 ftplib" "STOR, LIST" ftplib list
    try "$2 ftplib" "STOR, SITE CHMOD" ftplib chmod
    try "$2 ftplib" "STOR X.tmp, rename" ftplib rename
    try "$2 ftplib" "STOR tmp_X.xml, rename" ftplib rename_xml
    try "$2 ftplib" "STOR, then X.xml.ok" ftplib flag
    try "$2 ftplib" "MKD, STOR into it" ftplib directory
    try "$2 ftplib" "ALLO, STOR" ftplib allo
    SIZE=400000 $anew "$2 ftplib" "line dead, STOR anew" ftplib reconnect
    twice "$2 ftplib" "STOR by two at once" ftplib at_once
    broken "$2 ftplib" "half, data connection closed" ftplib fin
    $rest "$2 ftplib" "  REST, STOR" ftplib resume
    broken "$2 ftplib" "half, data connection reset" ftplib rst
    $rest "$2 ftplib" "  APPE" ftplib resume_appe
    broken "$2 ftplib" "half, both connections reset" ftplib lost
    $rest "$2 ftplib" "  STOR anew" ftplib stor
    broken "$2 ftplib" "half, ABOR" ftplib abor
    resumed "$2 curl" "  -C -" curl_put -C -
    $killed "$2 curl" "killed" slow_curl
    $after "$2 curl" "  -C -" curl_put -C -
    $killed "$2 lftp" "killed" slow_lftp
    $after "$2 lftp" "  put -c" lftp_continued
}
lftp_continued() { lftp_ftp "cd orders/incoming; put -c $FILE"; }

# -- the servers --

# A server's ports are remembered under its name, and brought forward by use_server in a subshell of its own.
use_server() {
    local side variable

    for side in plain mount; do
        for variable in FTP_PORT FTP_PID; do
            REMEMBERED[$side.$variable]=${REMEMBERED[$1-$side.$variable]}
        done
    done
}
both_sides() { # NAME COMMAND...
    local name=$1

    shift
    "$1" "$PLAIN" "${@:2}" && remember "$name-plain" FTP_PORT FTP_PID
    "$1" "$SERVED" "${@:2}" && remember "$name-mount" FTP_PORT FTP_PID
}
pids=()
if program vsftpd vsftpd >/dev/null; then
    both_sides vsftpd start_vsftpd
    uploads V vsftpd & pids+=($!)
else
    skip "vsftpd" "not installed"
fi
if program proftpd proftpd-core >/dev/null; then
    both_sides proftpd start_proftpd
    both_sides hidden start_proftpd "HiddenStores on"
    uploads P proftpd & pids+=($!)
    HIDDEN=yes uploads H hidden & pids+=($!)
else
    skip "proftpd" "not installed"
fi
if program pure-ftpd pure-ftpd >/dev/null; then
    both_sides pure-ftpd start_pure_ftpd
    uploads U pure-ftpd & pids+=($!)
else
    skip "pure-ftpd" "not installed"
fi
command -v ncftpput >/dev/null || skip "ncftp" "not installed"
# The server that takes away what was broken off, where it notices.
if program vsftpd vsftpd >/dev/null; then
    both_sides deleting start_vsftpd delete_failed_uploads=YES
    group W
    use_server deleting
    broken "vsftpd, deleting" "half, data connection reset" ftplib rst
    resumed "vsftpd, deleting" "  STOR anew" ftplib stor
    broken "vsftpd, deleting" "half, data connection closed" ftplib fin
    resumed "vsftpd, deleting" "  REST, STOR" ftplib resume
fi
wait "${pids[@]}"
report

# Which of two different files a plain directory ends up with, or what mixture, is chance; here both are orders.
both_orders() { [ "$(orders_with "$1") $(orders_with "$1-second")" = "1 1" ]; }
for server in vsftpd proftpd pure-ftpd; do
    [ -n "${REMEMBERED[$server-mount.FTP_PORT]-}" ] || continue
    use_server $server
    use_side mount
    NAME=two-$server.xml
    FILE=$WORK/sent/$NAME
    big_order "two-$server" "$sku" 3000 >"$FILE"
    check "$server: two orders under one name at once" ftplib two_orders
    check "$server: both are taken" wait_for 60 both_orders "two-$server"
done

finish
