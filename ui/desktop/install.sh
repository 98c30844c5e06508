#!/usr/bin/env bash
# install.sh FOLDER: puts the programs `hushwing` and `hushwing-window` of FOLDER into this
# user's own folders, with an entry in the menu that also opens invite links. Needs no
# rights; `install.sh --remove` takes everything out again, but the account.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
readonly ID=org.hushwing.Window
readonly BIN=$HOME/.local/bin
readonly DATA=${XDG_DATA_HOME:-$HOME/.local/share}
readonly ENTRY=$DATA/applications/$ID.desktop
readonly ICON=$DATA/icons/hicolor/128x128/apps/$ID.png

refresh() {
    if command -v update-desktop-database >/dev/null; then
        update-desktop-database -q "$DATA/applications" || true
    fi
}

if [[ ${1:-} == --remove ]]; then
    rm -f "$BIN/hushwing" "$BIN/hushwing-window" "$ENTRY" "$ICON"
    refresh
    exit
fi

# In an entry's command some characters mean something else, quoted or not.
if [[ $BIN == *[\"\`\$\\%]* || $BIN == *$'\n'* ]]; then
    echo "install.sh: the path of your home folder cannot stand in a menu's entry: $BIN" >&2
    exit 1
fi
install -D -m 755 -t "$BIN" "${1:?the folder of the programs}/hushwing" "$1/hushwing-window"
install -D -m 644 "$here/icons/icon.png" "$ICON"
mkdir -p "$(dirname "$ENTRY")"
sed "s|@PROGRAM@|\"$BIN/hushwing-window\"|" "$here/hushwing.desktop" >"$ENTRY.new"
mv "$ENTRY.new" "$ENTRY"
refresh
if command -v gio >/dev/null; then
    gio mime x-scheme-handler/hushwing "$ID.desktop" >/dev/null
elif command -v xdg-mime >/dev/null; then
    xdg-mime default "$ID.desktop" x-scheme-handler/hushwing
else
    echo "install.sh: invite links may not open by themselves: neither gio nor xdg-mime is there" >&2
fi
echo "Hushwing is in your menu; its programs are in $BIN."
