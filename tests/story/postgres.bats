# Several servers, one PostgreSQL: two factory servers share the database and the work, and a kill -9 of the database in the
# middle loses nothing. Stations are tests/peer/station.py.
load lib
load postgres_lib

# at SERVER COMMAND...: of that factory server's folder.
at() {
    local dir=$1
    shift
    nameplate factory "$@" --dir "$dir"
}

enrol_station() { # NAME SERVER
    local token
    token=$(nameplate ca token add --dir ca --role station --name "$1" | tail -1)
    nameplate station init --dir "$1" --factory "https://$(address "$2" factory)" --fingerprint "$FINGERPRINT" --token "$token" >/dev/null
    at "$2" station add "$1" --line A >/dev/null
}

station() { # NAME SERVER WHAT...
    local name=$1 server=$2
    shift 2
    /usr/bin/python3 "$ROOT/tests/peer/station.py" "$name/identity" "https://$(address "$server" factory)" "$@"
}

# write NAME SERVER NUMBER: as a station does it: the same again until it is done.
write() {
    local out tries=60
    until out=$(station "$1" "$2" write "$3" OK 2>&1); do
        grep -q 'fault ALREADY_WRITTEN' <<<"$out" && return 0
        echo "$3: $out"
        [ $((tries -= 1)) -gt 0 ] || return 1
        sleep 0.1
    done
    echo "$3: $out"
}

count() { at "$1" status --json | jq ".rows[] | select(.model == \"${3:-3012}\") | .$2"; }

wait_count() { # SERVER MEMBER N [MODEL]
    local tries=100
    until [ "$(count "$1" "$2" "${4:-}")" = "$3" ]; do
        [ $((tries -= 1)) -gt 0 ] || { echo "$2 is $(count "$1" "$2" "${4:-}"), not $3" >&2; cat one.err two.err >&2; return 1; }
        sleep 0.1
    done
}

two_servers() {
    local name token
    printf 'secret-pass\n' >pw
    nameplate ca init --dir ca --listen 127.0.0.1:0 >ca.init
    FINGERPRINT=$(openssl x509 -in ca/root.crt -noout -fingerprint -sha256 | cut -d= -f2 | tr -d :)
    nameplate ca order add O1 --dir ca --factory factory-1 --model 3012 --quantity 100 >/dev/null
    nameplate ca order add O2 --dir ca --factory factory-1 --model 3014 --quantity 100 >/dev/null
    start ca nameplate ca serve --dir ca
    for name in one two; do
        token=$(nameplate ca token add --dir ca --role factory --name factory-1 | tail -1)
        [ "$name" = one ] || { mkdir -p two/secret && cp -p one/secret/kek two/secret/kek; }
        nameplate factory init --dir "$name" --ca "https://$(address ca)" --fingerprint "$FINGERPRINT" --token "$token" \
            --store-url "$POSTGRES_URL" $([ "$name" = two ] || echo --admin meier --password-file pw) --port 0 --admin-port 0 >/dev/null
        sed -i 's/^retry_most = .*/retry_most = 1/' "$name/nameplate.conf"
        start "$name" nameplate factory serve --dir "$name"
        at "$name" login --user meier --password-file pw >/dev/null
    done
}

# The one that does what is done by the clock.
leader() { grep -l 'office-leads' one.err two.err | sed 's/\.err//'; }

@test "F-6 F-10 I1 I2 I9: two factory servers share one database, one of them does the office's work, kills lose nothing" {
    two_servers
    at one model add 3012 --name TYPE-1 --line A >/dev/null
    printf 'date,model,quantity\n%s,3012,12\n' "$(date +%F)" >plan.csv
    at two plan import plan.csv
    at two request --date "$(date +%F)"
    at two serve --check-config >/dev/null # while it runs, and changes nothing
    wait_count one on_hand 12
    same "$(leader)" one
    enrol_station line-a one
    enrol_station line-b two
    # one pack is handed out once, whichever server is asked, also at the same moment
    for i in 1 2 3; do
        station line-a one pack "3012-00000$i" BOARD-A >"a.$i" 2>&1 &
        a=$!
        station line-b two pack "3012-00000$i" BOARD-B >"b.$i" 2>&1 || true
        wait "$a" || true
        same "$(cat "a.$i" "b.$i" | grep -c '^claimed')" 1
        same "$(cat "a.$i" "b.$i" | grep -cE '^fault (CLAIMED|CONFLICT)')" 1
    done
    # both lines write while the database is killed and comes back
    for i in 4 5 6 7; do write line-a one "3012-00000$i"; done >a.out 2>&1 &
    a=$!
    for i in 8 9; do write line-b two "3012-00000$i"; done >b.out 2>&1 &
    b=$!
    wait_for_line a.out 'result' 20
    postgres_kill9
    write_away=$(station line-a one pack 3012-000010 2>&1) && return 1
    has "$write_away" 'fault BUSY'
    postgres_start "$DIR/pg"
    wait "$a" || { cat a.out; return 1; }
    wait "$b" || { cat b.out; return 1; }
    wait_count two written 6
    # a server that would seal under another key does not start
    cp -r two three
    head -c 32 /dev/urandom >three/secret/kek
    has "$(nameplate factory serve --dir three 2>&1 || true)" 'is another key than the one'
    # the leader dies: the other one goes on with its work
    kill9 one
    at two model add 3014 --name TYPE-3 --line A >/dev/null
    printf 'date,model,quantity\n%s,3014,2\n' "$(date +%F)" >plan.csv
    at two plan import plan.csv
    at two request --date "$(date +%F)"
    wait_for_line two.err 'office-leads' 10
    wait_count two on_hand 2 3014
    write line-b two 3012-000010
    write line-b two 3014-000001
    # whole, and what the CA says of it
    has "$(at two fsck)" ' 0 faults'
    has "$(at two reconcile)" 'reconcile: 0 differences'
    at two audit verify
    same "$(at two export | jq -r .number | sort | uniq -d)" ''
    same "$(at two export | jq -r 'select(.written > 0) | .number' | wc -l)" 8
}

