# I9, I10, M-2, M-4, M-5: kill -9 of the centre, the gateways and the agents of the devices, thirty-five times at random moments,
# while calls go down and reports come up through three levels. STORY_SEED repeats a run, STORY_KILLS says how many.
load lib
load field_lib

# Site B: d1 behind gateway g2 behind gateway g1. Site C: g3 has its own agent, and d3 behind it. d2 stands alone.
declare -gA NUMBER=([g1]=3014-000001 [g2]=3014-000002 [g3]=3014-000003 [d1]=3012-000001 [d2]=3012-000002 [d3]=3012-000003)
AGENTS="d1 d2 d3 g1 g3"
PROCESSES="center gateway-g1 gateway-g2 gateway-g3 d1 d2 d3 g1 g3"

setup() {
    story_begin
    cd "$DIR" || return 1
    port=$((20000 + ($$ * 7 + RANDOM) % 8000)) # below what the system gives to those who ask
    ca_up
    orders "" 3012
    orders gateway 3014
    identities "$(IFS=,; echo "${NUMBER[*]}")"
    POLL=2 center_up --port $port --admin-port $((port + 1))
    enter_sites
    for name in d1 d2 d3 g1 g2 g3; do device_make $name; done
    gateway_make g1 "https://127.0.0.1:$(port_of center)"
    gateway_make g2 "https://127.0.0.1:$(port_of g1)"
    gateway_make g3 "https://127.0.0.1:$(port_of center)"
    for process in $PROCESSES; do [ $process = center ] || serve $process; done
}
teardown() { touch "$DIR/enough"; story_end; }

port_of() { case $1 in center) echo $port ;; g*) echo $((port + 1 + ${1#g})) ;; esac }

enter_sites() {
    { printf 'customer,acme,ACME\nsite,b,acme,B\nsite,c,acme,C\n'
      printf 'device,%s,gateway,acme,b\n' ${NUMBER[g1]}
      printf 'device,%s,gateway,acme,b,%s\n' ${NUMBER[g2]} ${NUMBER[g1]}
      printf 'device,%s,gateway,acme,c\n' ${NUMBER[g3]}
      printf 'device,%s,device,acme,b,%s\n' ${NUMBER[d1]} ${NUMBER[g2]}
      printf 'device,%s,device,acme,b\n' ${NUMBER[d2]}
      printf 'device,%s,device,acme,c,%s\n' ${NUMBER[d3]} ${NUMBER[g3]}
      printf 'agreement,%s,active,2026-01-01,\n' "${NUMBER[@]}"; } >sites.csv
    center import sites.csv >/dev/null
    known 6
}

device_make() { # NAME
    local up
    case $1 in d1) up=$(port_of g2) ;; d2) up=$(port_of center) ;; d3) up=$(port_of g3) ;; g*) up=$(port_of $1) ;; esac
    device_made ${NUMBER[$1]}
    mv ${NUMBER[$1]} $1
    sed -i "/^\[field\]/,/^\[log/{s|^url *=.*|url = https://127.0.0.1:$up|;s/^wait = .*/wait = 5/;s/^report = .*/report = 4/}" $1/nameplate.conf
}

gateway_make() { # NAME UPLINK
    printf '[listen]\nport = %s\n[uplink]\nurl = %s\ninterval = 2\nwait = 5\n' "$(port_of $1)" "$2" >$1/gateway.conf
}

serve() { # PROCESS
    case $1 in
    center) start center nameplate center serve --dir center ;;
    gateway-*) start $1 nameplate gateway run --dir ${1#gateway-} ;;
    *) start $1 nameplate device run --dir $1 --listen 127.0.1.2:0 ;;
    esac
}

