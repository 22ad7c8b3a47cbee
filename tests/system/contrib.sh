#!/bin/bash
# The configurations of contrib/ at work: the servers are started from these very files, with only paths, ports and the
# account's name replaced; the web host's two jobs run against them, also while the shop is not mounted.
# asan: no
. "$(dirname "$0")/../lib/system.sh"
. "$(dirname "$0")/../lib/shop.sh"
. "$(dirname "$0")/../lib/servers.sh"
. "$(dirname "$0")/../lib/shares.sh"
need_root
need sshd sftp vsftpd rsync lftp curl sqlite3 flock

mount_shop 50
add_account
served_name
PATH=$PATH:/usr/sbin:/sbin

# -- vsftpd --

mkdir -p /run/vsftpd/empty
FTP_PORT=$(free_port)
echo "$ACCOUNT" >"$WORK/vsftpd.users"
sed "s|/srv/shopfs/main|$SERVED|; s|/etc/vsftpd.users|$WORK/vsftpd.users|" "$ROOT/contrib/vsftpd/vsftpd.conf" >"$WORK/vsftpd.conf"
vsftpd "$WORK/vsftpd.conf" -obackground=NO -olisten_address=127.0.0.1 -olisten_port="$FTP_PORT" \
    -ovsftpd_log_file="$WORK/vsftpd.log" -oxferlog_file="$WORK/xferlog" >"$WORK/vsftpd.out" 2>&1 &
on_exit kill $!
wait_for 20 port_open "$FTP_PORT" || give_up "vsftpd does not start from contrib" "$(cat "$WORK/vsftpd.out")"
FTP=ftp://127.0.0.1:$FTP_PORT
check "vsftpd: download" ftp_curl -o "$WORK/catalog.csv" "$FTP/catalog.csv"
check_same "vsftpd: the same bytes" "$WORK/catalog.csv" "$MNT/catalog.csv"
plain_order V1 "$(some_sku)" >"$WORK/v1.xml"
check "vsftpd: upload" ftp_curl -T "$WORK/v1.xml" "$FTP/orders/incoming/"
check_result "vsftpd: taken" v1.xml accepted
check "vsftpd: the verdict by FTP" ftp_curl "$FTP/orders/results/v1.xml.txt"
check_not "vsftpd: no other account" curl -sS --fail --max-time 20 --user "nobody:x" "$FTP/"

# -- sshd --

mkdir -p /run/sshd "$WORK/keys"
cp "$KEY.pub" "$WORK/keys/$ACCOUNT"
SFTP_PORT=$(free_port)
ssh-keygen -q -t ed25519 -N '' -f "$WORK/host_key"
sed "s|/srv/shopfs/main|$SERVED|; s|/etc/ssh/authorized_keys/%u|$WORK/keys/%u|; s|^Match User webshop|Match User $ACCOUNT|" \
    "$ROOT/contrib/sshd/shopfs.conf" >"$WORK/sshd-shopfs.conf"
# What a system's own sshd_config has before its Include.
printf '%s\n' "Port $SFTP_PORT" 'ListenAddress 127.0.0.1' "HostKey $WORK/host_key" "PidFile $WORK/sshd.pid" 'UsePAM no' \
    'StrictModes no' 'Subsystem sftp internal-sftp' "Include $WORK/sshd-shopfs.conf" >"$WORK/sshd_config"
"$(command -v sshd)" -f "$WORK/sshd_config" -D -E "$WORK/sshd.log" &
on_exit kill $!
wait_for 20 port_open "$SFTP_PORT" || give_up "sshd does not start from contrib" "$(cat "$WORK/sshd.log")"
SSH_OPTIONS=(-i "$KEY" -F /dev/null -o "UserKnownHostsFile=$WORK/known_hosts" -o StrictHostKeyChecking=no
    -o IdentitiesOnly=yes -o LogLevel=ERROR -o BatchMode=yes)
check "sshd: download" sftp_batch <<<"get /feed.yml $WORK/feed.yml"
check_same "sshd: the same bytes" "$WORK/feed.yml" "$MNT/feed.yml"
plain_order S1 "$(some_sku)" >"$WORK/s1.xml"
check "sshd: upload" sftp_batch <<<"put -p $WORK/s1.xml /orders/incoming/"
check_result "sshd: taken" s1.xml accepted
check_not "sshd: no shell" ssh "${SSH_OPTIONS[@]}" -p "$SFTP_PORT" "$ACCOUNT@127.0.0.1" true
check_match "sshd: no forwarding" 'forwarding failed|prohibited' \
    "$(timeout 10 ssh "${SSH_OPTIONS[@]}" -p "$SFTP_PORT" -W "127.0.0.1:$FTP_PORT" "$ACCOUNT@127.0.0.1" 2>&1 </dev/null)"

# -- rsyncd --

