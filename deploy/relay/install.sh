#!/bin/sh
# Installs a Hushwing relay on a machine with systemd, from the programs beside
# this script or from PROGRAM:
#
#   sudo ./install.sh [PROGRAM]
#
# It makes the user hushwing-relay, /usr/bin/hushwing-relay, the unit, and
# settings under /etc/hushwing-relay that it never replaces. Run it again to
# upgrade. DESTDIR installs below another root, and starts nothing there.
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
program=${1:-$here/hushwing-relay}
root=${DESTDIR:-}

fail() {
    echo "install.sh: $1" >&2
    exit 1
}

[ -x "$program" ] || fail "there is no program at $program; name it: install.sh PROGRAM"
[ -n "$root" ] || [ "$(id -u)" -eq 0 ] || fail "run it as root: sudo $0"
"$program" --version >/dev/null || fail "$program does not run on this machine"

if [ -z "$root" ] && ! id hushwing-relay >/dev/null 2>&1; then
    useradd --system --user-group --home-dir /var/lib/hushwing-relay --no-create-home \
        --shell /usr/sbin/nologin hushwing-relay
fi
install -D -m 755 "$program" "$root/usr/bin/hushwing-relay"
install -D -m 644 "$here/hushwing-relay.service" \
    "$root/usr/lib/systemd/system/hushwing-relay.service"
install -D -m 644 "$here/README.md" "$root/usr/share/doc/hushwing-relay/README.md"
if [ ! -e "$root/etc/hushwing-relay/relay.toml" ]; then
    install -D -m 644 "$here/relay.toml" "$root/etc/hushwing-relay/relay.toml"
fi
[ -z "$root" ] || exit 0
if ! command -v systemctl >/dev/null || [ ! -d /run/systemd/system ]; then
    echo "Installed. There is no systemd here; start it yourself:"
    echo "  hushwing-relay run --config /etc/hushwing-relay/relay.toml"
    exit 0
fi
systemctl daemon-reload
systemctl enable hushwing-relay
systemctl restart hushwing-relay
cat <<'TEXT'
The relay is starting; Tor takes a minute. Next:
  sudo -u hushwing-relay hushwing-relay address --dir /var/lib/hushwing-relay
  sudo -u hushwing-relay hushwing-relay doctor --config /etc/hushwing-relay/relay.toml
TEXT
