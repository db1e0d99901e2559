# The factory server with the real CA and stations written by somebody else (tests/peer/station.py).
load lib

# CA and factory server with two models, an order, a station at line A; they run no more.
setup_file() { made_once factory_made; }
setup() {
    story_begin
    cd "$DIR" || return 1
    TODAY=$(date +%F)
    fingerprint
    start_again ca nameplate ca serve --dir ca
    # The CA comes back at the same place after a restart.
    sed -i "s/^port = 0/port = $(address ca | cut -d: -f2)/" ca/nameplate.conf
}

teardown() { story_end; }
teardown_file() { made_end; }

fingerprint() { FINGERPRINT=$(openssl x509 -in ca/root.crt -noout -fingerprint -sha256 | cut -d= -f2 | tr -d :); }

factory_made() {
    printf 'secret-pass\n' >pw
    printf 'second-pass\n' >pw2
    nameplate ca init --dir ca --listen 127.0.0.1:0 >ca.init
    fingerprint
    start ca nameplate ca serve --dir ca
    token=$(nameplate ca token add --dir ca --role factory --name factory-1 | tail -1)
    nameplate factory init --dir factory --ca "https://$(address ca)" --fingerprint "$FINGERPRINT" --token "$token" \
        --admin meier --password-file pw --port 0 --admin-port 0 >/dev/null
    setting ca retry_most 1
    : >factory.out
    serve
    nameplate factory model add 3012 --dir factory --name TYPE-1 --line A >/dev/null
    nameplate factory model add 3013 --dir factory --name TYPE-2 --no-identity >/dev/null
    nameplate ca order add O1 --dir ca --factory factory-1 --model 3012 --quantity 100 >/dev/null
    enrol_station line-a A
}

# setting SECTION NAME VALUE in the factory server's configuration.
setting() { sed -i "/^\[$1\]/,/^\[/ s|^$2 = .*|$2 = $3|" factory/nameplate.conf; }

# serve: the factory server with an operator logged in.
serve() {
    start_again factory nameplate factory serve --dir factory
    URL=https://$(address factory factory)
    nameplate factory login --dir factory --user meier --password-file pw >/dev/null
}

plan() {
    printf 'date,model,quantity\n%s,3012,%s\n%s,3013,5\n' "$TODAY" "$1" "$TODAY" >plan.csv
    nameplate factory plan import plan.csv --dir factory
}

enrol_station() {
    local token
    token=$(nameplate ca token add --dir ca --role station --name "$1" | tail -1)
    nameplate station init --dir "$1" --factory "$URL" --fingerprint "$FINGERPRINT" --token "$token" >/dev/null
    nameplate factory station add "$1" --dir factory --line "$2" >/dev/null
}

station() { local name=$1; shift; /usr/bin/python3 "$ROOT/tests/peer/station.py" "$name/identity" "$URL" "$@"; }

