# Renewal from end to end (M-8, M-6; I1, I3, I8, I10): by itself before the end, after it within the grace time, killed between
# its steps. Real CA, centre and devices; identities that live seconds.
load lib

ALONE=3013-000001  # renews by itself
KILLED=3012-000001 # lives for ever; is asked to renew, and killed at each step
OVER=3014-000001   # has expired when it comes
LATE=3014-000002   # comes after the grace time
PLAYED=3012-000001 # by a foreign SOAP client

setup() {
    story_begin
    cd "$DIR" || return 1
    export PYTHONDONTWRITEBYTECODE=1 START_SECONDS=60
    printf 'secret-pass\n' >pw
    nameplate ca init --dir ca --listen 127.0.0.1:0 >ca.init
}
teardown() { story_end; }

center() { nameplate center "$@" --dir center; }
token() { nameplate ca token add --dir ca --role "$1" --name "$2" | tail -1; }
sql() { sqlite3 -cmd '.timeout 5000' center/center.db "$1"; }
history() { jq -r .event "$1/history.jsonl"; }
print_of() { nameplate device export --dir "$1" | jq -r .fingerprint; }

# live MODEL SECONDS: how long the identities of a model live.
live() {
    awk -v model="$1" -v seconds="$2" '/^\[/ { on = /^\[idevid\]/; if (on) { print "[" model "]"; next } }
        on { if (/^days/) print "seconds = " seconds; else print }' ca/profiles.cnf >more.cnf
    cat more.cnf >>ca/profiles.cnf
}

# up NUMBER...: CA and centre, and the identities of these numbers, in devices that poll every second.
up() {
    local number model
    start ca nameplate ca serve --dir ca
    for model in $(printf '%s\n' "${@%-*}" | sort -u); do
        nameplate ca order add "A$model" --dir ca --factory line --model "$model" --quantity 4 --first-serial 000001
    done
    nameplate center init --dir center --ca "https://$(address ca)" --fingerprint "$(sed -n 's/^root fingerprint (SHA-256): *//p' ca.init)" \
        --token "$(token center center-1)" --admin meier --password-file pw --port 0 --admin-port 0 >/dev/null
    sed -i 's/^poll = .*/poll = 1/' center/nameplate.conf
    start center nameplate center serve --dir center
    center login --user meier --password-file pw
    for number; do
        nameplate device new --model "${number%-*}" --serial "${number#*-}" --root ca/root.crt --dir "$number" >/dev/null
        nameplate device remote --dir "$number" --url "https://$(address center center)" >/dev/null
    done
    /usr/bin/python3 "$ROOT/tests/peer/field_node.py" "https://$(address ca)" ca/root.crt "$(token factory line)" nodes "$(IFS=, && echo "$*")"
    for number; do "$BUILD/tests/peer/flash_identity" "$number" "$number" "nodes/$number/cert.pem" "nodes/$number/key.pem" ca/root.crt; done
}

licensed() { center device add "$1" && center agreement add "$1"; }
device_up() { start "$1" nameplate device run --dir "$1" --listen 127.0.0.1:0 "${@:2}"; }

