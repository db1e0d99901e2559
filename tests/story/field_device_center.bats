#!/usr/bin/env bats
# A device from the line in the field, with the real CA and centre: M-2 to M-6, M-8, D-4, D-6, P-1, effect 1.

load lib
load station_lib

NUMBER=3012-000001

# Two devices got their identities on the line; the centre was told of them.
setup_file() { made_once field_made; }
setup() {
    story_begin
    line_again
    center_again
    # the port stays over the centre's restarts
    sed -i "/^\[listen\]/,/^\[/s/^port = .*/port = $(address center center | cut -d: -f2)/" "$DIR/center/nameplate.conf"
}
teardown() { story_end; }
teardown_file() { made_end; }

sql() { sqlite3 -cmd '.timeout 5000' "$DIR/center/center.db" "$1"; }

field_made() {
    line_up 4
    station_up line-1 127.0.1.1 "$BENCH"
    through_the_line 3012 000001
    through_the_line 3012 000002
    center_up
    sed -i 's/^poll = .*/poll = 1/' "$DIR/center/nameplate.conf"
    until_says 60 '^2$' sql 'SELECT count(*) FROM identity'
}

# device_up SERIAL [FLAGS]: polls the centre.
device_up() {
    local serial=$1
    shift
    nameplate device remote --dir "$DIR/dev-$serial" --url "https://$(address center center)" >/dev/null
    start "dev-$serial" nameplate device run --dir "$DIR/dev-$serial" --listen 127.0.0.1:0 "$@"
}

# answered ID: until this very call was.
answered() { until_says 120 '"state": "answered"' center calls --id "$1"; }

@test "effect 1, M-5, M-6: refused without an agreement; with one its counters come, on demand and by themselves, over kill -9; so do its starts and a threshold passed" {
    nameplate device count copy 12 --dir "$DIR/dev-000001"
    device_up 000001
    until_says 90 "$NUMBER" center unlicensed
    center device add "$NUMBER"
    center agreement add "$NUMBER"
    has "$(center call "$NUMBER" counters --wait 120)" "copy"
    until_says 60 '"copy": 12,' center counters "$NUMBER" --json
    has "$(center call "$NUMBER" threshold --application copy --at 14 --wait 120)" '"value": 12'
    run center call "$NUMBER" threshold --application water --at 14 --wait 120
    same "$status" 1
    has "$output" "water is not in this device"
    until_says 90 "start .*epoch" center events "$NUMBER"
    kill9 dev-000001
    nameplate device count copy 3 --dir "$DIR/dev-000001"
    nameplate device event supply-low "black toner" --dir "$DIR/dev-000001"
    device_up 000001
    has "$(center call "$NUMBER" counters --wait 120)" '"copy": 15,'
    until_says 90 "supply-low" center events "$NUMBER"
    until_says 90 "copy passed 14: 15" center events "$NUMBER"
    nameplate device count copy 1 --dir "$DIR/dev-000001"
    kill9 dev-000001
    device_up 000001
    has "$(center call "$NUMBER" counters --wait 120)" '"copy": 16,'
    until_says 90 3 sql "SELECT count(DISTINCT detail) FROM event WHERE kind = 'start'"
    same "$(sql "SELECT count(*) FROM event WHERE kind = 'start'")" 3
    same "$(sql "SELECT count(*) FROM event WHERE kind = 'counter-threshold'")" 1
    same "$(sql "SELECT count(*) FROM incident WHERE kind NOT LIKE '%agreement%'")" 0
    # What is billed of it: from its first reading on (12) to its last (16).
    run center billing --from "$(date -ud yesterday +%F)" --until "$(date -ud '2 days' +%F)"
    grep -E "^,,$NUMBER,copy,12,16,4,20[^,]*Z,20[^,]*Z,[0-9]+,0\$" <<<"$output"
    center device bind "$NUMBER" # a change of the device changes nothing of it
    center billing --from "$(date -ud yesterday +%F)" --until "$(date -ud '2 days' +%F)" --json |
        jq -e '.rows[0].counters[] | select(.name == "copy") | .opening == 12 and .closing == 16 and .count == 4'
}

@test "M-4, M-8, D-4: restart with a delay notification, renewal, a program with a kill -9 on its way" {
    device_up 000001
    center device add "$NUMBER"
    center agreement add "$NUMBER"
    pid=${PID[dev-000001]}
    center call "$NUMBER" restart --wait 120
    same "${PID[dev-000001]}" "$pid"
    has "$(nameplate device show --dir "$DIR/dev-000001")" "epoch"
    before=$(nameplate device export --dir "$DIR/dev-000001" | jq -r .fingerprint)
    center call "$NUMBER" renew --wait 120
    after=$(nameplate device export --dir "$DIR/dev-000001" | jq -r .fingerprint)
    [ "$before" != "$after" ]
    head -c 700000 /dev/urandom >"$DIR/program.img"
    center program add "$DIR/program.img" --version 2.1
    stop dev-000001
    device_up 000001 --test-only-die-at part # a kill -9 after the first of thirty
    ordered=$(center call "$NUMBER" program --version 2.1)
    gone dev-000001
    [ -s "$DIR/dev-000001/program.bin" ]
    has "$(nameplate device show --dir "$DIR/dev-000001")" "slot             factory"
    device_up 000001
    answered "${ordered##* }"
    has "$(center call "$NUMBER" information --wait 120)" '"version": "2.1"'
    has "$(nameplate device show --dir "$DIR/dev-000001")" "slot             A"
    same "$(sql "SELECT count(*) FROM incident WHERE kind NOT LIKE '%agreement%'")" 0
}

