#!/bin/bash
# The `memory` row: how much more memory the CA's two processes and the factory server have ever used after a batch of
# 20,000 numbers than after one of 1,000, whichever grew most. Fails when one of them keeps the batch: 20,000 packs
# are 45 MB.
set -eu
many=${N:-20000}
limit_kb=$((24 * 1024)) # caches and the slices on their way, full after some thousand numbers; no more for 80,000
. "$(dirname "$0")/line.bash"
front=${pids% *}
front=${front# }
factory=${pids##* }
signer=$(tr -d ' ' <"/proc/$front/task/$front/children")

peaks() { for pid in "$front" "$signer" "$factory"; do sed -n 's/^VmHWM:[^0-9]*\([0-9]*\).*/\1/p' "/proc/$pid/status"; done; }

batch 1 1000 >/dev/null
few=$(peaks | jq -s .)
batch 2 "$many" >/dev/null
all=$(peaks | jq -s .)
jq -n --argjson few "$few" --argjson all "$all" --argjson n "$many" \
    '{memory: {ratio: ([range(3) | $all[.] / $few[.]] | max), unit: "peak memory for \($n) numbers / for 1,000", front_kb: [$few[0], $all[0]], signer_kb: [$few[1], $all[1]], factory_kb: [$few[2], $all[2]]}}'
jq -n --argjson few "$few" --argjson all "$all" --argjson limit "$limit_kb" -e \
    '[range(3) | $all[.] - $few[.]] | max < $limit' >/dev/null || { echo "memory grows with the batch" >&2; exit 1; }
