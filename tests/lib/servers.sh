# shellcheck shell=bash
# Real servers, each on a port of its own, with keys, accounts and configuration of this test alone; everything is ended
# and removed at the end. After system.sh; needs root.
#
#     add_account           an account for uploads: ACCOUNT, with password ACCOUNT_PASSWORD and the key KEY
#     served_name           SERVED: another name for the mount, as servers want their chroot
#     start_sshd [ROOT]     SFTP_PORT: chrooted, internal-sftp;  SSH_PORT: a plain shell (rsync, scp -O)
#     start_vsftpd [ROOT [LINE...]]   FTP_PORT: the account, chrooted; FTP_PID: the process whose children are the sessions;
#                           so do start_proftpd and start_pure_ftpd
#     start_rsyncd [ROOT]   RSYNC_PORT: modules "shop", for reading, and "orders", chrooted; RSYNC_CONF: names its processes
#
# ROOT is the mount (SERVED) unless told otherwise. Each can be started several times; the port is that of the last one.

ACCOUNT=
ACCOUNT_PASSWORD=
servers_started=0

add_account() {
    local home=$WORK/home

    [ -z "$ACCOUNT" ] || return 0
    ACCOUNT=sfs$$
    ACCOUNT_PASSWORD=pw$$x
    mkdir -p "$home/.ssh"
    useradd -M -d "$home" -s /bin/bash "$ACCOUNT" >/dev/null 2>&1 || give_up "cannot add the account $ACCOUNT"
    on_exit userdel "$ACCOUNT"
    chpasswd <<<"$ACCOUNT:$ACCOUNT_PASSWORD" || give_up "cannot set a password"
    KEY=$WORK/key
    ssh-keygen -q -t ed25519 -N '' -f "$KEY"
    cp "$KEY.pub" "$home/.ssh/authorized_keys"
    chown -R "$ACCOUNT:" "$home"
    chmod 700 "$home/.ssh"
    SSH_OPTIONS=(-i "$KEY" -F /dev/null -o "UserKnownHostsFile=$WORK/known_hosts" -o StrictHostKeyChecking=no
        -o IdentitiesOnly=yes -o LogLevel=ERROR -o BatchMode=yes)
}

# A name for the mount whose every part belongs to root: sshd wants that of a chroot, and /tmp is everyone's.
served_name() {
    [ -z "${SERVED-}" ] || return 0
    SERVED=/run/shopfs-test.$$
    ln -sfn "$MNT" "$SERVED"
    on_exit rm -f "$SERVED"
}

