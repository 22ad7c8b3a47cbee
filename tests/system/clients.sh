#!/bin/bash
# Every client that is here, in the ways people use it: it ends as in a plain directory, and one import comes of it.
. "$(dirname "$0")/../lib/system.sh"
. "$(dirname "$0")/../lib/shop.sh"
. "$(dirname "$0")/../lib/servers.sh"
need_root
need sshd sftp vsftpd rsync lftp curl sqlite3 python3

make_shop 30
plenty
start_shop
start_sshd
start_vsftpd
sku=$(some_sku)
mkdir "$WORK/up" "$WORK/temp"
FTP=ftp://127.0.0.1:$FTP_PORT/orders/incoming
SSH_HOST=$ACCOUNT@127.0.0.1
SHELL_SSH="ssh ${SSH_OPTIONS[*]} -p $SSH_PORT"
: >"$WORK/runs"
runs=0

# try CLIENT OPERATION COMMAND...: FILE is the order to be sent, NAME how it is called there
try() {
    local client=$1 operation=${2:-plain} rc=0

    shift 2
    runs=$((runs + 1))
    NAME=c$runs.xml
    FILE=$WORK/up/$NAME
    big_order "C$runs" "$sku" 3000 >"$FILE"
    cp "$FILE" "$WORK/sent-$NAME"
    "$@" >"$WORK/client-$runs.log" 2>&1 </dev/null || rc=$?
    printf '%s\t%s\t%s\t%s\n' "$runs" "$client" "$operation" $rc >>"$WORK/runs"
}
half() { head -c 1500 "$FILE"; }
rest() { tail -c +1501 "$FILE"; }
batch() { printf '%s\n' "$@" | sftp_batch; }

# -- sftp, scp --

sftp_put() { batch "put $FILE /orders/incoming/"; }
sftp_put_p() { batch "put -p $FILE /orders/incoming/"; }
sftp_put_f() { batch "put -f $FILE /orders/incoming/"; }
sftp_reput() { half >"$WORK/half" && batch "put $WORK/half /orders/incoming/$NAME" "reput $FILE /orders/incoming/$NAME"; }
sftp_rename() { batch "put $FILE /orders/incoming/$NAME.part" "rename /orders/incoming/$NAME.part /orders/incoming/$NAME"; }
sftp_rename_l() { batch "put $FILE /orders/incoming/$NAME.part" "rename -l /orders/incoming/$NAME.part /orders/incoming/$NAME"; }
sftp_filepart() { # as WinSCP does
    batch "put $FILE /orders/incoming/$NAME.filepart" "-rm /orders/incoming/$NAME" \
        "rename -l /orders/incoming/$NAME.filepart /orders/incoming/$NAME" "chmod 644 /orders/incoming/$NAME"
}
sftp_chmod() { batch "put $FILE /orders/incoming/" "chmod 640 /orders/incoming/$NAME" "ls -l /orders/incoming/$NAME"; }
sftp_dir() { mkdir "$WORK/d$runs" && cp "$FILE" "$WORK/d$runs/" && batch "put -r $WORK/d$runs /orders/incoming/"; }
try sftp put sftp_put
try sftp "put -p" sftp_put_p
try sftp "put -f" sftp_put_f
try sftp "half, reput" sftp_reput
try sftp "put, rename" sftp_rename
try sftp "put, rename -l" sftp_rename_l
try sftp "put, rm, rename, chmod" sftp_filepart
try sftp "put, chmod, ls" sftp_chmod
try sftp "put -r" sftp_dir
with_scp() { scp -q "$@" "${SSH_OPTIONS[@]}" -P "$SFTP_PORT" "$FILE" "$SSH_HOST:/orders/incoming/"; }
with_scp_O() { scp -q -O "$@" "${SSH_OPTIONS[@]}" -P "$SSH_PORT" "$FILE" "$SSH_HOST:$IN/"; }
try scp "" with_scp
try scp "-p" with_scp -p
try scp "-O" with_scp_O
try scp "-O -p" with_scp_O -p
try ssh "cat >" sh -c "$SHELL_SSH $SSH_HOST 'cat >$IN/c$((runs + 1)).xml' <$WORK/up/c$((runs + 1)).xml"

# -- lftp --

lftp_put() { "$1" "cd orders/incoming; put $FILE"; }
lftp_temp() { "$1" "set xfer:use-temp-file yes; cd orders/incoming; put $FILE"; }
lftp_mirror() { mkdir -p "$WORK/m$runs" && cp "$FILE" "$WORK/m$runs/" && "$1" "mirror -R $WORK/m$runs orders/incoming"; }
lftp_continue() { half >"$WORK/$NAME" && "$1" "cd orders/incoming; put $WORK/$NAME; put -c $FILE"; }
for protocol in ftp sftp; do
    try "lftp $protocol" put lftp_put "lftp_$protocol"
    try "lftp $protocol" "put, use-temp-file" lftp_temp "lftp_$protocol"
    try "lftp $protocol" "mirror -R" lftp_mirror "lftp_$protocol"
    try "lftp $protocol" "half, put -c" lftp_continue "lftp_$protocol"
