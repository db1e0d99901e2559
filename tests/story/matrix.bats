#!/usr/bin/env bats
# Every role against every message, over real TLS, from the table in src/soap/messages.h; every role against every
# route of the JSON services is in tests/unit/factory/routes.c and tests/unit/center/routes.c, too.

load lib
load station_lib

setup() { story_begin; }
teardown() { exec 8>&-; story_end; }

matrix() { "$BUILD/tests/peer/matrix" "$@"; }

# What CA, factory server and device have on record.
state() {
    local db
    for db in ca/register factory/stock; do sqlite3 "file:$DIR/$db.db?mode=ro" .dump; done
    sha256sum "$DIR/dev-000001/flash.bin" "$DIR/dev-000001/nvram.bin"
}

# The whole line: a device that has been a board already, in front of a station that waits for a scan.
whole_line() {
    line_up 2
    station_up line-1 127.0.1.1 127.0.1.2:18461
    device_new 000001
    start dev nameplate device run --dir "$DIR/dev-000001" --listen 127.0.1.2:18461
    nameplate station board --dir "$DIR/line-1" 3012-000001
    mkfifo "$DIR/scanner"
    exec 8<>"$DIR/scanner"
    "$BUILD/nameplate" station run --dir "$DIR/line-1" <"$DIR/scanner" >"$DIR/line-1.out" 2>>"$DIR/line-1.err" 3>&- &
    PID[line-1]=$!
    wait_for_line "$DIR/line-1.out" '^STEP - S3' 20 "${PID[line-1]}"
    everybody=(factory=factory-1 station=line-1 device=3012-000001 bootstrap=3012 "ca=$(address ca)"
        "factory=$(address factory factory)" "station=$(address line-1 station)" "device=127.0.1.2:18461")
}

@test "no role can send what the table does not allow, and nothing changes when it tries (F-5, F-12, F-26)" {
    command -v sqlite3 >/dev/null || skip "needs sqlite3"
    whole_line
    state >"$DIR/before"
    run matrix forbidden "$DIR/ca" "${everybody[@]}"
    echo "$output"
    [ "$status" -eq 0 ]
    state >"$DIR/after"
    diff "$DIR/before" "$DIR/after"
    grep -q 'PRAGMA' "$DIR/before"
}

@test "each role can send what the table allows (F-5)" {
    whole_line
    run matrix allowed "$DIR/ca" "${everybody[@]}"
    echo "$output"
    [ "$status" -eq 0 ]
}

@test "each role of people can use the routes that the factory server's table names, and no other (F-20)" {
    line_up 2
    local role words=()
    for role in viewer planner; do
        echo "the password of $role" >"$DIR/$role"
        chmod 600 "$DIR/$role"
        as_admin operator add "$role" --role "$role" --new-password-file "$DIR/$role"
        words+=("$role=$DIR/$role")
    done
    run /usr/bin/python3 "$ROOT/tests/peer/routes.py" "https://$(address factory factory-admin)/api/v1" "$DIR/ca/root.crt" \
        "${words[@]}" "admin=$DIR/password"
    echo "$output"
    [ "$status" -eq 0 ]
}

# --- The field ---

center() { nameplate center "$@" --dir "$DIR/center"; }

# center_up: with an administrator of its console, whose password lies in $DIR/password.
center_up() {
    local token
    token=$(nameplate ca token add --dir "$DIR/ca" --role center --name center-1 | tail -1)
    nameplate center init --dir "$DIR/center" --ca "https://$(address ca)" --fingerprint "$FP" --token "${token##* }" \
        --admin admin --password-file "$DIR/password" --port 0 --admin-port 0 >/dev/null
    start center nameplate center serve --dir "$DIR/center"
}

