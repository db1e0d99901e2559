#!/usr/bin/env bats
# The station at the line: F-7 to F-14, F-22.

load lib
load station_lib

# Line line-1 with a device before it whose board step was done, 3012-000001, and one whose board is blank, 3012-000002.
setup_file() { made_once benches_made; }
setup() { story_begin; line_again; }
teardown() { story_end; bench_links_gone; }
teardown_file() { made_end; }

benches_made() {
    line_up 4
    station_up line-1 127.0.1.1 "$BENCH"
    device_new 000002
    device_new 000001
    at_bench 000001
    has "$(echo 3012-000001 | nameplate station board --dir "$DIR/line-1")" "PASS 3012-000001"
}

# The namespaces and links of the two benches; also after a test that failed half-way.
bench_links_gone() {
    local i
    for i in 1 2; do
        ip netns del "np$i-$$" 2>/dev/null || true
        ip link del "npb$i-$$" 2>/dev/null || true
    done
}

results() { grep -E '^(PASS|FAIL)' | cut -d' ' -f1-3; }

@test "a device gets its identity, a wrong nameplate and rubbish are refused, the same number passes again (F-8, F-10, F-12 to F-14)" {
    at_bench 000001
    out=$(scan line-1 3012-000002 rubbish 3012-000001 ']C03012-000001')
    same "$(results <<<"$out" | cut -d' ' -f1,2)" $'FAIL 3012-000002\nFAIL -\nPASS 3012-000001\nPASS 3012-000001'
    has "$out" "FAIL 3012-000002 NUMBER_MISMATCH"
    has "$out" "PASS 3012-000001 already"
    has "$(as_admin number 3012-000001)" "erased"
    run grep -rlE "PRIVATE KEY" "$DIR/line-1" --exclude=key.pem
    [ "$status" -eq 1 ]
}

@test "a blank board is refused until the board step was done (F-22)" {
    at_bench 000002
    has "$(scan line-1 3012-000002)" "FAIL 3012-000002"
    nameplate station board --dir "$DIR/line-1" 3012-000002
    has "$(scan line-1 3012-000002)" "PASS 3012-000002"
}

@test "what --generate passes is the id under which the board is recorded: its own, when it has one" {
    nameplate device new --dir "$DIR/dev-bare" --model 3012 --board B-77 --root "$DIR/ca/root.crt"
    at_bench bare
    same "$(nameplate station board --dir "$DIR/line-1" --model 3012 --generate)" 'PASS B-77 3012'
    has "$(nameplate factory audit list --dir "$DIR/factory" B-77)" 'board B-77 model=3012 outcome=OK'
}

@test "SIGHUP is answered in the log: what was taken, and what waits for the next start" {
    at_bench 000001
    start station nameplate station run --dir "$DIR/line-1" --sources tcp:127.0.0.1:0
    kill -HUP "${PID[dev]}" "${PID[station]}"
    wait_for_line "$DIR/dev.err" 'reloaded taken="log, way of storing" at-next-start=' 60
    wait_for_line "$DIR/station.err" 'reloaded taken="patience, log, .*" at-next-start=.*scanners' 60
}

on_terminal() { # TERM TEXT: what a station that nobody scans at shows there, ended once it showed this text
    TERM=$1 /usr/bin/python3 "$ROOT/tests/peer/terminal.py" "until=$2" -- "$BUILD/nameplate" station run --dir "$DIR/line-1" --sources device
}

@test "a terminal that knows no more than lines gets lines, another one the screen" {
    plain=$(on_terminal dumb "STEP - S3 waiting for a scan")
    same "$(grep -c $'\033' <<<"$plain" || true)" 0
    screen=$(on_terminal xterm $'\033[0;30;43m')
    has "$screen" $'\033[?1049h'
    has "$screen" $'\033[?1049l' # given back as it was
    plain=$(NO_COLOR=1 on_terminal xterm $'\033[0m\033[H')
    same "$(grep -c $'\033\[0;3' <<<"$plain" || true)" 0
}

@test "a keyed number counts when it came twice the same (F-9)" {
    at_bench 000001
    out=$(scan line-1 '#3012-000001' '#3012-000002' '#3012-000001' '#3012-000001')
    same "$(results <<<"$out" | cut -d' ' -f1,2)" $'FAIL 3012-000002\nPASS 3012-000001'
}

