# shellcheck shell=bash
# Network file systems in front of the mount: Samba and NFS (nfs-ganesha, which needs nothing of the kernel). After servers.sh.
#
#     start_smbd [ROOT]       SMB_PORT: the shares of contrib, for the account
#     start_ganesha [ROOT]    NFS_PORT: /shop, NFS version 4

start_smbd() {
    local root=${1:-${SERVED-}} name

    new_server smbd
    root=${root:-$SERVED}
    SMB_PORT=$(free_port)
    for name in private lock state cache pid ncalrpc; do
        mkdir "$SERVER_DIR/$name"
    done
    {
        printf '[global]\nlog file = %s/smbd.log\npasswd program = /bin/true\n' "$SERVER_DIR"
        printf '%s\n' "smb ports = $SMB_PORT" "interfaces = 127.0.0.1" "bind interfaces only = yes"
        for name in private lock state cache pid; do
            case $name in
            private) echo "private dir = $SERVER_DIR/$name" ;;
            *) echo "$name directory = $SERVER_DIR/$name" ;;
            esac
        done
        echo "ncalrpc dir = $SERVER_DIR/ncalrpc"
        sed "s|/srv/shopfs/main|$root|; s|webshop|$ACCOUNT|" "$ROOT/contrib/samba/smb.conf"
    } >"$SERVER_DIR/smb.conf"
    # A plain directory is no mount point.
    [ "$root" = "$SERVED" ] || sed -i '/preexec/d' "$SERVER_DIR/smb.conf"
    printf '%s\n%s\n' "$ACCOUNT_PASSWORD" "$ACCOUNT_PASSWORD" |
        smbpasswd -c "$SERVER_DIR/smb.conf" -s -a "$ACCOUNT" >"$SERVER_DIR/passwd.log" 2>&1
    "$(program smbd samba)" -F -s "$SERVER_DIR/smb.conf" >"$SERVER_DIR/out.log" 2>&1 &
    on_exit eval "kill $!; wait $!"
    server_answers smbd "$SMB_PORT"
}

start_ganesha() {
    local root=${1:-${SERVED-}}

    new_server ganesha
    root=${root:-$SERVED}
    NFS_PORT=$(free_port)
    mkdir "$SERVER_DIR/recovery"
    sed "s|/srv/shopfs/main|$(realpath "$root")|" "$ROOT/contrib/nfs-ganesha/ganesha.conf" >"$SERVER_DIR/ganesha.conf"
    sed -i "s|^NFS_CORE_PARAM {|&\n    NFS_Port = $NFS_PORT;\n    Bind_addr = 127.0.0.1;|
        s|^NFSv4 {|&\n    RecoveryBackend = fs;\n    RecoveryRoot = $SERVER_DIR/recovery;\n    Graceless = true;|" "$SERVER_DIR/ganesha.conf"
    "$(program ganesha.nfsd nfs-ganesha)" -F -f "$SERVER_DIR/ganesha.conf" -L "$SERVER_DIR/ganesha.log" -p "$SERVER_DIR/pid" \
        >"$SERVER_DIR/out.log" 2>&1 &
    on_exit eval "kill $!; wait $!"
    server_answers nfs-ganesha "$NFS_PORT"
}
