# What every story uses: programs of $BUILD (default: build-dev of this tree), a folder under /tmp that goes away,
# daemons that are waited for by their ready line and ended by their process id only.
#
#   load lib
#   setup() { story_begin; }
#   teardown() { story_end; }
#   @test "a sentence" { start ca nameplate ca serve --dir "$DIR/ca"; ... $(address ca) ...; stop ca; }

ROOT=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
BUILD=${BUILD:-$ROOT/build-dev}
case $BUILD in /*) ;; *) BUILD=$ROOT/$BUILD ;; esac
unset REQUESTS_CA_BUNDLE SSL_CERT_FILE SSL_CERT_DIR CURL_CA_BUNDLE
export ASAN_OPTIONS=${ASAN_OPTIONS:-detect_leaks=1:abort_on_error=0} UBSAN_OPTIONS=${UBSAN_OPTIONS:-halt_on_error=1:print_stacktrace=1}
export BUILD ROOT

nameplate() { "$BUILD/nameplate" "$@"; }

declare -gA PID

story_begin() {
    DIR=$(mktemp -d /tmp/nameplate-story.XXXXXX)
    export DIR
    PID=()
}

story_end() {
    local name
    for name in "${!PID[@]}"; do stop "$name" || true; done
    [ -n "${STORY_KEEP:-}" ] || rm -rf "$DIR"
}

# start NAME COMMAND...: runs it in the background (output in $DIR/NAME.out and .err) and waits until it prints its
# ready line. With `nameplate` as command the program itself becomes the child, so that a kill hits it.
start() {
    local name=$1 at_most=${START_SECONDS:-30}
    shift
    [ "$1" != nameplate ] || set -- "$BUILD/nameplate" "${@:2}"
    : >"$DIR/$name.out"
    "$@" >>"$DIR/$name.out" 2>>"$DIR/$name.err" </dev/null 3>&- &
    PID[$name]=$!
    wait_for_line "$DIR/$name.out" '^ready ' "$at_most" "${PID[$name]}" || { cat "$DIR/$name.err" >&2; return 1; }
}

# wait_for_line FILE PATTERN SECONDS [PID]: until the file has such a line; gives up when the process is gone.
wait_for_line() {
    local file=$1 pattern=$2 tries=$(($3 * 50)) pid=${4:-$$}
    until grep -q -- "$pattern" "$file" 2>/dev/null; do
        kill -0 "$pid" 2>/dev/null || { grep -q -- "$pattern" "$file" && return 0; echo "gone before \"$pattern\" in $file" >&2; return 1; }
        [ $((tries -= 1)) -gt 0 ] || { echo "no \"$pattern\" in $file" >&2; return 1; }
        sleep 0.02
    done
}

# address NAME [LISTENER]: ADDRESS:PORT from its ready line; LISTENER picks one of several.
address() {
    awk -v want="${2:-}" '$1 == "ready" && (want == "" || $2 == want) { print $3; exit }' "$DIR/$1.out"
}

# stop NAME: SIGTERM, then what it exits with.
stop() {
    local pid=${PID[$1]:-} status=0 tries=500
    [ -n "$pid" ] || return 0
    unset "PID[$1]"
    kill -TERM "$pid" 2>/dev/null || true
    while kill -0 "$pid" 2>/dev/null && [ "$(ps -o stat= -p "$pid" | cut -c1)" != Z ]; do
        [ $((tries -= 1)) -gt 0 ] || { echo "$1 did not stop on SIGTERM" >&2; kill -KILL "$pid"; break; }
        sleep 0.02
    done
    wait "$pid" 2>/dev/null || status=$?
    return $status
}

# kill9 NAME: what a power cut does to it.
kill9() {
    local pid=${PID[$1]}
    unset "PID[$1]"
    kill -KILL "$pid"
    wait "$pid" 2>/dev/null || true
}

# Compares and says both when they differ.
same() { [ "$1" = "$2" ] || { printf 'expected: %s\n     got: %s\n' "$2" "$1" >&2; return 1; }; }
has() { grep -qF -- "$2" <<<"$1" || { printf 'nothing like "%s" in:\n%s\n' "$2" "$1" >&2; return 1; }; }
