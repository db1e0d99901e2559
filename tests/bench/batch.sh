#!/bin/bash
# The `batch` row: 10,000 identities from the factory server's request to the last durable row, by the real
# programs (mutual TLS, SOAP, sealing, SQLite with full sync), against what one core needs for the bare floor
# (key generation, signature, hash) 10,000 times. The floor is measured in the same run, before and after.
set -eu
n=${N:-10000}
rounds=${ROUNDS:-3}
. "$(dirname "$0")/line.bash"

floor_us() { "$build/tests/bench/bench_issue" | jq .issue.floor_us; }

before=$(floor_us)
best=
waited=
least=
for round in $(seq "$rounds"); do
    read -r ms cpu command < <(batch "$round" "$n")
    echo "round $round: $ms ms, $cpu ms of processor time; the command took $command ms" >&2
    if [ -z "$best" ] || [ "$ms" -lt "$best" ]; then best=$ms; fi
    if [ -z "$waited" ] || [ "$command" -lt "$waited" ]; then waited=$command; fi
    if [ -z "$least" ] || [ "$cpu" -lt "$least" ]; then least=$cpu; fi
done
after=$(floor_us)
jq -n --argjson ms "$best" --argjson cpu "$least" --argjson a "$before" --argjson b "$after" --argjson n "$n" --argjson command "$waited" \
    '(($a + $b) / 2) as $floor | {batch: {ratio: ($ms * 1000 / ($floor * $n)), unit: "wall time / (floor of one core * packs)", ms: $ms, command_ms: $command, cpu_ms: $cpu, cpu_ratio: ($cpu * 1000 / ($floor * $n)), floor_us: $floor, packs: $n}}'
