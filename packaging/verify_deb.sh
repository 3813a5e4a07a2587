#!/usr/bin/env bash
# Installs the Debian package in a bare Debian 12, uses it there as a user without rights and without any network, and
# removes it again.
#
#   packaging/verify_deb.sh dist/negatoscope_0.1.0_amd64.deb [FOLDER]
#
# FOLDER (build/bare by default) keeps the bare system between runs. As root; needs debootstrap, Xvfb, xwininfo (x11-utils)
# and import (imagemagick). Prints one line for each step and leaves a picture of the window in build/verify.
set -euo pipefail
# What is mounted below is seen by this script alone, and goes with it.
[ "${1:-}" = --mounts-are-private ] || exec unshare --mount --propagation private "$0" --mounts-are-private "$@"
shift
cd "$(dirname "$0")/.."
deb=$(realpath "$1")
bare=$(realpath -m "${2:-build/bare}")
python=.venv/bin/python
name=$(dpkg-deb -f "$deb" Package)
out=$(realpath -m build/verify)
work=$(mktemp -d /tmp/negatoscope-verify-XXXXXX)
root=$work/root
reader=4711 # a user without rights; the shell's words for the namespaces below
started=()

say() { printf '%-28s %s\n' "$1" "$2"; }
fail() { say "$1" "FAILED: $2"; exit 1; }
timed() { local from=$SECONDS; "$@" >"$out/log" 2>&1 || { cat "$out/log"; return 1; }; took=$((SECONDS - from)); }
inside() { chroot "$root" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin DEBIAN_FRONTEND=noninteractive "$@"; }
cleanup() {
    for pid in "${started[@]}"; do kill "$pid" 2>/dev/null || true; done
    for place in "$root/proc" "$root/dev" "$root/sys" "$root$work/films" "$root/tmp/.X11-unix" "$root" "$work/layer"; do
        umount --recursive --lazy "$place" 2>/dev/null || true
    done
    rm -rf --one-file-system "$work"
}
trap cleanup EXIT
mkdir -p "$out" "$root"

# A bare Debian, and a layer over it that is thrown away.
if [ ! -x "$bare/usr/bin/apt-get" ]; then
    rm -rf --one-file-system "$bare"
    timed debootstrap --variant=minbase bookworm "$bare" || fail "bare Debian 12" "see above"
    say "bare Debian 12" "debootstrap, ${took} s"
fi
mkdir -p "$work/layer"
mount -t tmpfs -o size=6G tmpfs "$work/layer"
mkdir -p "$work/layer/upper" "$work/layer/work"
mount -t overlay overlay -o "lowerdir=$bare,upperdir=$work/layer/upper,workdir=$work/layer/work" "$root" 2>/dev/null || {
    cp -a "$bare/." "$root/" # where layers can't be laid over each other
}
for place in proc dev sys; do mount --rbind "/$place" "$root/$place"; done
cp /etc/resolv.conf "$root/etc/resolv.conf"
# This machine's package sources, and nothing else of its own.
rm -rf "$root/etc/apt" && cp -r /etc/apt "$root/etc/apt"
[ "$(inside dpkg-query -W -f='${binary:Package}\n' | wc -l)" -lt 200 ] || fail "bare Debian 12" "it is not bare"
inside apt-get -qq update
inside useradd --uid $reader --create-home --home-dir "/home/Иван 胸部" reader
listing() { (cd "$root" && find . -xdev \( -path ./proc -o -path ./dev -o -path ./sys -o -path ./tmp -o -path ./home -o -path ./var/cache \
    -o -path ./var/log -o -path ./var/lib/apt -o -path ./var/lib/dpkg \) -prune -o -print | sort); }
packages() { inside dpkg-query -W -f='${binary:Package}\n' | sort; }
listing >"$out/before"
packages >"$out/packages-before"
say "package" "$(du -m --apparent-size "$deb" | cut -f1) MB, $(dpkg-deb -f "$deb" Installed-Size | awk '{print int($1/1000)}') MB unpacked"

# A disk that is full in the middle of installing: nothing of the program may stay.
cp "$deb" "$root/tmp/"
mkdir -p "$root/opt" && mount -t tmpfs -o size=150M tmpfs "$root/opt"
inside apt-get -qq -y --no-install-recommends install "/tmp/$(basename "$deb")" >"$out/full.log" 2>&1 && fail "full disk" "it was installed all the same"
left=$(find "$root/opt" "$root/usr/share/applications" -name '*egatoscope*' 2>/dev/null | wc -l || true)
umount "$root/opt"
[ "$left" = 0 ] || fail "full disk" "$left files stayed"
inside dpkg-query -W -f='${Status}' "$name" 2>/dev/null | grep -q 'ok installed' && fail "full disk" "dpkg takes it for installed"
say "full disk" "refused (No space left on device), nothing stayed"

timed inside apt-get -qq -y --no-install-recommends install "/tmp/$(basename "$deb")" || fail "install" "see above"
say "install" "${took} s, with $(($(packages | wc -l) - $(wc -l <"$out/packages-before") - 1)) packages it depends on"
for file in usr/bin/$name usr/share/applications/$name.desktop usr/share/mime/packages/$name.xml usr/share/icons/hicolor/48x48/apps/$name.png; do
    [ -e "$root/$file" ] || [ -L "$root/$file" ] || fail "install" "$file is missing"
