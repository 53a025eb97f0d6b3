#!/bin/sh
# Builds a PgBouncer that knows prepared statements (1.21 or newer), which Debian 12 does not have,
# from the source package of Debian 13. The first argument is the folder to install it in.
set -eu
target=$(realpath -m "$1")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

export DEBIAN_FRONTEND=noninteractive
apt-get -qq update
apt-get -qq --yes --no-install-recommends install \
	ca-certificates dpkg-dev gcc libc6-dev libevent-dev libssl-dev make pkg-config

# The same mirror and the same keys as this system's, with lists of their own.
mirror=$(sed -nE 's/^(URIs: *|deb (\[[^]]*\] )?)([a-z]+:[^ ]*).*/\3/p' \
	/etc/apt/sources.list.d/*.sources /etc/apt/sources.list 2>/dev/null | grep '/debian/*$' | head -n 1)
mkdir -p "$work/lists/partial" "$work/archives/partial"
echo "deb-src [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror trixie main" \
	> "$work/sources.list"
cat > "$work/apt.conf" <<CONF
Dir::Etc::sourcelist "$work/sources.list";
Dir::Etc::sourceparts "-";
Dir::State::lists "$work/lists";
Dir::Cache "$work";
APT::Sandbox::User "root";
CONF
cd "$work"
APT_CONFIG=$work/apt.conf apt-get -qq update
APT_CONFIG=$work/apt.conf apt-get -qq source pgbouncer
cd pgbouncer-*/
./configure --quiet --prefix="$target" --without-cares
make --silent
mkdir -p "$target/bin"
install pgbouncer "$target/bin/pgbouncer"