RSYNC_PORT=$(free_port)
echo "web:rsync-word" >"$WORK/rsyncd.secrets"
echo "rsync-word" >"$WORK/rsync.password"
chmod 600 "$WORK/rsyncd.secrets" "$WORK/rsync.password"
sed "s|/srv/shopfs/main|$SERVED|; s|/etc/rsyncd.secrets|$WORK/rsyncd.secrets|; s|/var/log/rsyncd.log|$WORK/rsyncd.log|
    s|^\( *[ug]id = \)webshop|\1$ACCOUNT|" "$ROOT/contrib/rsyncd/rsyncd.conf" >"$WORK/rsyncd.conf"
rsync --daemon --no-detach --config="$WORK/rsyncd.conf" --address=127.0.0.1 --port="$RSYNC_PORT" &
RSYNCD=$!
# Waited for, since it writes its log when it ends.
end_rsyncd() { kill $RSYNCD && wait $RSYNCD; }
on_exit end_rsyncd
wait_for 20 port_open "$RSYNC_PORT" || give_up "rsync does not start from contrib"
export RSYNC_PASSWORD=rsync-word
HOST=rsync://web@127.0.0.1:$RSYNC_PORT
check "rsyncd: mirror" rsync -a --exclude=/orders/ "$HOST/shop/" "$WORK/mirror/"
check_same "rsyncd: the same bytes" "$WORK/mirror/catalog.csv" "$MNT/catalog.csv"
plain_order R1 "$(some_sku)" >"$WORK/r1.xml"
check "rsyncd: upload" rsync -t "$WORK/r1.xml" "$HOST/orders/"
check_result "rsyncd: taken" r1.xml accepted
check_not "rsyncd: orders are not for reading" rsync "$HOST/orders/r1.xml" "$WORK/back.xml"
check_not "rsyncd: exports are not for writing" rsync "$WORK/r1.xml" "$HOST/shop/"
check_not "rsyncd: a password is asked for" env RSYNC_PASSWORD=other rsync "$HOST/shop/"
unset RSYNC_PASSWORD

# -- what else there is, where it is installed --

# other_server NAME PROGRAM PACKAGE START: the command of that name puts, gets and logs in
declare -A OTHER
other_server() {
    if ! program "$2" "$3" >/dev/null; then
        skip "$1" "not installed"
        return
    fi
    "$4"
    OTHER[$1]=${FTP_PORT-}
    plain_order "other-$1" "$(some_sku)" >"$WORK/$1.xml"
    check "$1: download" "$1_get"
    check_same "$1: the same bytes" "$WORK/other.csv" "$MNT/catalog.csv"
    check "$1: upload" "$1_put"
    check_result "$1: taken" "$1.xml" accepted
    check_not "$1: exports are not for writing" "$1_overwrite"
}
other_curl() { curl -sS --fail --max-time 20 -u "$ACCOUNT:$ACCOUNT_PASSWORD" "${@:3}" "ftp://127.0.0.1:${OTHER[$1]}/$2"; }
for name in proftpd pure_ftpd; do
    eval "${name}_get() { other_curl $name catalog.csv -o '$WORK/other.csv'; }"
    eval "${name}_put() { other_curl $name orders/incoming/ -T '$WORK/$name.xml'; }"
    eval "${name}_overwrite() { other_curl $name feed.yml -T '$WORK/$name.xml'; }"
done
smb() { smbclient -s /dev/null -p "$SMB_PORT" -U "$ACCOUNT%$ACCOUNT_PASSWORD" "//127.0.0.1/$1" -c "$2"; }
samba_get() { smb shop "get catalog.csv $WORK/other.csv"; }
samba_put() { smb orders "put $WORK/samba.xml samba.xml"; }
samba_overwrite() { smb shop "put $WORK/samba.xml feed.yml"; }
VSFTPD_PORT=$FTP_PORT
other_server proftpd proftpd proftpd-core start_proftpd
other_server pure_ftpd pure-ftpd pure-ftpd start_pure_ftpd
other_server samba smbd samba start_smbd
FTP_PORT=$VSFTPD_PORT

# -- the web host --

export HOME=$WORK/web
mkdir -p "$HOME/outbox"
# The very file, with the words after its keys replaced.
set_key() { sed -i "s|^$1=.*|$1=$2|" "$WORK/shop.env"; }
cp "$ROOT/contrib/webhost/shop.env" "$WORK/shop.env"
set_key SOURCE "$HOST/shop"
set_key TARGET "$HOME/import"
set_key RSYNC_OPTIONS "--password-file=$WORK/rsync.password"
set_key OUTBOX "$HOME/outbox"
set_key SENT "$HOME/sent"
set_key REFUSED "$HOME/refused"
set_key URL "'-u $ACCOUNT, sftp://127.0.0.1:$SFTP_PORT'"
set_key LFTP_SETTINGS "'set net:max-retries 2; set net:timeout 20; set sftp:auto-confirm yes; set sftp:connect-program \"ssh -a -x ${SSH_OPTIONS[*]}\"'"
set_key WAIT 20
PULL=("$ROOT/contrib/webhost/shop-pull" "$WORK/shop.env")
PUSH=("$ROOT/contrib/webhost/shop-push" "$WORK/shop.env")

