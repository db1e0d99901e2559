#!/bin/bash
# The `swarm` row: processor time of the centre for one poll (mutual handshake, presence, session, durable), against what
# OpenSSL's own server uses for one mutual handshake; and that it is the same among 10,000 registered devices as among
# 1,000, since nothing is looked for by walking through them.
#
#   SWARM=10000 FOR=300 tests/bench/swarm.sh   instead: that many devices poll for so long while some are called; then as
#   many (CONNECTED says otherwise) stay connected. Nothing may be lost, nothing come twice, and memory may not grow. Its lines
#   go to standard error. With EARLY=1 the calls wait already when the devices come: for a run of one interval.
set -eu
. "$(dirname "$0")/line.bash"
ca_url="https://127.0.0.1:$(port ca.out ca)/soap/ca"
interval=${INTERVAL:-60}
growth_limit_kb=$((16 * 1024)) # page caches that fill

identities() { "$build/tests/bench/identities" factory "$ca_url" "3012-$(printf %06d "$1")" "$2" "$3"; } # FIRST COUNT FILE
register() { # LAST: customers, devices and agreements up to this serial; a table has a bounded number of rows
    { printf 'customer,c1,Bench\nsite,s1,c1,Here\n'
      seq -f 'device,3012-%06g,device,c1,s1' "$1"; } >register.csv
    $np center import register.csv --dir center >&2
    seq -f 'agreement,3012-%06g,active,2026-01-01,' "$1" >register.csv
    $np center import register.csv --dir center >&2
}
center_cpu_ms() { awk -v hz="$(getconf CLK_TCK)" '{ print int(($14 + $15) * 1000 / hz) }' "/proc/$1/stat"; }
resident_kb() { sed -n 's/^VmRSS:[^0-9]*\([0-9]*\).*/\1/p' "/proc/$center/status"; }
# Of SQLite, in all so far (statements.c): statements, steps of its machine, rows of walks through whole tables
counted() { od -An -v -tu8 -w24 counts; }
field() { sed -n "s/.* \([0-9]*\) $1.*/\1/p" <<<"$2"; } # WORD LINE: the number before it

