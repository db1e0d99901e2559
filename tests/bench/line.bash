# A CA and a factory server by the real programs in a folder of their own, for the benches of a batch. Source it with
# BUILD set: it changes into the folder, and stops and removes everything at the end.
build=${BUILD:?folder of a release build}
np=$build/nameplate
work=$(mktemp -d /tmp/nameplate-bench-XXXXXX)
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
today=$(date +%F)

used_ms() { # processor time that the CA's two processes and the factory server have used so far
    local pid total=0 stat
    for pid in $pids $(for pid in $pids; do cat /proc/$pid/task/*/children; done); do
        stat=$(<"/proc/$pid/stat")
        set -- ${stat##*) }
        total=$((total + ${12} + ${13}))
    done
    echo $((total * 1000 / $(getconf CLK_TCK)))
}

# The time of the last line of an event in the factory server's log, in milliseconds.
at_ms() { date -d "$(grep " factory $1" factory.out.log | tail -1 | cut -d ' ' -f 1)" +%s%3N; }

# DAY N -> milliseconds, milliseconds of processor time, milliseconds of the command: N new numbers of a day of its own, from
# the request (as the factory server has it) to the last durable row. The command's time has its own start and its looks
# every 20 ms besides.
batch() {
    local day first began used took
    day=$(date -d "$today + $1 days" +%F)
    first=$(printf '%08d' $(($1 * 1000000 + 1)))
    $np ca order add "PO-$1" --dir ca --factory factory-1 --model 3012 --quantity "$2" --first-serial "$first" >/dev/null
    printf 'date,model,quantity,first_serial\n%s,3012,%s,%s\n' "$day" "$2" "$first" >plan.csv
    $np factory plan import plan.csv --dir factory >/dev/null
    used=$(used_ms)
    began=$(date +%s%N)
    timeout 300 $np factory request --date "$day" --dir factory --wait >request.out
    began=$((($(date +%s%N) - began) / 1000000))
    took=$(sed -n 's/.* factory requested .*took_ms=//p' factory.out.log | tail -1)
    echo $(($(at_ms received) - $(at_ms requested) + took)) $(($(used_ms) - used)) $began
}
