# What every story uses: programs of $BUILD (default: build-dev of this tree), a folder under /tmp that goes away,
# daemons that are waited for by their ready line and ended by their process id only.
#
#   load lib
#   setup() { story_begin; }
#   teardown() { story_end; }
#   @test "a sentence" { start ca nameplate ca serve --dir "$DIR/ca"; ... $(address ca) ...; stop ca; }
#
# What all tests of a file begin with is made once, and each test begins with a copy of it:
#
#   setup_file() { made_once FUNCTION; }
#   setup() { story_begin; start_again ca nameplate ca serve --dir "$DIR/ca"; }
#   teardown_file() { made_end; }

ROOT=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
BUILD=${BUILD:-$ROOT/build-dev}
case $BUILD in /*) ;; *) BUILD=$ROOT/$BUILD ;; esac
unset REQUESTS_CA_BUNDLE SSL_CERT_FILE SSL_CERT_DIR CURL_CA_BUNDLE
# The quarantine of freed memory is filled by the key derivations of each start: 256 MB of it cost a third of a program's time.
export ASAN_OPTIONS=${ASAN_OPTIONS:-detect_leaks=1:abort_on_error=0}:quarantine_size_mb=32 UBSAN_OPTIONS=${UBSAN_OPTIONS:-halt_on_error=1:print_stacktrace=1}
export BUILD ROOT

# A command that hangs is ended and named.
nameplate() { timeout --verbose --kill-after=10 600 "$BUILD/nameplate" "$@"; }

declare -gA PID

# The device in front of a station: an address that no other story on this machine has.
bench_address() { echo "127.$((64 + $$ / 65536 % 64)).$(($$ / 256 % 256)).$(($$ % 256)):8444"; }

story_begin() {
    DIR=$(mktemp -d /tmp/nameplate-story.XXXXXX)
    export DIR
    BENCH=${MADE_BENCH:-$(bench_address)}
    PID=()
    [ -z "${MADE:-}" ] || cp -a "$MADE/." "$DIR"
}

story_end() {
    local name
    for name in "${!PID[@]}"; do stop "$name" || true; done
    [ -n "${STORY_KEEP:-}" ] || rm -rf "$DIR"
}

# made_once FUNCTION [ARGUMENTS]: runs it in an empty $DIR (also its working directory) and ends the daemons that it started.
made_once() {
    local name
    unset MADE MADE_BENCH
    story_begin
    export MADE=$DIR MADE_BENCH=$BENCH
    pushd "$DIR" >/dev/null
    "$@"
    popd >/dev/null
    for name in "${!PID[@]}"; do stop "$name"; done
}

made_end() {
    local name
    for name in "${!PID[@]}"; do stop "$name" || true; done # after a failure
    [ -n "${STORY_KEEP:-}" ] || rm -rf "$MADE"
}

# start NAME COMMAND...: runs it in the background (output in $DIR/NAME.out and .err) and waits until it prints its
# ready line. With `nameplate` as command the program itself becomes the child, so that a kill hits it.
start() {
    local name=$1 at_most=${START_SECONDS:-120}
    shift
    [ "$1" != nameplate ] || set -- "$BUILD/nameplate" "${@:2}"
    : >"$DIR/$name.out"
    "$@" >>"$DIR/$name.out" 2>>"$DIR/$name.err" </dev/null 3>&- &
    PID[$name]=$!
    wait_for_line "$DIR/$name.out" '^ready ' "$at_most" "${PID[$name]}" || { cat "$DIR/$name.err" >&2; return 1; }
}

# start_again NAME COMMAND...: as start, for what ran when the folder was made: whoever knows its address is told the new one.
start_again() {
    local name=$1 listener was
    local before
    before=$(sed -n 's/^ready //p' "$DIR/$name.out")
    start "$@"
    while read -r listener was; do
        sed -i "s#//$was\$#//$(address "$name" "$listener")#" "$DIR"/*/*.conf
    done <<<"$before"
}

# wait_for_line FILE PATTERN SECONDS [PID]: until the file has such a line; gives up when the process is gone.
wait_for_line() {
    local file=$1 pattern=$2 tries=$(($3 * 20)) pid=${4:-$$}
    until grep -q -- "$pattern" "$file" 2>/dev/null; do
        kill -0 "$pid" 2>/dev/null || { grep -q -- "$pattern" "$file" && return 0; echo "gone before \"$pattern\" in $file" >&2; return 1; }
        [ $((tries -= 1)) -gt 0 ] || { echo "no \"$pattern\" in $file" >&2; return 1; }
        sleep 0.05
    done
}

# until_says SECONDS PATTERN COMMAND...: until the command prints a line like it (a basic regular expression).
until_says() {
    local tries=$(($1 * 5)) pattern=$2
    shift 2
    until "$@" 2>&1 | grep -q -- "$pattern"; do
        [ $((tries -= 1)) -gt 0 ] || { "$@" >&2 || true; tail -n 6 "$DIR"/*.err >&2; echo "no \"$pattern\" from $*" >&2; return 1; }
        sleep 0.2
    done
}

# ended PID: it is gone, or was not waited for yet.
ended() {
    local stat
    { read -r stat <"/proc/$1/stat"; } 2>/dev/null || return 0
    [[ $stat == *") Z "* ]]
}

# gone NAME [STATUS]: waits until it ended by itself; 137 is a kill -9.
gone() {
    local pid=${PID[$1]} tries=1200 status=0
    unset "PID[$1]"
    until ended "$pid"; do
        [ $((tries -= 1)) -gt 0 ] || { echo "$1 did not end" >&2; PID[$1]=$pid; return 1; }
        sleep 0.05
    done
    wait "$pid" || status=$?
    same "$status" "${2:-137}"
}

# address NAME [LISTENER]: ADDRESS:PORT from its ready line; LISTENER picks one of several.
address() {
    awk -v want="${2:-}" '$1 == "ready" && (want == "" || $2 == want) { print $3; exit }' "$DIR/$1.out"
}

# stop NAME: SIGTERM, then what it exits with.
stop() {
    local pid=${PID[$1]:-} status=0 tries=1200
    [ -n "$pid" ] || return 0
    unset "PID[$1]"
    kill -TERM "$pid" 2>/dev/null || true
    until ended "$pid"; do
        [ $((tries -= 1)) -gt 0 ] || { echo "$1 did not stop on SIGTERM" >&2; kill -KILL "$pid"; break; }
        sleep 0.05
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
