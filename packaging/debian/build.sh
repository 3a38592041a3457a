#!/bin/sh
# Makes a Debian package from a release binary, with dpkg-deb alone.
#
#   packaging/debian/build.sh [BINARY [FOLDER]]
#
# BINARY is target/dist/klinke (cargo build --profile dist), else target/release/klinke; the package is laid
# into FOLDER (target/debian).
# Where `cargo xtask dependencies --bill target/klinke.cdx.json` was run before, the package has the bill of
# materials with it.
# SOURCE_DATE_EPOCH makes the result the same each time.
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
root=$(CDPATH='' cd -- "$here/../.." && pwd)
default=$root/target/dist/klinke
[ -x "$default" ] || default=$root/target/release/klinke
binary=${1:-$default}
out=${2:-$root/target/debian}

if [ ! -x "$binary" ]; then
    echo "build.sh: $binary is not there; run cargo build --profile dist first" >&2
    exit 1
fi
version=$("$binary" --version | cut -d' ' -f2)
architecture=$(dpkg --print-architecture)
stage=$(mktemp -d)
trap 'rm -rf "$stage"' EXIT
umask 022

install -D -m 755 "$binary" "$stage/usr/bin/klinke"
strip --strip-debug "$stage/usr/bin/klinke" 2>/dev/null || true

# Man pages and completions are the program's own.
"$binary" man "$stage/usr/share/man/man1" >/dev/null
gzip -9n "$stage"/usr/share/man/man1/*.1
mkdir -p "$stage/usr/share/bash-completion/completions" "$stage/usr/share/zsh/vendor-completions" \
    "$stage/usr/share/fish/vendor_completions.d"
"$binary" completions bash >"$stage/usr/share/bash-completion/completions/klinke"
"$binary" completions zsh >"$stage/usr/share/zsh/vendor-completions/_klinke"
"$binary" completions fish >"$stage/usr/share/fish/vendor_completions.d/klinke.fish"

install -D -m 644 "$root/packaging/systemd/klinke@.service" "$stage/usr/lib/systemd/system/klinke@.service"

# /etc/klinke is the administrator's; the package lays no file there.
doc=$stage/usr/share/doc/klinke
mkdir -p "$doc"
cp "$root/README.md" "$root/README.de.md" "$root/ARCHITECTURE.md" "$doc/"
cp -r "$root/docs" "$doc/docs"
if [ -f "$root/target/klinke.cdx.json" ]; then
    cp "$root/target/klinke.cdx.json" "$doc/klinke.cdx.json"
fi
gzip -9nc "$root/CHANGELOG.md" >"$doc/changelog.gz"
{
    echo "Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/"
    echo
    echo "Files: *"
    echo "Copyright: 2026 The Klinke authors"
    echo "License: MIT or Apache-2.0"
    echo
    echo "License: MIT"
    sed -e '1,2d' -e 's/^$/./' -e 's/^/ /' "$root/LICENSE-MIT"
    echo
    echo "License: Apache-2.0"
    echo " /usr/share/common-licenses/Apache-2.0 has its text."
} >"$doc/copyright"
find "$stage" -type d -exec chmod 755 {} +
find "$doc" -type f -exec chmod 644 {} +

# The C library that the program was linked against is the oldest that it surely runs with.
libc=$(dpkg-query -W -f='${Version}' libc6 2>/dev/null | sed 's/-.*//')
size=$(du -sk --apparent-size "$stage" | cut -f1)
mkdir -p "$stage/DEBIAN"
sed -e "s/@VERSION@/$version/" -e "s/@ARCHITECTURE@/$architecture/" -e "s/@SIZE@/$size/" \
    -e "s/@LIBC@/${libc:-2.36}/" "$here/control" >"$stage/DEBIAN/control"
for script in postinst prerm postrm; do
    install -m 755 "$here/$script" "$stage/DEBIAN/$script"
done
(cd "$stage" && find usr -type f -print0 | sort -z | xargs -0 md5sum) >"$stage/DEBIAN/md5sums"
chmod 644 "$stage/DEBIAN/md5sums"

mkdir -p "$out"
package=$out/klinke_${version}_$architecture.deb
dpkg-deb --root-owner-group --build "$stage" "$package" >/dev/null
echo "$package"
