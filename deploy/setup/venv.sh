#!/bin/sh
# Make the virtual environment DIR and put the pinned uv into it: venv.sh DIR uv==VERSION
# Safe to repeat. As root the missing venv module is installed from the system's packages; else one line says how.
set -eu

say() { echo "lead-gateway: $*" >&2; exit 1; }

venv=$1 requirement=$2
python=
for candidate in ${PYTHON:-python3} python3.14 python3.13 python3.12 python3.11; do
    if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
        python=$candidate
        break
    fi
done
[ -n "$python" ] || say "python 3.11 or newer is needed; install it first (Debian 12 or newer: apt-get install python3)"

if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
    package=$(basename "$python")-venv
    if [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null; then
        apt-get -qq update || true
        DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends "$package" >/dev/null
    else
        say "python's venv module is missing; install it first (Debian, Ubuntu: sudo apt-get install $package)"
    fi
fi

[ -x "$venv/bin/python" ] && "$venv/bin/python" -m pip --version >/dev/null 2>&1 || "$python" -m venv "$venv"
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-input "$requirement"
