#!/bin/bash
# asan: no
# README.md followed literally on a clean machine: a fresh Debian 12 tree, every block of "A shop in ten minutes" in its
# order, the servers started with exactly its snippets, and a client that fetches and drops by SFTP, FTP and rsync.
# SHOPFS_TRANSCRIPT=FILE keeps the commands and what they said.
. "$(dirname "$0")/../lib/system.sh"
need_root
need debootstrap unshare python3
[ -c /dev/fuse ] || skip_all "no /dev/fuse here"
mirror=$(apt-get indextargets --format '$(REPO_URI) $(RELEASE)' 2>/dev/null | awk '$2 == "bookworm" { print $1; exit }')
[ -n "$mirror" ] || skip_all "no source for bookworm is configured here"

TREE=$WORK/tree
PATH=$PATH:/usr/sbin:/sbin
if ! timeout 300 debootstrap --variant=minbase --include=ca-certificates bookworm "$TREE" "$mirror" >"$WORK/debootstrap.log" 2>&1; then
    tail -n 3 "$WORK/debootstrap.log"
    skip_all "debootstrap cannot reach a mirror, or failed"
fi
mkdir "$TREE/root/shopfs" "$TREE/root/steps"
tar -C "$ROOT" --exclude=./build --exclude=./.git -cf - . | tar -C "$TREE/root/shopfs" -xf -

# The blocks of the section: "NN.sh" is run, "NN.conf" goes to the file that the line before it names.
python3 - "$ROOT/README.md" "$TREE/root/steps" <<'END'
import re, sys
text = open(sys.argv[1], encoding="utf-8").read()
section = re.search(r"^## A shop in ten minutes$(.*?)^## ", text, re.M | re.S).group(1)
n = 0
for before, kind, block in re.findall(r"(.*?)^```(\w*)\n(.*?)^```$", section, re.M | re.S):
    n += 1
    if kind == "sh":
        open(f"{sys.argv[2]}/{n:02}.sh", "w", encoding="utf-8").write(block)
    else:
        target = re.findall(r"in `(/etc/[^`]+)`", before)[-1]
        open(f"{sys.argv[2]}/{n:02}.conf", "w", encoding="utf-8").write(f"{target}\n{block}")
END
check_equal "the blocks of the README" "$(sed -n '/^## A shop in ten minutes/,/^## Manuals/p' "$ROOT/README.md" | grep -c '^```')" \
    $((2 * $(ls "$TREE/root/steps" | wc -l)))