@test "a number keyed in at the factory server is worked on by its line's station (F-9)" {
    at_bench 000001
    start line-1 nameplate station run --dir "$DIR/line-1" --sources device
    wait_for_line "$DIR/line-1.out" '^STEP - S3' 120
    run as_admin key 3012-000001 3012-000002 --line line-1
    same "$status" 1
    has "$output" '3012-000001 was keyed in first and 3012-000002 then'
    run as_admin key 3012-000001 --line line-1
    same "$status" 2
    run as_admin key 3012-1 3012-1 --line line-1
    has "$output" 'not in the production plan'
    run as_admin key ' 3012-000001' ' 3012-000001' --line line-1
    same "$status" 1
    run as_admin key 3012-000001 3012-000001 --line line-9
    has "$output" 'no station stands at line line-9'
    echo "a long password 2" >"$DIR/password2"
    chmod 600 "$DIR/password2"
    as_admin operator add viola --role viewer --new-password-file "$DIR/password2"
    run nameplate factory key 3012-000001 3012-000001 --line line-1 --dir "$DIR/factory" --user viola --password-file "$DIR/password2"
    has "$output" 'a viewer may not do that'
    has "$(as_admin key 3012-000001 3012-000001 --line line-1)" '3012-000001 waits for a station of line line-1'
    wait_for_line "$DIR/line-1.out" '^PASS 3012-000001' 120
    has "$(cat "$DIR/line-1.out")" 'NOTE 3012-000001 was keyed in at the factory server by admin'
    has "$(nameplate factory audit list 3012-000001 --dir "$DIR/factory")" 'station:line-1 keyed 3012-000001 line=line-1 keyed-by=operator:admin'
    run as_admin key 3012-000001 3012-000001 --line line-1
    has "$output" 'has its identity already'
    same "$(grep -c '^PASS' "$DIR/line-1.out")" 1
}

@test "two stations on one machine each reach their own device at the same address (F-7, F-11)" {
    [ "$(id -u)" = 0 ] || skip "network namespaces need root"
    command -v ip >/dev/null || skip "needs the ip command (iproute2)"
    ip netns add "np-probe-$$" 2>/dev/null || skip "network namespaces cannot be made here"
    ip netns del "np-probe-$$"
    local i ns
    for i in 1 2; do
        ns="np$i-$$"
        ip netns add "$ns"
        ip link add "npb$i-$$" type veth peer name bench netns "$ns"
        ip addr add "192.0.2.$i/32" dev "npb$i-$$"
        ip link set "npb$i-$$" up
        ip -n "$ns" addr add 192.0.2.10/24 dev bench
        ip -n "$ns" link set bench up
        ip -n "$ns" link set lo up
        ip route add 192.0.2.10/32 dev "npb$i-$$" metric "$i" 2>/dev/null || true
        station_up "bench-$i" "192.0.2.$i" 192.0.2.10:8444 --interface "npb$i-$$"
        device_new "00000$((i + 2))"
        start "dev$i" ip netns exec "$ns" "$BUILD/nameplate-device" run --dir "$DIR/dev-00000$((i + 2))"
    done
    for i in 1 2; do
        nameplate station board --dir "$DIR/bench-$i" "3012-00000$((i + 2))" || failed=1
        out="$out $(scan "bench-$i" "3012-00000$((i + 2))" | results)" || failed=1
    done
    wrong=$(scan bench-1 3012-000004 | results)
    stop dev1; stop dev2
    bench_links_gone
    has "$out" "PASS 3012-000003"
    has "$out" "PASS 3012-000004"
    has "$wrong" "FAIL 3012-000004 NUMBER_MISMATCH"
}

@test "the scan may come through the device (F-8, S3, S4)" {
    at_bench 000001
    start line-1 nameplate station run --dir "$DIR/line-1" --sources device
    wait_for_line "$DIR/line-1.out" '^STEP - S3' 120
    stop dev
    sed -i "s#^url = .*#url = https://$(address line-1 station)/soap/station#" "$DIR/dev-000001/nameplate.conf"
    mkfifo "$DIR/scanner"
    exec 7<>"$DIR/scanner"
    "$BUILD/nameplate-device" run --dir "$DIR/dev-000001" --listen "$BENCH" <"$DIR/scanner" >"$DIR/dev.out" 2>>"$DIR/dev.err" 3>&- &
    PID[dev]=$!
    wait_for_line "$DIR/dev.out" '^ready ' 120
    echo 3012-000001 >&7
    wait_for_line "$DIR/line-1.out" '^PASS 3012-000001' 120
    exec 7>&-
}
