# Site B with the real programs: device, gateway, gateway, centre (M-1 to M-6). Identities by the real CA.
load lib

setup() {
    story_begin
    cd "$DIR" || return 1
    export PYTHONDONTWRITEBYTECODE=1 START_SECONDS=60
    printf 'secret-pass\n' >pw
    nameplate ca init --dir ca --listen 127.0.0.1:0 >ca.init
    start ca nameplate ca serve --dir ca
    nameplate ca order add A1 --dir ca --factory line --model 3012 --quantity 10 --first-serial 000001
    nameplate ca order add A2 --dir ca --factory line --model 3100 --quantity 2 --first-serial 000001 --profile gateway
    /usr/bin/python3 "$ROOT/tests/peer/field_node.py" "https://$(address ca)" ca/root.crt "$(token factory line)" nodes \
        3012-000001,3012-000002,3100-000001,3100-000002
    nameplate center init --dir center --ca "https://$(address ca)" --fingerprint "$(sed -n 's/^root fingerprint (SHA-256): *//p' ca.init)" \
        --token "$(token center center-1)" --admin meier --password-file pw --port 0 --admin-port 0 >/dev/null
    sed -i 's/^poll = .*/poll = 2/' center/nameplate.conf
    start center nameplate center serve --dir center
    center_at=$(address center center)
    nameplate center login --dir center --user meier --password-file pw
    nameplate center customer add c --dir center >/dev/null
    for number in 3100-000001 3100-000002 3012-000001 3012-000002; do make_device "$number"; done
    nameplate center device add 3100-000001 --kind gateway --customer c --dir center >/dev/null
    nameplate center device add 3100-000002 --kind gateway --customer c --gateway 3100-000001 --dir center >/dev/null
    nameplate center device add 3012-000001 --customer c --gateway 3100-000002 --dir center >/dev/null
    nameplate center device add 3012-000002 --customer c --dir center >/dev/null
    for number in 3100-000001 3100-000002 3012-000001 3012-000002; do
        nameplate center agreement add "$number" --dir center >/dev/null
    done
    configure upper 3100-000001 "https://$center_at" 0
    start_upper
    configure lower 3100-000002 "https://$(address upper)" 0
    start_lower
    configure upper 3100-000001 "https://$center_at" "$(port upper)"
    configure lower 3100-000002 "https://$(address upper)" "$(port lower)"
}
teardown() { story_end; }

token() { nameplate ca token add --dir ca --role "$1" --name "$2" | tail -1; }
port() { address "$1" | sed 's/.*://'; }

make_device() {
    nameplate device new --model "${1%-*}" --serial "${1#*-}" --root ca/root.crt --dir "$1" >/dev/null
    "$BUILD/tests/peer/flash_identity" "$1" "$1" "nodes/$1/cert.pem" "nodes/$1/key.pem" ca/root.crt
}

configure() { # NAME NUMBER URL PORT
    printf '[listen]\nport = %s\n[uplink]\nurl = %s\ninterval = 2\n' "$4" "$3" >"$2/gateway.conf"
    [ ! -e "$1.more" ] || cat "$1.more" >>"$2/gateway.conf"
}
start_upper() { start upper nameplate gateway run --dir 3100-000001; }
start_lower() { start lower nameplate gateway run --dir 3100-000002; }

start_device() {
    nameplate device remote --dir 3012-000001 --url "https://$(address lower)" >/dev/null
    start device nameplate device run --dir 3012-000001 --listen 127.0.1.2:0
}

