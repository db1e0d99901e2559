# Renewal from end to end (M-8, M-6; I1, I3, I8, I10): by itself before the end, after it within the grace time, killed between
# its steps. Real CA, centre and devices; identities that live seconds.
load lib
load field_lib

ALONE=3013-000001  # renews by itself
KILLED=3015-000001 # lives for ever; is asked to renew, and killed at each step
OVER=3014-000001   # has expired when it comes
LATE=3014-000002   # comes after the grace time
BEHIND=3014-000003 # has expired, and comes through a gateway
GATEWAY=3100-000001
PLAYED=3012-000001 # by a foreign SOAP client

setup_file() { made_once field_made; }
setup() {
    story_begin
    cd "$DIR" || return 1
    ca_again
    center_again
}
teardown() { story_end; }
teardown_file() { made_end; }

# Devices without their identities yet: those of some models do not live long.
field_made() {
    local number
    nameplate ca init --dir ca --listen 127.0.0.1:0 >ca.init
    live 3013 15
    live 3014 4
    live 3012 4
    start ca nameplate ca serve --dir ca
    orders "" 3012 3013 3014 3015
    orders gateway 3100
    POLL=1 center_up
    for number in "$ALONE" "$KILLED" "$OVER" "$LATE" "$BEHIND" "$GATEWAY"; do
        nameplate device new --model "${number%-*}" --serial "${number#*-}" --root ca/root.crt --dir "$number" >/dev/null
        nameplate device count copy 7 --dir "$number"
    done
    for number in "$ALONE" "$KILLED" "$LATE"; do licensed "$number"; done
    licensed "$GATEWAY" --kind gateway
    licensed "$BEHIND" --gateway "$GATEWAY"
}

# live MODEL SECONDS: how long the identities of a model live.
live() {
    awk -v model="$1" -v seconds="$2" '/^\[/ { on = /^\[idevid\]/; if (on) { print "[" model "]"; next } }
        on { if (/^days/) print "seconds = " seconds; else print }' ca/profiles.cnf >more.cnf
    cat more.cnf >>ca/profiles.cnf
}

licensed() { center device add "$@" >/dev/null && center agreement add "$1" >/dev/null; }

# come NUMBER...: they get their identities now.
come() {
    local number
    for number; do nameplate device remote --dir "$number" --url "https://$(address center center)" >/dev/null; done
    identities "$(IFS=, && echo "$*,$PLAYED")"
    for number; do "$BUILD/tests/peer/flash_identity" "$number" "$number" "nodes/$number/cert.pem" "nodes/$number/key.pem" ca/root.crt; done
}
device_up() { start "$1" nameplate device run --dir "$1" --listen 127.0.0.1:0 "${@:2}"; }

history() { jq -r .event "$1/history.jsonl"; }
print_of() { nameplate device export --dir "$1" | jq -r .fingerprint; }
# at_ca NUMBER: generation and state of each of its identities
at_ca() { nameplate ca export --dir ca | jq -r "select(.number == \"$1\") | \"\(.generation) \(.state)\"" | sort -n | paste -sd, ; }
# The order's books: what was issued is somewhere, and a renewal costs no unit.
books() { nameplate ca account --dir ca --json | jq -c "select(.order == \"$1\") | [.quantity, .issued, .written, .on_hand, .voided, .superseded]"; }

# Looks at a device's memory again and again: that it has no identity at some moment is in NUMBER.watch.
watch_identity() {
    while sleep 0.3; do
        print_of "$1" | grep -qE '^[0-9a-f]{64}$' || echo "no identity in $1 at $(date +%T.%N)"
    done >"$1.watch" 2>&1 3>&- &
    PID[watch]=$!
}

