#!/bin/bash
# The exports through real servers with a chroot on the mount: sshd, vsftpd and an rsync daemon serve the bytes that
# `shopctl render` writes, and mirrors have nothing to do the second time.
. "$(dirname "$0")/../lib/system.sh"
. "$(dirname "$0")/../lib/shop.sh"
. "$(dirname "$0")/../lib/servers.sh"
need_root
need sshd sftp vsftpd rsync lftp curl sqlite3

mount_shop 400
start_sshd
start_vsftpd
rendered catalog.csv >"$WORK/catalog.csv"
rendered feed.yml >"$WORK/feed.yml"

cat >"$WORK/rsyncd.conf" <<END
port = $(free_port)
address = 127.0.0.1
use chroot = yes
pid file = $WORK/rsyncd.pid
log file = $WORK/rsyncd.log
uid = nobody
gid = nogroup
[shop]
    path = $SERVED
    read only = yes
END
RSYNC_PORT=$(sed -n 's/^port = //p' "$WORK/rsyncd.conf")
rsync --daemon --no-detach --config="$WORK/rsyncd.conf" &
on_exit kill $!
wait_for 10 port_open "$RSYNC_PORT"
SHELL_RSYNC="ssh ${SSH_OPTIONS[*]} -p $SSH_PORT"
SHELL_HOST=$ACCOUNT@127.0.0.1
FTP=ftp://127.0.0.1:$FTP_PORT

# fetch WHAT COMMAND...: the command must fill $WORK/got/ with catalog.csv and feed.yml
fetch() {
    local what=$1 name

    shift
    rm -rf "$WORK/got"
    mkdir "$WORK/got"
    check "$what" "$@" || return
    for name in catalog.csv feed.yml; do
        check_same "$what: $name" "$WORK/got/$name" "$WORK/$name"
    done
}
both() {
    "$@" catalog.csv && "$@" feed.yml
}
with_curl_ftp() { ftp_curl -o "$WORK/got/$1" "$FTP/$1"; }
with_curl_parts() { ftp_curl -r 0-9999 -o "$WORK/got/$1" "$FTP/$1" && ftp_curl -C - -o "$WORK/got/$1" "$FTP/$1"; }
with_curl_sftp() { curl -sS --insecure --key "$KEY" --pubkey "$KEY.pub" -u "$ACCOUNT:" -o "$WORK/got/$1" "sftp://127.0.0.1:$SFTP_PORT/$1"; }
with_scp() { scp -q "${SSH_OPTIONS[@]}" -P "$SFTP_PORT" "$SHELL_HOST:/$1" "$WORK/got/"; }
with_scp_O() { scp -q -O "${SSH_OPTIONS[@]}" -P "$SSH_PORT" "$SHELL_HOST:$MNT/$1" "$WORK/got/"; }
with_sftp() { sftp_batch <<<"get /$1 $WORK/got/"; }
with_ftplib() { python3 - "$1" "$WORK/got/$1" "$FTP_PORT" "$ACCOUNT" "$ACCOUNT_PASSWORD" <<'END'
import ftplib, sys
name, to, port, user, password = sys.argv[1:]
with ftplib.FTP() as f:
    f.connect("127.0.0.1", int(port), 20)
    f.login(user, password)
    f.voidcmd("TYPE I")
    size = f.size(name)
    with open(to, "wb") as out:
        f.retrbinary("RETR " + name, out.write)
        assert out.tell() == size, (out.tell(), size)
END
}
fetch "sftp, chrooted" both with_sftp
fetch "scp" both with_scp
fetch "scp -O" both with_scp_O
fetch "curl sftp" both with_curl_sftp
fetch "curl ftp" both with_curl_ftp
fetch "curl ftp in two parts" both with_curl_parts
fetch "python ftplib, SIZE right" both with_ftplib
fetch "lftp ftp" lftp_ftp "lcd $WORK/got; mget catalog.csv feed.yml"
fetch "lftp ftp, four connections to a file" lftp_ftp "lcd $WORK/got; pget -n 4 catalog.csv; pget -n 4 feed.yml"
fetch "lftp sftp" lftp_sftp "lcd $WORK/got; mget catalog.csv feed.yml"
fetch "rsync daemon" rsync "rsync://127.0.0.1:$RSYNC_PORT/shop/catalog.csv" "rsync://127.0.0.1:$RSYNC_PORT/shop/feed.yml" "$WORK/got/"
fetch "rsync over ssh" rsync -e "$SHELL_RSYNC" "$SHELL_HOST:$MNT/catalog.csv" "$SHELL_HOST:$MNT/feed.yml" "$WORK/got/"

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
fetch "sftp after a change" both with_sftp
fetch "curl ftp after a change" both with_curl_ftp
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
