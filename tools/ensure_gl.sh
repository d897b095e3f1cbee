#!/bin/sh
# Make sure that something can draw without a screen. $1 is the Python of the environment.
# Installs Debian's EGL and Mesa when that is allowed, else prints the one command to type.
set -eu
python=$1
packages="libegl1 libopengl0 libgl1-mesa-dri"

if "$python" - <<'PY'
import ctypes.util, os, sys
found = ctypes.util.find_library
egl = found("EGL") and (found("OpenGL") or found("GL"))
sys.exit(0 if sys.platform != "linux" or os.environ.get("MUJOCO_GL") or egl or found("OSMesa") else 1)
PY
then
    exit 0
fi
if command -v apt-get >/dev/null 2>&1 && [ "$(id -u)" = 0 ]; then
    echo "no OpenGL found; installing Debian's $packages" >&2
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $packages >/dev/null
    exit 0
fi
echo "no OpenGL for drawing without a screen; type:  sudo apt-get install -y $packages" >&2
exit 2