port_open() {
    (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null
}

# new_server KIND: SERVER_DIR, for its configuration and logs
new_server() {
    add_account
    served_name
    servers_started=$((servers_started + 1))
    SERVER_DIR=$WORK/server-$servers_started-$1
    mkdir "$SERVER_DIR"
}

# server_answers KIND PORT: gives up, with the logs, if it does not
server_answers() {
    wait_for 20 port_open "$2" || give_up "$1 does not answer" "$(tail -n 20 "$SERVER_DIR"/*.log)"
}

# program NAME PACKAGE: its path. The FTP servers' packages exclude each other: tests/run unpacks what it cannot install.
program() {
    PATH=$PATH:/usr/sbin:/sbin command -v "$1" || {
        [ -x "$ROOT/build/tools/$2/usr/sbin/$1" ] && echo "$ROOT/build/tools/$2/usr/sbin/$1"
    }
}

# -- sftp and ssh --

start_sshd() {
    new_server sshd
    mkdir -p /run/sshd
    SFTP_PORT=$(free_port)
    SSH_PORT=$(free_port)
    [ -s "$WORK/host_key" ] || ssh-keygen -q -t ed25519 -N '' -f "$WORK/host_key"
    cat >"$SERVER_DIR/sshd_config" <<END
Port $SFTP_PORT
Port $SSH_PORT
ListenAddress 127.0.0.1
HostKey $WORK/host_key
PidFile $SERVER_DIR/sshd.pid
UsePAM no
PasswordAuthentication no
AuthorizedKeysFile $WORK/home/.ssh/authorized_keys
StrictModes no
AllowUsers $ACCOUNT
MaxStartups 50
Subsystem sftp internal-sftp
Match LocalPort $SFTP_PORT
    ChrootDirectory ${1:-$SERVED}
    ForceCommand internal-sftp
    AllowTcpForwarding no
END
    "$(program sshd openssh-server)" -f "$SERVER_DIR/sshd_config" -D -E "$SERVER_DIR/sshd.log" &
    on_exit kill $!
    server_answers sshd "$SFTP_PORT"
    {
        ssh-keyscan -p "$SFTP_PORT" 127.0.0.1
        ssh-keyscan -p "$SSH_PORT" 127.0.0.1
    } >>"$WORK/known_hosts" 2>/dev/null
}

# sftp_batch [OPTION...]: the commands on stdin, as the account, inside the chroot
sftp_batch() {
    sftp -q "${SSH_OPTIONS[@]}" "$@" -P "$SFTP_PORT" -b - "$ACCOUNT@127.0.0.1"
}

# -- ftp --

start_vsftpd() {
    new_server vsftpd
    mkdir -p /run/vsftpd/empty
    FTP_PORT=$(free_port)
    cat >"$SERVER_DIR/vsftpd.conf" <<END
listen=YES
listen_address=127.0.0.1
listen_port=$FTP_PORT
background=NO
anonymous_enable=NO
local_enable=YES
write_enable=YES
chroot_local_user=YES
local_root=${1:-$SERVED}
local_umask=022
pasv_address=127.0.0.1
secure_chroot_dir=/run/vsftpd/empty
pam_service_name=vsftpd
xferlog_enable=YES
vsftpd_log_file=$SERVER_DIR/vsftpd.log
dual_log_enable=YES
xferlog_file=$SERVER_DIR/xfer.log
ascii_upload_enable=YES
ascii_download_enable=YES
END
    [ $# -le 1 ] || printf '%s\n' "${@:2}" >>"$SERVER_DIR/vsftpd.conf"
    chmod 600 "$SERVER_DIR/vsftpd.conf"
    "$(program vsftpd vsftpd)" "$SERVER_DIR/vsftpd.conf" >"$SERVER_DIR/out.log" 2>&1 &
    FTP_PID=$!
    on_exit kill $FTP_PID
    server_answers vsftpd "$FTP_PORT"
}

# start_proftpd [ROOT [DIRECTIVE...]]: contrib's configuration, with paths, port and account replaced
start_proftpd() {
    local root=${1:-${SERVED-}} directive

    new_server proftpd
    root=${root:-$SERVED}
    [ $# = 0 ] || shift
    FTP_PORT=$(free_port)
    sed "s|/srv/shopfs/main|$root|; s|/var/log/proftpd|$SERVER_DIR|; s|webshop|$ACCOUNT|; /^PassivePorts/d" \
        "$ROOT/contrib/proftpd/proftpd.conf" >"$SERVER_DIR/proftpd.conf"
    for directive in "Port $FTP_PORT" "DefaultAddress 127.0.0.1" "User nobody" "AuthPAM off" "WtmpLog off" "DelayEngine off" \
        "PidFile $SERVER_DIR/pid" "ScoreboardFile $SERVER_DIR/scoreboard" "ControlsEngine off" "$@"; do
        sed -i "/^${directive%% *} /d" "$SERVER_DIR/proftpd.conf"
        echo "$directive" >>"$SERVER_DIR/proftpd.conf"
    done
    "$(program proftpd proftpd-core)" -n -c "$SERVER_DIR/proftpd.conf" >"$SERVER_DIR/out.log" 2>&1 &
    FTP_PID=$!
    on_exit kill $FTP_PID
    server_answers proftpd "$FTP_PORT"
}

# start_pure_ftpd [ROOT]: contrib's configuration, with paths and port replaced, and the account's password in its file
start_pure_ftpd() {
    local root=${1:-${SERVED-}} program

    new_server pure-ftpd
    root=${root:-$SERVED}
    FTP_PORT=$(free_port)
    program=$(program pure-ftpd pure-ftpd)
    # What `pure-pw useradd` writes, but for the hash, which would take a second to check at each login.
    echo "$ACCOUNT:$(openssl passwd -6 "$ACCOUNT_PASSWORD"):$(id -u "$ACCOUNT"):$(id -g "$ACCOUNT")::$root/./::::::::::::" \
        >"$SERVER_DIR/passwd"
    "${program%/sbin/*}/bin/pure-pw" mkdb "$SERVER_DIR/pdb" -f "$SERVER_DIR/passwd" >"$SERVER_DIR/pw.log" 2>&1
    sed "s|/etc/pure-ftpd/pureftpd.pdb|$SERVER_DIR/pdb|; /^PassivePortRange/d" \
        "$ROOT/contrib/pure-ftpd/pure-ftpd.conf" >"$SERVER_DIR/pure-ftpd.conf"
    printf '%s\n' "Bind 127.0.0.1,$FTP_PORT" "PIDFile $SERVER_DIR/pid" >>"$SERVER_DIR/pure-ftpd.conf"
    "$program" "$SERVER_DIR/pure-ftpd.conf" >"$SERVER_DIR/out.log" 2>&1 &
    FTP_PID=$!
    on_exit kill $FTP_PID
    server_answers pure-ftpd "$FTP_PORT"
}

# ftp_curl ARGUMENT...: curl against it
ftp_curl() {
    curl -sS --fail --max-time 60 --user "$ACCOUNT:$ACCOUNT_PASSWORD" "$@"
}

# -- rsync --

start_rsyncd() {
    local root=${1:-${SERVED-}}

    new_server rsyncd
    root=${root:-$SERVED}
    RSYNC_PORT=$(free_port)
    cat >"$SERVER_DIR/rsyncd.conf" <<END
port = $RSYNC_PORT
address = 127.0.0.1
use chroot = yes
pid file = $SERVER_DIR/pid
log file = $SERVER_DIR/rsyncd.log
uid = $ACCOUNT
gid = $ACCOUNT
[shop]
    path = $root
    read only = yes
[orders]
    path = $root/orders/incoming
    read only = no
END
    RSYNC_CONF=$SERVER_DIR/rsyncd.conf
    rsync --daemon --no-detach --config="$RSYNC_CONF" &
    # Waited for, since it writes its log when it ends.
    on_exit eval "kill $!; wait $!"
    server_answers rsync "$RSYNC_PORT"
}

# -- lftp --

# lftp_ftp COMMANDS, lftp_sftp COMMANDS: one session each; fails as soon as one command does
lftp_ftp() {
    lftp -c "set cmd:fail-exit yes; set net:max-retries 2; set net:timeout 20; set ftp:ssl-allow no
        open -u $ACCOUNT,$ACCOUNT_PASSWORD -p $FTP_PORT 127.0.0.1; $1"
}
lftp_sftp() {
    lftp -c "set cmd:fail-exit yes; set net:max-retries 2; set net:timeout 20; set sftp:auto-confirm yes
        set sftp:connect-program 'ssh -a -x ${SSH_OPTIONS[*]}'
        open -u $ACCOUNT, -p $SFTP_PORT sftp://127.0.0.1; $1"
}