@test "I14: a password is not taken in the URL and not printed" {
    local out
    mkdir one
    printf '[ca]\nurl = https://127.0.0.1:1\n[store]\nurl = postgresql://u:hunter22@127.0.0.1/x\n' >one/nameplate.conf
    out=$(nameplate factory serve --dir one --check-config 2>&1) && return 1
    has "$out" 'a password does not belong in the database'
    ! grep -q hunter22 <<<"$out"
    sed -i 's|^url = postgresql.*|url = postgresql://u@[bad/x?password=hunter22%|' one/nameplate.conf
    out=$(nameplate factory serve --dir one --check-config 2>&1) && return 1
    has "$out" 'cannot be understood'
    ! grep -q hunter22 <<<"$out"
    # a server whose password stands in a file that libpq reads
    printf '*:*:*:*:hunter22\n' >pass
    chmod 600 pass
    sed -i "s|^url = postgresql.*|url = postgresql://nameplate@127.0.0.1:1/x?passfile=$DIR/pass|" one/nameplate.conf
    out=$(nameplate factory serve --dir one --check-config 2>/dev/null) && return 1
    has "$out" 'passfile='
    out=$(nameplate factory fsck --dir one 2>&1) && return 1
    has "$out" 'the database x on 127.0.0.1'
    ! grep -q hunter22 <<<"$out"
}

center_up() { # NAME: a worker of the centre, on the same database
    nameplate center init --dir "$1" --ca "https://$(address ca)" --fingerprint "$(sed -n 's/^root fingerprint (SHA-256): *//p' ca.init)" \
        --token "$(nameplate ca token add --dir ca --role center --name center-1 | tail -1)" --store-url "$POSTGRES_URL" \
        $([ "$1" != center ] || echo --admin meier --password-file pw) --port 0 --admin-port 0 >/dev/null
    start "$1" nameplate center serve --dir "$1"
    nameplate center login --dir "$1" --user meier --password-file pw
}

@test "M-2 M-3 M-8: two workers of a centre share one database, wake each other's devices, and one asks the CA" {
    local factory_token
    export PYTHONDONTWRITEBYTECODE=1
    printf 'secret-pass\n' >pw
    nameplate ca init --dir ca --listen 127.0.0.1:0 >ca.init
    start ca nameplate ca serve --dir ca
    nameplate ca order add A1 --dir ca --factory line --model 3012 --quantity 10 --first-serial 000001
    factory_token=$(nameplate ca token add --dir ca --role factory --name line | tail -1)
    /usr/bin/python3 "$ROOT/tests/peer/field_node.py" "https://$(address ca)" ca/root.crt "$factory_token" nodes 3012-000001 3012-000001
    center_up center
    wait_for_line center.err 'center-leads' 10
    center_up other
    timeout 90 /usr/bin/python3 "$ROOT/tests/peer/field_story.py" two_workers "https://$(address other center)" "$BUILD" "$DIR"
    same "$(grep -c 'center-leads' other.err)" 0
    kill9 center
    wait_for_line other.err 'center-leads' 10
    before=$(nameplate center counters 3012-000001 --dir other)
    postgres_kill9
    nameplate center counters 3012-000001 --dir other && return 1
    postgres_start "$DIR/pg"
    for ((i = 0; i < 300; i++)); do # each connection is made anew when it is used; half a second between attempts
        [ "$(nameplate center counters 3012-000001 --dir other 2>/dev/null)" = "$before" ] &&
            nameplate center call 3012-000001 counters --dir other 2>/dev/null && break
        sleep 0.1
    done
    [ "$i" -lt 300 ]
    same "$(nameplate center counters 3012-000001 --dir other)" "$before"
    nameplate center audit verify --dir other
    stop other
    ! grep -q 'error=BUG' center.err other.err
}
