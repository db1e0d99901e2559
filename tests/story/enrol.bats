#!/usr/bin/env bats
# The certificates of servers and stations end one day: they are got anew, and nothing stops.

load lib
load station_lib

setup() {
    story_begin
    line_up 2
    station_up line-1 127.0.1.1 127.0.1.2:18491
}
teardown() { story_end; }

token() { nameplate ca token add --dir "$DIR/ca" --role "$1" --name "$2" | tail -1 | awk '{ print $NF }'; }
print_of() { openssl x509 -in "$1" -noout -fingerprint -sha256; }
shown() { openssl s_client -connect "$(address factory factory)" </dev/null 2>/dev/null | openssl x509 -noout -fingerprint -sha256; }

@test "a factory server whose certificate is near its end says so, gets another one, and the line goes on with it" {
    old=$(print_of "$DIR/factory/identity/cert.pem")
    stop ca
    sed -i '/^\[infrastructure\]/,/^\[/s/^days = .*/days = 30/' "$DIR/ca/profiles.cnf"
    start ca nameplate ca serve --dir "$DIR/ca"
    sed -i "/^\[ca\]/,/^\[/s|^url = .*|url = https://$(address ca)|" "$DIR/factory/nameplate.conf"
    nameplate factory enrol --dir "$DIR/factory" --token "$(token factory factory-1)"
    new=$(print_of "$DIR/factory/identity/cert.pem")
    [ "$new" != "$old" ]
    same "$(shown)" "$old"
    kill -HUP "${PID[factory]}"
    wait_for_line "$DIR/factory.err" reloaded 10
    same "$(shown)" "$new"
    stop factory
    start factory nameplate factory serve --dir "$DIR/factory"
    has "$(cat "$DIR/factory.err")" "warn factory certificate-ends name=factory-1"
    sed -i "s|^url = .*|url = https://$(address factory factory)|" "$DIR/line-1/nameplate.conf"
    before=$(print_of "$DIR/line-1/identity/cert.pem")
    nameplate station enrol --dir "$DIR/line-1" --token "$(token station line-1)"
    [ "$(print_of "$DIR/line-1/identity/cert.pem")" != "$before" ]
    [ ! -e "$DIR/line-1/identity.next" ]
    device_new 000001
    start dev nameplate device run --dir "$DIR/dev-000001" --listen 127.0.1.2:18491
    nameplate station board --dir "$DIR/line-1" 3012-000001
    has "$(echo 3012-000001 | timeout 60 "$BUILD/nameplate" station run --dir "$DIR/line-1" 2>>"$DIR/line-1.err")" "PASS 3012-000001"
}

@test "with a token for another name, or one that was used, the certificate that stands goes on standing" {
    old=$(print_of "$DIR/factory/identity/cert.pem")
    used=$(token factory factory-1)
    nameplate factory enrol --dir "$DIR/factory" --token "$used"
    new=$(print_of "$DIR/factory/identity/cert.pem")
    [ "$new" != "$old" ]
    run nameplate factory enrol --dir "$DIR/factory" --token "$(token factory factory-2)"
    [ "$status" -eq 1 ]
    has "$output" "the token was for factory-2, this folder is factory-1's: nothing was changed"
    run nameplate factory enrol --dir "$DIR/factory" --token "$used"
    [ "$status" -eq 1 ]
    has "$output" "nameplate ca token add --role factory --name NAME"
    run nameplate factory enrol --dir "$DIR/factory" --token "$(token station line-2)"
    [ "$status" -eq 1 ]
    run nameplate factory enrol --dir "$DIR/factory"
    [ "$status" -eq 2 ]
    same "$(print_of "$DIR/factory/identity/cert.pem")" "$new"
    kill -HUP "${PID[factory]}"
    wait_for_line "$DIR/factory.err" reloaded 10
    same "$(shown)" "$new"
}
