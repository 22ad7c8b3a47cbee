# shellcheck shell=bash
# Real servers in front of the mount, each on a port of its own, with keys, accounts and configuration of this test
# alone; everything is ended and removed at the end. After system.sh; needs root.
#
#     add_account    an account for uploads: ACCOUNT, with password ACCOUNT_PASSWORD and the key KEY
#     start_sshd     SFTP_PORT: chrooted into the mount, internal-sftp;  SSH_PORT: a plain shell (rsync, scp -O)
#     start_vsftpd   FTP_PORT: the account, chrooted into the mount

ACCOUNT=
ACCOUNT_PASSWORD=

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

start_sshd() {
    add_account
    served_name
    mkdir -p /run/sshd
    SFTP_PORT=$(free_port)
    SSH_PORT=$(free_port)
    ssh-keygen -q -t ed25519 -N '' -f "$WORK/host_key"
    cat >"$WORK/sshd_config" <<END
Port $SFTP_PORT
Port $SSH_PORT
ListenAddress 127.0.0.1
HostKey $WORK/host_key
PidFile $WORK/sshd.pid
UsePAM no
PasswordAuthentication no
AuthorizedKeysFile $WORK/home/.ssh/authorized_keys
StrictModes no
AllowUsers $ACCOUNT
Subsystem sftp internal-sftp
Match LocalPort $SFTP_PORT
    ChrootDirectory $SERVED
    ForceCommand internal-sftp
    AllowTcpForwarding no
END
    "$(PATH=$PATH:/usr/sbin command -v sshd)" -f "$WORK/sshd_config" -D -E "$WORK/sshd.log" &
    on_exit kill $!
    SSH_OPTIONS=(-i "$KEY" -F /dev/null -o "UserKnownHostsFile=$WORK/known_hosts" -o StrictHostKeyChecking=no
        -o IdentitiesOnly=yes -o LogLevel=ERROR -o BatchMode=yes)
    wait_for 20 port_open "$SFTP_PORT" || give_up "sshd does not answer" "$(cat "$WORK/sshd.log")"
    ssh-keyscan -p "$SFTP_PORT" 127.0.0.1 >"$WORK/known_hosts" 2>/dev/null
    ssh-keyscan -p "$SSH_PORT" 127.0.0.1 >>"$WORK/known_hosts" 2>/dev/null
}

# sftp_batch: the commands on stdin, as the account, inside the chroot
sftp_batch() {
    sftp -q "${SSH_OPTIONS[@]}" -P "$SFTP_PORT" -b - "$ACCOUNT@127.0.0.1"
}

start_vsftpd() {
    add_account
    served_name
    mkdir -p /run/vsftpd/empty
    FTP_PORT=$(free_port)
    cat >"$WORK/vsftpd.conf" <<END
listen=YES
listen_address=127.0.0.1
listen_port=$FTP_PORT
background=NO
anonymous_enable=NO
local_enable=YES
write_enable=YES
chroot_local_user=YES
local_root=$SERVED
local_umask=022
pasv_address=127.0.0.1
secure_chroot_dir=/run/vsftpd/empty
pam_service_name=vsftpd
xferlog_enable=YES
vsftpd_log_file=$WORK/vsftpd.log
dual_log_enable=YES
xferlog_file=$WORK/xferlog
ascii_upload_enable=YES
ascii_download_enable=YES
END
    chmod 600 "$WORK/vsftpd.conf"
    "$(PATH=$PATH:/usr/sbin command -v vsftpd)" "$WORK/vsftpd.conf" >"$WORK/vsftpd.out" 2>&1 &
    on_exit kill $!
    wait_for 20 port_open "$FTP_PORT" || give_up "vsftpd does not answer" "$(cat "$WORK/vsftpd.out")"
}

# ftp_curl ARGUMENT...: curl against it
ftp_curl() {
    curl -sS --fail --max-time 60 --user "$ACCOUNT:$ACCOUNT_PASSWORD" "$@"
}

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