# What is asked for, until `enough` is there. What was accepted is written down; what failed may have come through or not.
traffic() {
    local n=0 name operation line
    local names=($AGENTS) operations=(counters counters information restart)
    RANDOM=$1
    while [ ! -e enough ]; do
        n=$((n + 1))
        name=${names[RANDOM % ${#names[@]}]}
        operation=${operations[RANDOM % ${#operations[@]}]}
        if line=$(center call ${NUMBER[$name]} $operation --limit 1800 2>/dev/null); then
            echo "$name $operation ${line##* }" >>called
        fi
        name=${names[RANDOM % ${#names[@]}]}
        if nameplate device count copy 3 --dir $name 2>/dev/null; then echo "$name 3 3"; else echo "$name 0 3"; fi >>counted
        if nameplate device event fault "no-$n" --dir $name 2>/dev/null; then echo "${NUMBER[$name]} no-$n"; fi >>reported
    done
}

finished() { # every call is over, and nobody has anything to bring
    [ "$(sqlite3 -readonly center/center.db "SELECT count(*) FROM call WHERE down AND state NOT IN ('answered', 'refused', 'expired')")" = 0 ] || return 1
    for gateway in g1 g2 g3; do
        [ "$(sqlite3 -readonly $gateway/relay.db 'SELECT count(*) FROM letter WHERE done = 0')" = 0 ] || return 1
    done
}

until_finished() {
    local tries
    for tries in $(seq 900); do
        ! finished || return 0
        sleep 0.2
    done
    center calls --open >&2
    for gateway in g1 g2 g3; do nameplate gateway status --dir $gateway >&2; done
    return 1
}

# NAME: what the device's memory says against what the centre has.
settled() {
    local number=${NUMBER[$1]} least most readings
    nameplate device show --json --dir $1 >$1.json
    center counters $number --json --most 100000 >$1.billed
    # one reading for each sequence number that the device used, all billed
    readings=$(jq .counters.readings $1.json)
    same "$(jq -c '[.rows[].sequence] | sort' $1.billed)" "$(jq -nc "[range(1; $readings + 1)]")"
    same "$(jq -c '[.rows[] | select(.billable | not)]' $1.billed)" '[]'
    # the last one is what the device counted, which is what was asked for
    same "$(jq '[.rows[] | select(.sequence == '$readings') | .counters.copy] | .[0]' $1.billed)" "$(jq .counters.copy $1.json)"
    least=$(awk -v n=$1 '$1 == n { s += $2 } END { print s + 0 }' counted)
    most=$(awk -v n=$1 '$1 == n { s += $3 } END { print s + 0 }' counted)
    [ "$(jq .counters.copy $1.json)" -ge $least ] && [ "$(jq .counters.copy $1.json)" -le $most ]
    # the chain's epochs never fall, nor do the counters
    jq -e '[.rows | sort_by(.sequence)[] | [.epoch, .counters.copy]] | . == sort' $1.billed >/dev/null
    # restarted once for each call, at most
    [ "$(grep -c '"restart"' $1/history.jsonl)" -le "$(sqlite3 -readonly center/center.db "SELECT count(*) FROM call WHERE down AND number = '$number' AND operation = 'RestartRequest'")" ]
}

@test "thirty-five kills at random moments lose no call, no answer and no reading, and double none" {
    local seed=${STORY_SEED:-$(date +%s)} kills=${STORY_KILLS:-35} names=($PROCESSES) victim name operation id state
    echo "# seed $seed" >&3
    traffic "$seed" 3>&- &
    local asking=$!
    RANDOM=$((seed + 1))
    for i in $(seq "$kills"); do
        sleep "0.$((RANDOM % 10))"
        victim=${names[i <= ${#names[@]} ? i - 1 : RANDOM % ${#names[@]}]} # each once, then whoever it hits
        echo "kill -9 $victim" >>kills
        kill9 $victim
        sleep "0.0$((RANDOM % 10))"
        serve $victim
    done
    touch enough
    wait $asking
    # no reports on a schedule any longer; one last reading of each, which comes behind all that the device had to bring
    for name in $AGENTS; do
        stop $name
        sed -i 's/^report = .*/report = 0/' $name/nameplate.conf
        serve $name
    done
    for name in $AGENTS; do center call ${NUMBER[$name]} counters --wait 180 >/dev/null; done
    until_finished
    for process in $PROCESSES; do [ $process = center ] || stop $process; done
    same "$(wc -l <kills)" "$kills"
    echo "# $(wc -l <called) calls down, $(wc -l <reported) events up, $(sort kills | uniq -c | xargs)" >&3
    # every call that was accepted was answered, each by an answer of its own
    while read -r name operation id; do
        state=$(sqlite3 -readonly center/center.db "SELECT state FROM call WHERE id = '$id'")
        same "$name $operation $id $state" "$name $operation $id answered"
        [ $operation != counters ] || same "$(sqlite3 -readonly center/center.db "SELECT count(*) FROM reading WHERE call = '$id'")" 1
    done <called
    grep -qh call-delayed *.err # a restart is announced, and answered afterwards (M-4)
    # every event that a device took is at the centre, once
    center events --json --most 100000 | jq -r '.rows[] | "\(.number) \(.detail)"' | sort >events
    same "$(uniq -d events)" ""
    same "$(sort reported | comm -23 - events)" ""
    for name in $AGENTS; do settled $name; done
    # nobody was suspected
    same "$(center incidents --json | jq -c .rows)" '[]'
    same "$(center status --json | jq .quarantined)" 0
    stop center
    nameplate center audit verify --dir center
    stop ca
    nameplate ca audit verify --dir ca
    nameplate ca fsck --dir ca
    for db in center/center.db g1/relay.db g2/relay.db g3/relay.db; do same "$(sqlite3 $db 'PRAGMA integrity_check')" ok; done
    for process in $PROCESSES; do ! grep -qE 'error=BUG|AddressSanitizer|runtime error' $process.err; done
}
