#!/usr/bin/env bats
# Every role against every message, over real TLS, from the table in src/soap/messages.h; every role against every
# route of the JSON services is in tests/unit/factory/routes.c and tests/unit/center/routes.c, too.

load lib
load station_lib

# The whole line and the field: a device that has been a board already, a gateway that came from the line, a centre.
setup_file() { made_once everything_made; }
setup() { story_begin; }
teardown() { exec 8>&-; story_end; }
teardown_file() { made_end; }

everything_made() {
    line_up 2
    nameplate ca order add PO-G --dir "$DIR/ca" --factory factory-1 --model 3014 --quantity 1 --first-serial 000009 --profile gateway
    as_admin model add 3014 --name TYPE-G
    printf 'date,model,quantity,first_serial\n%s,3014,1,000009\n' "$(date +%F)" >"$DIR/gateways.csv"
    as_admin plan import "$DIR/gateways.csv"
    as_admin request --date "$(date +%F)"
    station_up line-1 127.0.1.1 "$BENCH"
    through_the_line 3014 000009
    device_new 000001
    at_bench 000001
    nameplate station board --dir "$DIR/line-1" 3012-000001
    center_up
    until_says 60 '^1$' center_sql 'SELECT count(*) FROM identity'
    printf '[listen]\nport = 0\n[uplink]\nurl = https://%s\n' "$(address center center)" >"$DIR/dev-000009/gateway.conf"
}

center_sql() { sqlite3 "file:$DIR/center/center.db?mode=ro" "$1"; }

matrix() { "$BUILD/tests/peer/matrix" "$@"; }

# What CA, factory server and device have on record.
state() {
    local db
    for db in ca/register factory/stock; do sqlite3 "file:$DIR/$db.db?mode=ro" .dump; done
    sha256sum "$DIR/dev-000001/flash.bin" "$DIR/dev-000001/nvram.bin"
}

# That device in front of a station that waits for a scan.
whole_line() {
    line_again
    at_bench 000001
    mkfifo "$DIR/scanner"
    exec 8<>"$DIR/scanner"
    "$BUILD/nameplate" station run --dir "$DIR/line-1" <"$DIR/scanner" >"$DIR/line-1.out" 2>>"$DIR/line-1.err" 3>&- &
    PID[line-1]=$!
    wait_for_line "$DIR/line-1.out" '^STEP - S3' 120 "${PID[line-1]}"
    everybody=(factory=factory-1 station=line-1 device=3012-000001 bootstrap=3012 "ca=$(address ca)"
        "factory=$(address factory factory)" "station=$(address line-1 station)" "device=$BENCH")
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
    line_again
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

# What the field half has on record. The centre writes down who was refused (M-6), and when; nothing else may change.
field_state() {
    local db
    for db in ca/register center/center dev-000009/relay; do
        sqlite3 "file:$DIR/$db.db?mode=ro" .dump | grep -vE '^INSERT INTO (incident|note) '
    done
    sha256sum "$DIR"/dev-000001/*.bin "$DIR"/dev-000009/*.bin
}

incidents() { center_sql "SELECT count(*) FROM incident WHERE kind = 'wrong-role'"; }

@test "in the field, too, each role can send what the table allows to centre, gateway and device, and nothing else (M-6, D-6, P-1)" {
    command -v sqlite3 >/dev/null || skip "needs sqlite3"
    line_again
    center_again
    start gateway nameplate gateway run --dir "$DIR/dev-000009"
    at_bench 000001
    local who=(factory=factory-1 station=line-1 device=3012-000001 gateway=3014-000009 bootstrap=3012) where refused
    refused=$(incidents)
    field_state >"$DIR/before"
    grep -q 'INSERT INTO identity' "$DIR/before"
    for where in "field=$(address center center)" "field=$(address gateway)" "remote=$BENCH"; do
        run matrix forbidden "$DIR/ca" "${who[@]}" "$where"
        echo "$where: $output"
        [ "$status" -eq 0 ]
    done
    field_state >"$DIR/after"
    diff "$DIR/before" "$DIR/after"
    [ "$(incidents)" -gt "$refused" ]
    for where in "field=$(address center center)" "field=$(address gateway)" "remote=$BENCH"; do
        run matrix allowed "$DIR/ca" "${who[@]}" "$where"
        echo "$where: $output"
        [ "$status" -eq 0 ]
    done
    stop gateway
    stop center
    ! grep -h 'error=BUG' "$DIR"/*.err
}

@test "each role of people can use the routes that the centre's table names, and no other (M-7)" {
    line_again
    center_again
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