done

# From here without any network, and as a user without rights.
as_reader() { unshare --net chroot --userspec=$reader:$reader "$root" /usr/bin/env -i HOME="/home/Иван 胸部" PATH=/usr/bin:/bin "$@"; }
as_reader sh -c 'grep -vE "lo:|Inter-|face" /proc/net/dev' && fail "no network" "there is an interface"
as_reader sh -c "touch /opt/$name/x" 2>/dev/null && fail "rights" "a user can write to the program"
say "no network, no rights" "no interface but a loopback that is down; the program's folder is read-only"

mkdir -p "$work/films" "$root$work/films" && chmod 777 "$work" "$work/films"
mount --bind "$work/films" "$root$work/films"
cat >"$work/enter" <<WORDS
#!/bin/sh
# The smoke test's environment, in the bare system, in the folder that both see.
export PATH=/usr/sbin:/usr/bin:/sbin:/bin
place=\$PWD
exec unshare --net chroot --userspec=$reader:$reader "$root" /usr/bin/env --chdir="\$place" /usr/bin/$name "\$@"
WORDS
chmod 755 "$work/enter"
(umask 000 && PATH="$PATH" $python packaging/smoke.py --command "$work/enter" --work "$work/films") 2>&1 | tee "$out/smoke.log" | sed 's/^/  /'
! grep -q FAILED "$out/smoke.log" || fail "smoke" "see above"

# A window on a real X server, found by its name, with a film in it.
mkdir -p /tmp/.X11-unix "$root/tmp/.X11-unix"
mount --bind /tmp/.X11-unix "$root/tmp/.X11-unix"
screen=:87
Xvfb $screen -screen 0 1600x1000x24 -ac -nolisten tcp >/dev/null 2>&1 & started+=($!)
sleep 2
film=$(find "$work/films/films" -name '*.dcm' | sort | head -1)
as_reader DISPLAY=$screen "/opt/$name/Negatoscope" "$film" >"$out/window.log" 2>&1 & window=$!; started+=($window)
for _ in $(seq 60); do
    DISPLAY=$screen xwininfo -root -tree 2>/dev/null | grep -q '"Negatoscope' && break
    sleep 1
done
DISPLAY=$screen xwininfo -root -tree | grep -q '"Negatoscope' || fail "window" "none came up: $(tail -3 "$out/window.log")"
sleep 15
DISPLAY=$screen import -window root "$out/window.png"
say "window" "on an X server; its picture: build/verify/window.png"

# Installing over the running program, and removing it: refused, and nothing is changed.
inside dpkg -i "/tmp/$(basename "$deb")" >"$out/running.log" 2>&1 && fail "over a running program" "it was replaced"
grep -q 'is running' "$out/running.log" || fail "over a running program" "$(tail -2 "$out/running.log")"
inside dpkg -r "$name" >"$out/running.log" 2>&1 && fail "over a running program" "it was removed"
kill -0 $window || fail "over a running program" "it broke off"
as_reader "/usr/bin/$name" models list >/dev/null || fail "over a running program" "the program is damaged"
say "over a running program" "refused, with one sentence; the program goes on"
pkill -P $window 2>/dev/null || true
for link in /proc/[0-9]*/exe; do
    case "$(readlink "$link" 2>/dev/null)" in */opt/$name/*) kill "$(echo "$link" | cut -d/ -f3)" 2>/dev/null || true ;; esac
done
wait $window 2>/dev/null || true
sleep 1

# From a stick: a copy of the folder runs from anywhere, read-only too.
stick="$root/media/USB Stick é"
mkdir -p "$stick" && cp -a "$root/opt/$name" "$stick/" && chmod -R a-w "$stick"
as_reader "/media/USB Stick é/$name/negatoscope-cli" models verify practice >/dev/null || fail "a copy elsewhere" "it does not run"
say "a copy elsewhere" "runs from '/media/USB Stick é', beside the installed one"
chmod -R u+w "$stick" && rm -rf "$stick"

timed inside dpkg -i "/tmp/$(basename "$deb")" || fail "upgrade in place" "see above"
say "upgrade in place" "${took} s"
timed inside apt-get -qq -y purge "$name" || fail "remove" "see above"
inside apt-get -qq -y autoremove --purge >"$out/log" 2>&1
inside rm -f "/tmp/$(basename "$deb")"
packages | diff "$out/packages-before" - >"$out/packages-left" || fail "remove" "packages stay: $(cat "$out/packages-left")"
listing | diff "$out/before" - | grep '^>' | grep -vE '/etc/(ld.so.cache|.*\.dpkg-)|/usr/share/(mime|applications)$|/__pycache__' >"$out/left" || true
grep -i negatoscope "$out/left" && fail "remove" "files of the program stay"
say "remove" "nothing of the program stays outside /home; of the packages it brought: $(wc -l <"$out/left") files (build/verify/left)"
say "the user's own" "$(find "$root/home" -path '*negatoscope*' -type f | wc -l) files in the home folder stay"