check "shop-pull" "${PULL[@]}"
check_same "shop-pull: the catalogue" "$HOME/import/catalog.csv" "$MNT/catalog.csv"
check "shop-pull: pictures" test "$(find "$HOME/import/images" -type f | wc -l)" = "$(find "$MNT/images" -type f | wc -l)"
check_not "shop-pull: no orders" test -e "$HOME/import/orders"
check_equal "shop-pull: silent when all is well" "" "$("${PULL[@]}" 2>&1)"
sql "UPDATE price SET price_e4 = price_e4 + 770000"
check "shop-pull: after a change" "${PULL[@]}"
check "shop-pull: checksums fit" sh -c "cd '$HOME/import' && sha256sum -c --status *.sha256"

# A file of another version than its checksum, as a resumed download leaves it: same size, same time.
touch -r "$HOME/import/catalog.csv" "$WORK/time"
tr 0-4 5-9 <"$HOME/import/catalog.csv" >"$WORK/damaged"
cp "$WORK/damaged" "$HOME/import/catalog.csv"
touch -r "$WORK/time" "$HOME/import/catalog.csv"
check "shop-pull: a damaged file is noticed and fetched" "${PULL[@]}"
check_same "shop-pull: it is right again" "$HOME/import/catalog.csv" "$MNT/catalog.csv"

for i in 1 2 3; do touch "$HOME/import/images/gone$i.png"; done
set_key MAX_DELETE 2
check_not "shop-pull: more deletions than allowed" "${PULL[@]}"
set_key MAX_DELETE 500
check "shop-pull: as many as allowed" "${PULL[@]}"
check_not "shop-pull: deleted" test -e "$HOME/import/images/gone1.png"

plain_order W1 "$(some_sku)" >"$HOME/outbox/w1.xml"
plain_order W2 "$(some_sku 1)" >"$HOME/outbox/w2.xml"
check "shop-push" "${PUSH[@]}"
check_equal "shop-push: both are orders" "1 1" "$(orders_with W1) $(orders_with W2)"
check_equal "shop-push: filed with their verdicts" "w1.xml w1.xml.txt w2.xml w2.xml.txt" "$(ls "$HOME/sent" | xargs)"
check_match "shop-push: a verdict" '^accepted: order W1' "$(cat "$HOME/sent/w1.xml.txt")"
cp "$HOME/sent/w1.xml" "$HOME/outbox/again.xml"
check "shop-push: the same once more" "${PUSH[@]}"
check_equal "shop-push: is no second order" 1 "$(orders_with W1)"
echo '<order version="1"><number>W3</number></order>' >"$HOME/outbox/w3.xml"
check_not "shop-push: a refused one is told" "${PUSH[@]}"
check "shop-push: with its reason" grep -q refused "$HOME/refused/w3.xml.txt"
plain_order W4 "$(some_sku)" | head -n 5 >"$HOME/outbox/half.xml"
set_key WAIT 2
"${PUSH[@]}" 2>/dev/null
check_equal "shop-push: an incomplete one is undecided" 75 $?
check "shop-push: and stays" test -s "$HOME/outbox/half.xml"
rm "$HOME/outbox/half.xml"
# shellcheck disable=SC2016
hostile='$(touch owned);!touch owned.xml'
plain_order W5 >"$HOME/outbox/$hostile"
(cd "$HOME" && "${PUSH[@]}" 2>/dev/null)
check_equal "shop-push: a hostile name runs nothing" "" "$(find "$HOME" "$ROOT/tests" -name 'owned*')"
rm "$HOME/outbox/$hostile"

# -- while the shop is not mounted --

unmount_shop
check_not "vsftpd: no login" ftp_curl -T "$WORK/v1.xml" "$FTP/orders/incoming/"
check_not "sshd: no login" sftp_batch <<<"put $WORK/s1.xml /"
check_not "rsyncd: no upload" env RSYNC_PASSWORD=rsync-word rsync -t "$WORK/r1.xml" "$HOST/orders/"
for name in "${!OTHER[@]}"; do
    check_not "$name: no upload" "${name}_put"
done
mkdir "$WORK/victim"
cp "$WORK/catalog.csv" "$WORK/victim/"
check_not "rsyncd: a careless mirror fails" env RSYNC_PASSWORD=rsync-word rsync -a --delete "$HOST/shop/" "$WORK/victim/"
check "rsyncd: and deletes nothing" test -s "$WORK/victim/catalog.csv"
"${PULL[@]}" 2>/dev/null
check_equal "shop-pull: try again later" 75 $?
check "shop-pull: the mirror stays" test -s "$HOME/import/catalog.csv"
# Even where a careless server shows the empty directory.
chmod 755 "$MNT"
set_key SOURCE "$MNT"
set_key RSYNC_OPTIONS "''"
check_not "shop-pull: nor from an empty directory" "${PULL[@]}"
check "shop-pull: deletes nothing" test -s "$HOME/import/catalog.csv"
plain_order W6 >"$HOME/outbox/w6.xml"
set_key WAIT 0
"${PUSH[@]}" >/dev/null 2>&1
check_equal "shop-push: try again later" 75 $?
check "shop-push: the order stays" test -s "$HOME/outbox/w6.xml"
check_equal "nothing was written into the bare directory" "" "$(ls -A "$MNT")"

finish
