#!/bin/bash
# SFTP: OpenSSH's server, chrooted into the mount, with sftp, scp, lftp, curl, sshfs, paramiko and asyncssh, and with the
# orders of operation of WinSCP, sshj, Cyberduck and others.
. "$(dirname "$0")/../lib/system.sh"
. "$(dirname "$0")/../lib/shop.sh"
. "$(dirname "$0")/../lib/servers.sh"
. "$(dirname "$0")/../lib/clients.sh"
need_root
need sshd sftp lftp curl sqlite3 python3

mount_shop 30
plenty
sku=$(some_sku)
sides
start_sshd "$PLAIN"
remember plain SFTP_PORT SSH_PORT
start_sshd
remember mount SFTP_PORT SSH_PORT
SSH_HOST=$ACCOUNT@127.0.0.1
UP=/orders/incoming

# -- sftp, scp --

batch() { printf '%s\n' "$@" | sftp_batch; }
sftp_put() { batch "put ${1-} $FILE $UP/"; }
sftp_reput() { head -c 1500 "$FILE" >"$TMP/half" && batch "put $TMP/half $UP/$NAME" "$1 $FILE $UP/$NAME"; }
sftp_rename() { batch "put $FILE $UP/$1$NAME$2" "rename ${3-} $UP/$1$NAME$2 $UP/$NAME"; }
sftp_chmod() { batch "put $FILE $UP/" "chmod 640 $UP/$NAME" "ls -l $UP/$NAME"; }
sftp_dir() { mkdir "$TMP/d$ID" && cp "$FILE" "$TMP/d$ID/" && batch "put $1 $TMP/d$ID $UP/"; }
sftp_mkdir() { batch "mkdir $UP/n$ID" "put $FILE $UP/n$ID/"; }
sftp_ln() { batch "put $FILE $UP/$NAME.part" "-ln $UP/$NAME.part $UP/$NAME.other" "rename $UP/$NAME.part $UP/$NAME"; }
sftp_small() { printf 'put %s %s/\n' "$FILE" $UP | sftp_batch -B 512 -R 1; }
with_scp() { scp -q "$@" "${SSH_OPTIONS[@]}" -P "$SFTP_PORT" "$FILE" "$SSH_HOST:$UP/"; }
with_scp_O() { scp -q -O "$@" "${SSH_OPTIONS[@]}" -P "$SSH_PORT" "$FILE" "$SSH_HOST:$IN/"; }
with_ssh() { ssh "${SSH_OPTIONS[@]}" -p "$SSH_PORT" "$SSH_HOST" "cat >$IN/$NAME" <"$FILE"; }
slow_sftp() {
    echo "put $FILE $UP/" >"$TMP/batch"
    cut_off "$1" sftp -q -l 1600 "${SSH_OPTIONS[@]}" -P "$SFTP_PORT" -b "$TMP/batch" "$SSH_HOST"
}
slow_scp() { cut_off KILL scp -q -l 1600 "${SSH_OPTIONS[@]}" -P "$SFTP_PORT" "$FILE" "$SSH_HOST:$UP/"; }
sftp_again() { batch "reput $FILE $UP/$NAME"; }

openssh() {
    group S
    try sftp "put" sftp_put
    try sftp "put -p" sftp_put -p
    try sftp "put -f" sftp_put -f
    try sftp "put in requests of 512 bytes" sftp_small
    try sftp "half, reput" sftp_reput reput
    try sftp "half, put -a" sftp_reput "put -a"
    try sftp "put X.part, rename" sftp_rename '' .part
    try sftp "put X.part, rename -l" sftp_rename '' .part -l
    try sftp "put tmp_X.xml, rename" sftp_rename tmp_ ''
    try sftp "put, chmod, ls" sftp_chmod
    try sftp "put -r" sftp_dir -r
    try sftp "put -Rp" sftp_dir -Rp
    try sftp "mkdir, put into it" sftp_mkdir
    broken sftp "killed" slow_sftp KILL
    resumed sftp "  reput" sftp_again
    broken sftp "terminated" slow_sftp TERM
    resumed sftp "  put anew" sftp_put
    try scp "-" with_scp
    try scp "-p" with_scp -p
    try scp "-O" with_scp_O
    try scp "-O -p" with_scp_O -p
    broken scp "killed" slow_scp
    resumed scp "  anew" with_scp
    try ssh "cat >X" with_ssh
}

