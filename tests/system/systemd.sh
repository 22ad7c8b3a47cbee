#!/bin/bash
# asan: no
# The units under a real systemd: a fresh Debian 12 tree with the package, systemd as the first process of namespaces of
# its own. Start, readiness, watchdog, crash, reload, stop with an upload in flight, the journal, fstab.
. "$(dirname "$0")/../lib/system.sh"
need_root
need debootstrap unshare nsenter cpack
[ -c /dev/fuse ] || skip_all "no /dev/fuse here"
grep -qw cgroup2 /proc/filesystems || skip_all "no cgroup2 here"
mirror=$(apt-get indextargets --format '$(REPO_URI) $(RELEASE)' 2>/dev/null | awk '$2 == "bookworm" { print $1; exit }')
[ -n "$mirror" ] || skip_all "no source for bookworm is configured here"
PATH=$PATH:/usr/sbin:/sbin
T=$WORK/tree

mkdir "$WORK/deb"
cpack --config "$SHOPFS_BUILD/CPackConfig.cmake" -G DEB -B "$WORK/deb" >"$WORK/cpack.log" 2>&1 || give_up "cpack" "$(cat "$WORK/cpack.log")"
deb=$(find "$WORK/deb" -maxdepth 1 -name '*.deb')
names=$(dpkg-deb -f "$deb" Depends | tr ',' '\n' | sed 's/|.*//; s/(.*//; s/ //g' | grep -vx libc6 | paste -sd , -)
if ! timeout 400 debootstrap --variant=minbase --include="systemd,systemd-sysv,dbus,$names" bookworm "$T" "$mirror" >"$WORK/debootstrap.log" 2>&1; then
    tail -n 3 "$WORK/debootstrap.log"
    skip_all "debootstrap cannot reach a mirror, or failed"
fi
cp "$deb" "$T/root/shopfs.deb"
check "the package" chroot "$T" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin DEBIAN_FRONTEND=noninteractive dpkg -i /root/shopfs.deb
for unit in systemd-sysctl systemd-modules-load systemd-remount-fs systemd-udevd systemd-udev-trigger console-getty; do
    ln -sf /dev/null "$T/etc/systemd/system/$unit.service" # nothing of the machine outside is theirs to change
done
mkdir -p "$T/etc/systemd/system/shopfs@.service.d" "$T/etc/shopfs"
printf '[Service]\nWatchdogSec=3\nRestartSec=200ms\n' >"$T/etc/systemd/system/shopfs@.service.d/quick.conf"
printf '[shop]\ndatabase = /var/lib/shopfs/shop.db\n[site main]\n' >"$T/etc/shopfs/shop.conf"
printf '[shop]\ndatabase = /var/lib/shopfs/none.db\n[site main]\n' >"$T/etc/shopfs/none.conf"

cat >"$WORK/boot" <<END
mount --make-rprivate / && mount --bind '$T' '$T' && cd '$T' || exit 1
umount -l -a -t fuse.shopfs # copies, whose servers would not be told of an unmount
mount -t proc proc proc
for d in run tmp; do mount -t tmpfs tmpfs \$d; done
mount -t tmpfs -o mode=755 tmpfs dev
for n in null zero full random urandom tty; do touch dev/\$n; mount --bind /dev/\$n dev/\$n; done
mknod dev/fuse c 10 229
chmod 666 dev/fuse
mkdir dev/pts dev/shm
mount -t tmpfs tmpfs dev/shm
ln -s /proc/self/fd dev/fd
mount -t sysfs -o ro sysfs sys
mount -t tmpfs -o mode=755 cgroup sys/fs/cgroup
mount -t cgroup2 cgroup2 sys/fs/cgroup || exit 1
exec chroot . env -i container=test PATH=/usr/sbin:/usr/bin:/sbin:/bin /lib/systemd/systemd --system --log-target=journal --show-status=no
END
unshare --mount --pid --ipc --uts --cgroup --fork --kill-child sh "$WORK/boot" >"$WORK/boot.log" 2>&1 </dev/null &
outer=$!
on_exit wait $outer # after what stands below
on_exit kill -KILL $outer
in_it() { nsenter -t "$init" -a -r -w env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 "$@"; }
is_up() { init=$(pgrep -P $outer) && [ -n "$init" ] && in_it systemctl is-active dbus.service; }
wait_for 40 is_up || skip_all "systemd does not run here: $(tail -n 1 "$WORK/boot.log")"
init=$(pgrep -P $outer)
prop() { in_it systemctl show "shopfs@${2:-shop}" -p "$1" --value; }
journal() { in_it journalctl -u "shopfs@${1:-shop}" -o cat --no-pager; }
MNT_IN=/srv/shopfs/shop
answers() { in_it test -s $MNT_IN/catalog.csv; }
in_it mkdir -p /var/lib/shopfs
in_it shopctl init /var/lib/shopfs/shop.db --demo=30 >/dev/null

# -- start --

check "start" in_it systemctl start shopfs@shop
check "and it answers at once" answers
check_equal "as systemd sees it" "active running" "$(prop ActiveState) $(prop SubState)"
check_match "what it says of itself" 'Serving /etc/shopfs/shop.conf on /srv/shopfs/shop' "$(prop StatusText)"
check "enable" in_it systemctl enable shopfs@shop
check_not "without a database it does not start" in_it systemctl start shopfs@none
check_match "and says why" 'none.db' "$(journal none)"
in_it systemctl stop shopfs@none

