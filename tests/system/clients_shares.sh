#!/bin/bash
# asan: no
# Network file systems: the mount as a share of Samba, and exported again over NFS.
. "$(dirname "$0")/../lib/system.sh"
. "$(dirname "$0")/../lib/shop.sh"
. "$(dirname "$0")/../lib/servers.sh"
. "$(dirname "$0")/../lib/shares.sh"
. "$(dirname "$0")/../lib/clients.sh"
need_root
need sqlite3 python3

make_shop 30
plenty
sku=$(some_sku)
add_account
configure "user = $ACCOUNT"
start_shop '' "$CONF"
sides
chown "$ACCOUNT:" "$WORK/plain/orders/incoming"

# -- samba --

smb() { # SHARE COMMANDS
    smbclient -s "$WORK/client.conf" -p "$SMB_PORT" -U "$ACCOUNT%$ACCOUNT_PASSWORD" "//127.0.0.1/$1" -c "$2"
}
smb_put() { smb orders "$1put $FILE $NAME"; }
smb_rename() { smb orders "put $FILE $1$NAME$2; rename $1$NAME$2 $NAME"; }
smb_over() { smb orders "put $WORK/noise $NAME; put $FILE $NAME"; }
smb_mput() { smb orders "lcd ${FILE%/*}; prompt; mput *.xml"; }
smb_mkdir() { smb orders "mkdir d$ID; cd d$ID; put $FILE $NAME"; }
smb_look() { smb orders "put $FILE $NAME; allinfo $NAME; ls $NAME; get $NAME $TMP/back" && cmp "$FILE" "$TMP/back"; }
smb_time() { smb orders "put $FILE $NAME; utimes $NAME -1 -1 2026:03:01-10:15:00 -1"; }
smb_half() { head -c 300000 "$FILE" >"$TMP/half" && smb orders "put $TMP/half $NAME"; }
# It reads 16 MB before it sends any: this one has the file open, and waits for its input.
smb_cut() {
    local pipe client rc=0

    mkfifo "$TMP/pipe" && exec {pipe}<>"$TMP/pipe"
    smbclient -s "$WORK/client.conf" -p "$SMB_PORT" -U "$ACCOUNT%$ACCOUNT_PASSWORD" \
        //127.0.0.1/orders -c "put - $NAME" <"$TMP/pipe" & client=$!
    wait_for 60 test -e "$IN/$NAME" || echo "nothing arrived"
    kill -KILL $client
    { wait $client; } 2>/dev/null || rc=$?
    exec {pipe}>&-
    return $rc
}
smb_get() { smb shop "lcd $TMP; get catalog.csv; get feed.yml"; }
smb_mget() { smb shop "lcd $TMP; prompt; mget catalog.csv feed.yml"; }
smb_reget() { head -c 1000 "$TOP/feed.yml" >"$TMP/feed.yml" && smb shop "lcd $TMP; get catalog.csv; reget feed.yml"; }
smb_tar() { smb shop "tar c $TMP/a.tar catalog.csv feed.yml" && tar -C "$TMP" -xf "$TMP/a.tar"; }

samba() {
    group N
    fetch smbclient "get" smb_get
    fetch smbclient "mget" smb_mget
    fetch smbclient "reget" smb_reget
    fetch smbclient "tar" smb_tar
    try smbclient "put" smb_put ''
    try smbclient "put X.part, rename" smb_rename '' .part
    try smbclient "put tmp_X.xml, rename" smb_rename tmp_ ''
    try smbclient "noise, then put over it" smb_over
    try smbclient "mput" smb_mput
    try smbclient "mkdir, put into it" smb_mkdir
    try smbclient "put, allinfo, get it back" smb_look
    try smbclient "put, set its time" smb_time
    SIZE=3000000 try smbclient "put of 3 MB" smb_put ''
    broken smbclient "half" smb_half
    resumed smbclient "  anew" smb_put ''
    broken smbclient "killed" smb_cut
    resumed smbclient "  anew" smb_put ''
}