begin() { # LAST: orders, enrols the centre, starts it
    $np ca order add PO-F --dir ca --factory factory-1 --model 3012 --quantity "$1" --first-serial 000001 >/dev/null
    token=$($np ca token add --dir ca --role center --name center-1 | tail -1)
    $np center init --dir center --ca "https://127.0.0.1:$(port ca.out ca)" --fingerprint "$fingerprint" --token "$token" \
        --admin bench --password-file pw --port 0 --admin-port 0 >center.init
    sed -i 's/^connections_per_address = .*/connections_per_address = 20000/' center/nameplate.conf
    start center.out env LD_PRELOAD="$build/tests/bench/libstatements.so" NAMEPLATE_BENCH_COUNTS="$work/counts" \
        "$build/nameplate-center" serve --dir center
    center=${pids##* }
    $np center login --dir center --user bench --password-file pw >/dev/null
}

told() { # N: the centre heard of so many identities
    for _ in $(seq 600); do
        [ "$(sqlite3 -readonly center/center.db 'SELECT count(*) FROM identity')" -lt "$1" ] || return 0
        sleep 0.2
    done
    echo "the CA told of too few identities" >&2
    exit 1
}

swarm() { # in a subshell, which it becomes
    exec "$build/nameplate-device" swarm --field "127.0.0.1:$(port center.out center)" "$@"; }

# OpenSSL's server, one mutual handshake after the other: microseconds of its processor time for each
floor_us() {
    local server used n
    cat center/identity/chain.pem center/identity/root.pem >anchors.pem
    openssl pkey -in factory/identity/key.pem -passin file:factory/secret/server-passphrase -out client.pem
    openssl s_server -accept 127.0.0.1:47811 -cert center/identity/cert.pem -cert_chain center/identity/chain.pem \
        -key center/identity/key.pem -pass file:center/secret/center-passphrase -CAfile anchors.pem -Verify 4 \
        -verify_return_error -no_ticket -www </dev/null >floor.log 2>&1 &
    server=$!
    sleep 0.5
    used=$(center_cpu_ms $server)
    n=$(openssl s_time -connect 127.0.0.1:47811 -new -time 4 -cert factory/identity/cert.pem -key client.pem -CAfile anchors.pem 2>&1 |
        sed -n 's/^\([0-9]*\) connections in .* real.*/\1/p')
    used=$(($(center_cpu_ms $server) - used))
    kill $server
    wait $server 2>/dev/null || true
    echo $((used * 1000 / n))
}

# FILE: 1,000 devices, three polls each: microseconds of the centre's processor time for a poll, statements, steps, walked rows
poll_cost() {
    local used line polls before after
    before=($(counted))
    used=$(center_cpu_ms "$center")
    line=$(swarm --identities "$1" --count 1000 --interval 5 --seconds 16 | tail -1)
    used=$(($(center_cpu_ms "$center") - used))
    after=($(counted))
    polls=$(field polls "$line")
    echo "$line" >&2
    [ "$(field errors "$line")" = 0 ] && [ "$(field refused "$line")" = 0 ] && [ "$polls" -ge 2000 ] || exit 1
    echo $((used * 1000 / polls)) $(((after[0] - before[0]) / polls)) $(((after[1] - before[1]) / polls)) $(((after[2] - before[2]) / polls))
}

row() {
    local few many before after last=${LAST:-10000}
    begin "$last"
    identities 1 1000 few.packs
    told 1000
    register 1000
    before=$(floor_us)
    few=($(poll_cost few.packs))
    identities 1001 1000 many.packs
    identities 2001 $((last - 2000)) rest.packs
    told "$last"
    register "$last"
    many=($(poll_cost many.packs))
    after=$(floor_us)
    jq -n --argjson few "[$(IFS=,; echo "${few[*]}")]" --argjson many "[$(IFS=,; echo "${many[*]}")]" --argjson a "$before" --argjson b "$after" \
        --argjson devices "$last" '(($a + $b) / 2) as $floor |
        {swarm: {ratio: ($many[0] / $floor), unit: "processor time of a poll / of a handshake of openssl s_server", devices: $devices,
            poll_us: $many[0], poll_us_1000: $few[0], floor_us: $floor, growth: ($many[0] / $few[0]),
            statements: $many[1], statements_1000: $few[1], steps: $many[2], steps_1000: $few[2], walked: $many[3]}}'
    [ $((many[0] * 10)) -le $((few[0] * 14)) ] || { echo "a poll costs more among more devices: ${few[0]} us, then ${many[0]} us" >&2; exit 1; }
    [ $((many[2] * 10)) -le $((few[2] * 11)) ] || { echo "SQLite does more among more devices: ${few[2]} steps, then ${many[2]}" >&2; exit 1; }
}

# --- The long run ---

sample_memory() { # FILE: until it is killed
    while resident_kb >>"$1" 2>/dev/null; do sleep 10; done
}

called() { # LAST SAMPLES: calls some for their counters, and their numbers go to called.list
    local step=$(($1 / $2))
    for i in $(seq $((step)) $step "$1"); do printf '3012-%06d\n' "$i"; done >called.list
    while read -r number; do
        $np center call "$number" counters --limit $((interval * 4)) --dir center >/dev/null || exit 1
    done <called.list
}

settled() { # every number that was called has one reading, that counts, and nothing else does
    $np center counters --most 1000000 --json --dir center >counters.json
    jq -r '.rows[] | select(.billable) | .number' counters.json | sort >billed.list
    sort called.list | diff - billed.list >&2 || { echo "readings were lost or came twice" >&2; exit 1; }
    [ "$(jq '.rows | length' counters.json)" = "$(wc -l <called.list)" ]
    [ -z "$($np center calls --open --dir center | tail -n +2)" ]
    [ "$($np center incidents --json --dir center | jq '.rows | length')" = 0 ]
    $np center status --dir center >&2
    $np center status --dir center --json | jq -e --argjson n "$1" '.seen_today == $n and .quarantined == 0' >/dev/null
}

polling() { # N: they poll, some are called; nothing is lost
    local line used curve sampler swarming before after polls
    [ -z "${EARLY:-}" ] || called "$1" "${SAMPLES:-500}"
    before=($(counted))
    used=$(center_cpu_ms "$center")
    swarm --identities poll.packs --count "$1" --interval "$interval" --seconds "$2" >swarm.out &
    swarming=$!
    sample_memory memory.kb & sampler=$!
    if [ -z "${EARLY:-}" ]; then
        sleep $((interval + interval / 5))
        called "$1" "${SAMPLES:-500}"
    fi
    wait $swarming
    kill $sampler
    used=$(($(center_cpu_ms "$center") - used))
    after=($(counted))
    line=$(tail -1 swarm.out)
    polls=$(field polls "$line")
    echo "$line" >&2
    echo "processor time of a poll: $((used * 1000 / polls)) us; memory every 10 s, kB: $(paste -sd' ' memory.kb)" >&2
    echo "SQLite for a poll: $(((after[0] - before[0]) / polls)) statements, $(((after[1] - before[1]) / polls)) steps, $(((after[2] - before[2]) / polls)) rows walked through; load average $(cut -d' ' -f1-3 /proc/loadavg)" >&2
    [ "$(field refused "$line")" = 0 ] # a poll that failed is repeated: it shows in the line, and loses nothing
    [ "$(field delivered "$line")" = "$(wc -l <called.list)" ] && [ "$(field readings "$line")" = "$(wc -l <called.list)" ]
    [ "$polls" -ge $(($1 * ($2 * 10 / (interval * 11) - 1))) ] || { echo "too few polls" >&2; exit 1; }
    settled "$1"
    # flat: what the second half of the run grew by
    curve=$(awk '{ at[NR] = $1 } END { print at[NR] - at[int(NR / 2)] }' memory.kb)
    [ "$curve" -lt $growth_limit_kb ] || { echo "memory grows: $curve kB in the second half" >&2; exit 1; }
}

connected() { # N: they stay connected and wait
    local before=$(resident_kb) waiting
    swarm --identities wait.packs --count "$1" --interval 60 --wait 50 --seconds 200 >wait.out &
    waiting=$!
    for _ in $(seq 24); do
        sleep 5
        [ "$(field connected "$(tail -1 wait.out)")" != "$1" ] || break
    done
    tail -1 wait.out >&2
    echo "the centre with $(ss -Htn state established "( sport = :$(port center.out center) )" | wc -l) connections: $(resident_kb) kB, before $before kB" >&2
    # a call reaches one that waits at once
    local began=$(date +%s%N)
    $np center call "3012-$(printf %06d $(($1 + 1)))" counters --wait 20 --dir center >&2
    echo "a call to one of them is answered after $((($(date +%s%N) - began) / 1000000)) ms" >&2
    kill -TERM $waiting
    wait $waiting
    line=$(tail -1 wait.out)
    echo "$line" >&2
    [ "$(field errors "$line")" = 0 ]
}

if [ -z "${SWARM:-}" ]; then
    row
else
    stay=${CONNECTED:-$SWARM}
    begin $((SWARM + stay))
    SECONDS=0
    identities 1 "$SWARM" poll.packs
    echo "$SWARM identities: $SECONDS s, $(stat -c %s poll.packs) bytes" >&2
    [ "$stay" = 0 ] || identities $((SWARM + 1)) "$stay" wait.packs
    told $((SWARM + stay))
    echo "the centre was told of all: $SECONDS s" >&2
    register $((SWARM + stay))
    echo "registered: $SECONDS s" >&2
    polling "$SWARM" "${FOR:-300}"
    [ "$stay" = 0 ] || connected "$stay"
fi
