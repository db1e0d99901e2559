#!/bin/bash
# The `batch` row: 10,000 identities from the factory server's request to the last durable row, by the real
# programs (mutual TLS, SOAP, sealing, SQLite with full sync), against what one core needs for the bare floor
# (key generation, signature, hash) 10,000 times. The floor is measured in the same run, before and after.
set -eu
build=${BUILD:?folder of a release build}
n=${N:-10000}
rounds=${ROUNDS:-3}
work=$(mktemp -d /tmp/nameplate-batch-XXXXXX)
pids=
finish() {
    for pid in $pids; do kill "$pid" 2>/dev/null || true; done
    wait
    rm -rf "$work"
}
trap finish EXIT

start() { # OUTPUT COMMAND...: starts a daemon and waits for its ready line
    local out=$1
    shift
    "$@" >"$out" 2>"$out.log" &
    pids="$pids $!"
    for _ in $(seq 200); do
        grep -q '^ready' "$out" && return
        sleep 0.05
    done
    echo "no ready line from: $*" >&2
    tail -5 "$out.log" >&2
    exit 1
}
port() { sed -n "s/^ready $2 .*:\([0-9]*\)$/\1/p" "$1"; }

cd "$work"
np=$build/nameplate
$np ca init --dir ca --listen 127.0.0.1:0 >ca.init
start ca.out "$build/nameplate-ca" serve --dir ca
fingerprint=$(sed -n 's/^root fingerprint (SHA-256): //p' ca.init)
token=$($np ca token add --dir ca --role factory --name factory-1 | tail -1)
echo "bench-password-1" >pw
$np factory init --dir factory --ca "https://127.0.0.1:$(port ca.out ca)" --fingerprint "$fingerprint" --token "$token" \
    --admin bench --password-file pw --port 0 --admin-port 0 >factory.init
start factory.out "$build/nameplate-factory" serve --dir factory
$np factory login --dir factory --user bench --password-file pw >/dev/null
$np factory model add 3012 --dir factory --name TYPE-1 >/dev/null

# One round: a day of its own, so that each asks for new numbers.
today=$(date +%F)
batch() { # ROUND -> milliseconds
    local day first
    day=$(date -d "$today + $1 days" +%F)
    first=$(printf '%07d' $(($1 * n + 1)))
    $np ca order add "PO-$1" --dir ca --factory factory-1 --model 3012 --quantity "$n" --first-serial "$first" >/dev/null
    printf 'date,model,quantity,first_serial\n%s,3012,%s,%s\n' "$day" "$n" "$first" >plan.csv
    $np factory plan import plan.csv --dir factory >/dev/null
    local began
    began=$(date +%s%N)
    timeout 120 $np factory request --date "$day" --dir factory --wait >request.out
    echo $((($(date +%s%N) - began) / 1000000))
}

floor_us() { "$build/tests/bench/bench_issue" | jq .issue.floor_us; }

before=$(floor_us)
best=
for round in $(seq "$rounds"); do
    ms=$(batch "$round")
    echo "round $round: $ms ms" >&2
    if [ -z "$best" ] || [ "$ms" -lt "$best" ]; then best=$ms; fi
done
after=$(floor_us)
jq -n --argjson ms "$best" --argjson a "$before" --argjson b "$after" --argjson n "$n" \
    '(($a + $b) / 2) as $floor | {batch: {ratio: ($ms * 1000 / ($floor * $n)), unit: "wall time / (floor of one core * packs)", ms: $ms, floor_us: $floor, packs: $n}}'