# count MEMBER: of model 3012 today.
count() { nameplate factory status --dir factory --json | /usr/bin/python3 -c "
import json,sys
print(next(r['$1'] for r in json.load(sys.stdin)['rows'] if r['model'] == '3012'))"; }

# What the CA has on record is what the factory server has, once the last outcomes have reached it.
agrees() {
    local tries=300
    until nameplate factory reconcile --dir factory >reconcile.txt 2>&1; do
        [ $((tries -= 1)) -gt 0 ] || { cat reconcile.txt >&2; return 1; }
        sleep 0.2
    done
}

wait_count() {
    local tries=1200
    until [ "$(count "$1")" = "$2" ]; do
        [ $((tries -= 1)) -gt 0 ] || { echo "$1 is $(count "$1"), not $2" >&2; cat factory.err >&2; return 1; }
        sleep 0.1
    done
}

@test "F-2 F-3 F-4 F-6 F-15 F-16 F-17 F-19: from the plan to written devices, a failed one re-issued" {
    serve
    run nameplate factory plan import "$ROOT/tests/data/plan-wrong.csv" --dir factory
    same "$status" 1
    has "$output" 'plan-wrong.csv:3:1:'
    plan 6
    nameplate factory request --dir factory # of today
    wait_count on_hand 6
    enrol_station line-b B
    has "$(station line-a hello)" 'line A'
    # F-10, F-15, F-17: written with proof, flag set, pack gone, row stays.
    run station line-a write 3012-000001 OK
    has "$output" 'result erased'
    has "$(nameplate factory number 3012-000001 --dir factory)" '"state": "erased"'
    # Hole 2, hole 3: neither the reception nor a forged proof counts.
    run station line-a write 3012-000002 FORGED
    has "$output" 'fault PROOF_FAILED'
    has "$(nameplate factory number 3012-000002 --dir factory)" '"state": "claimed"'
    # The same board again gets the same pack; another board does not, nor another line, nor a written number.
    has "$(station line-a write 3012-000002 OK)" 'result erased'
    has "$(station line-a pack 3012-000001 || true)" 'fault ALREADY_WRITTEN'
    has "$(station line-b pack 3012-000003 || true)" 'fault WRONG_LINE'
    has "$(station line-a pack 3013-000001 || true)" 'fault NO_IDENTITY_MODEL'
    has "$(station line-a pack 3012-000999 || true)" 'fault NOT_PLANNED'
    station line-a pack 3012-000003 B1
    has "$(station line-a pack 3012-000003 B2 || true)" 'fault CONFLICT'
    # F-16: a failed write is revoked and made anew.
    run station line-a write 3012-000004 NG
    has "$output" 'again'
    wait_count on_hand 3
    run station line-a write 3012-000004 OK
    has "$output" 'claimed 2 '
    has "$output" 'result erased'
    # F-19
    same "$(count written_today)" 3
    same "$(count left)" 3
    same "$(count failed)" 1
    agrees
    nameplate factory fsck --dir factory
    nameplate factory audit verify --dir factory
    # I14
    /usr/bin/python3 "$ROOT/tests/scan_keys.py" --self-test
    stop factory
    /usr/bin/python3 "$ROOT/tests/scan_keys.py" --except key.pem factory
}

@test "a command that finds no server says which one to start" {
    run nameplate factory status --dir factory
    same "$status" 1
    has "$output" "try: nameplate factory serve --dir factory"
}

# faulty WORDS PROGRAM: what is wrong in its folder is named by --check-config, which exits with 1.
faulty() {
    run nameplate "${@:2}" --check-config
    same "$status" 1
    has "$output" "$1"
}

# What lies in both folders, without SQLite's own files, which each reader leaves.
all_files() { find factory line-a -type f ! -name '*-wal' ! -name '*-shm' -exec sha256sum {} + | sort; }

# each_fault FOLDER PROGRAM: the files without which none of them serves, one after the other.
each_fault() {
    local file folder=$1
    for file in identity/key.pem identity/cert.pem identity/root.pem secret/server-passphrase; do
        mv "$folder/$file" kept
        faulty "$folder/$file" "${@:2}"
        mv kept "$folder/$file"
    done
    for file in key cert root crl; do
        cp "$folder/identity/$file.pem" kept 2>/dev/null || rm -f kept
        echo rubbish >"$folder/identity/$file.pem"
        faulty "$folder/identity: $file.pem: " "${@:2}"
        if [ -e kept ]; then mv kept "$folder/identity/$file.pem"; else rm "$folder/identity/$file.pem"; fi
    done
    cp "$folder/identity/root.pem" kept
    cat foreign/root.crt >"$folder/identity/root.pem"
    faulty "$folder/identity/cert.pem: " "${@:2}"
    mv kept "$folder/identity/root.pem"
    sed -i 's/^address = 127/address = localhost.127/' "$folder/nameplate.conf"
    faulty 'address: "localhost.127.0.0.1" is not a numeric address' "${@:2}"
    sed -i 's/^address = localhost.127/address = 127/' "$folder/nameplate.conf"
}

# What only a factory server's settings can have wrong.
also_faulty() {
    cp factory/nameplate.conf kept
    setting listen port 8449
    setting admin port 8449
    faulty '[listen] and [admin] are both 127.0.0.1:8449' factory serve --dir factory
    setting admin port 0
    setting plan mes_url https://127.0.0.1/plan.csv
    setting plan mes_ca rubbish.pem
    faulty '[plan] mes_ca: ' factory serve --dir factory
    echo rubbish >factory/rubbish.pem
    faulty '[plan] mes_ca: ' factory serve --dir factory
    openssl x509 -in ca/root.crt -out factory/rubbish.pem
    nameplate factory serve --dir factory --check-config >/dev/null
    rm factory/rubbish.pem
    cp kept factory/nameplate.conf
    setting store kek credential:kek
    nameplate factory serve --dir factory --check-config 2>&1 >/dev/null | grep -qF '[store] kek = credential:kek cannot be looked at here'
    CREDENTIALS_DIRECTORY=$DIR/factory/secret nameplate factory serve --dir factory --check-config >/dev/null
    CREDENTIALS_DIRECTORY=$DIR/factory faulty '[store] kek: ' factory serve --dir factory
    mv kept factory/nameplate.conf
    unshare --mount true 2>/dev/null || return 0
    run unshare --mount sh -c 'mount --bind factory factory && mount -o remount,bind,ro factory && exec "$@"' - \
        "$BUILD/nameplate" factory serve --dir factory --check-config
    same "$status" 1
    has "$output" '[store] file: cannot write factory/stock.db'
}

@test "--check-config looks at all that a factory server and a station need, names what is wrong, and changes nothing" {
    local before version
    nameplate ca init --dir foreign >/dev/null
    sed -i '/^\[bench\]/,/^\[/ s/^address = .*/address = 127.0.0.1/' line-a/nameplate.conf
    before=$(all_files)
    nameplate factory serve --dir factory --check-config | grep -q '^kek = '
    nameplate station run --dir line-a --check-config | grep -q '^factory = '
    same "$(all_files)" "$before"
    each_fault line-a station run --dir line-a
    each_fault factory factory serve --dir factory
    mv factory/secret/kek kept
    faulty '[store] kek: ' factory serve --dir factory
    echo short >factory/secret/kek
    faulty '[store] kek: ' factory serve --dir factory
    mv kept factory/secret/kek
    also_faulty
    for version in 99 1; do
        cp factory/stock.db kept
        python3 -c "import sqlite3, sys; sqlite3.connect(sys.argv[1]).execute('PRAGMA user_version=' + sys.argv[2])" factory/stock.db "$version"
        faulty "the stock database has version $version" factory serve --dir factory
        mv kept factory/stock.db
    done
    mv factory/stock.db kept
    faulty factory/stock.db factory serve --dir factory
    [ ! -e factory/stock.db ]
    mv kept factory/stock.db
    same "$(all_files)" "$before"
}

@test "SIGHUP takes up the log's level at factory server and CA, and a wrong one is refused" {
    local program
    serve
    for program in ca factory; do
        sed -i 's/^level = .*/level = loud/' "$program/nameplate.conf"
        run nameplate $program serve --dir "$program" --check-config
        same "$status" 1
        has "$output" "level = loud: debug, info, warn or error"
        kill -HUP "${PID[$program]}"
        wait_for_line "$program.err" 'error .* reload-failed .*level = loud' 20
        sed -i 's/^level = .*/level = info/; s/^json = .*/json = yes/' "$program/nameplate.conf"
        kill -HUP "${PID[$program]}"
        wait_for_line "$program.err" '^{.*reload' 20
    done
}

@test "at most four packs are outstanding at one station, and a removed station gets nothing" {
    serve
    plan 6
    nameplate factory request --dir factory --date "$TODAY"
    wait_count on_hand 6
    for i in 1 2 3 4; do station line-a pack 3012-00000$i; done
    has "$(station line-a pack 3012-000005 || true)" 'fault TOO_MANY_CLAIMS'
    nameplate factory station remove line-a --dir factory
    has "$(station line-a pack 3012-000001 || true)" 'fault NOT_ALLOWED'
}

@test "a station that fetches pack after pack and proves no write is refused until it is released (F-10)" {
    setting stations lease 1
    setting stations unproven 3
    serve
    plan 6
    nameplate factory request --dir factory --date "$TODAY"
    wait_count on_hand 6
    enrol_station line-c A
    has "$(station line-a write 3012-000006 OK)" 'result erased'
    for i in 1 2 3; do station line-a pack 3012-00000$i; done
    wait_count claimed 0
    has "$(station line-a pack 3012-000004 || true)" 'fault TOO_MANY_CLAIMS'
    has "$(station line-a pack 3012-000004 || true)" 'an administrator looks into it'
    # What it has begun it may finish, and other stations are not concerned.
    has "$(station line-a write 3012-000001 OK)" 'result erased'
    has "$(station line-a pack 3012-000004)" 'claimed 1'
    has "$(station line-a pack 3012-000005 || true)" 'fault TOO_MANY_CLAIMS'
    has "$(station line-c pack 3012-000005)" 'claimed 1'
    has "$(nameplate factory audit list 3012-000005 --dir factory)" 'station:line-a claim-refused 3012-000005 error=TOO_MANY_CLAIMS'
    grep -q 'TOO_MANY_CLAIMS' factory.err
    has "$(nameplate factory station release line-a --dir factory)" 'it had fetched 3 that no device proved'
    has "$(station line-a pack 3012-000003)" 'claimed 1'
    has "$(nameplate factory audit list line-a --dir factory)" 'station-released'
    run nameplate factory station release line-x --dir factory
    same "$status" 1
}

@test "F-16: a number that fails again and again waits for an operator, and two people approve its next pack" {
    setting plan reissues 1
    serve
    plan 2
    nameplate factory request --dir factory --date "$TODAY"
    wait_count on_hand 2
    has "$(station line-a write 3012-000001 NG)" 'again'
    wait_count on_hand 2
    run station line-a write 3012-000001 NG
    has "$output" 'result '
    [[ $output != *again* ]]
    wait_for_line factory.err 'reissue-held' 120
    has "$(station line-a pack 3012-000001 || true)" 'its next pack waits for an operator'
    has "$(nameplate factory audit list 3012-000001 --dir factory)" 'reissue-held'
    same "$(count on_hand)" 1
    nameplate factory operator add huber --dir factory --role admin --new-password-file pw2
    run nameplate factory reissue 3012-000001 --dir factory
    has "$output" 'a second administrator must confirm this'
    run nameplate factory reissue 3012-000002 --dir factory --confirm-user huber --confirm-password-file pw2
    has "$output" 'does not wait for a re-issue'
    has "$(nameplate factory reissue 3012-000001 --dir factory --confirm-user huber --confirm-password-file pw2)" 'generation 3'
    wait_count on_hand 2
    has "$(station line-a write 3012-000001 OK)" 'claimed 3 '
    has "$(nameplate factory audit list 3012-000001 --dir factory)" 'operator:meier reissue 3012-000001 generation=3 confirmed-by=huber'
    nameplate factory fsck --dir factory
}

@test "F-3 P-2: the line goes on from stock while the CA is away, and nothing is lost by kill -9" {
    serve
    plan 10
    nameplate factory request --dir factory --date "$TODAY"
    wait_count on_hand 10
    kill9 ca
    has "$(station line-a write 3012-000001 OK)" 'result erased'
    has "$(station line-a write 3012-000002 NG)" 'again'
    kill9 factory
    serve
    has "$(station line-a pack 3012-000002 || true)" 'fault NO_PACK'
    has "$(station line-a write 3012-000003 OK)" 'result erased'
    start ca nameplate ca serve --dir ca
    wait_count on_hand 8
    has "$(station line-a write 3012-000002 OK)" 'claimed 2 '
    agrees
    nameplate factory fsck --dir factory
}

@test "F-18: a discontinued model's packs are revoked and erased, by two people" {
    serve
    plan 5
    nameplate factory request --dir factory --date "$TODAY"
    wait_count on_hand 5
    nameplate factory operator add huber --dir factory --role admin --new-password-file pw2
    run nameplate factory forget 3012 --dir factory
    same "$status" 1
    run nameplate factory forget 3012 --dir factory --confirm-user meier --confirm-password-file pw
    same "$status" 1
    nameplate factory forget 3012 --dir factory --confirm-user huber --confirm-password-file pw2
    wait_count on_hand 0
    nameplate factory reconcile --dir factory
    has "$(nameplate ca account --dir ca)" 'O1'
    same "$(nameplate ca export --dir ca | grep -c '"voided"')" 5
}

@test "F-20: without a log-in nothing, five wrong passwords lock the account, a viewer may only look" {
    serve
    rm factory/stock.db.session
    run nameplate factory status --dir factory
    same "$status" 1
    has "$output" 'log in first'
    nameplate factory login --dir factory --user meier --password-file pw
    nameplate factory operator add viola --dir factory --role viewer --new-password-file pw2
    nameplate factory status --dir factory --user viola --password-file pw2
    run nameplate factory station add x --dir factory --user viola --password-file pw2
    same "$status" 1
    has "$output" 'a viewer may not do that'
    printf 'wrong-pass\n' >wrong
    for i in 1 2 3 4 5; do nameplate factory status --dir factory --user viola --password-file wrong || true; done
    run nameplate factory status --dir factory --user viola --password-file pw2
    has "$output" 'locked'
    nameplate factory operator disable viola --dir factory
}

@test "F-1: the plan of the month comes from the MES by HTTPS and is asked for" {
    # Yesterday is what a clock that is a day ahead takes today for.
    printf 'date;model;quantity\r\n2020-02-03;3012;4\r\n%s;3012;2\r\n%s;3012;7\r\n' "$(date -d yesterday +%F)" "$TODAY" >mes.csv
    setting plan days_late 0
    start mes /usr/bin/python3 "$ROOT/tests/peer/mes.py" "$DIR/mes" "$DIR/mes.csv"
    serve
    stop factory
    setting plan mes_url "https://$(address mes)/plan.csv"
    setting plan mes_ca "$DIR/mes/mes.pem"
    setting plan mes_at 00:00
    setting plan request_at 00:00
    serve
    wait_count on_hand 7
    wait_for_line factory.err 'plan-fetched devices=9 rows-left-out-as-past=1' 10
}

@test "a plan by hand for a day that is over is refused with line and day, unless it is planned already or may still be made" {
    serve
    printf '%s,3012,2\n' "$(date -d '-3 days' +%F)" >plan.csv
    nameplate factory plan import plan.csv --dir factory
    printf '2020-02-03,3012,2\n' >>plan.csv
    run nameplate factory plan import plan.csv --dir factory
    same "$status" 1
    has "$output" 'plan.csv:2:1: 2020-02-03 is over'
    sqlite3 factory/stock.db "UPDATE plan SET day = 20200203"
    printf '2020-02-03,3012,2\n' >plan.csv
    has "$(nameplate factory plan import plan.csv --dir factory)" '1 rows, 1 of them known already'
}

@test "a month's file comes again with a row that was corrected: what is over is left out when that is asked for" {
    serve
    nameplate factory model add 9 --dir factory --no-identity
    printf '2020-02-03,3012,2\n2020-02-04,9,3\n%s,3012,4\n' "$TODAY" >plan.csv
    run nameplate factory plan import plan.csv --dir factory --dry-run
    same "$status" 1
    has "$output" 'plan.csv:1:1: 2020-02-03 is over'
    has "$(nameplate factory plan import plan.csv --dir factory --dry-run --leave-out-past)" '1 left out as past, 7 devices would be planned'
    has "$(nameplate factory plan import plan.csv --dir factory --leave-out-past)" '3 rows, 0 of them known already, 1 left out as past, 7 devices planned'
    same "$(nameplate factory plan list --dir factory | grep -c '^2020-02-03')" 0
    has "$(nameplate factory audit list --dir factory)" 'rows=3 known=0 past=1 devices=7'
}

@test "SIGHUP: for how late a day is planned, asked for and made changes at once" {
    setting plan days_late 0
    setting plan request_at 00:00
    serve
    printf '%s,3012,2\n' "$(date -d '-3 days' +%F)" >plan.csv
    run nameplate factory plan import plan.csv --dir factory
    same "$status" 1
    setting plan days_late 7
    kill -HUP "${PID[factory]}"
    wait_for_line factory.err reloaded 20
    nameplate factory plan import plan.csv --dir factory
    sqlite3 -cmd '.timeout 20000' factory/stock.db "UPDATE mark SET value = 0 WHERE name = 'requested-day'" # the next day's request
    wait_count on_hand 2
    has "$(station line-a pack 3012-000001)" 'claimed 1 '
}

@test "F-21: in direct mode the pack goes straight through and only the row is kept" {
    setting store mode direct
    serve
    plan 3
    same "$(count on_hand)" 0
    first=$(station line-a pack 3012-000001)
    same "$(station line-a pack 3012-000001)" "$first" # I10
    has "$(station line-a write 3012-000001 OK)" 'result erased'
    has "$(station line-a write 3012-000002 NG)" 'again'
    until_says 120 'claimed 2 ' station line-a write 3012-000002 OK
    agrees
    nameplate factory fsck --dir factory
}

# left_out TIMES: the request of the day goes to a CA that leaves all numbers out so often, then the real one is back.
left_out() {
    local port
    serve
    plan 3
    port=$(address ca | cut -d: -f2)
    stop ca
    start empty /usr/bin/python3 "$ROOT/tests/peer/empty_ca.py" ca "$port" "$1"
    nameplate factory request --dir factory --date "$TODAY"
    local tries=1200
    until [ "$(grep -c left-out factory.err)" = "$1" ]; do
        [ $((tries -= 1)) -gt 0 ] || { cat factory.err empty.err >&2; return 1; }
        sleep 0.1
    done
    wait "${PID[empty]}" || true
    unset "PID[empty]"
    start ca nameplate ca serve --dir ca
}

@test "F-6: numbers that the CA's answer leaves out are asked for again under another request" {
    left_out 1
    wait_count on_hand 3
    agrees
    has "$(cat reconcile.txt)" '3 numbers left out by the CA, asked for again'
    nameplate factory fsck --dir factory
}

@test "F-6: numbers that are left out twice are planned again, and a person asks for them" {
    left_out 2
    wait_count planned 3
    has "$(nameplate factory audit list --dir factory | grep left-out | tail -1)" 'numbers=3 planned=yes'
    nameplate factory request --dir factory --date "$TODAY"
    wait_count on_hand 3
    nameplate factory fsck --dir factory
}

# cut_trail DATABASE N: what somebody does who wants entries N and later to be gone.
cut_trail() { /usr/bin/python3 -c 'import sqlite3, sys; d = sqlite3.connect(sys.argv[1]); d.execute("DELETE FROM audit WHERE n >= ?", [int(sys.argv[2])]); d.commit()' "$@"; }

@test "I15: what is cut off the end of an audit trail shows by the other side's, in reconcile" {
    serve
    plan 3
    nameplate factory request --dir factory --date "$TODAY"
    wait_count on_hand 3
    local tries=1200
    until nameplate factory audit list trail:ca --dir factory | grep -q ' witness '; do
        [ $((tries -= 1)) -gt 0 ] || { cat factory.err >&2; return 1; }
        sleep 0.1
    done
    run nameplate factory reconcile --dir factory
    same "$status" 0
    has "$output" 'ca: the audit trail has the head that was kept of it'
    has "$output" 'factory: the audit trail has the head that was kept of it'
    has "$(nameplate ca audit list --dir ca --about trail:factory-1)" 'witness'
    kept() { sed -n 's/.*entries=\([0-9]*\) .*/\1/p' | tail -1; }
    ca_kept=$(nameplate factory audit list trail:ca --dir factory | kept)
    own_kept=$(nameplate ca audit list --dir ca --about trail:factory-1 | kept)
    stop factory
    mkdir whole
    cp factory/stock.db* whole/
    cut_trail factory/stock.db "$own_kept"
    has "$(nameplate factory audit verify --dir factory)" "$((own_kept - 1)) entries" # by itself it cannot know
    run nameplate factory reconcile --dir factory
    same "$status" 1
    has "$output" "factory: the audit trail was cut or changed: its entry $own_kept"
    rm -f factory/stock.db*
    cp whole/* factory/
    stop ca
    cut_trail ca/register.db "$ca_kept"
    has "$(nameplate ca audit verify --dir ca)" "$((ca_kept - 1)) entries"
    run nameplate ca audit verify --dir ca --kept "$(nameplate factory audit list trail:ca --dir factory |
        sed -n 's/.*entries=\([0-9]*\) head=\([0-9a-f]*\).*/\1:\2/p' | tail -1)"
    same "$status" 1
    has "$output" "entry $ca_kept of the audit trail is gone"
    start ca nameplate ca serve --dir ca
    run nameplate factory reconcile --dir factory
    same "$status" 1
    has "$output" "ca: the audit trail was cut or changed: its entry $ca_kept"
}