# On the machine. Each step's commands are shown as they are read; a step that fails is named and ends all.
cat >"$TREE/root/follow" <<'END'
#!/bin/bash
cd /root/shopfs || exit 1
export HOME=/root LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive
printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d # nothing is started by installing: there is no init here
chmod 755 /usr/sbin/policy-rc.d
ok() { echo "STEP $1 ok"; }
echo '### contrib/quickstart'
contrib/quickstart </dev/null || exit 1
ok quickstart
for step in /root/steps/*; do
    case $step in
    *.sh)
        bash -ev "$step" </dev/null || { echo "STEP $(basename "$step") failed"; exit 1; }
        ;;
    *.conf)
        target=$(head -n 1 "$step")
        echo "### added to $target:"
        mkdir -p "$(dirname "$target")"
        tail -n +2 "$step" | tee -a "$target"
        ;;
    esac
    ok "$(basename "$step")"
done
apt-get install -y --no-install-recommends lftp curl sshpass iproute2 >/dev/null 2>&1 || exit 1 # the client's
exec unshare -n /root/serve
END
cat >"$TREE/root/serve" <<'END'
#!/bin/bash
ip link set lo up
ok() { echo "STEP $1 ok"; }
bad() { echo "STEP $1 failed"; }
step() { local name=$1; shift; printf '$ %s\n' "$*"; if "$@"; then ok "$name"; else bad "$name"; fi; }
soon() { local i; for i in $(seq 100); do "$@" >/dev/null 2>&1 && return 0; sleep 0.1; done; return 1; }
mkdir -p /run/sshd /var/run/vsftpd/empty
echo '### the servers'
step 'sshd understands it' /usr/sbin/sshd -t
/usr/sbin/sshd
vsftpd /etc/vsftpd.conf &
rsync --daemon
pass='a password of yours'
export SSHPASS=$pass
sftp=(sshpass -e sftp -q -oStrictHostKeyChecking=no -oUserKnownHostsFile=/dev/null webshop@127.0.0.1)
ftp=(curl -sS --max-time 20 --user "webshop:$pass")
# For rsync over ssh: a server without the README's restriction to SFTP.
sed '/^Match User webshop/,$d' /etc/ssh/sshd_config >/tmp/sshd-shell
/usr/sbin/sshd -f /tmp/sshd-shell -p 2222 -o PidFile=none
soon bash -c 'exec 3<>/dev/tcp/127.0.0.1/22'
soon bash -c 'exec 3<>/dev/tcp/127.0.0.1/21'
soon bash -c 'exec 3<>/dev/tcp/127.0.0.1/873'
mkdir /tmp/client && cd /tmp/client || exit 1
printf '#!/bin/sh\nexec sshpass -e ssh -q -oStrictHostKeyChecking=no -oUserKnownHostsFile=/dev/null "$@"\n' >ssh-client
chmod 755 ssh-client
order() { sed "s/1042/$1/" /tmp/order.xml; }
order 2001 >sftp.xml; order 2002 >ftp.xml; order 2003 >rsync.xml
echo '### the catalogue, by each'
step 'SFTP get' "${sftp[@]}" <<<'get catalog.csv by-sftp.csv'
step 'FTP get' "${ftp[@]}" -o by-ftp.csv ftp://127.0.0.1/catalog.csv
step 'rsync get' rsync -a rsync://127.0.0.1/shop/catalog.csv by-rsync.csv
for f in by-sftp by-ftp by-rsync; do step "$f.csv is the catalogue" cmp $f.csv /srv/shop/mnt/catalog.csv; done
echo '### orders, by each'
step 'SFTP put' "${sftp[@]}" <<<'put sftp.xml orders/incoming/sftp.xml'
step 'FTP put' "${ftp[@]}" -T ftp.xml ftp://127.0.0.1/orders/incoming/ftp.xml
chmod 755 /tmp/client
step 'rsync put, over ssh as the shop logs in where it may do more than SFTP' rsync -a -e "$PWD/ssh-client -p 2222" \
    rsync.xml webshop@127.0.0.1:/srv/shop/mnt/orders/incoming/
for n in 2001:sftp 2002:ftp 2003:rsync; do
    soon grep -q accepted "/srv/shop/mnt/orders/results/${n#*:}.xml.txt"
    step "order ${n%:*} is in" grep "accepted: order ${n%:*}" "/srv/shop/mnt/orders/results/${n#*:}.xml.txt"
done
echo '### the result, by SFTP'
step 'the result' "${sftp[@]}" <<<'get orders/results/sftp.xml.txt'
cat sftp.xml.txt
step 'unmounted' umount /srv/shop/mnt
step 'the bare mount point takes nothing from others' bash -c '! su webshop -s /bin/sh -c "touch /srv/shop/mnt/x" 2>/dev/null'
echo 'STEP end ok'
END
chmod 755 "$TREE/root/follow" "$TREE/root/serve"

# Everything that is started or mounted ends with the namespaces.
cat >"$WORK/enter" <<END
mount --make-rprivate / && umount -l -a -t fuse.shopfs # copies, whose servers would not be told of an unmount
mount -t proc proc '$TREE/proc' && mount --rbind /dev '$TREE/dev' &&
    mount -t sysfs -o ro sysfs '$TREE/sys' &&
    exec chroot '$TREE' env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin TERM=dumb /root/follow
END
timeout 1500 unshare --mount --pid --fork --kill-child sh "$WORK/enter" >"$WORK/transcript" 2>&1 </dev/null
[ -z "${SHOPFS_TRANSCRIPT-}" ] || cp "$WORK/transcript" "$SHOPFS_TRANSCRIPT"

while read -r _ name; do
    case $name in
    *' ok') pass "${name% ok}" ;;
    *) fail "${name% failed}" "$(grep -B 25 -x "STEP $name" "$WORK/transcript")" ;;
    esac
done < <(grep '^STEP ' "$WORK/transcript")
check_match "the catalogue of the README has the new price" ';?199\.00' "$(cat "$WORK/transcript")"
check_match "the order of the README" 'accepted: order 1042' "$(cat "$WORK/transcript")"
check "to the end" grep -qx 'STEP end ok' "$WORK/transcript" || tail -n 30 "$WORK/transcript"
finish
