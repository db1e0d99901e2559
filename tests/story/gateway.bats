# Site B with the real programs: device, gateway, gateway, centre (M-1 to M-6). Identities by the real CA.
load lib
load field_lib

setup_file() { made_once site_made; }
setup() {
    story_begin
    cd "$DIR" || return 1
    ca_again
    center_again
    center_at=$(address center center)
    configure upper 3100-000001 "https://$center_at" 0
    start_upper
    configure lower 3100-000002 "https://$(address upper)" 0
    start_lower
    configure upper 3100-000001 "https://$center_at" "$(port upper)"
    configure lower 3100-000002 "https://$(address upper)" "$(port lower)"
}
teardown() { story_end; }
teardown_file() { made_end; }

site_made() {
    local number
    ca_up
    orders "" 3012
    orders gateway 3100
    identities 3012-000001,3012-000002,3100-000001,3100-000002
    POLL=2 center_up
    { printf 'customer,c,C\ndevice,3100-000001,gateway,c,\ndevice,3100-000002,gateway,c,,3100-000001\n'
      printf 'device,3012-000001,device,c,,3100-000002\ndevice,3012-000002,device,c,\n'; } >site.csv
    for number in 3100-000001 3100-000002 3012-000001 3012-000002; do
        device_made "$number"
        echo "agreement,$number,active,2026-01-01," >>site.csv
    done
    center import site.csv >/dev/null
    known 4
}

port() { address "$1" | sed 's/.*://'; }

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

@test "M-1, M-2, M-5: a call goes down through two gateways and its answer up, each gateway killed meanwhile" {
    nameplate device count copy 12 --dir 3012-000001
    start_device
    until_says 90 "3012-000001" nameplate gateway status --dir 3100-000001
    has "$(nameplate gateway status --dir 3100-000001)" "3100-000002"
    center call 3012-000001 counters
    kill9 upper
    start_upper
    until_says 90 "copy.*12" center counters 3012-000001
    kill9 lower
    nameplate device count copy 5 --dir 3012-000001
    center call 3012-000001 counters
    start_lower
    until_says 90 "copy.*17" center counters 3012-000001
    same "$(center calls 3012-000001 | grep -c 'ChargeCounterRequest *answered')" 2
    same "$(sqlite3 center/center.db "SELECT DISTINCT via FROM reading WHERE number = '3012-000001'")" 3100-000001
    [ -z "$(sqlite3 center/center.db "SELECT kind FROM incident")" ]
    stop device
    stop lower
    stop upper
}

@test "M-1: what the device reported waits in the gateways while the centre is away" {
    start_device
    until_says 90 "3012-000001" nameplate gateway status --dir 3100-000002
    until_says 90 "start" nameplate center events 3012-000001 --dir center
    until_says 90 "up: 0 letters" nameplate gateway status --dir 3100-000001
    kill9 center
    nameplate device event supply-low "black toner" --dir 3012-000001
    until_says 90 "up: 1 letters" nameplate gateway status --dir 3100-000001
    kill9 lower
    kill9 upper
    start_upper
    start_lower
    has "$(nameplate gateway status --dir 3100-000001)" "up: 1 letters"
    sed -i "/^\[field\]/,/^\[/s/^port = .*/port = ${center_at##*:}/; /^\[listen\]/,/^\[/s/^port = .*/port = ${center_at##*:}/" center/nameplate.conf
    start center nameplate center serve --dir center
    center login --user meier --password-file pw
    until_says 90 "supply-low" center events 3012-000001
    same "$(center events 3012-000001 | grep -c supply-low)" 1
    until_says 90 "up: 0 letters" nameplate gateway status --dir 3100-000001
}

@test "M-6: a gateway takes nobody's letters in the name of another, the centre none that are not bound" {
    run /usr/bin/python3 "$ROOT/tests/peer/field_claim.py" "https://$(address lower)" ca/root.crt nodes 3012-000002 3012-000001
    echo "$output"
    has "$output" "call False NUMBER_MISMATCH"
    has "$output" "presence refused NUMBER_MISMATCH"
    until_says 90 "refused-below" sqlite3 center/center.db "SELECT kind FROM incident WHERE number = '3100-000002'"
    nameplate device remote --dir 3012-000002 --url "https://$(address lower)" >/dev/null
    start other nameplate device run --dir 3012-000002 --listen 127.0.1.3:0
    until_says 90 "not-bound" sqlite3 center/center.db "SELECT kind FROM incident WHERE number = '3012-000002'"
}

@test "M-5: a printer without an agent is read by the lower gateway from a real snmpd" {
    command -v snmpd >/dev/null || [ -x /usr/sbin/snmpd ] || skip "no snmpd"
    at=udp:127.0.0.1:$((20000 + $$ % 20000))
    echo 1234 >pages
    printf 'rocommunity printers\npass_persist .1.3.6.1.2.1.43 /bin/sh %s/tests/peer/printer_pass.sh %s/pages\n' "$ROOT" "$DIR" >snmpd.conf
    MIBS= SNMP_PERSISTENT_DIR=$DIR PATH=$PATH:/usr/sbin snmpd -f -C -c snmpd.conf -Lf /dev/null -I -smux "$at" 3>&- &
    PID[snmpd]=$!
    center device add 3020-000007 --kind agentless --gateway 3100-000002 --address 127.0.0.1 --customer c
    center agreement add 3020-000007
    (umask 077 && printf '[snmp]\ncommunity = printers\n' >3100-000002/login.conf)
    printf 'number,address,login,interval\n3020-000007,%s,login.conf,5\n' "$at" >3100-000002/printers.csv
    printf '[agentless]\ndevices = printers.csv\n' >>3100-000002/gateway.conf
    kill -HUP "${PID[lower]}"
    nameplate device remote --dir 3100-000002 --url "https://$(address lower)" >/dev/null # its own agent, as in site C
    start agent nameplate device run --dir 3100-000002 --listen 127.0.1.4:0
    until_says 90 "1234" center counters 3020-000007
    has "$(nameplate gateway status --dir 3100-000002)" "3020-000007: 1234 pages"
}
