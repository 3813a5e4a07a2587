#!/usr/bin/env bash
# Installs the Debian package in a bare Debian 12, over an older version too, uses it there as a user without rights and
# without any network, and removes it again.
#
#   packaging/verify_deb.sh dist/negatoscope_0.1.0_amd64.deb [FOLDER [OLDER.deb]]
#
# FOLDER (build/bare by default) keeps the bare system between runs. OLDER.deb is a package of an older version; without
# it the same program is packed with a lower number. As root; needs debootstrap, Xvfb, xdotool and import
# (imagemagick). Prints one line for each step and leaves a picture of the window in build/verify.
set -euo pipefail
# What is mounted below is seen by this script alone, and goes with it.
[ "${1:-}" = --mounts-are-private ] || exec unshare --mount --propagation private "$0" --mounts-are-private "$@"
shift
cd "$(dirname "$0")/.."
deb=$(realpath "$1")
bare=$(realpath -m "${2:-build/bare}")
python=.venv/bin/python
older=$(realpath -m "${3:-build/verify/older.deb}")
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

# The older version first, in a folder whose name is not plain.
[ -n "${3:-}" ] || $python packaging/older.py package "$deb" "$older"
install() { timed inside apt-get -qq -y --no-install-recommends install "$1"; }
version() { inside dpkg-query -W -f='${Version} ${Status}' "$name" 2>/dev/null; }
was=$(dpkg-deb -f "$older" Version) now=$(dpkg-deb -f "$deb" Version)
dpkg --compare-versions "$was" lt "$now" || fail "older version" "$was is not older than $now"
incoming="/tmp/Пакеты é" && mkdir -p "$root$incoming" && mv "$root/tmp/$(basename "$deb")" "$root$incoming/new.deb"
cp "$older" "$root$incoming/older.deb"
install "$incoming/older.deb" || fail "install" "see above"
say "install $was" "${took} s, with $(($(packages | wc -l) - $(wc -l <"$out/packages-before") - 1)) packages it depends on, from '$incoming'"
for file in usr/bin/$name usr/share/applications/$name.desktop usr/share/mime/packages/$name.xml usr/share/icons/hicolor/48x48/apps/$name.png; do
    [ -e "$root/$file" ] || [ -L "$root/$file" ] || fail "install" "$file is missing"
done

# From here without any network, and as a user without rights.
as_reader() { unshare --net chroot --userspec=$reader:$reader "$root" /usr/bin/env -i HOME="/home/Иван 胸部" PATH=/usr/bin:/bin "$@"; }
as_reader sh -c 'grep -vE "lo:|Inter-|face" /proc/net/dev' && fail "no network" "there is an interface"
as_reader sh -c "touch /opt/$name/x" 2>/dev/null && fail "rights" "a user can write to the program"
as_reader dpkg -i "$incoming/new.deb" >"$out/rights.log" 2>&1 && fail "rights" "a user can install"
as_reader sh -c "rm -rf /opt/$name" 2>/dev/null || true
[ "$(version)" = "$was install ok installed" ] || fail "rights" "a user without rights changed something: $(version)"
say "no network, no rights" "no interface but a loopback that is down; the program's folder is read-only"

# A window on a real X server, found by its name; closed from its keyboard.
mkdir -p /tmp/.X11-unix "$root/tmp/.X11-unix"
mount --bind /tmp/.X11-unix "$root/tmp/.X11-unix"
screen=:87
Xvfb $screen -screen 0 1600x1000x24 -ac -nolisten tcp >/dev/null 2>&1 & started+=($!)
sleep 2
shown() { DISPLAY=$screen xdotool search --onlyvisible --name '^Negatoscope' 2>/dev/null || true; }
open_window() { # the words of a command; its pid is $window
    local before; before=$(shown | wc -l)
    as_reader DISPLAY=$screen "$@" >"$out/window.log" 2>&1 & window=$!; started+=($window)
    for _ in $(seq 90); do
        [ "$(shown | wc -l)" -gt "$before" ] && sleep 5 && return
        sleep 1
    done
    return 1
}
close_window() { # the one that was opened last
    local id; id=$(shown | tail -1)
    DISPLAY=$screen xdotool windowfocus --sync "$id" key --clearmodifiers ctrl+q
    for _ in $(seq 20); do kill -0 "$1" 2>/dev/null || return 0; sleep 1; done
    return 1
}
data="$root/home/Иван 胸部/.local/share/negatoscope"
owned() { rm -rf "$out/data" && cp -a "$data" "$out/data"; } # looked into as a copy: looking may change it

