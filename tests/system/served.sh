#!/bin/bash
# The exports through real servers with a chroot on the mount: sshd, three FTP servers and an rsync daemon serve every
# client the bytes that `shopctl render` writes, and mirrors have nothing to do the second time.
# asan: no
. "$(dirname "$0")/../lib/system.sh"
. "$(dirname "$0")/../lib/shop.sh"
. "$(dirname "$0")/../lib/servers.sh"
. "$(dirname "$0")/../lib/clients.sh"
need_root
need sshd sftp rsync lftp curl sqlite3 python3

mount_shop 400
sides
rendered catalog.csv >"$WORK/catalog.csv"
rendered feed.yml >"$WORK/feed.yml"
check_same "the plain directory has what shopctl renders" "$WORK/plain/catalog.csv" "$WORK/catalog.csv"
check_same "both of them" "$WORK/plain/feed.yml" "$WORK/feed.yml"
start_sshd
start_rsyncd
SSH_HOST=$ACCOUNT@127.0.0.1
both() { "$@" catalog.csv && "$@" feed.yml; }
begun() { head -c 3000 "$TOP/$1" >"$TMP/$1"; }

# -- ftp --

ftp_get() { ftp_curl "${@:1:$#-1}" -o "$TMP/${*: -1}" "ftp://127.0.0.1:$FTP_PORT/${*: -1}"; }
ftp_parts() { ftp_get -r 0-2999 "$1" && ftp_get -C - "$1"; }
ncftp_get() { ncftpget -V "$@" -u "$ACCOUNT" -p "$ACCOUNT_PASSWORD" -P "$FTP_PORT" 127.0.0.1 "$TMP" /catalog.csv /feed.yml; }
ncftp_resumed() { both begun && ncftp_get; }
ftplib() { "$PYTHON" "$ROOT/tests/lib/ftp_client.py" "$FTP_PORT" "$ACCOUNT" "$ACCOUNT_PASSWORD" "$1" "$TMP/$2" "$2"; }
ftplib_facts() { # SIZE, MDTM and LIST are right
    both ftplib facts >"$TMP/told" && cat "$TMP/told" &&
        [ "$(grep '^213' "$TMP/told" | tail -n 1)" = "213 $(date -u -d "@$(stat -c %Y "$TOP/feed.yml")" +%Y%m%d%H%M%S)" ]
}
lftp_get() { lftp_ftp "lcd $TMP; $1"; }
lftp_mirror() { lftp_ftp "mirror -v --exclude ^orders/ . $TMP" && [ "$(find "$TMP/images" -type f | wc -l)" = "$(find "$TOP/images" -type f | wc -l)" ]; }

ftp_downloads() { # LETTER SERVER
    group "$1"
    FTP_PORT=$3
    fetch "$2 curl" "get" both ftp_get
    fetch "$2 curl" "get, active mode" both ftp_get --ftp-port 127.0.0.1
    fetch "$2 curl" "half, -C -" both ftp_parts
    fetch "$2 curl" "get, ASCII" both ftp_ascii
    fetch "$2 lftp" "mget" lftp_get "mget catalog.csv feed.yml"
    fetch "$2 lftp" "pget -n 4" lftp_get "pget -n 4 catalog.csv; pget -n 4 feed.yml"
    fetch "$2 lftp" "half, get -c" lftp_resumed
    fetch "$2 lftp" "mirror" lftp_mirror
    if command -v ncftpget >/dev/null; then
        fetch "$2 ncftp" "get" ncftp_get
        fetch "$2 ncftp" "half, get" ncftp_resumed
    fi
    fetch "$2 ftplib" "RETR, SIZE, MDTM, LIST" ftplib_facts
    fetch "$2 ftplib" "RETR in ASCII" both ftplib_ascii
    fetch "$2 ftplib" "REST, RETR" both ftplib retr_rest
}
lftp_resumed() { both begun && lftp_get "get -c catalog.csv; get -c feed.yml"; }
# Line ends are changed on the way, also those inside descriptions: the same but for them. The files themselves by RETR.
words() { tr -d '\r\n' <"$1"; }
same_words() { cmp <(words "$TMP/$1") <(words "$TOP/$1"); }
ftp_ascii() { ftp_get --use-ascii "$1" && same_words "$1" && ftp_get "$1"; }
ftplib_ascii() { ftplib retr_ascii "$1" && same_words "$1" && ftplib retr "$1"; }

# -- sftp --

