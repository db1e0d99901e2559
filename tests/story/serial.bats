# A site without Internet (M-9): a device, and a gateway with a device behind it, reach the centre over one telephone line that
# is dialled when it is needed. The modems are played (tests/peer/modems.py), everything else is real.
load lib
load field_lib

setup() {
    story_begin
    cd "$DIR" || return 1
    ca_up
    orders "" 3012
    orders gateway 3100
    identities 3012-000001,3012-000002,3100-000001
    POLL=1 center_up
    printf 'customer,c,C\nsite,s,c,S\ndevice,3100-000001,gateway,c,s\ndevice,3012-000001,device,c,s,3100-000001\ndevice,3012-000002,device,c,s\n' >sites.csv
    for number in 3100-000001 3012-000001 3012-000002; do
        device_made "$number"
        echo "agreement,$number,active,2026-01-01," >>sites.csv
    done
    center import sites.csv
    line_up
}
teardown() { story_end; }

# As chat(8) would: what the modem says comes on standard input.
line_up() {
    printf 'printf "ATDT5551234\\r"\nwhile read -r said; do case $said in CONNECT*) exit 0 ;; esac; done\nexit 1\n' >dial.sh
    printf 'while read -r said; do case $said in RING*) printf "ATA\\r" ;; CONNECT*) exit 0 ;; esac; done\nexit 1\n' >answer.sh
    mkfifo orders
    exec 7<>orders
    start modems bash -c "exec /usr/bin/python3 '$ROOT/tests/peer/modems.py' site.tty center.tty 40000 <orders"
    start answer nameplate gateway answer --tty center.tty --to "$(address center center)" --connect 'sh answer.sh'
    start dial nameplate gateway dial --tty site.tty --listen 127.0.0.1:0 --idle 2 --connect 'sh dial.sh'
}

# FOLDER URL: an agent that reports by itself never, and lets no exchange stand.
agent_up() {
    sed -i 's/^wait = .*/wait = 0/;s/^report = .*/report = 0/' "$1/nameplate.conf"
    nameplate device remote --dir "$1" --url "$2" >/dev/null
    start "$1" nameplate device run --dir "$1" --listen 127.0.1.2:0
}

site_up() {
    printf '[listen]\nport = 0\n[uplink]\nurl = https://%s\ninterval = 1\nwait = 0\n' "$(address dial)" >3100-000001/gateway.conf
    start gateway nameplate gateway run --dir 3100-000001
    agent_up 3012-000001 "https://$(address gateway)"
    agent_up 3012-000002 "https://$(address dial)"
}

said() { grep -c "^$1" modems.out || true; }

# WORD N SECONDS: the modems have said it so often.
until_said() {
    local tries=$(($3 * 10))
    until [ "$(said "$1")" -ge "$2" ]; do
        [ $((tries -= 1)) -gt 0 ] || { tail -n 5 modems.out ./*.err; return 1; }
        sleep 0.1
    done
}

until_sql() { # SECONDS VALUE QUERY
    local tries=$(($1 * 5))
    until [ "$(sql "$3")" = "$2" ]; do
        [ $((tries -= 1)) -gt 0 ] || { echo "$3: $(sql "$3") instead of $2"; sql 'SELECT id, number, state FROM call'; tail -n 5 modems.out ./*.err; return 1; }
        sleep 0.2
    done
}

@test "M-9, M-2, I10: calls go both ways over a telephone line that is cut in the middle and dialled again; none is lost, none comes twice" {
    local seed=${STORY_SEED:-$RANDOM} calls=0 cut before
    echo "# seed $seed" >&3
    site_up
    RANDOM=$seed
    for cut in cut lose cut; do
        before=$(said "$cut")
        [ $cut = cut ] || before=$(said losing)
        for number in 3012-000001 3012-000002; do
            nameplate device count copy 1 --dir $number
            center call $number counters >/dev/null
            nameplate device event supply-low "event $calls" --dir $number
        done
        calls=$((calls + 1))
        # the middle of a handshake, of a request, of a reply
        echo "$cut $((500 + RANDOM % 7000))" >&7
        until_said "${cut/lose/losing}" $((before + 1)) 90
    done
    until_sql 120 $((2 * calls)) "SELECT count(*) FROM call WHERE down AND state = 'answered'"
    until_sql 120 $((2 * calls)) "SELECT count(*) FROM event WHERE kind = 'supply-low'"
    same "$(sql "SELECT count(DISTINCT number || detail) FROM event WHERE kind = 'supply-low'")" $((2 * calls))
    for number in 3012-000001 3012-000002; do
        # one reading for each call, in one chain; all that was counted is in the last one
        same "$(sql "SELECT count(*), count(DISTINCT call), min(sequence), max(sequence), sum(billable) FROM reading WHERE number = '$number'")" \
            "$calls|$calls|1|$calls|$calls"
        has "$(center counters $number --json | jq -c '.rows | max_by(.sequence).counters')" "\"copy\":$calls"
    done
    same "$(sql "SELECT DISTINCT via FROM reading ORDER BY via")" "$(printf '\n3100-000001')"
    same "$(sql 'SELECT count(*) FROM incident')" 0
    same "$(sql "SELECT count(*) FROM device WHERE standing <> 'normal'")" 0
    # made anew after each cut; and hung up when nobody needs it any more
    same "$(said cut) $(said losing) $(($(said connected) > 2))" "2 1 1"
    for name in 3012-000001 3012-000002 gateway; do stop $name; done
    until_said hung-up 1 90
    for name in dial answer center; do stop $name; done
}