# until SECONDS PATTERN COMMAND...: until the command prints it.
until_it_says() {
    local tries=$(($1 * 5)) pattern=$2
    shift 2
    until "$@" 2>&1 | grep -q -- "$pattern"; do
        [ $((tries -= 1)) -gt 0 ] || { "$@"; tail -n 6 ./*.err; echo "no \"$pattern\"" >&2; return 1; }
        sleep 0.2
    done
}

@test "M-1, M-2, M-5: a call goes down through two gateways and its answer up, each gateway killed meanwhile" {
    nameplate device count copy 12 --dir 3012-000001
    start_device
    until_it_says 30 "3012-000001" nameplate gateway status --dir 3100-000001
    has "$(nameplate gateway status --dir 3100-000001)" "3100-000002"
    nameplate center call 3012-000001 counters --dir center
    kill9 upper
    start_upper
    until_it_says 40 "copy.*12" nameplate center counters 3012-000001 --dir center
    kill9 lower
    nameplate device count copy 5 --dir 3012-000001
    nameplate center call 3012-000001 counters --dir center
    start_lower
    until_it_says 40 "copy.*17" nameplate center counters 3012-000001 --dir center
    same "$(nameplate center calls 3012-000001 --dir center | grep -c answered)" 2
    same "$(sqlite3 center/center.db "SELECT DISTINCT via FROM reading WHERE number = '3012-000001'")" 3100-000001
    [ -z "$(sqlite3 center/center.db "SELECT kind FROM incident")" ]
    stop device
    stop lower
    stop upper
}

@test "M-1: what the device reported waits in the gateways while the centre is away" {
    start_device
    until_it_says 30 "3012-000001" nameplate gateway status --dir 3100-000002
    kill9 center
    nameplate device event supply-low "black toner" --dir 3012-000001
    until_it_says 20 "up: 1 letters" nameplate gateway status --dir 3100-000001
    kill9 lower
    kill9 upper
    start_upper
    start_lower
    has "$(nameplate gateway status --dir 3100-000001)" "up: 1 letters"
    sed -i "/^\[field\]/,/^\[/s/^port = .*/port = ${center_at##*:}/; /^\[listen\]/,/^\[/s/^port = .*/port = ${center_at##*:}/" center/nameplate.conf
    start center nameplate center serve --dir center
    nameplate center login --dir center --user meier --password-file pw
    until_it_says 40 "supply-low" nameplate center events 3012-000001 --dir center
    same "$(nameplate center events 3012-000001 --dir center | grep -c supply-low)" 1
    until_it_says 20 "up: 0 letters" nameplate gateway status --dir 3100-000001
}

@test "M-6: a gateway takes nobody's letters in the name of another, the centre none that are not bound" {
    run /usr/bin/python3 "$ROOT/tests/peer/field_claim.py" "https://$(address lower)" ca/root.crt nodes 3012-000002 3012-000001
    echo "$output"
    has "$output" "call False NUMBER_MISMATCH"
    has "$output" "presence refused NUMBER_MISMATCH"
    nameplate device remote --dir 3012-000002 --url "https://$(address lower)" >/dev/null
    start other nameplate device run --dir 3012-000002 --listen 127.0.1.3:0
    until_it_says 30 "not-bound" sqlite3 center/center.db "SELECT kind FROM incident WHERE number = '3012-000002'"
}

@test "M-5: a printer without an agent is read by the lower gateway from a real snmpd" {
    command -v snmpd >/dev/null || [ -x /usr/sbin/snmpd ] || skip "no snmpd"
    at=udp:127.0.0.1:$((20000 + $$ % 20000))
    echo 1234 >pages
    printf 'rocommunity printers\npass_persist .1.3.6.1.2.1.43 /bin/sh %s/tests/peer/printer_pass.sh %s/pages\n' "$ROOT" "$DIR" >snmpd.conf
    MIBS= SNMP_PERSISTENT_DIR=$DIR PATH=$PATH:/usr/sbin snmpd -f -C -c snmpd.conf -Lf /dev/null -I -smux "$at" 3>&- &
    PID[snmpd]=$!
    nameplate center device add 3020-000007 --kind agentless --gateway 3100-000002 --address 127.0.0.1 --customer c --dir center
    nameplate center agreement add 3020-000007 --dir center
    (umask 077 && printf '[snmp]\ncommunity = printers\n' >3100-000002/login.conf)
    printf 'number,address,login,interval\n3020-000007,%s,login.conf,5\n' "$at" >3100-000002/printers.csv
    printf '[agentless]\ndevices = printers.csv\n' >>3100-000002/gateway.conf
    kill -HUP "${PID[lower]}"
    nameplate device remote --dir 3100-000002 --url "https://$(address lower)" >/dev/null # its own agent, as in site C
    start agent nameplate device run --dir 3100-000002 --listen 127.0.1.4:0
    until_it_says 30 "1234" nameplate center counters 3020-000007 --dir center
    has "$(nameplate gateway status --dir 3100-000002)" "3020-000007: 1234 pages"
}
