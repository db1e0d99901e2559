#!/usr/bin/env bats
# Wrong clocks (I13): who is a little behind, or was never set, is not stopped by it; who is far behind is told so, and nothing
# wrong comes of it. With a build without sanitizers, which the library that shifts the clock does not get on with.

load lib
load station_lib

BUILD=${BUILD_FAST:-$BUILD}
DEVICE=127.0.1.2
SHIFT=$(echo /usr/lib/*/faketime/libfaketimeMT.so.1)

setup() { story_begin; }
teardown() { story_end; }

# at CLOCK COMMAND...: with a clock so far from ours ("-30m"), or begun there ("@2000-01-01 00:00:00"). Not the program
# faketime: that would stand between us and the process that we end.
at() { env LD_PRELOAD="$SHIFT" FAKETIME="$1" "${@:2}"; }
# start_at CLOCK NAME COMMAND...: as `start`.
start_at() { start "$2" env LD_PRELOAD="$SHIFT" FAKETIME="$1" "$BUILD/nameplate" "${@:3}"; }

# device_at CLOCK SERIAL PORT [MODEL]: its board has its bootstrap certificate.
device_at() {
    device_new "$2" "${4:-3012}"
    start_at "$1" "dev-$2" device run --dir "$DIR/dev-$2" --listen "$DEVICE:$3"
    nameplate station board --dir "$DIR/line-1" "${4:-3012}-$2" >/dev/null
}

# scan_at CLOCK TEXT
scan_at() { echo "$2" | at "$1" timeout 60 "$BUILD/nameplate" station run --dir "$DIR/line-1" 2>>"$DIR/line-1.err"; }

@test "a device whose clock was never set gets its identity, and proves it" {
    line_up 2
    station_up line-1 127.0.1.1 "$DEVICE:18481"
    device_at "@2000-01-01 00:00:00" 000001 18481
    has "$(scan_at +0 3012-000001)" "PASS 3012-000001"
    nameplate ca export --certificates --dir "$DIR/ca" | jq -r 'select(.number == "3012-000001") | .certificate' >"$DIR/leaf.pem"
    began=$(date -ud "$(openssl x509 -in "$DIR/leaf.pem" -noout -startdate | cut -d= -f2)" +%s)
    [ $((EPOCHSECONDS - began)) -ge 3600 ] && [ $((EPOCHSECONDS - began)) -lt 3900 ]
}

@test "half an hour behind, station, device and factory server work with what the CA made a moment ago" {
    line_up 2
    station_up line-1 127.0.1.1 "$DEVICE:18482"
    stop factory
    start_at -30m factory factory serve --dir "$DIR/factory"
    sed -i "s|^url = .*|url = https://$(address factory factory)|" "$DIR/line-1/nameplate.conf"
    nameplate ca order add PO-2 --dir "$DIR/ca" --factory factory-1 --model 3014 --quantity 2 --first-serial 000101
    as_admin model add 3014 --name TYPE-3
    printf 'date,model,quantity,first_serial\n%s,3014,2,000101\n' "$(at -30m date +%F)" >"$DIR/plan.csv"
    as_admin plan import "$DIR/plan.csv"
    as_admin request --date "$(at -30m date +%F)"
    until_says 60 '"state": "stored"' as_admin number 3014-000101
    device_at -30m 000101 18482 3014
    has "$(scan_at -30m 3014-000101)" "PASS 3014-000101"
}

@test "a station that is a day behind is told so and gets nothing; with its clock set it goes on" {
    line_up 2
    station_up line-1 127.0.1.1 "$DEVICE:18483"
    device_at +0 000001 18483
    mkfifo "$DIR/scans"
    LD_PRELOAD=$SHIFT FAKETIME=-24h "$BUILD/nameplate" station run --dir "$DIR/line-1" <"$DIR/scans" >"$DIR/behind.out" 2>&1 3>&- &
    PID[behind]=$!
    echo 3012-000001 >"$DIR/scans"
    wait_for_line "$DIR/behind.out" "not yet valid: it is valid from .*, and the clock here says $(date -ud yesterday +%F)" 30 "${PID[behind]}"
    kill9 behind
    has "$(as_admin number 3012-000001)" '"state": "stored"'
    has "$(scan_at +0 3012-000001)" "PASS 3012-000001"
}
