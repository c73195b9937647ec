# Sourced by the scripts beside it: sets $python to a Python that is new enough.
# The emulator needs 3.13 (3.11 and 3.12 fail at import). A version manager's shim may be on
# the PATH and still fail, so every candidate is tried by running it.

is_new_enough() {
    "$1" -c 'import sys; sys.exit(sys.version_info < (3, 13))' >/dev/null 2>&1
}

find_python() {
    for candidate in "${ISOBAR_PYTHON:-}" python3.13 python3.14 python3.15 python3 python \
        "${PYENV_ROOT:-${HOME:-/}/.pyenv}"/versions/3.1[3-9]*/bin/python3; do
        [ -n "$candidate" ] || continue
        if is_new_enough "$candidate"; then
            python=$candidate
            return 0
        fi
    done
    echo "No Python 3.13 or newer found (looked at \$ISOBAR_PYTHON, the PATH and pyenv's versions)." >&2
    echo "The local AWS emulator needs one: install it, for example with 'pyenv install 3.13'," >&2
    echo "or set ISOBAR_PYTHON to its path." >&2
    return 1
}
