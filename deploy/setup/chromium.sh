#!/bin/sh
# Browser tests drive the system's Chromium: as root Debian's package is installed, otherwise those tests are skipped.
set -eu

command -v chromium >/dev/null && exit 0
if [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null; then
    apt-get -qq update || true
    DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends chromium >/dev/null
else
    echo "lead-gateway: browser tests are skipped: chromium is missing (Debian: sudo apt-get install chromium)" >&2
fi