@test "P-1: a copied device is found at its next poll; a device that was made to bear another's number does not start" {
    for n in 3012-000001 3012-000002; do
        center device add "$n"
        center agreement add "$n"
    done
    device_up 000001
    center call 3012-000001 counters --wait 120
    stop dev-000001
    cp -r "$DIR/dev-000001" "$DIR/dev-copy"
    device_up 000001
    center call 3012-000001 counters --wait 120
    stop dev-000001
    start copy nameplate device run --dir "$DIR/dev-copy" --listen 127.0.0.1:0
    until_says 90 "3012-000001" center incidents
    stop copy
    cp "$DIR/dev-000001/nvram.bin" "$DIR/dev-000002/nvram.bin"
    run timeout 120 "$BUILD/nameplate" device run --dir "$DIR/dev-000002" --listen 127.0.0.1:0
    same "$status" 1
    has "$output" "3012-000001"
}

@test "a service part takes a device's place after an operator approved it, and counts on from there" {
    device_up 000001
    center device add "$NUMBER"
    center agreement add "$NUMBER"
    nameplate device count copy 40 --dir "$DIR/dev-000001"
    center call "$NUMBER" counters --wait 120
    stop dev-000001
    nameplate device new --dir "$DIR/part" --model 3012 --board PART-7 --root "$DIR/ca/root.crt" >/dev/null
    start part nameplate device run --dir "$DIR/part" --listen "$BENCH"
    nameplate station board --dir "$DIR/line-1" PART-7 --model 3012 >/dev/null || nameplate station board --dir "$DIR/line-1" 3012-PART7 >/dev/null
    stop part
    run nameplate device replace "$NUMBER" --dir "$DIR/part" --url "https://$(address center center)" --once
    same "$status" 1
    has "$output" "waits for an operator"
    local key="$(nameplate device show --json --dir "$DIR/part" | jq -r .replacement_key)"
    same "${#key}" 64
    has "$output" "--fingerprint $key" # what the board shows is what the centre shows
    has "$(center tickets)" "$NUMBER"
    has "$(center tickets)" "board PART-7  key $key"
    run center device approve "$NUMBER" </dev/null
    same "$status" 1
    has "$output" "--fingerprint"
    run center device approve "$NUMBER" --fingerprint 00000000000000000000
    has "$output" "this is another board, or another key"
    # At a terminal a person is asked, about each board that waits, and only a plain yes is one.
    terminal() { run /usr/bin/python3 "$ROOT/tests/peer/terminal.py" "$@" -- "$BUILD/nameplate" center device approve "$NUMBER" \
        --dir "$DIR/center" --user admin --password-file "$DIR/password"; }
    for answer in '' n yikes 'nooooooy'; do
        terminal "$answer"
        same "$status" 1
        has "$output" "board PART-7 shows the key $key? [y/N]"
        has "$output" "nothing is approved"
    done
    has "$(center tickets)" "waiting"
    terminal y
    same "$status" 0
    has "$output" "board PART-7 for $NUMBER: approved"
    timeout 300 "$BUILD/nameplate" device replace "$NUMBER" --dir "$DIR/part" --url "https://$(address center center)"
    nameplate device count copy 2 --dir "$DIR/part"
    nameplate device remote --dir "$DIR/part" --url "https://$(address center center)" >/dev/null
    start part nameplate device run --dir "$DIR/part" --listen 127.0.0.1:0
    until_says 90 "counters-handed-over" cat "$DIR/part/history.jsonl"
    has "$(center call "$NUMBER" counters --wait 120)" '"copy": 42,'
    # One chain of readings over both boards: what is billed has no break.
    run center billing --from "$(date -ud yesterday +%F)" --until "$(date -ud '2 days' +%F)"
    grep -E "^,,$NUMBER,copy,[0-9]+,42,[0-9]+,[^,]+,[^,]+,[0-9]+,0\$" <<<"$output"
}

@test "I9, I10, M-5: a device that is killed again and again loses no count, and no reading comes twice or out of order" {
    center device add "$NUMBER"
    center agreement add "$NUMBER"
    for i in $(seq 12); do
        device_up 000001
        nameplate device count copy 1 --dir "$DIR/dev-000001"
        center call "$NUMBER" counters >/dev/null
        sleep "0.$((RANDOM % 9))"
        kill9 dev-000001
    done
    device_up 000001
    has "$(center call "$NUMBER" counters --wait 120)" '"copy": 12,'
    until_says 90 '^0$' sql "SELECT count(*) FROM call WHERE state NOT IN ('answered')"
    same "$(sql 'SELECT count(*) FROM incident')" 0
    same "$(sql "SELECT count(*) = count(DISTINCT sequence) AND count(*) = max(sequence) FROM reading")" 1
}
