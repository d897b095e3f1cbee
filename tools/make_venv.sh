#!/bin/sh
# Make a virtual environment in $1 with $PYTHON. Debian keeps the module for it in a package of its own:
# it is installed when that is allowed, else the one command to type is printed.
set -eu
venv=$1
python=${PYTHON:-python3}

if ! command -v "$python" >/dev/null 2>&1; then
    echo "no Python found; install Python 3.10 to 3.13, or say which: make PYTHON=/path/to/python3.11" >&2
    exit 2
fi
"$python" - <<'PY' || exit 2
import sys
if sys.version_info < (3, 10):
    sys.exit("Python %d.%d is too old; vla_isaac needs 3.10 or newer: make PYTHON=/path/to/python3.11" % sys.version_info[:2])
PY

if [ -x "$venv/bin/python" ] && "$venv/bin/python" -m pip --version >/dev/null 2>&1; then
    exit 0
fi
if "$python" -c 'import ensurepip, venv' >/dev/null 2>&1; then
    exec "$python" -m venv "$venv"
fi

version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
package="python$version-venv"
if command -v apt-get >/dev/null 2>&1 && [ "$(id -u)" = 0 ]; then
    echo "installing Debian's $package" >&2
    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$package" >/dev/null
    exec "$python" -m venv "$venv"
fi
echo "this Python cannot make virtual environments; type:  sudo apt-get install -y $package" >&2
exit 2
