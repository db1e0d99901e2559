#!/usr/bin/env bats
# A disk that is full, at the CA and at the factory server: said clearly, nothing lost, nothing issued twice (I5, I9,
# I10), and the work goes on by itself when there is space again.

load lib
load station_lib

setup_file() { made_once line_with_tomorrow; }
setup() {
    [ "$(id -u)" = 0 ] || skip "mounting a small disk needs root"
    story_begin
    disks=()
    tomorrow=$(date -d tomorrow +%F)
}
teardown() {
    local name disk
    for name in "${!PID[@]}"; do stop "$name" || true; done
    for disk in "${disks[@]}"; do umount "$disk" 2>/dev/null || umount -l "$disk" || true; done
    story_end
}

teardown_file() { made_end; }

small_disk() { # NAME: a disk of its own for that program's folder
    mv "$DIR/$1" "$DIR/$1.was"
    mkdir "$DIR/$1"
    mount -t tmpfs -o size=32m,mode=700 tmpfs "$DIR/$1" 2>/dev/null || skip "a small disk cannot be mounted here"
    disks+=("$DIR/$1")
    cp -a "$DIR/$1.was/." "$DIR/$1"
    line_again
}

# Until nothing fits any more; with a second word, so much (1M) is free again.
fill() {
    fill_up "$1"
    [ -z "${2:-}" ] || truncate -s "-$2" "$DIR/$1/filler"
}
fill_up() { dd if=/dev/zero of="$DIR/$1/filler" bs=64k 2>/dev/null || [ "$(df --output=avail "$DIR/$1" | tail -1)" -lt 64 ]; }
empty() { rm "$DIR/$1/filler"; }

# A line whose order and plan have 1,500 devices of tomorrow that nobody has asked for yet.
line_with_tomorrow() {
    local tomorrow
    tomorrow=$(date -d tomorrow +%F)
    line_up 2
    station_up line-1 127.0.1.1 "$BENCH"
    nameplate ca order add PO-2 --dir "$DIR/ca" --factory factory-1 --model 3012 --quantity 1500 --first-serial 100001
    printf 'date,model,quantity,first_serial\n%s,3012,1500,100001\n' "$tomorrow" >"$DIR/tomorrow.csv"
    as_admin plan import "$DIR/tomorrow.csv"
    wait_for_stored 2 60
}

# How many packs the factory server has on hand.
stored() { nameplate factory export --dir "$DIR/factory" | jq -r 'select(.state == "stored") | .number' | sort -u | wc -l; }
wait_for_stored() { # N SECONDS
    local tries=$(($2 * 4))
    until [ "$(stored)" = "$1" ]; do
        [ $((tries -= 1)) -gt 0 ] || { echo "$(stored) of $1 are on hand" >&2; return 1; }
        sleep 0.25
    done
}

everything_agrees() {
    same "$(nameplate ca export --dir "$DIR/ca" | jq -r 'select(.kind == "device") | .number' | wc -l)" 1502
    same "$(nameplate ca export --dir "$DIR/ca" | jq -r 'select(.kind == "device") | .number' | sort | uniq -d)" ""
    nameplate ca fsck --dir "$DIR/ca"
    nameplate ca audit verify --dir "$DIR/ca"
    nameplate factory fsck --dir "$DIR/factory"
    nameplate factory audit verify --dir "$DIR/factory"
    nameplate factory reconcile --dir "$DIR/factory"
}

@test "the CA's disk is full: the request is refused for now, and filled when there is space (F-4, I5)" {
    small_disk ca
    wait_for_stored 2 60
    fill ca
    as_admin request --date "$tomorrow"
    wait_for_line "$DIR/ca.err" 'NO_SPACE' 120
    wait_for_line "$DIR/factory.err" 'NO_SPACE\|disk is full' 120
    kill -0 "${PID[ca]}"
    same "$(stored)" 2
    empty ca
    wait_for_stored 1502 120
    everything_agrees
}

@test "the factory server's disk is full: no pack is lost, none is made twice (F-6, I9, I10)" {
    small_disk factory
    wait_for_stored 2 60
    fill factory
    run as_admin request --date "$tomorrow"
    asked=$status
    run /usr/bin/python3 "$ROOT/tests/peer/station.py" "$DIR/line-1/identity" "https://$(address factory factory)" pack 3012-000001
    full=$output
    kill -0 "${PID[factory]}"
    empty factory
    [ "$asked" -eq 0 ] || as_admin request --date "$tomorrow"
    until_says 120 '^150[12]$' stored
    run /usr/bin/python3 "$ROOT/tests/peer/station.py" "$DIR/line-1/identity" "https://$(address factory factory)" pack 3012-000001
    echo "while it was full: $full"
    echo "then: $output"
    [ "$status" -eq 0 ]
    has "$full" "fault NO_SPACE"
    everything_agrees
}

@test "the factory server's disk gets full in the middle of a batch: the rest comes when there is space (F-6, I10)" {
    small_disk factory
    wait_for_stored 2 60
    fill factory 1M
    as_admin request --date "$tomorrow"
    wait_for_line "$DIR/factory.err" 'NO_SPACE' 120
    kill -0 "${PID[factory]}"
    [ "$(stored)" -lt 1502 ]
    kill9 factory
    empty factory
    start factory nameplate factory serve --dir "$DIR/factory"
    wait_for_stored 1502 120
    everything_agrees
}
