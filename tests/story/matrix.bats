#!/usr/bin/env bats
# Every role against every message, over real TLS, from the table in src/soap/messages.h; every role against every
# route of the JSON service is in tests/unit/factory/routes.c.

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