# -- crash, hang --

restarted() { [ "$(prop NRestarts)" -ge "$1" ] && answers; }
in_it sh -c "kill -KILL $(prop MainPID)"
check "killed, it is back with the stale mount cleared" wait_for 20 restarted 1
check_equal "mounted once" 1 "$(in_it grep -c " $MNT_IN fuse.shopfs" /proc/mounts)"
in_it sh -c "kill -STOP $(prop MainPID)"
check "hung, the watchdog ends it and it is back" wait_for 40 restarted 2
check_match "by the watchdog" 'Watchdog timeout' "$(in_it journalctl -u shopfs@shop --no-pager)"
pid=$(prop MainPID)

# -- reload --

in_it sh -c 'printf "[site other]\n" >>/etc/shopfs/shop.conf'
check "a new configuration is seen" wait_for 20 in_it test -d $MNT_IN/other
in_it sh -c 'sed -i "/other/d" /etc/shopfs/shop.conf'
check "reload" in_it systemctl reload shopfs@shop
check "is heard" wait_for 20 answers
check_equal "by the same process" "$pid" "$(prop MainPID)"
check_match "once" '^1$' "$(journal | grep -c 'read anew as asked')"

# -- the journal --

in_it sh -c 'echo "<rubbish/>" >'$MNT_IN/orders/incoming/bad.xml
check "an event" wait_for 20 sh -c "nsenter -t $init -a -r -w env -i PATH=/usr/bin:/bin journalctl -u shopfs@shop -o cat --no-pager | grep -q bad.xml"
in_it sh -c 'echo "wrong" >>/etc/shopfs/shop.conf'
wait_for 20 sh -c "nsenter -t $init -a -r -w env -i PATH=/usr/bin:/bin journalctl -u shopfs@shop -p err -o cat --no-pager | grep -q 'shop.conf:'"
check_match "a mistake has the level of an error" 'shop.conf:4' "$(in_it journalctl -u shopfs@shop -p err -o cat --no-pager | tail -n 3)"
check_equal "what is usual has not" "" "$(in_it journalctl -u shopfs@shop -p err -o cat --no-pager | grep bad.xml)"
check_equal "under its name" "shopfs-shop" "$(in_it journalctl -u shopfs@shop -o json --no-pager | grep bad.xml | head -n 1 | sed 's/.*"SYSLOG_IDENTIFIER":"\([^"]*\)".*/\1/')"
in_it sed -i '$d' /etc/shopfs/shop.conf

# -- stop, with an upload in flight --

in_it sh -c "exec 3>$MNT_IN/orders/incoming/half.xml; echo '<order version=\"1\">' >&3; sync -f $MNT_IN; exec sleep 20" &
wait_for 10 in_it test -s $MNT_IN/orders/incoming/half.xml
check "stop" in_it timeout 70 systemctl stop shopfs@shop
check_equal "cleanly" "success inactive" "$(prop Result) $(prop ActiveState)"
check_not "nothing is mounted" in_it grep -q " $MNT_IN " /proc/mounts
check_equal "the bare mount point is closed" "0 root" "$(in_it stat -c '%a %U' $MNT_IN)"
check "start again" in_it systemctl start shopfs@shop
check_equal "the upload is there" 20 "$(in_it stat -c %s $MNT_IN/orders/incoming/half.xml)"
in_it systemctl stop shopfs@shop

# -- fstab, as the manual has it --

in_it sh -c 'mkdir -p /srv/shop/mnt /srv/low && cp /var/lib/shopfs/shop.db /srv/shop/shop.db
             install -d -o shopfs /var/lib/low && shopctl init /var/lib/low/shop.db --demo=10 >/dev/null && chown -R shopfs: /var/lib/low
             echo "/srv/shop/shop.db  /srv/shop/mnt  fuse.shopfs  nofail,_netdev  0 0" >>/etc/fstab
             echo "/var/lib/low/shop.db  /srv/low  fuse.shopfs  setuid=shopfs,drop_privileges,allow_other,default_permissions,nosuid,nodev,noexec,nofail  0 0" >>/etc/fstab
             systemctl daemon-reload'
check "a mount unit made of fstab" in_it systemctl start srv-shop-mnt.mount
check "answers" in_it test -s /srv/shop/mnt/catalog.csv
check_equal "is active" active "$(in_it systemctl is-active srv-shop-mnt.mount)"
check "stops" in_it systemctl stop srv-shop-mnt.mount
check "as an account without privileges" in_it systemctl start srv-low.mount
check "answers, too" wait_for 10 in_it test -s /srv/low/catalog.csv
check_equal "as that account, with no capability" "shopfs 0000000000000000" \
    "$(in_it sh -c 'for p in /proc/[0-9]*; do
            grep -qxs shopfs $p/comm && grep -qs low/shop.db $p/cmdline && echo "$(stat -c %U $p) $(sed -n "s/^CapEff:.//p" $p/status)"
        done | sort -u')"
check "stops, too" in_it systemctl stop srv-low.mount
check_equal "nothing else failed" "" "$(in_it systemctl --failed --no-legend --plain | grep shop | grep -v shopfs@none)"
finish
