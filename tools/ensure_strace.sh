#!/bin/sh
# Make sure that strace is there: the tests of tests/test_network.py watch the system calls of our commands with it.
# Installs Debian's package when that is allowed, else prints the one command to type. Other systems have no strace.
set -eu

if [ "$(uname -s)" != Linux ] || command -v strace >/dev/null 2>&1; then
    exit 0
fi
if command -v apt-get >/dev/null 2>&1 && [ "$(id -u)" = 0 ]; then
    echo "no strace found; installing Debian's strace" >&2
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends strace >/dev/null
    exit 0
fi
echo "no strace to watch what our commands do on the network; type:  sudo apt-get install -y strace" >&2
exit 2
