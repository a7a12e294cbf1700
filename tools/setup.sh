#!/bin/sh
# Sets up the environment in .venv from requirements.lock. Safe to run again.
#   sh tools/setup.sh          what `make run` needs
#   sh tools/setup.sh tests    and what the tests start: a Chromium, a PostgreSQL server, Mosquitto
# PYTHON=/path/to/python3.11 chooses the interpreter.
set -eu
cd "$(dirname "$0")/.."

say() { printf 'millwright: %s\n' "$*" >&2; }
fail() { say "$*"; exit 1; }

may_install() { [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null 2>&1; }

apt_install() {
    say "installing $* with apt-get"
    apt-get update -qq >/dev/null
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >/dev/null
}

is_new_enough() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; }
has_venv() { "$1" -c 'import ensurepip, venv' 2>/dev/null; }

# Root serves several people from one machine, each under an own user id. They can only start an
# interpreter that everybody may reach, which one under /root is not; so the system's goes first.
choose_python() {
    [ -n "${PYTHON:-}" ] && { echo "$PYTHON"; return; }
    candidates="python3 python3.13 python3.12 python3.11"
    [ "$(id -u)" -eq 0 ] && candidates="/usr/bin/python3 $candidates"
    for candidate in $candidates; do
        is_new_enough "$candidate" || continue
        if ! has_venv "$candidate" && may_install; then
            case "$(command -v "$candidate")" in /usr/bin/*) apt_install python3-venv ;; esac
        fi
        has_venv "$candidate" && { echo "$candidate"; return; }
    done
}

set_up_environment() {
    python=$(choose_python)
    [ -n "$python" ] || fail "Python 3.11 or newer with venv is needed: install it (Debian: apt install python3-venv) or name it with PYTHON=…"
    is_new_enough "$python" || fail "$python is older than Python 3.11: name a newer one with PYTHON=…"
    # An environment of another interpreter cannot be repaired by pip; nor one in which it was killed
    # at work, where it takes packages for installed whose files are not all there.
    if [ -e .venv/installing ] || { [ -x .venv/bin/python ] && ! .venv/bin/python -c '' 2>/dev/null; }; then rm -rf .venv; fi
    [ -x .venv/bin/python ] || { say "making .venv with $python"; "$python" -m venv .venv; }
    say "installing the packages of requirements.lock (about two minutes the first time)"
    : >.venv/installing
    .venv/bin/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock || {
        rm .venv/installing
        fail "the packages could not be installed: check the network or the package index that pip uses, then run this again"
    }
    rm .venv/installing
    .venv/bin/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
    # A trace of the build that would hide the installed entry points from whoever starts here.
    rm -rf millwright.egg-info
    .venv/bin/python -m compileall -q datasets labs autograder
    cat requirements.lock pyproject.toml | sha256sum >.venv/ready
}

ready() { [ -f .venv/ready ] && [ "$(cat requirements.lock pyproject.toml | sha256sum)" = "$(cat .venv/ready)" ] && .venv/bin/python -c '' 2>/dev/null; }

browser() { command -v chromium || command -v chromium-browser || command -v google-chrome; }

database() { command -v postgres || ls /usr/lib/postgresql/*/bin/postgres 2>/dev/null; }

ready || set_up_environment

if [ "${1:-}" = tests ] && ! browser >/dev/null; then
    may_install || fail "the browser tests need Chromium: install it (Debian: apt install chromium fonts-dejavu-core), then run this again"
    apt_install chromium fonts-dejavu-core
fi
if [ "${1:-}" = tests ] && ! database >/dev/null; then
    may_install || fail "the gradebook tests need PostgreSQL: install it (Debian: apt install postgresql), then run this again"
    apt_install postgresql
fi
# Another broker and client than ours; the tests that need them are skipped where they are not.
if [ "${1:-}" = tests ] && ! command -v mosquitto_sub >/dev/null && may_install; then
    apt_install mosquitto mosquitto-clients
fi
