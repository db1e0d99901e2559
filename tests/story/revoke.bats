#!/usr/bin/env bats
# What was revoked at the CA is refused at the factory within a minute: stations, open connections included, and
# identities that are waiting or written.

load lib
load station_lib

# A factory server that asks for the lists every five seconds, and two stations.
setup_file() { made_once line_with_lists; }
setup() { story_begin; line_again; }
teardown() { story_end; }
teardown_file() { made_end; }

line_with_lists() {
    line_up 2
    station_up line-1 127.0.1.1 "$BENCH"
    station_up line-2 127.0.1.1 "$BENCH"
    sed -i "s/^crl_every = .*/crl_every = 5/" "$DIR/factory/nameplate.conf"
}

# revoke WHAT: at the CA, and waits until the factory server has the new list.
revoke() {
    local before
    before=$(grep -c reloaded "$DIR/factory.err" || true)
    nameplate ca revoke --dir "$DIR/ca" "$1" --reason key-compromise
    local tries=6000
    until [ "$(grep -c reloaded "$DIR/factory.err" || true)" -gt "$before" ]; do
        [ $((tries -= 1)) -gt 0 ] || { echo "no new list at the factory server" >&2; return 1; }
        sleep 0.02
    done
}

@test "a revoked station is refused, on the connection that it holds open too" {
    where=$(address factory factory)
    mkfifo "$DIR/one" "$DIR/two"
    exec 7<>"$DIR/one" 8<>"$DIR/two"
    /usr/bin/python3 "$ROOT/tests/peer/hold.py" "$DIR/line-1/identity" "$where" <"$DIR/one" >"$DIR/one.out" 3>&- 7>&- 8>&- &
    PID[one]=$!
    /usr/bin/python3 "$ROOT/tests/peer/hold.py" "$DIR/line-2/identity" "$where" <"$DIR/two" >"$DIR/two.out" 3>&- 7>&- 8>&- &
    PID[two]=$!
    echo >&7; echo >&8
    wait_for_line "$DIR/one.out" served 120
    wait_for_line "$DIR/two.out" served 120
    revoke station:line-1
    echo >&7; echo >&8
    wait_for_line "$DIR/one.out" closed 120
    for _ in $(seq 3000); do [ "$(grep -c served "$DIR/two.out")" = 2 ] && break; sleep 0.02; done
    same "$(cat "$DIR/two.out")" $'served\nserved'
    run /usr/bin/python3 "$ROOT/tests/peer/station.py" "$DIR/line-1/identity" "https://$where" hello
    [ "$status" -ne 0 ]
    has "$(/usr/bin/python3 "$ROOT/tests/peer/station.py" "$DIR/line-2/identity" "https://$where" hello)" "line"
    exec 7>&- 8>&-
    # After a start without the CA it is the stored list that counts, however long it has grown.
    stop factory
    stop ca
    { for _ in $(seq 2000); do printf '# %060d\n' 0; done; cat "$DIR/factory/identity/crl.pem"; } >"$DIR/long.pem"
    mv "$DIR/long.pem" "$DIR/factory/identity/crl.pem"
    start factory nameplate factory serve --dir "$DIR/factory"
    run /usr/bin/python3 "$ROOT/tests/peer/station.py" "$DIR/line-1/identity" "https://$(address factory factory)" hello
    [ "$status" -ne 0 ]
    has "$(/usr/bin/python3 "$ROOT/tests/peer/station.py" "$DIR/line-2/identity" "https://$(address factory factory)" hello)" "line"
}

@test "an identity that was revoked is not handed out, and the device that has it does not pass again" {
    device_new 000001
    at_bench 000001
    nameplate station board --dir "$DIR/line-1" 3012-000001
    out=$(scan line-1 3012-000001 3012-000001)
    has "$out" "PASS 3012-000001 already"
    revoke 3012-000001
    has "$(scan line-1 3012-000001)" "FAIL 3012-000001 BAD_CERTIFICATE"
    revoke 3012-000002
    run /usr/bin/python3 "$ROOT/tests/peer/station.py" "$DIR/line-1/identity" "https://$(address factory factory)" pack 3012-000002
    has "$output" "fault BAD_CERTIFICATE"
}

@test "revoking a station revokes each certificate that it ever enrolled for" {
    mkdir "$DIR/thief"
    cp -r "$DIR/line-1/identity" "$DIR/line-1/secret" "$DIR/thief"
    token=$(nameplate ca token add --dir "$DIR/ca" --role station --name line-1 | tail -1)
    nameplate station init --dir "$DIR/again" --factory "https://$(address factory factory)" --fingerprint "$FP" --token "${token##* }"
    hello() { /usr/bin/python3 "$ROOT/tests/peer/station.py" "$1" "https://$(address factory factory)" hello; }
    hello "$DIR/thief/identity"
    hello "$DIR/again/identity"
    revoke station:line-1
    run hello "$DIR/thief/identity"
    [ "$status" -ne 0 ]
    run hello "$DIR/again/identity"
    [ "$status" -ne 0 ]
}

# 20,000 certificates of stations that never were, all revoked: rows of a grown register.
grow_register() {
    sqlite3 "$DIR/ca/register.db" <<'SQL'
CREATE TEMP TABLE old AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000)
    SELECT i, x'41' || randomblob(15) AS serial FROM n;
BEGIN;
INSERT INTO body SELECT CAST(serial AS BLOB), x'00', 'infrastructure', 'station:old-' || i, 'infrastructure', 'old', 1 FROM old;
INSERT INTO certificate (kind, subject, generation, issuer, requester, state, serial, fingerprint, der, created_at, issued_at,
    revoked_at, reason, body)
    SELECT 'infrastructure', 'station:old-' || i, 1, 'infrastructure', 'old', 'revoked', CAST(serial AS BLOB), randomblob(32), x'00',
    1, 1, 1700000000, 'superseded', CAST(serial AS BLOB) FROM old;
COMMIT;
SQL
}

# How many entries all lists of the factory server have together.
revoked_at_factory() {
    csplit -sz -f "$DIR/list-" "$DIR/factory/identity/crl.pem" '/BEGIN X509 CRL/' '{*}'
    for list in "$DIR"/list-*; do openssl crl -in "$list" -noout -text; done | grep -c 'Serial Number'
}

@test "a revocation list of 20,000 entries reaches the factory server and counts, after a start of both too" {
    command -v sqlite3 >/dev/null || skip "needs sqlite3"
    hello() { /usr/bin/python3 "$ROOT/tests/peer/station.py" "$DIR/$1/identity" "https://$(address factory factory)" hello; }
    grow_register
    hello line-1
    revoke station:line-1
    for _ in $(seq 240); do
        hello line-1 >/dev/null 2>&1 || break
        sleep 0.25
    done
    same "$(revoked_at_factory)" 20001
    run hello line-1
    [ "$status" -ne 0 ]
    hello line-2
    stop factory
    stop ca
    start ca nameplate ca serve --dir "$DIR/ca"
    start factory nameplate factory serve --dir "$DIR/factory"
    run hello line-1
    [ "$status" -ne 0 ]
    hello line-2
    run grep -c 'TOO_LARGE' "$DIR/ca.err" "$DIR/factory.err"
    [ "$status" -eq 1 ]
}