# -- nfs --

nfs() { echo "nfs://127.0.0.1/shop/$1?version=4&nfsport=$NFS_PORT"; }
nfs_put() { nfs-cp "$FILE" "$(nfs "orders/incoming/$NAME")"; }
nfs_get() { nfs-cp "$(nfs catalog.csv)" "$TMP/catalog.csv" && nfs-cp "$(nfs feed.yml)" "$TMP/feed.yml"; }
nfs_cat() { nfs-cat "$(nfs catalog.csv)" >"$TMP/catalog.csv" && nfs-cat "$(nfs feed.yml)" >"$TMP/feed.yml"; }
nfs_ls() { nfs-ls "$(nfs '')" | grep -c 'catalog.csv\|feed.yml' && nfs_get; }

ganesha() {
    group F
    fetch libnfs "nfs-cp" nfs_get
    fetch libnfs "nfs-cat" nfs_cat
    fetch libnfs "nfs-ls, nfs-cp" nfs_ls
    try libnfs "nfs-cp" nfs_put
}

head -c 5000 /dev/zero >"$WORK/noise"
: >"$WORK/client.conf"
# First, since its uploads take a while: the server keeps files open.
if program ganesha.nfsd nfs-ganesha >/dev/null && command -v nfs-cp >/dev/null; then
    start_ganesha "$PLAIN"
    remember plain NFS_PORT
    start_ganesha
    remember mount NFS_PORT
    ganesha
else
    skip "NFS by nfs-ganesha" "not installed"
fi
if program smbd samba >/dev/null && command -v smbclient >/dev/null; then
    start_smbd "$PLAIN"
    remember plain SMB_PORT
    start_smbd
    remember mount SMB_PORT
    samba
else
    skip "Samba" "not installed"
fi
# In a kernel that has them they could be mounted and served by it.
for kind in cifs nfs4 nfsd; do
    grep -qw $kind /proc/filesystems || modprobe -q $kind 2>/dev/null || skip "$kind of the kernel" "not in this one"
done
wait_for 120 all_imported # an order reserves stock, and the catalogue follows
group A
for change in first second third; do
    sql "UPDATE price SET price_e4 = price_e4 + 10000"
    cp -p "$MNT/catalog.csv" "$MNT/feed.yml" "$WORK/plain/"
    [ -z "${REMEMBERED[mount.SMB_PORT]-}" ] || fetch smbclient "get after a $change change" smb_get
    [ -z "${REMEMBERED[mount.NFS_PORT]-}" ] || fetch libnfs "nfs-cp after a $change change" nfs_get
done
report

# What an NFS server of the kernel would meet, since it knows files by handle alone.
handles() {
    "$PYTHON" - "$MNT" "$1" <<'END'
import ctypes, os, sys
libc = ctypes.CDLL(None, use_errno=True)
class Handle(ctypes.Structure):
    _fields_ = [("bytes", ctypes.c_uint), ("type", ctypes.c_int), ("handle", ctypes.c_ubyte * 128)]
h, mount = Handle(128), ctypes.c_int()
assert libc.name_to_handle_at(-100, (sys.argv[1] + "/catalog.csv").encode(), ctypes.byref(h), ctypes.byref(mount), 0) == 0
top = os.open(sys.argv[1], os.O_RDONLY)
if sys.argv[2] == "gone":
    os.system("sqlite3 -cmd '.timeout 20000' \"$DB\" 'UPDATE price SET price_e4 = price_e4 + 10000'")
    os.stat(sys.argv[1] + "/catalog.csv")
fd = libc.open_by_handle_at(top, ctypes.byref(h), os.O_RDONLY)
print("opened" if fd >= 0 else os.strerror(ctypes.get_errno()))
END
}
export DB
check_equal "a file by its handle" "opened" "$(handles here)"
check_equal "a version that is gone, by its handle" "Stale file handle" "$(handles gone)"

finish