# until_it_says SECONDS PATTERN COMMAND...
until_it_says() {
    local tries=$(($1 * 10)) pattern=$2
    shift 2
    until "$@" 2>&1 | grep -q -- "$pattern"; do
        [ $((tries -= 1)) -gt 0 ] || { "$@"; tail -n 6 ./*.err; echo "no \"$pattern\"" >&2; return 1; }
        sleep 0.1
    done
}

# gone NAME: until it was killed, by itself.
gone() {
    local pid=${PID[$1]} tries=300
    unset "PID[$1]"
    while kill -0 "$pid" 2>/dev/null && [ "$(ps -o stat= -p "$pid" | cut -c1)" != Z ]; do
        [ $((tries -= 1)) -gt 0 ] || { echo "$1 did not die" >&2; return 1; }
        sleep 0.05
    done
    wait "$pid" || [ $? -eq 137 ]
}

# at_ca NUMBER: generation and state of each of its identities
at_ca() { nameplate ca export --dir ca | jq -r "select(.number == \"$1\") | \"\(.generation) \(.state)\"" | sort -n | paste -sd, ; }
# The order's books: what was issued is somewhere, and a renewal costs no unit.
books() { nameplate ca account --dir ca --json | jq -c "select(.order == \"$1\") | [.quantity, .issued, .written, .on_hand, .voided, .superseded]"; }

# Looks at a device's memory again and again: what it does not have an identity at any moment is on standard error.
watch_identity() {
    while sleep 0.2; do
        print_of "$1" | grep -qE '^[0-9a-f]{64}$' || echo "no identity in $1 at $(date +%T.%N)" >&2
    done 2>"$1.watch" 3>&- &
    PID[watch]=$!
}

@test "M-8, I3, I10: devices renew by themselves before the end, and through a kill -9 at each step; counters and the order's books go on" {
    live 3013 14
    up "$ALONE" "$KILLED"
    licensed "$ALONE"
    licensed "$KILLED"
    nameplate device count copy 7 --dir "$ALONE"
    nameplate device count copy 5 --dir "$KILLED"
    first=$(print_of "$ALONE")
    device_up "$ALONE"
    watch_identity "$ALONE"
    has "$(center call "$ALONE" counters --wait 20)" '"copy": 7'

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
    until_it_says 20 '^renewed$' history "$KILLED"
    until_it_says 20 answered center calls "$KILLED"
    same "$(print_of "$KILLED")" "$new"
    same "$(at_ca "$KILLED")" "1 superseded,2 field"
    same "$(books A3012)" "[4,2,1,0,0,1]"
    nameplate device count copy 1 --dir "$KILLED"
    has "$(center call "$KILLED" counters --wait 20)" '"copy": 6'
    stop "$KILLED"

    until_it_says 20 '^renewed$' history "$ALONE"
    kill9 watch
    same "$(cat "$ALONE.watch")" ""
    [ "$(print_of "$ALONE")" != "$first" ]
    ! grep -E 'EXPIRED|expired' "$ALONE.err"
    has "$(at_ca "$ALONE")" "1 superseded,2 field"
    same "$(books A3013)" "[4,2,1,0,0,1]"
    nameplate device count copy 2 --dir "$ALONE"
    has "$(center call "$ALONE" counters --wait 20)" '"copy": 9'
    same "$(sql "SELECT group_concat(sequence || ' ' || billable) FROM reading WHERE number = '$ALONE'")" "1 1,2 1"
    same "$(sql "SELECT count(*) FROM incident")" 0
    stop ca && nameplate ca fsck --dir ca && nameplate ca audit verify --dir ca
}

@test "M-8, effect 1: an expired identity is renewed within the grace time, under an agreement, and does nothing else; later it is refused and on record" {
    live 3014 4
    live 3012 4
    up "$OVER" "$LATE" "$PLAYED"
    nameplate device count copy 7 --dir "$OVER"
    run timeout 60 /usr/bin/python3 "$ROOT/tests/peer/field_story.py" expired "https://$(address center center)" "$BUILD" "$DIR"
    echo "$output"
    has "$output" ok

    device_up "$OVER"
    until_it_says 20 NO_AGREEMENT cat "$OVER.err"
    has "$(center unlicensed)" "$OVER"
    same "$(at_ca "$OVER")" "1 written"
    licensed "$OVER"
    until_it_says 20 '^renewed$' history "$OVER"
    has "$(at_ca "$OVER")" "1 superseded,2 "
    has "$(center call "$OVER" counters --wait 20)" '"copy": 7'
    stop "$OVER"

    sed -i 's/^grace = .*/grace = 0/' center/nameplate.conf
    kill -HUP "${PID[center]}"
    until_it_says 10 reloaded cat center.err
    licensed "$LATE"
    device_up "$LATE"
    until_it_says 20 'refused our certificate.*expired' cat "$LATE.err"
    until_it_says 10 "bad-certificate .*$LATE .*expired" center incidents "$LATE"
    same "$(at_ca "$LATE")" "1 written"
}
