# A PostgreSQL of the test's own: in a folder, on a socket in it, as a user that is not root (the server refuses root).
#   postgres_start DIR   starts it (making it the first time); POSTGRES_URL, POSTGRES_PID
#   postgres_kill9       what a power cut does to it
#   postgres_stop        ends it by its id
# The server writes nothing outside of DIR and listens on no network.

POSTGRES_BIN=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -1)

postgres_as_user() { # COMMAND...: as the user who owns the data
    if [ "$(id -u)" -ne 0 ]; then
        "$@"
    else
        setpriv --reuid "${POSTGRES_USER:=$(id -un postgres 2>/dev/null || echo nobody)}" --regid "$(id -g "$POSTGRES_USER")" --clear-groups -- "$@"
    fi
}

postgres_start() { # DIR
    local dir=$1 i
    mkdir -p "$dir"
    [ "$(id -u)" -ne 0 ] || { postgres_as_user true; chown "$POSTGRES_USER" "$dir"; }
    if [ ! -d "$dir/data" ]; then
        postgres_as_user "$POSTGRES_BIN/initdb" -D "$dir/data" -A trust -U nameplate -E UTF8 --locale=C.UTF-8 --no-sync >"$dir/initdb.log" 2>&1 ||
            { cat "$dir/initdb.log"; return 1; }
    fi
    # By setpriv itself, so that the id is the server's.
    local user=()
    [ "$(id -u)" -ne 0 ] || user=(setpriv --reuid "$POSTGRES_USER" --regid "$(id -g "$POSTGRES_USER")" --clear-groups --)
    POSTGRES_URL="postgresql://nameplate@/postgres?host=$dir"
    POSTGRES_PID=
    for ((i = 0; i < 200; i++)); do
        if [ -z "$POSTGRES_PID" ] || ! kill -0 "$POSTGRES_PID" 2>/dev/null; then # also while a killed one's children leave
            "${user[@]}" "$POSTGRES_BIN/postgres" -D "$dir/data" -k "$dir" -h '' -c max_connections=60 -c shared_buffers=32MB \
                >>"$dir/log" 2>&1 </dev/null 3>&- &
            POSTGRES_PID=$!
        fi
        "$POSTGRES_BIN/pg_isready" -q -h "$dir" && return 0
        sleep 0.05
    done
    cat "$dir/log"
    return 1
}

postgres_kill9() {
    kill -KILL "$POSTGRES_PID"
    wait "$POSTGRES_PID" 2>/dev/null || true
    POSTGRES_PID=
    return 0
}

postgres_stop() {
    [ -n "${POSTGRES_PID:-}" ] || return 0
    kill -INT "$POSTGRES_PID" 2>/dev/null || true
    wait "$POSTGRES_PID" 2>/dev/null || true
    POSTGRES_PID=
}