done

# -- curl, ncftp, ftplib --

curl_put() { ftp_curl -T "$FILE" "$@" "$FTP/$NAME"; }
curl_chmod() { ftp_curl -T "$FILE" -Q "-SITE CHMOD 644 $NAME" "$FTP/$NAME"; }
curl_rename() { ftp_curl -T "$FILE" -Q "-RNFR tmp_$NAME" -Q "-RNTO $NAME" "$FTP/tmp_$NAME"; }
curl_part() { ftp_curl -T "$FILE" -Q "-RNFR $NAME.part" -Q "-RNTO $NAME" "$FTP/$NAME.part"; }
curl_append() { half >"$WORK/half" && ftp_curl -T "$WORK/half" "$FTP/$NAME" && ftp_curl -C - -T "$FILE" "$FTP/$NAME"; }
curl_sftp() { curl -sS --insecure --key "$KEY" --pubkey "$KEY.pub" -u "$ACCOUNT:" -T "$FILE" "sftp://127.0.0.1:$SFTP_PORT/orders/incoming/$NAME"; }
try "curl ftp" put curl_put
try "curl ftp" "put, active mode" curl_put --ftp-port 127.0.0.1
try "curl ftp" "put, SITE CHMOD" curl_chmod
try "curl ftp" "put tmp_X.xml, rename" curl_rename
try "curl ftp" "put X.part, rename" curl_part
try "curl ftp" "half, -C -" curl_append
try "curl sftp" put curl_sftp
if command -v ncftpput >/dev/null; then
    ncftp_put() { ncftpput "$@" -u "$ACCOUNT" -p "$ACCOUNT_PASSWORD" -P "$FTP_PORT" 127.0.0.1 orders/incoming "$FILE"; }
    try ncftpput put ncftp_put
    try ncftpput "-T tmp." ncftp_put -T tmp.
else
    skip "ncftpput" "not installed"
fi
cat >"$WORK/ftp.py" <<'END'
import ftplib, io, sys
mode, port, user, password, path, name = sys.argv[1:]
data = open(path, "rb").read()
with ftplib.FTP() as f:
    f.connect("127.0.0.1", int(port), 20)
    f.login(user, password)
    f.cwd("orders/incoming")
    if mode == "ascii":
        f.storlines("STOR " + name, io.BytesIO(data))
    elif mode == "appe":
        f.storbinary("STOR " + name, io.BytesIO(data[:1000]))
        f.storbinary("APPE " + name, io.BytesIO(data[1000:]))
    elif mode == "rest":
        f.storbinary("STOR " + name, io.BytesIO(data[:1000]))
        f.voidcmd("TYPE I")
        assert f.size(name) == 1000
        f.storbinary("STOR " + name, io.BytesIO(data[1000:]), rest=1000)
    elif mode == "overwrite":
        f.storbinary("STOR " + name, io.BytesIO(b"x" * 5000))
        f.storbinary("STOR " + name, io.BytesIO(data))
    else:
        f.storbinary("STOR " + name, io.BytesIO(data), blocksize=int(mode))
    if mode != "ascii":
        f.voidcmd("TYPE I")
        assert f.size(name) == len(data), f.size(name)
    assert name in f.nlst(), f.nlst()
END
with_ftplib() { python3 "$WORK/ftp.py" "$1" "$FTP_PORT" "$ACCOUNT" "$ACCOUNT_PASSWORD" "$FILE" "$NAME"; }
try "python ftplib" "STOR, SIZE, NLST" with_ftplib 8192
try "python ftplib" "STOR in small pieces" with_ftplib 7
try "python ftplib" "STOR, APPE" with_ftplib appe
try "python ftplib" "STOR, REST + STOR" with_ftplib rest
try "python ftplib" "ASCII" with_ftplib ascii
try "python ftplib" "noise, then STOR over it" with_ftplib overwrite

# -- rsync --

local_rsync() { rsync "$@" "$FILE" "$IN/"; }
ssh_rsync() { rsync -e "$SHELL_SSH" "$@" "$FILE" "$SSH_HOST:$IN/"; }
directory_rsync() { mkdir "$WORK/d$runs" && cp "$FILE" "$WORK/d$runs/" && rsync "$@" "$WORK/d$runs/" "$IN/"; }
repeated_rsync() { rsync -a "$FILE" "$IN/" && sleep 0.5 && rsync -a "$FILE" "$IN/" && rsync -a "$FILE" "$IN/"; }
try rsync "" local_rsync
for option in -a --inplace --append --partial --partial-dir=.part --delay-updates "--temp-dir=$WORK/temp" --checksum --fsync \
    --sparse --whole-file --preallocate --remove-source-files; do
    try rsync "${option/"$WORK"/TMP}" local_rsync "$option"