# An upgrade: over the running older version, on a full disk, then as it should be. The older one's data are taken over.
open_window "/opt/$name/Negatoscope" || fail "window of $was" "none came up: $(tail -3 "$out/window.log")"
inside dpkg -i "$incoming/new.deb" >"$out/running.log" 2>&1 && fail "upgrade of a running one" "it was replaced"
grep -q 'is running' "$out/running.log" || fail "upgrade of a running one" "$(tail -2 "$out/running.log")"
[ "$(version)" = "$was install ok installed" ] || fail "upgrade of a running one" "$(version)"
kill -0 $window || fail "upgrade of a running one" "it broke off"
close_window $window || fail "window of $was" "it does not close"
say "upgrade of a running one" "refused, with one sentence; $was goes on"
$python packaging/older.py data "$data" && chown -R $reader:$reader "$data"
mkdir -p "$root/media/Stick é" && cp -a "$root/opt/$name" "$root/media/Stick é/$was"
mount -o remount,size=$(($(df --output=used -m "$work/layer" | tail -1) + 200))M "$work/layer"
inside dpkg -i "$incoming/new.deb" >"$out/full.log" 2>&1 && fail "upgrade on a full disk" "it was installed all the same"
grep -q 'No space left' "$out/full.log" || fail "upgrade on a full disk" "$(tail -2 "$out/full.log")"
mount -o remount,size=8G "$work/layer"
[ "$(version)" = "$was install ok installed" ] || fail "upgrade on a full disk" "$(version)"
diff -r --no-dereference "$root/opt/$name" "$root/media/Stick é/$was" >"$out/differs" || fail "upgrade on a full disk" "$(head -1 "$out/differs")"
say "upgrade on a full disk" "refused (No space left on device), $was stands as it was"
install "$incoming/new.deb" || fail "upgrade" "see above"
[ "$(version)" = "$now install ok installed" ] || fail "upgrade" "$(version)"
[ -z "$(find "$root/opt/$name" -name 'only-in-*')" ] || fail "upgrade" "files of $was stay"
[ -z "$(find "$root" -xdev -name '*.dpkg-*' -path '*egatoscope*')" ] || fail "upgrade" "dpkg's own files stay"
open_window "/opt/$name/Negatoscope" || fail "window of $now" "none came up: $(tail -3 "$out/window.log")"
close_window $window || fail "window of $now" "it does not close"
owned && told=$($python packaging/older.py check "$out/data") || fail "data of $was" "$told"
say "upgrade to $now" "${took} s; settings, window's place and decisions of $was $told"

# Both at once, on the same data: the older from a stick.
open_window "/opt/$name/Negatoscope" && both=($window) || fail "two versions" "the newer has no window"
open_window "/media/Stick é/$was/Negatoscope" && both+=($window) || fail "two versions" "the older has no window: $(tail -3 "$out/window.log")"
DISPLAY=$screen import -window root "$out/two.png"
for pid in "${both[1]}" "${both[0]}"; do close_window "$pid" || fail "two versions" "one does not close"; done
owned && told=$($python packaging/older.py check "$out/data") || fail "two versions" "$told"
say "two versions" "$was from '/media/Stick é' beside $now, with the same data; settings and decisions stay"
rm -rf "$root/media/Stick é"

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

# A window with a film in it.
film=$(find "$work/films/films" -name '*.dcm' | sort | head -1)
open_window "/opt/$name/Negatoscope" "$film" || fail "window" "none came up: $(tail -3 "$out/window.log")"
sleep 10
DISPLAY=$screen import -window root "$out/window.png"
say "window" "on an X server; its picture: build/verify/window.png"

# Installing over the running program, and removing it: refused, and nothing is changed.
inside dpkg -i "$incoming/new.deb" >"$out/running.log" 2>&1 && fail "over a running program" "it was replaced"
grep -q 'is running' "$out/running.log" || fail "over a running program" "$(tail -2 "$out/running.log")"
inside dpkg -r "$name" >"$out/running.log" 2>&1 && fail "over a running program" "it was removed"
kill -0 $window || fail "over a running program" "it broke off"
as_reader "/usr/bin/$name" models list >/dev/null || fail "over a running program" "the program is damaged"
say "over a running program" "refused, with one sentence; the program goes on"
close_window $window || fail "window" "it does not close"

# From a stick: a copy of the folder runs from anywhere, read-only too.
stick="$root/media/USB Stick é"
mkdir -p "$stick" && cp -a "$root/opt/$name" "$stick/" && chmod -R a-w "$stick"
as_reader "/media/USB Stick é/$name/negatoscope-cli" models verify practice >/dev/null || fail "a copy elsewhere" "it does not run"
say "a copy elsewhere" "runs from '/media/USB Stick é', beside the installed one"
chmod -R u+w "$stick" && rm -rf "$stick"

timed inside dpkg -i "$incoming/new.deb" || fail "the same again" "see above"
say "the same again" "${took} s"
timed inside apt-get -qq -y purge "$name" || fail "remove" "see above"
inside apt-get -qq -y autoremove --purge >"$out/log" 2>&1
inside rm -rf "$incoming"
packages | diff "$out/packages-before" - >"$out/packages-left" || fail "remove" "packages stay: $(cat "$out/packages-left")"
listing | diff "$out/before" - | grep '^>' | grep -vE '/etc/(ld.so.cache|.*\.dpkg-)|/usr/share/(mime|applications)$|/__pycache__' >"$out/left" || true
grep -i negatoscope "$out/left" && fail "remove" "files of the program stay"
listing | diff "$out/before" - | grep '^<' | grep -v '/__pycache__' >"$out/lost" || true
[ -s "$out/lost" ] && fail "remove" "the system lacks what it had before: $(head -3 "$out/lost")"
say "remove" "nothing of the program stays outside /home; of the packages it brought: $(wc -l <"$out/left") files (build/verify/left)"
say "the user's own" "$(find "$root/home" -path '*negatoscope*' -type f | wc -l) files in the home folder stay"