get_sftp() { sftp_batch <<<"get $1 /$2 $TMP/"; }
get_reget() { begun "$1" && sftp_batch <<<"reget /$1 $TMP/$1"; }
get_scp() { scp -q "$@" "${SSH_OPTIONS[@]}" -P "$SFTP_PORT" "$SSH_HOST:/catalog.csv" "$SSH_HOST:/feed.yml" "$TMP/"; }
get_scp_O() { scp -q -O "$@" "${SSH_OPTIONS[@]}" -P "$SSH_PORT" "$SSH_HOST:$TOP/catalog.csv" "$SSH_HOST:$TOP/feed.yml" "$TMP/"; }
get_ssh() { ssh "${SSH_OPTIONS[@]}" -p "$SSH_PORT" "$SSH_HOST" "cat $TOP/$1" >"$TMP/$1"; }
get_curl() { curl -sS --insecure "${@:1:$#-1}" --key "$KEY" --pubkey "$KEY.pub" -u "$ACCOUNT:" -o "$TMP/${*: -1}" "sftp://127.0.0.1:$SFTP_PORT/${*: -1}"; }
get_curl_resumed() { begun "$1" && get_curl -C - "$1"; }
get_lftp() { lftp_sftp "lcd $TMP; $1"; }
get_lftp_resumed() { both begun && get_lftp "get -c catalog.csv; get -c feed.yml"; }
get_client() { "$PYTHON" -W ignore "$ROOT/tests/lib/sftp_client.py" "$SFTP_PORT" "$ACCOUNT" "$KEY" "$1" "$TMP/$2" "$2"; }
get_sshfs() {
    local server rc=0

    mkdir "$TMP/remote"
    sshfs -f -p "$SFTP_PORT" -o "IdentityFile=$KEY,UserKnownHostsFile=$WORK/known_hosts" "$SSH_HOST:/" "$TMP/remote" & server=$!
    wait_for 20 mountpoint -q "$TMP/remote"
    cp "$TMP/remote/catalog.csv" "$TMP/remote/feed.yml" "$TMP/" || rc=$?
    fusermount3 -u "$TMP/remote"
    wait $server
    return $rc
}
sftp_downloads() {
    group S
    fetch sftp "get" both get_sftp ''
    fetch sftp "get -p" both get_sftp -p
    fetch sftp "half, reget" both get_reget
    fetch scp "-" get_scp
    fetch scp "-O -p" get_scp_O -p
    fetch ssh "cat X" both get_ssh
    fetch "curl sftp" "get" both get_curl
    fetch "curl sftp" "half, -C -" both get_curl_resumed
    fetch "lftp sftp" "mget" get_lftp "mget catalog.csv feed.yml"
    fetch "lftp sftp" "pget -n 4" get_lftp "pget -n 4 catalog.csv; pget -n 4 feed.yml"
    fetch "lftp sftp" "half, get -c" get_lftp_resumed
    fetch "lftp sftp" "mirror" get_lftp "mirror --exclude ^orders/ --exclude ^images/ / ."
    if "$PYTHON" -c 'import paramiko' 2>/dev/null; then
        fetch paramiko "get" both get_client get
        fetch paramiko "read bit by bit" both get_client get_unprefetched
    fi
    ! "$PYTHON" -c 'import asyncssh' 2>/dev/null || fetch asyncssh "get" both get_client asyncssh_get
    ! command -v sshfs >/dev/null || fetch sshfs "cp" get_sshfs
}

# -- rsync --

get_rsyncd() { rsync "$@" "rsync://127.0.0.1:$RSYNC_PORT/shop/catalog.csv" "rsync://127.0.0.1:$RSYNC_PORT/shop/feed.yml" "$TMP/"; }
get_rsync_ssh() { rsync -e "ssh ${SSH_OPTIONS[*]} -p $SSH_PORT" "$@" "$SSH_HOST:$TOP/catalog.csv" "$SSH_HOST:$TOP/feed.yml" "$TMP/"; }
get_begun() { both begun && "$@"; }
get_mirror() { rsync -a --delete --exclude=/orders "rsync://127.0.0.1:$RSYNC_PORT/shop/" "$TMP/"; }
rsync_downloads() {
    local over option

    group R
    for over in rsyncd rsync_ssh; do
        for option in -t -a -az --inplace --checksum --partial --delay-updates --whole-file --temp-dir=/tmp; do
            fetch "${over/_/ }" "$option" "get_$over" "$option"
        done
        for option in --append --append-verify --inplace --no-whole-file; do
            fetch "${over/_/ }" "half, $option" get_begun "get_$over" "$option"
        done
    done
    fetch rsyncd "-a --delete of all" get_mirror
}