# gateway_up: a device of a gateway model that came from the line, and the gateway beside it.
gateway_up() {
    nameplate ca order add PO-G --dir "$DIR/ca" --factory factory-1 --model 3014 --quantity 1 --first-serial 000009 --profile gateway
    as_admin model add 3014 --name TYPE-G
    printf 'date,model,quantity,first_serial\n%s,3012,2,000001\n%s,3014,1,000009\n' "$(date +%F)" "$(date +%F)" >"$DIR/plan.csv"
    as_admin plan import "$DIR/plan.csv"
    as_admin request --date "$(date +%F)"
    device_new 000009 3014
    start line nameplate device run --dir "$DIR/dev-000009" --listen 127.0.1.2:18461
    nameplate station board --dir "$DIR/line-1" 3014-000009 >/dev/null
    has "$(echo 3014-000009 | timeout 90 "$BUILD/nameplate" station run --dir "$DIR/line-1" 2>>"$DIR/line-1.err")" 'PASS 3014-000009'
    stop line
    printf '[listen]\nport = 0\n[uplink]\nurl = https://%s\n' "$(address center center)" >"$DIR/dev-000009/gateway.conf"
    start gateway nameplate gateway run --dir "$DIR/dev-000009"
}

# What the field half has on record. The centre writes down who was refused (M-6), and when; nothing else may change.
field_state() {
    local db
    for db in ca/register center/center dev-000009/relay; do
        sqlite3 "file:$DIR/$db.db?mode=ro" .dump | grep -vE '^INSERT INTO (incident|note) '
    done
    sha256sum "$DIR"/dev-000001/*.bin "$DIR"/dev-000009/*.bin
}

incidents() { sqlite3 "file:$DIR/center/center.db?mode=ro" "SELECT count(*) FROM incident WHERE kind = 'wrong-role'"; }

@test "in the field, too, each role can send what the table allows to centre, gateway and device, and nothing else (M-6, D-6, P-1)" {
    command -v sqlite3 >/dev/null || skip "needs sqlite3"
    line_up 2
    station_up line-1 127.0.1.1 127.0.1.2:18461
    center_up
    gateway_up
    device_new 000001
    start dev nameplate device run --dir "$DIR/dev-000001" --listen 127.0.1.2:18461
    nameplate station board --dir "$DIR/line-1" 3012-000001
    sleep 3 # the centre hears of the gateway's identity
    local who=(factory=factory-1 station=line-1 device=3012-000001 gateway=3014-000009 bootstrap=3012) where refused
    refused=$(incidents)
    field_state >"$DIR/before"
    grep -q 'INSERT INTO identity' "$DIR/before"
    for where in "field=$(address center center)" "field=$(address gateway)" "remote=127.0.1.2:18461"; do
        run matrix forbidden "$DIR/ca" "${who[@]}" "$where"
        echo "$where: $output"
        [ "$status" -eq 0 ]
    done
    field_state >"$DIR/after"
    diff "$DIR/before" "$DIR/after"
    [ "$(incidents)" -gt "$refused" ]
    for where in "field=$(address center center)" "field=$(address gateway)" "remote=127.0.1.2:18461"; do
        run matrix allowed "$DIR/ca" "${who[@]}" "$where"
        echo "$where: $output"
        [ "$status" -eq 0 ]
    done
    stop gateway
    stop center
    ! grep -h 'error=BUG' "$DIR"/*.err
}

@test "each role of people can use the routes that the centre's table names, and no other (M-7)" {
    line_up 2
    center_up
    center login --user admin --password-file "$DIR/password"
    local role words=()
    for role in viewer manager; do
        echo "the password of $role" >"$DIR/$role"
        chmod 600 "$DIR/$role"
        center operator add "$role" --role "$role" --new-password-file "$DIR/$role"
        words+=("$role=$DIR/$role")
    done
    run /usr/bin/python3 "$ROOT/tests/peer/routes.py" "https://$(address center center-admin)/api/v1" "$DIR/ca/root.crt" \
        "${words[@]}" "admin=$DIR/password"
    echo "$output"
    [ "$status" -eq 0 ]
}