@test "M-8, I3, I10: devices renew by themselves before the end, and through a kill -9 at each step; counters and the order's books go on" {
    local first old new step
    come "$ALONE" "$KILLED"
    device_up "$ALONE"
    first=$(print_of "$ALONE")
    watch_identity "$ALONE"
    has "$(center call "$ALONE" counters --wait 60)" '"copy": 7'

    old=$(print_of "$KILLED")
    center call "$KILLED" renew
    for step in key answer installed confirmed dropped; do
        device_up "$KILLED" --test-only-die-at "$step"
        gone "$KILLED"
        case $step in
        key | answer) same "$(print_of "$KILLED")" "$old" ;;
        installed) new=$(print_of "$KILLED"); [ "$new" != "$old" ] ;;
        *) same "$(print_of "$KILLED")" "$new" ;;
        esac
        [ "$step" != installed ] || same "$(at_ca "$KILLED")" "1 field,2 renewing"
    done
    device_up "$KILLED"
    until_says 90 '^renewed$' history "$KILLED"
    until_says 90 'RenewIdentityRequest *answered' center calls "$KILLED"
    same "$(print_of "$KILLED")" "$new"
    same "$(at_ca "$KILLED")" "1 superseded,2 field"
    same "$(books A3015)" "[10,2,1,0,0,1]"
    nameplate device count copy 1 --dir "$KILLED"
    has "$(center call "$KILLED" counters --wait 60)" '"copy": 8'
    stop "$KILLED"

    until_says 90 '^renewed$' history "$ALONE"
    kill9 watch
    same "$(cat "$ALONE.watch")" ""
    [ "$(print_of "$ALONE")" != "$first" ]
    ! grep -E 'EXPIRED|expired' "$ALONE.err"
    has "$(at_ca "$ALONE")" "1 superseded,2 "
    same "$(books A3013 | jq '.[1] - .[5]')" 1
    nameplate device count copy 2 --dir "$ALONE"
    has "$(center call "$ALONE" counters --wait 60)" '"copy": 9'
    same "$(sql "SELECT group_concat(sequence || ' ' || billable) FROM reading WHERE number = '$ALONE'")" "1 1,2 1"
    same "$(sql "SELECT count(*) FROM incident")" 0
    stop ca && nameplate ca fsck --dir ca && nameplate ca audit verify --dir ca
}

@test "M-8, effect 1: an expired identity is renewed within the grace time, under an agreement, and does nothing else; later it is refused and on record" {
    come "$OVER" "$LATE"
    run timeout 120 /usr/bin/python3 "$ROOT/tests/peer/field_story.py" expired "https://$(address center center)" "$BUILD" "$DIR"
    echo "$output"
    has "$output" ok

    device_up "$OVER"
    until_says 90 NO_AGREEMENT cat "$OVER.err"
    has "$(center unlicensed)" "$OVER"
    same "$(at_ca "$OVER")" "1 written"
    licensed "$OVER"
    until_says 90 '^renewed$' history "$OVER"
    has "$(at_ca "$OVER")" "1 superseded,2 "
    has "$(center call "$OVER" counters --wait 60)" '"copy": 7'
    stop "$OVER"

    sed -i 's/^grace = .*/grace = 0/' center/nameplate.conf
    kill -HUP "${PID[center]}"
    until_says 60 reloaded cat center.err
    device_up "$LATE"
    until_says 90 'refused our certificate.*expired' cat "$LATE.err"
    until_says 60 "bad-certificate .*$LATE .*expired" center incidents "$LATE"
    same "$(at_ca "$LATE")" "1 written"
}

@test "M-1, M-8: an expired device is renewed through a gateway, and a gateway's identity by the agent beside it" {
    local number
    come "$BEHIND" "$GATEWAY"
    printf '[listen]\nport = 0\n[uplink]\nurl = https://%s\ninterval = 1\n' "$(address center center)" >"$GATEWAY/gateway.conf"
    start gateway nameplate gateway run --dir "$GATEWAY"
    for number in "$BEHIND" "$GATEWAY"; do nameplate device remote --dir "$number" --url "https://$(address gateway)" >/dev/null; done
    while openssl x509 -checkend 0 -noout -in "nodes/$BEHIND/cert.pem" >/dev/null; do sleep 0.2; done
    device_up "$BEHIND"
    until_says 90 EXPIRED cat "$BEHIND.err"
    until_says 90 '^renewed$' history "$BEHIND"
    has "$(at_ca "$BEHIND")" "1 superseded,2 "
    stop "$BEHIND"
    device_up "$GATEWAY"
    center call "$GATEWAY" renew --wait 90
    same "$(at_ca "$GATEWAY")" "1 superseded,2 field"
    has "$(center call "$GATEWAY" counters --wait 60)" '"copy": 7'
    # a poll that stood with the old identity meanwhile is cut off, which is on record; nothing else is
    same "$(sql "SELECT count(*) FROM incident WHERE kind <> 'bad-certificate'")" 0
}
