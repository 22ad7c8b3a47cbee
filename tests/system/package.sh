#!/bin/bash
# The Debian package: made, looked through by lintian, and installed, upgraded, removed and purged in a fresh tree.
# asan: no
. "$(dirname "$0")/../lib/system.sh"
need cpack dpkg-deb

TREE=$WORK/tree
DEB_DIR=$WORK/deb
mkdir "$DEB_DIR"

# -- made --

check "cpack" cpack --config "$SHOPFS_BUILD/CPackConfig.cmake" -G DEB -B "$DEB_DIR"
DEB=$(find "$DEB_DIR" -maxdepth 1 -name 'shopfs_*.deb')
[ -f "$DEB" ] || give_up "no package"
check_match "its name" 'shopfs_[0-9.]+-1_[a-z0-9]+\.deb$' "$DEB"
depends=$(dpkg-deb -f "$DEB" Depends)
for package in fuse3 libfuse3-3 libsqlite3-0 libxml2 adduser; do
    check_match "depends on $package" "(^|, )$package( |,|\$)" "$depends"
done
dpkg-deb -x "$DEB" "$WORK/x"
dpkg-deb -e "$DEB" "$WORK/control"
check_equal "the example of a configuration is a conffile" /etc/shopfs/shop.conf.example "$(cat "$WORK/control/conffiles")"
check "manuals are compressed" gzip -t "$WORK"/x/usr/share/man/man*/*.gz
check_equal "three of them" 3 "$(find "$WORK/x/usr/share/man" -name '*.gz' | wc -l)"
check "units name /usr" grep -q '^ExecStart=/usr/sbin/shopfs ' "$WORK/x/usr/lib/systemd/system/shopfs@.service"
check_not "no path of the build" grep -rlE "$WORK|$ROOT/(build|contrib)" "$WORK/x/usr/lib" "$WORK/x/usr/share" "$WORK/x/etc" "$WORK/control"
check_equal "nothing others may write" "" "$(find "$WORK/x" -perm /022 ! -type l)"
for script in postinst prerm postrm; do
    check "$script is for any sh" sh -n "$WORK/control/$script"
done
if command -v lintian >/dev/null; then
    found=$(lintian --allow-root "$DEB" 2>&1)
    check_equal "lintian: no errors" "" "$(grep '^E:' <<<"$found")"
    printf '%s\n' "$found" | sed 's/^/     lintian /'
else
    skip "lintian" "not here"
fi

# -- in a fresh tree --

without_tree() {
    skip "install, upgrade, remove, purge" "$1"
    finish
}
[ "$(id -u)" = 0 ] || without_tree "needs root"
PATH=$PATH:/usr/sbin:/sbin
command -v debootstrap >/dev/null || without_tree "no debootstrap here"
mirror=$(apt-get indextargets --format '$(REPO_URI) $(RELEASE)' 2>/dev/null | awk '$2 == "bookworm" { print $1; exit }')
[ -n "$mirror" ] || without_tree "no source for bookworm is configured here"
# What the package depends on, so that dpkg alone can install it; debootstrap finds the rest.
names=$(tr ',' '\n' <<<"$depends" | sed 's/|.*//; s/(.*//; s/ //g' | grep -vx libc6 | paste -sd , -)
if ! timeout 180 debootstrap --variant=minbase --include="$names" bookworm "$TREE" "$mirror" >"$WORK/debootstrap.log" 2>&1; then
    tail -n 3 "$WORK/debootstrap.log" | sed 's/^/     /'
    without_tree "debootstrap cannot reach a mirror, or failed"
fi
on_exit umount -l "$TREE/proc"
on_exit umount -l "$TREE/dev"
in_tree() { chroot "$TREE" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive "$@"; }
mount -t proc proc "$TREE/proc" 2>/dev/null
cp "$DEB" "$TREE/one.deb"

# The next version: the same with another number.
dpkg-deb -R "$DEB" "$WORK/next"
sed -i 's/^Version: .*/Version: 9.9-1/' "$WORK/next/DEBIAN/control"
echo '; new in the example' >>"$WORK/next/etc/shopfs/shop.conf.example"
dpkg-deb --root-owner-group -b "$WORK/next" "$TREE/two.deb" >/dev/null

state() { in_tree dpkg-query -W -f '${db:Status-Status} ${Version}' shopfs 2>/dev/null; }
check "install" in_tree dpkg -i /one.deb
check_equal "installed" "installed $(dpkg-deb -f "$DEB" Version)" "$(state)"
check "the programs start" in_tree shopfs --version
check "and find their mappings" in_tree sh -c 'shopctl init /var/lib/shopfs/shop.db --demo=5 && shopctl render /var/lib/shopfs/shop.db catalog.csv'
check "the account" in_tree id shopfs
check_equal "the databases' directory is its own" "shopfs 750" "$(in_tree stat -c '%U %a' /var/lib/shopfs)"
check_equal "mount points have a place that is root's" "root 755" "$(in_tree stat -c '%U %a' /srv/shopfs)"
check_equal "nothing is enabled" "" "$(find "$TREE/etc/systemd" -name '*shopfs*' 2>/dev/null)"
check "nothing was changed on the way" in_tree dpkg -V shopfs

# A line of fstab, with the program where the package puts it.
if [ -c /dev/fuse ] && mkdir -p "$TREE/dev" && mount --bind /dev "$TREE/dev"; then
    in_tree mkdir -p /srv/shopfs/main
    in_tree chown -R shopfs: /var/lib/shopfs
    sed -n 's|^/var/lib/shopfs/shop.db|&|p' "$ROOT/contrib/fstab/fstab.example" >"$TREE/etc/fstab"
    check "the unprivileged line of fstab.example" in_tree mount /srv/shopfs/main
    check "answers" in_tree test -s /srv/shopfs/main/catalog.csv
    check_equal "served by the account" "$(in_tree id -u shopfs)" \
        "$(stat -c %u "/proc/$(pgrep -f '^shopfs /var/lib/shopfs/shop.db' | head -n 1)" 2>/dev/null)"
    check "umount" in_tree umount /srv/shopfs/main
    umount -l "$TREE/dev"
else
    skip "the line of fstab" "no /dev/fuse here"
fi

echo 'database = mine' >>"$TREE/etc/shopfs/shop.conf.example"
echo '[shop]' >"$TREE/etc/shopfs/shop.conf"
check "upgrade" in_tree dpkg --force-confold -i /two.deb
check_equal "upgraded" "installed 9.9-1" "$(state)"
check "an edited conffile stays" grep -q 'database = mine' "$TREE/etc/shopfs/shop.conf.example"
check "downgrade" in_tree dpkg --force-confold --force-downgrade -i /one.deb
check "remove" in_tree dpkg -r shopfs
check_not "the program is gone" test -e "$TREE/usr/sbin/shopfs"
check "the shop is not" test -s "$TREE/var/lib/shopfs/shop.db"
check "nor the conffile" test -s "$TREE/etc/shopfs/shop.conf.example"
check "install again" in_tree dpkg --force-confmiss --force-confold -i /one.deb
check "purge" in_tree dpkg -P shopfs
check_not "the conffile is gone" test -e "$TREE/etc/shopfs/shop.conf.example"
check "what was written by hand is not" test -s "$TREE/etc/shopfs/shop.conf"
check "nor the shop" test -s "$TREE/var/lib/shopfs/shop.db"
check "nor its owner" in_tree id shopfs

# A shop that never was leaves nothing at all.
rm -r "$TREE/var/lib/shopfs" "$TREE/etc/shopfs" "$TREE/srv/shopfs"
check "install for a moment" in_tree dpkg -i /one.deb
check "purge at once" in_tree dpkg -P shopfs
check_equal "nothing stays" "" "$(find "$TREE/etc" "$TREE/usr" "$TREE/srv" "$TREE/var/lib/shopfs" -name '*shopfs*' 2>/dev/null)"
check_not "not even the account" in_tree id shopfs

finish