# -- lftp, curl --

lftp_put() { lftp_sftp "${1-}; cd orders/incoming; put $FILE"; }
lftp_mirror() { mkdir -p "$TMP/m" && cp "$FILE" "$TMP/m/" && lftp_sftp "$1; mirror -R $TMP/m orders/incoming"; }
lftp_continue() { head -c 1500 "$FILE" >"$TMP/$NAME" && lftp_sftp "cd orders/incoming; put $TMP/$NAME; put -c $FILE"; }
sftp_curl() {
    curl -sS --insecure --max-time 60 --key "$KEY" --pubkey "$KEY.pub" -u "$ACCOUNT:" -T "$FILE" \
        "sftp://127.0.0.1:$SFTP_PORT$UP/${TO-$NAME}" "$@"
}
curl_rename() { TO=$NAME.part sftp_curl -Q "-rename $UP/$NAME.part $UP/$NAME"; }
curl_append() { head -c 1500 "$FILE" >"$TMP/$NAME" && FILE=$TMP/$NAME sftp_curl && sftp_curl -C -; }
curl_chmod() { sftp_curl -Q "-chmod 644 $UP/$NAME"; }

others() {
    group L
    try "lftp sftp" "put" lftp_put
    try "lftp sftp" "put, use-temp-file" lftp_put 'set xfer:use-temp-file yes'
    try "lftp sftp" "mirror -R" lftp_mirror ''
    try "lftp sftp" "mirror -R, use-temp-file" lftp_mirror 'set xfer:use-temp-file yes'
    try "lftp sftp" "half, put -c" lftp_continue
    try "curl sftp" "put" sftp_curl
    try "curl sftp" "put X.part, rename" curl_rename
    try "curl sftp" "put, chmod" curl_chmod
    try "curl sftp" "half, -C -" curl_append
}

# -- Python, and what others do, in Python --

# start_clients: one connection to each side, kept for this group's rows
start_clients() {
    local side from to

    for side in plain mount; do
        use_side $side
        mkfifo "$WORK/$GROUP.$side.to" "$WORK/$GROUP.$side.from"
        "$PYTHON" "$ROOT/tests/lib/sftp_client.py" "$SFTP_PORT" "$ACCOUNT" "$KEY" \
            <"$WORK/$GROUP.$side.to" >"$WORK/$GROUP.$side.from" 2>"$WORK/$GROUP.$side.log" &
        exec {to}>"$WORK/$GROUP.$side.to" {from}<"$WORK/$GROUP.$side.from"
        CLIENT_TO=$to CLIENT_FROM=$from
        remember $side CLIENT_TO CLIENT_FROM
    done
}
client() {
    local line

    printf '%s\t%s\t%s\n' "$1" "$FILE" "$NAME" >&"$CLIENT_TO"
    while IFS= read -r line <&"$CLIENT_FROM"; do
        case $line in
        "exit "*) return "${line#exit }" ;;
        *) echo "$line" ;;
        esac
    done
    return 1 # it died
}
client_alone() { "$PYTHON" -W ignore "$ROOT/tests/lib/sftp_client.py" "$SFTP_PORT" "$ACCOUNT" "$KEY" "$1" "$FILE" "$NAME"; }

