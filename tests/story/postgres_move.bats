# A site that began with a file and grows: its database moves into PostgreSQL in the middle of a plan, and the line and the
# field go on. Stations are tests/peer/station.py.
load lib
load field_lib
load postgres_lib

in_postgres() { "$POSTGRES_BIN/psql" -qAtX "$POSTGRES_URL" -c "$1"; }

# at SERVER COMMAND...: of that factory server's folder.
at() {
    local dir=$1
    shift
    nameplate factory "$@" --dir "$dir"
}

enrol_station() { # NAME SERVER
    nameplate station init --dir "$1" --factory "https://$(address "$2" factory)" --fingerprint "$(fingerprint)" \
        --token "$(token station "$1")" >/dev/null
    at "$2" station add "$1" --line A >/dev/null
}

station() { # NAME SERVER WHAT...
    /usr/bin/python3 "$ROOT/tests/peer/station.py" "$1/identity" "https://$(address "$2" factory)" "${@:3}"
}

plan() { # SERVER DAY QUANTITY: and its identities on hand
    printf 'date,model,quantity\n%s,3012,%s\n' "$2" "$3" >plan.csv
    at "$1" plan import plan.csv
    at "$1" request --date "$2" --wait
}

# says_where PROGRAM: what the move said to write into the settings is written there.
says_where() {
    local line
    line=$(sed -n 's/^    //p' move.out)
    same "$line" "url = $POSTGRES_URL"
    sed -i "/^\[store\]/,/^\[/s|^url = .*|$line|" "$1/nameplate.conf"
}

# The move stands still when everything has been copied, and nothing kept.
move_killed() {
    in_postgres "CREATE FUNCTION stand_still() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN IF EXISTS (SELECT 1 FROM stock.audit)
        THEN PERFORM pg_sleep(60); END IF; END'"
    in_postgres "CREATE EVENT TRIGGER stand_still ON ddl_command_end WHEN TAG IN ('ALTER TABLE') EXECUTE FUNCTION stand_still()"
    "$BUILD/nameplate" factory database move "$POSTGRES_URL" --dir one 3>&- &
    until_says 60 '^1$' in_postgres "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'"
    kill -KILL $!
    wait $! || true
    in_postgres "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE wait_event = 'PgSleep'"
    in_postgres "DROP EVENT TRIGGER stand_still; DROP FUNCTION stand_still()"
}

@test "F-6 I1 I2 I9: a factory's stock moves in the middle of a plan; killed, it stays; moved, the line goes on and a second server joins" {
    local head today
    today=$(date +%F)
    printf 'secret-pass\n' >pw
    ca_up
    nameplate ca order add O1 --dir ca --factory factory-1 --model 3012 --quantity 10 >/dev/null
    nameplate factory init --dir one --ca "https://$(address ca)" --fingerprint "$(fingerprint)" --token "$(token factory factory-1)" \
        --admin meier --password-file pw --port 0 --admin-port 0 >/dev/null
    start one nameplate factory serve --dir one
    at one login --user meier --password-file pw
    at one model add 3012 --name TYPE-1 --line A >/dev/null
    plan one "$today" 6
    enrol_station line-a one
    station line-a one write 3012-000001 OK
    station line-a one pack 3012-000002
    # not under a server that hands out
    has "$(at one database move "$POSTGRES_URL" 2>&1 || true)" 'the stock database is in use: stop the server first'
    stop one
    # killed when all is copied and nothing kept: nothing is there, and the server goes on with the file
    move_killed
    same "$(in_postgres "SELECT count(*) FROM pg_namespace WHERE nspname = 'stock'")" 0
    start one nameplate factory serve --dir one
    station line-a one write 3012-000003 OK
    stop one
    head=$(at one audit verify | sed 's/^audit: \([0-9]*\) entries, head /\1:/')
    at one database move "$POSTGRES_URL" >move.out
    has "$(cat move.out)" 'what arrived was compared with the file'
    # the file is nobody's any more
    same "$(nameplate factory serve --dir one 2>&1 | grep -c 'was moved to PostgreSQL')" 1
    has "$(at one fsck 2>&1 || true)" '[store] url in the settings must say where it is now'
    has "$(at one database move "$POSTGRES_URL" 2>&1 || true)" 'was moved already'
    says_where one
    start one nameplate factory serve --dir one
    mkdir whole && ln -s ../ca ../one whole/ && mv whole/one whole/factory
    station line-a one write 3012-000002 OK # claimed before
    # who asks the folder for a number's life is told where the rest of it is, and gets it
    nameplate trace 3012-000002 --dir whole >life 2>told
    has "$(cat told)" "factory/stock.db was moved at "
    has "$(cat told)" "to $POSTGRES_URL: its trail is read there"
    has "$(cat life)" ' written '
    has "$(at one audit list database)" "database-move database to=$POSTGRES_URL"
    station line-a one write 3012-000004 OK
    has "$(station line-a one write 3012-000001 OK || true)" 'fault ALREADY_WRITTEN'
    # which was the purpose
    mkdir -p two/secret && cp -p one/secret/kek two/secret/kek
    nameplate factory init --dir two --ca "https://$(address ca)" --fingerprint "$(fingerprint)" --token "$(token factory factory-1)" \
        --store-url "$POSTGRES_URL" --port 0 --admin-port 0 >/dev/null
    start two nameplate factory serve --dir two
    at two login --user meier --password-file pw
    enrol_station line-b two
    station line-b two write 3012-000005 OK
    plan two "$(date -d tomorrow +%F)" 2
    has "$(at one number 3012-000008)" stored
    has "$(at two fsck)" 'fsck: 3 packs on hand, 0 faults'
    has "$(at one reconcile)" 'reconcile: 0 differences'
    at two audit verify --kept "$head"
    same "$(at two export | jq -r .number | sort | uniq -d)" ''
    same "$(at two export | jq -r 'select(.written > 0) | .number' | wc -l)" 5
    has "$(at two database move postgresql://nameplate@127.0.0.1:1/x 2>&1 || true)" '[store] url names another database'
}

@test "M-4 M-5 I9: a centre's devices, agreements and counters move, and its devices do not notice" {
    ca_up
    orders "" 3012
    identities 3012-000001
    POLL=1 center_up
    center_stays
    device_made 3012-000001
    nameplate device remote --dir 3012-000001 --url "https://$(address center center)" >/dev/null
    nameplate device count copy 12 --dir 3012-000001
    center device add 3012-000001
    center agreement add 3012-000001 >/dev/null
    start device nameplate device run --dir 3012-000001 --listen 127.0.0.1:0
    has "$(center call 3012-000001 counters --wait 120)" copy
    before=$(center counters 3012-000001 --json)
    has "$(center database move "$POSTGRES_URL" 2>&1 || true)" 'the center database is in use'
    stop center
    center database move "$POSTGRES_URL" >move.out
    says_where center
    start center nameplate center serve --dir center
    nameplate device count copy 3 --dir 3012-000001
    # what it counts now follows what was read before: nobody suspects a copy, or an older memory
    has "$(center call 3012-000001 counters --wait 120)" copy
    has "$(center counters 3012-000001 --json)" '"copy": 15,'
    same "$(center counters 3012-000001 --json | jq --argjson before "$before" '.rows[-($before.rows | length):] == $before.rows')" true
    same "$(center counters 3012-000001 --json | jq -c '[.rows[].verdict] | unique')" '["follows"]'
    has "$(center device show 3012-000001)" normal
    same "$(center incidents 3012-000001 --json | jq '.rows | length')" 0
    has "$(center audit list database)" "operator:$(id -un) database-move database to=$POSTGRES_URL"
    center audit verify
}