done
try rsync "-a DIR/" directory_rsync -a
try rsync "-a --delay-updates DIR/" directory_rsync -a --delay-updates
try rsync "-a, three times" repeated_rsync
try "rsync ssh" "" ssh_rsync
try "rsync ssh" "-az" ssh_rsync -az
try "rsync ssh" "-a --inplace" ssh_rsync -a --inplace
try "rsync ssh" "-a --delay-updates" ssh_rsync -a --delay-updates

# -- tools of an operator --

with_cp() { cp "$@" "$FILE" "$IN/"; }
with_mv() { mv "$FILE" "$IN/"; }
with_mv_inside() { cp "$FILE" "$IN/$NAME.part" && mv "$IN/$NAME.part" "$IN/$NAME"; }
with_mv_n() { cp "$FILE" "$IN/.$NAME" && mv -n "$IN/.$NAME" "$IN/$NAME"; }
with_install() { install -m 644 "$FILE" "$IN/"; }
with_tee() { tee "$IN/$NAME" <"$FILE"; }
with_cat() { cat "$FILE" >"$IN/$NAME"; }
with_append() { half >>"$IN/$NAME" && rest >>"$IN/$NAME"; }
with_dd() { dd if="$FILE" of="$IN/$NAME" bs=100; }
with_dd_sync() { dd if="$FILE" of="$IN/$NAME" bs=64k conv=fsync; }
with_dd_direct() { dd if="$FILE" of="$IN/$NAME" bs=1M oflag=direct; }
with_touch() { touch "$IN/$NAME" && cat "$FILE" >"$IN/$NAME"; }
with_tar() { tar -C "$WORK/up" -cf - "$NAME" | tar -C "$IN" -xf -; }
with_sed() { sed '$d' "$FILE" >"$IN/$NAME" && sed -i '$a</order>' "$IN/$NAME"; }
with_copy2() { python3 -c 'import shutil, sys; shutil.copy2(*sys.argv[1:])' "$FILE" "$IN/$NAME"; }
with_ln() { cp "$FILE" "$IN/$NAME.part" && ! ln "$IN/$NAME.part" "$IN/$NAME" && mv "$IN/$NAME.part" "$IN/$NAME"; }
with_vim() { vim -u NONE -i NONE -es -c "e $FILE" -c "w $IN/$NAME" -c 'qa!'; }
with_vim_edit() { sed '$d' "$FILE" >"$IN/$NAME" && vim -u NONE -i NONE -N -es -c "e $IN/$NAME" -c 'normal Go</order>' -c 'wq'; }
try cp "" with_cp
try cp -p with_cp -p
try cp -a with_cp -a
try cp --reflink=auto with_cp --reflink=auto --sparse=always
try mv "" with_mv
try mv "X.part X" with_mv_inside
try mv "-n .X X" with_mv_n
try install "-m 644" with_install
try tee "" with_tee
try sh ">" with_cat
try sh ">>, two halves" with_append
try dd bs=100 with_dd
try dd conv=fsync with_dd_sync
try dd oflag=direct with_dd_direct
try touch "later >" with_touch
try tar -x with_tar
try sed "-i completes it" with_sed
try python shutil.copy2 with_copy2
try ln "refused, then mv" with_ln
if command -v vim >/dev/null; then
    try vim ":w of a new file" with_vim
    try vim "completes it" with_vim_edit
else
    skip "vim" "not installed"
fi

# -- what came of it --

decided_all() { [ "$(sql "SELECT count(DISTINCT number) FROM intake_order WHERE number GLOB 'C[0-9]*' AND verdict = 'accepted'")" = $runs ]; }
wait_for 30 decided_all
sleep 1 # for what would be imported twice
printf '\n%-15s %-26s %4s %7s\n' client operation exit imports
while IFS=$'\t' read -r run client operation rc; do
    imports=$(sql "SELECT count(*) FROM intake_order WHERE number = 'C$run'")
    filed=$(sql "SELECT filed_as FROM intake i JOIN intake_order o ON o.intake_id = i.id WHERE o.number = 'C$run' AND o.verdict = 'accepted'")
    printf '%-15s %-26s %4s %7s\n' "$client" "$operation" "$rc" "$imports"
    if [ "$rc" != 0 ]; then
        fail "$client $operation ends with success" "$(cat "$WORK/client-$run.log")"
    elif [ "$imports" != 1 ]; then
        fail "$client $operation: imported once" "$imports times: $(sql "SELECT name, verdict, message FROM intake WHERE name LIKE '%c$run.xml%'")
$(result_of "c$run.xml")"
    elif ! cmp -s "$PROCESSED/${filed##*/}" "$WORK/sent-c$run.xml"; then
        fail "$client $operation: the same bytes" "filed as $filed"
    else
        pass "$client $operation"
    fi
done <"$WORK/runs" >"$WORK/table"
# The loop ran in this shell: counts hold; the table first, then the verdicts.
grep -vE '^(ok  |FAIL|     \|) ' "$WORK/table"
echo
grep -E '^(ok  |FAIL|     \|) ' "$WORK/table"

finish