paramiko() {
    group K
    start_clients
    try paramiko "put, then stat" client put
    SIZE=300000 try paramiko "put of 300 KB" client put
    try paramiko "put without stat" client put_unconfirmed
    try paramiko "write, append" client append
    try paramiko "write in pieces of 10" client small
    SIZE=100000 try paramiko "the second half first" client backwards
    try paramiko "open exclusively" client exclusive
    try paramiko "ftruncate at the end" client truncated
    try paramiko "posix_rename" client posix_rename
    try paramiko "put, read it back" client read_back
    try paramiko "put, listdir_attr" client listed
    try paramiko "put X.new, remove X, rename" client replaced
    try paramiko "put, then X.xml.ok" client flag
    twice paramiko "by two handles at once" client two_at_once
    broken paramiko "killed" client_alone killed
    resumed paramiko "  append" client resume
    broken paramiko "connection reset" client_alone reset
    resumed paramiko "  put anew" client put
}
emulated() {
    group E
    start_clients
    try "as WinSCP" "up to 100 KB: put, utime" client winscp_small
    SIZE=150000 try "as WinSCP" ".filepart, rename, utime" client winscp_large
    SIZE=150000 try "as WinSCP" "the same over a half file" client winscp_over
    SIZE=150000 try "as WinSCP" "resumed .filepart" client winscp_resume
    try "as sshj" "put, chmod, utime" client sshj
    try "as Cyberduck" "put, chmod, utime, stat" client cyberduck
    try "as Cyberduck" "X.xml-random, rename" client cyberduck_temporary
    try "as FileZilla" "put, utime, list" client filezilla
    try "as phpseclib" "put, utime" client phpseclib
    try "as ssh2 (node)" "chmod before writing" client ssh2
    try "as JSch" "stat, put" client jsch
    try "as mc" "put, chown, chmod, utime" client mc
    if "$PYTHON" -c 'import asyncssh' 2>/dev/null; then
        try asyncssh "put" client_alone asyncssh
        try asyncssh "put, preserve" client_alone asyncssh_preserve
    fi
}

# -- sshfs: FUSE on FUSE --

sshfs_cp() { cp "$@" "$FILE" "$REMOTE/orders/incoming/"; }
sshfs_mv() { mv "$FILE" "$REMOTE/orders/incoming/"; }
sshfs_cat() { cat "$FILE" >"$REMOTE/orders/incoming/$NAME"; }
sshfs_append() { head -c 1500 "$FILE" >"$REMOTE/orders/incoming/$NAME" && tail -c +1501 "$FILE" >>"$REMOTE/orders/incoming/$NAME"; }
sshfs_rename() { cp "$FILE" "$REMOTE/orders/incoming/$NAME.part" && mv "$REMOTE/orders/incoming/$NAME.part" "$REMOTE/orders/incoming/$NAME"; }
sshfs_rsync() { rsync -t "$@" "$FILE" "$REMOTE/orders/incoming/"; }
mount_sshfs() { # SIDE
    use_side "$1"
    REMOTE=$WORK/sshfs-$1
    mkdir "$REMOTE"
    # Its options are joined with commas, and none of ours has one.
    sshfs -f -p "$SFTP_PORT" -o "IdentityFile=$KEY,UserKnownHostsFile=$WORK/known_hosts,StrictHostKeyChecking=no" \
        "$SSH_HOST:/" "$REMOTE" >"$WORK/sshfs-$1.log" 2>&1 &
    on_exit wait $!
    on_exit fusermount3 -u "$REMOTE"
    remember "$1" REMOTE
    wait_for 20 mountpoint -q "$REMOTE" || give_up "sshfs does not mount" "$(cat "$WORK/sshfs-$1.log")"
}
with_sshfs() {
    group M
    try sshfs "cp" sshfs_cp
    try sshfs "mv" sshfs_mv
    try sshfs ">" sshfs_cat
    try sshfs ">, >>" sshfs_append
    try sshfs "cp X.part, mv" sshfs_rename
    try sshfs "rsync -t" sshfs_rsync
    try sshfs "rsync --inplace" sshfs_rsync --inplace
    SIZE=300000 try sshfs "cp of 300 KB" sshfs_cp --preserve=mode,timestamps
}

pids=()
openssh & pids+=($!)
others & pids+=($!)
if "$PYTHON" -c 'import paramiko' 2>/dev/null; then
    paramiko & pids+=($!)
    emulated & pids+=($!)
else
    skip "paramiko, and what is emulated with it" "not installed"
fi
if command -v sshfs >/dev/null; then
    mount_sshfs plain
    mount_sshfs mount
    with_sshfs & pids+=($!)
else
    skip "sshfs" "not installed"
fi
wait "${pids[@]}"
report

finish