letters=(V P U)
i=0
pids=()
for server in vsftpd proftpd pure_ftpd; do
    name=${server/_/-}
    if program "$name" "${name/%proftpd/proftpd-core}" >/dev/null; then
        "start_$server"
        [ "$name" != vsftpd ] || VSFTPD_PORT=$FTP_PORT
        ftp_downloads "${letters[i]}" "$name" "$FTP_PORT" & pids+=($!)
    else
        skip "$name" "not installed"
    fi
    i=$((i + 1))
done
sftp_downloads & pids+=($!)
rsync_downloads & pids+=($!)
wait "${pids[@]}"
report
use_side mount
program vsftpd vsftpd >/dev/null || finish
FTP_PORT=$VSFTPD_PORT
FTP=ftp://127.0.0.1:$FTP_PORT
SHELL_RSYNC="ssh ${SSH_OPTIONS[*]} -p $SSH_PORT"
SHELL_HOST=$SSH_HOST

# -- mirrors --

check "rsync daemon: mirror" rsync -a "rsync://127.0.0.1:$RSYNC_PORT/shop/" "$WORK/mirror/"
check_same "rsync daemon: mirrored" "$WORK/mirror/catalog.csv" "$WORK/catalog.csv"
check_equal "rsync daemon: nothing the second time" "" "$(rsync -ai "rsync://127.0.0.1:$RSYNC_PORT/shop/" "$WORK/mirror/" 2>&1)"
check_equal "rsync over ssh: nothing the second time" "" "$(rsync -ai -e "$SHELL_RSYNC" "$SHELL_HOST:$MNT/" "$WORK/mirror/" 2>&1)"
check "lftp mirror by ftp" lftp_ftp "mirror --exclude ^orders/ . $WORK/mirror2"
check_same "lftp mirror by ftp: mirrored" "$WORK/mirror2/feed.yml" "$WORK/feed.yml"
check_equal "lftp mirror by sftp: pictures" "$(find "$MNT/images" -type f | wc -l)" \
    "$(lftp_sftp "mirror images $WORK/mirror3" >/dev/null; find "$WORK/mirror3" -type f | wc -l)"
check "sftp lists the root" test "$(sftp_batch <<<'ls -1 /' | grep -cE 'catalog.csv|feed.yml|images|orders')" -ge 4
check "vsftpd lists the root" test "$(ftp_curl -l "$FTP/" | grep -cE '^(catalog.csv|feed.yml|images|orders).?$')" -ge 4

# -- a change --

sql "UPDATE price SET price_e4 = price_e4 + 770000"
rendered catalog.csv >"$WORK/catalog.csv"
rendered feed.yml >"$WORK/feed.yml"
group C
cp -p "$MNT/catalog.csv" "$MNT/feed.yml" "$WORK/plain/"
rm "$WORK/rows/"*
fetch "sftp" "get after a change" both get_sftp ''
fetch "curl ftp" "get after a change" both ftp_get
report
check_same "the plain directory has what shopctl renders after a change" "$WORK/plain/catalog.csv" "$WORK/catalog.csv"
check "rsync after a change" rsync -a "rsync://127.0.0.1:$RSYNC_PORT/shop/" "$WORK/mirror/"
check_same "rsync after a change: mirrored" "$WORK/mirror/catalog.csv" "$WORK/catalog.csv"

# -- a slow client while prices change --

(sleep 0.3; for i in 1 2 3 4 5; do sql "UPDATE price SET price_e4 = price_e4 + 10000"; sleep 0.2; done) &
changing=$!
rate=$(($(wc -c <"$WORK/catalog.csv") / 2))
ftp_curl --limit-rate $rate -o "$WORK/slow.csv" "$FTP/catalog.csv"
wait $changing
check_same "a slow FTP download is the version it began with" "$WORK/slow.csv" "$WORK/catalog.csv"

# -- exports are not for writing --

check_not "ftp: no writing to exports" ftp_curl -T "$WORK/feed.yml" "$FTP/feed.yml"
check_not "ftp: no deleting of exports" ftp_curl -Q "DELE feed.yml" "$FTP/" -o /dev/null
check_not "sftp: no writing to exports" sftp_batch <<<"put $WORK/feed.yml /feed.yml"
check_not "sftp: no renaming of exports" sftp_batch <<<"rename /feed.yml /f.yml"
check_not "sftp: others cannot read the status" sftp_batch <<<"get /.shopfs/status $WORK/status"
check_equal "and they are there" 2 "$(find "$MNT" -maxdepth 1 -type f ! -name "*.sha256" | wc -l)"

finish
