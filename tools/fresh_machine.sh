#!/bin/sh
# The demo on a fresh machine: a bare Debian 12 with Python 3.11, git and make, an empty home, no package cache, no GL.
# Needs root, debootstrap and a Debian mirror. Usage: tools/fresh_machine.sh [FOLDER]
set -eu
root=${1:-$(mktemp -d)/debian}
checkout=$(cd "$(dirname "$0")/.." && pwd)
mirror=${DEBIAN_MIRROR:-http://deb.debian.org/debian}

debootstrap --variant=minbase --include=python3,git,make,ca-certificates bookworm "$root" "$mirror" >/dev/null
cp /etc/resolv.conf /etc/hosts "$root/etc/"
cp /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/"
mkdir -p "$root/proc" "$root/dev/pts" "$root/home/newcomer"
mount -t proc proc "$root/proc"
mount --bind /dev "$root/dev"
trap 'umount "$root/dev" "$root/proc"' EXIT
git clone --quiet "$checkout" "$root/home/newcomer/vla_isaac"

echo "libraries with GL before: $(chroot "$root" ldconfig -p | grep -ciE 'libEGL|libGL|libOSMesa' || true)"
begin=$(date +%s)
code=0
env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/home/newcomer LANG=C.UTF-8 \
    SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt PIP_CERT=/etc/ssl/certs/ca-certificates.crt \
    chroot "$root" sh -c 'cd ~/vla_isaac && make demo' || code=$?
echo "make demo ended with exit code $code after $(($(date +%s) - begin)) s"
exit $code
