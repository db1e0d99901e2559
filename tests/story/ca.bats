#!/usr/bin/env bats
# The certificate authority by itself: made, served, asked, killed, checked (F-4, F-5, F-16, F-25, M-8).

load lib

ca() { nameplate ca "$@" --dir "$DIR/ca"; }

# A CA in $DIR/ca that takes any free port, with an order for 20 devices of model 3012.
new_ca() {
    ca init >"$DIR/init.txt"
    sed -i 's/^port = .*/port = 0/' "$DIR/ca/nameplate.conf"
    ca order add 4711 --factory factory-1 --model 3012 --quantity 20
}

# As new, but for a factory server that is enrolled.
setup_file() { made_once enrolled_ca; }
setup() { story_begin; }
teardown() { story_end; }
teardown_file() { made_end; }

enrolled_ca() {
    new_ca
    serve
    enrol factory factory-1
}

serve() { start ca "$BUILD/nameplate-ca" serve --dir "$DIR/ca"; }

# post FILE [CURL OPTIONS]: the answer on standard output.
post() {
    local file=$1
    shift
    curl -sS --max-time 300 --cacert "$DIR/ca/root.crt" "$@" -H 'Content-Type: application/soap+xml; charset=utf-8' \
        --data-binary @"$file" "https://$(address ca)/soap/ca"
}

envelope() { # MESSAGE-ID BODY
    printf '<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" xmlns:a="http://www.w3.org/2005/08/addressing">'
    printf '<s:Header><a:MessageID>%s</a:MessageID></s:Header><s:Body>%s</s:Body></s:Envelope>' "$1" "$2"
}

field() { # NAME: the content of the first such element on standard input
    grep -o "<$1>[^<]*" | head -1 | cut -d'>' -f2
}

enrol() { # ROLE NAME: $DIR/NAME.key and NAME.crt (with its chain); the token stays in $token
    token=$(ca token add --role "$1" --name "$2")
    openssl ecparam -name prime256v1 -genkey -noout -out "$DIR/$2.key"
    openssl req -new -key "$DIR/$2.key" -subj /CN=ignored -outform DER -out "$DIR/$2.csr"
    envelope "enrol-$2" "<EnrolmentRequest xmlns=\"urn:nameplate:ca:1\"><token>$token</token><csr>$(base64 -w0 "$DIR/$2.csr")</csr></EnrolmentRequest>" >"$DIR/enrol.xml"
    post "$DIR/enrol.xml" >"$DIR/enrol.out"
    { field certificate <"$DIR/enrol.out" | base64 -d | openssl x509 -inform DER
      field der <"$DIR/enrol.out" | base64 -d | openssl x509 -inform DER; } >"$DIR/$2.crt"
}

request() { # MESSAGE-ID NUMBER...: as factory-1; the answer in $DIR/answer.xml
    local id=$1 body=
    shift
    for number; do body+="<certificate><deviceNumber>$number</deviceNumber></certificate>"; done
    envelope "$id" "<CertificateTransmissionRequest xmlns=\"urn:nameplate:ca:1\">$body</CertificateTransmissionRequest>" >"$DIR/request.xml"
    post "$DIR/request.xml" --cert "$DIR/factory-1.crt" --key "$DIR/factory-1.key" >"$DIR/answer.xml"
}

tell() { # OPERATION BODY: as factory-1
    envelope "tell-$RANDOM" "<$1 xmlns=\"urn:nameplate:ca:1\">$2</$1>" >"$DIR/tell.xml"
    post "$DIR/tell.xml" --cert "$DIR/factory-1.crt" --key "$DIR/factory-1.key"
}

report() { # NUMBER OUTCOME
    local fingerprint
    fingerprint=$(ca export | jq -r "select(.number == \"$1\" and .fingerprint != null) | .fingerprint" | tail -1 | xxd -r -p | base64)
    tell OutcomeReport "<outcome><deviceNumber>$1</deviceNumber><fingerprint>$fingerprint</fingerprint><outcome>$2</outcome></outcome>"
}

@test "init makes a CA once, prints the root fingerprint and the next command, and never overwrites" {
    rm -r "$DIR/ca"
    new_ca
    grep -q "next: nameplate ca serve --dir $DIR/ca" "$DIR/init.txt"
    printed=$(sed -n 's/^root fingerprint (SHA-256): //p' "$DIR/init.txt")
    [ "$printed" = "$(openssl x509 -in "$DIR/ca/root.crt" -outform DER | sha256sum | cut -d' ' -f1)" ]
    before=$(sha256sum "$DIR/ca/root.key")
    run ca init
    [ "$status" -eq 1 ]
    [[ $output == *"already"* ]]
    [ "$before" = "$(sha256sum "$DIR/ca/root.key")" ]
    grep -q 'BEGIN ENCRYPTED PRIVATE KEY' "$DIR/ca/identity.key"
    ca serve --check-config | grep -q '^port = 0'
}

@test "a wrong profile is told by --check-config, at the start and when an order is added" {
    printf '\n[3014]\nuse = device\nsubject.serialNumber = number\nhardwareType = 1.2.3\ndays = forever\nkeyUsage = critical,digitalSignature,keyCertSign\n' >>"$DIR/ca/profiles.cnf"
    run ca serve --check-config
    [ "$status" -eq 1 ]
    has "$output" "[3014] keyUsage"
    serve
    grep -q 'profile .*\[3014\]' "$DIR/ca.err"
    run ca order add 4714 --factory factory-1 --model 3014 --quantity 5
    [ "$status" -eq 1 ]
    has "$output" "[3014]"
    request in-between 3012-000001 # the other models go on
    grep -q '<deviceNumber>3012-000001' "$DIR/answer.xml"
}

@test "an empty file of profiles is told by --check-config and at the start" {
    : >"$DIR/ca/profiles.cnf"
    run ca serve --check-config
    [ "$status" -eq 1 ]
    has "$output" "profiles.cnf is empty: the built-in profiles are used instead"
    serve
    grep -q 'error ca profile .*is empty' "$DIR/ca.err"
}

@test "an order that is over before it begins is refused" {
    run ca order add 4715 --factory factory-1 --model 3012 --quantity 5 --until 2020-01-31
    [ "$status" -eq 2 ]
    has "$output" "2020-01-31 is over already"
}

@test "F-4 F-5 I10: a batch comes back with one pack for each number, the same after kill -9" {
    serve
    request urn:story:1 3012-000001 3012-000002 3012-000003
    [ "$(grep -o '<pack>' "$DIR/answer.xml" | wc -l)" -eq 3 ]
    cp "$DIR/answer.xml" "$DIR/first.xml"
    request urn:story:1 3012-000001 3012-000002 3012-000003
    cmp "$DIR/answer.xml" "$DIR/first.xml"
    kill9 ca
    serve
    request urn:story:1 3012-000001 3012-000002 3012-000003
    cmp "$DIR/answer.xml" "$DIR/first.xml"
    [ "$(ca export | jq -s '[.[] | select(.kind == "device")] | length')" -eq 3 ]
    request urn:story:1 3012-000001 3012-000009
    grep -q '>CONFLICT<' "$DIR/answer.xml"
    tell ReceiptConfirmation '<request>urn:story:1</request>' | grep -q '>true<'
    request urn:story:1 3012-000001 3012-000002 3012-000003
    grep -q '>CONFLICT<' "$DIR/answer.xml"
    [ "$(sqlite3 "$DIR/ca/register.db" 'SELECT count(*) FROM slice_key')" -eq 0 ]
    stop ca
    ca fsck
}

@test "I11 I1: over the order, without an order and with a live identity nothing is issued, and the fault says which number" {
    serve
    request over $(seq -f '3012-%06g' 1 21)
    grep -q '>OVER_ORDER<' "$DIR/answer.xml"
    grep -q '3012-000021' "$DIR/answer.xml"
    [ "$(ca export | jq -s '[.[] | select(.kind == "device")] | length')" -eq 0 ]
    request none 3099-000001
    grep -q '>NO_ORDER<' "$DIR/answer.xml"
    request one 3012-000001
    request two 3012-000001
    grep -q '>LIVE_IDENTITY<' "$DIR/answer.xml"
}

@test "F-16 I8: a failed write revokes first, the number gets a new generation, and the account adds up" {
    serve
    request one $(seq -f '3012-%06g' 1 20)
    report 3012-000001 failed | grep -q '<state>voided<'
    report 3012-000001 failed | grep -q '<state>voided<'
    report 3012-000002 written | grep -q '<state>written<'
    report 3012-000002 voided | grep -q 'BAD_TRANSITION'
    request again 3012-000001
    grep -q '<pack>' "$DIR/answer.xml"
    [ "$(ca export | jq -s '[.[] | select(.number == "3012-000001") | .generation] | max')" -eq 2 ]
    request more 3012-000021
    grep -q '>OVER_ORDER<' "$DIR/answer.xml"
    [ "$(ca account --json | jq -c '[.issued, .written, .on_hand, .voided, .superseded]')" = '[21,1,19,1,0]' ]
    tell AccountRequest '<order>4711</order>' | grep -q '<issued>21</issued>'
    stop ca
    ca fsck
}

@test "F-5: only a factory server may ask; a token works once" {
    serve
    enrol station line-1
    envelope x '<BootstrapRequest xmlns="urn:nameplate:ca:1"><model>3012</model></BootstrapRequest>' >"$DIR/boot.xml"
    post "$DIR/boot.xml" | grep -q '>NOT_AUTHENTICATED<'
    run post "$DIR/boot.xml" --cert "$DIR/line-1.crt" --key "$DIR/line-1.key"
    [ "$status" -ne 0 ] || [[ $output == *">NOT_ALLOWED<"* ]]
    post "$DIR/boot.xml" --cert "$DIR/factory-1.crt" --key "$DIR/factory-1.key" >"$DIR/one.xml"
    post "$DIR/boot.xml" --cert "$DIR/factory-1.crt" --key "$DIR/factory-1.key" | cmp - "$DIR/one.xml"
    openssl req -new -key "$DIR/line-1.key" -subj /CN=other -outform DER -out "$DIR/other.csr"
    envelope y "<EnrolmentRequest xmlns=\"urn:nameplate:ca:1\"><token>$token</token><csr>$(base64 -w0 "$DIR/other.csr")</csr></EnrolmentRequest>" >"$DIR/other.xml"
    post "$DIR/other.xml" | grep -q '>BAD_TOKEN<'
}

@test "a token for another role is refused and stays good, and a server that is away is named with its command" {
    serve
    token=$(ca token add --role station --name line-9)
    echo 'a long password' >"$DIR/pw"
    print=$(openssl x509 -in "$DIR/ca/root.crt" -outform DER | sha256sum | cut -d' ' -f1)
    init() { run nameplate factory init --dir "$DIR/f" --ca "$1" --fingerprint "$print" --token "$token" --admin meier --password-file "$DIR/pw"; }
    init "https://$(address ca)"
    same "$status" 1
    has "$output" "this token is for a station"
    has "$(ca token list | grep line-9)" open
    same "$(ca list | grep -c line-9 || true)" 0
    stop ca
    init "https://$(address ca)"
    same "$status" 1
    has "$output" "try: nameplate ca serve"
}

@test "M-8 I7: revoke and crl work while the CA serves, and openssl accepts what it should and refuses what it must" {
    serve
    request one 3012-000001 3012-000002
    ca revoke 3012-000001 --reason key-compromise
    run ca revoke 3012-000001
    [ "$status" -eq 1 ]
    ca crl >/dev/null
    number() { openssl crl -in "$DIR/ca/crl/identity.crl.pem" -noout -crlnumber | sed 's/.*=//; s/^0x//'; }
    before=$((16#$(number)))
    ca crl >/dev/null
    [ $((16#$(number))) -gt "$before" ]
    for crl in root identity bootstrap infrastructure; do
        issuer=$crl.crt
        openssl crl -in "$DIR/ca/crl/$crl.crl.pem" -noout -CAfile "$DIR/ca/$issuer" 2>&1 | grep -q 'verify OK'
    done
    openssl crl -in "$DIR/ca/crl/identity.crl.pem" -noout -text | grep -q 'Key Compromise'
    ca export --certificates | jq -r 'select(.number == "3012-000001") | .certificate' >"$DIR/bad.pem"
    ca export --certificates | jq -r 'select(.number == "3012-000002") | .certificate' >"$DIR/good.pem"
    cat "$DIR/ca/crl/identity.crl.pem" "$DIR/ca/crl/root.crl.pem" >"$DIR/crls.pem"
    openssl verify -x509_strict -crl_check_all -CRLfile "$DIR/crls.pem" -CAfile "$DIR/ca/root.crt" -untrusted "$DIR/ca/identity.crt" "$DIR/good.pem"
    run openssl verify -crl_check_all -CRLfile "$DIR/crls.pem" -CAfile "$DIR/ca/root.crt" -untrusted "$DIR/ca/identity.crt" "$DIR/bad.pem"
    [ "$status" -ne 0 ]
    [[ $output == *revoked* ]]
}

@test "F-25 I5: every certificate of the register is accepted by openssl verify -x509_strict, on a left-behind folder" {
    serve
    request one $(seq -f '3012-%06g' 1 5)
    tell BootstrapRequest '<model>3012</model>' | grep -q '<pack>'
    stop ca
    cat "$DIR"/ca/{identity,bootstrap,infrastructure}.crt >"$DIR/cas.pem"
    ca export --certificates | jq -c . >"$DIR/export"
    [ "$(jq -r .kind "$DIR/export" | sort | uniq -c | tr -s ' \n' ' ')" = " 1 bootstrap 5 device 2 infrastructure 3 issuing 1 root " ]
    while read -r line; do
        jq -r .certificate <<<"$line" >"$DIR/one.pem"
        openssl verify -x509_strict -CAfile "$DIR/ca/root.crt" -untrusted "$DIR/cas.pem" "$DIR/one.pem"
    done <"$DIR/export"
}

@test "I15: an entry of the audit trail that was changed or removed is named, and fsck says so" {
    serve
    request one 3012-000001 3012-000002
    stop ca
    ca audit verify
    ca audit list --about 3012-000001 | grep -q ' issue 3012-000001 '
    sqlite3 "$DIR/ca/register.db" 'CREATE TABLE keep AS SELECT * FROM audit; UPDATE audit SET actor = "operator:nobody" WHERE n = 9'
    run ca audit verify
    [ "$status" -eq 1 ]
    [[ $output == *"entry 9 "* ]]
    sqlite3 "$DIR/ca/register.db" 'DELETE FROM audit; INSERT INTO audit SELECT * FROM keep; DELETE FROM audit WHERE n = 10'
    run ca fsck
    [ "$status" -eq 1 ]
    [[ $output == *"entry 10 "* ]]
}

@test "I2 I5 I15: a certificate of a batch that was exchanged, taken out or put in shows in the audit trail, and fsck tells what was never signed" {
    serve
    request one 3012-000001 3012-000002 3012-000003
    stop ca
    db=$DIR/ca/register.db
    ca audit verify
    ca audit list | grep -q ' ca issue one slice=1 certificates=3 first=3012-000001 last=3012-000003 requester=factory-1 digest='
    nameplate trace 3012-000002 --dir "$DIR" | grep -q 'ca  *issue .*order=4711 requester=factory-1 slice=1'
    ca fsck | grep -q '^bodies without a certificate  *none$'
    sqlite3 "$db" "INSERT INTO body VALUES (x'41', x'30', 'bootstrap', '3099-BOOTSTRAP', 'bootstrap', 'factory-1', 1)"
    ca fsck | grep -q '^bodies without a certificate  *1, the first: bootstrap 3099-BOOTSTRAP for factory-1$'
    run sqlite3 "$db" "UPDATE certificate SET fingerprint = zeroblob(32) WHERE subject = '3012-000002'"
    [ "$status" -ne 0 ]
    cp "$db" "$DIR/keep.db"
    sqlite3 "$db" "DROP TRIGGER certificate_same; UPDATE certificate SET fingerprint = zeroblob(32) WHERE subject = '3012-000002'"
    run ca audit verify
    [ "$status" -eq 1 ]
    [[ $output == *"slice 1 "* ]]
    cp "$DIR/keep.db" "$db"
    sqlite3 "$db" "DROP TRIGGER certificate_stays; DELETE FROM certificate WHERE subject = '3012-000003'"
    run ca audit verify
    [ "$status" -eq 1 ]
    [[ $output == *"slice 1 "* ]]
    cp "$DIR/keep.db" "$db"
    sqlite3 "$db" "INSERT INTO slice (request, position, numbers, issued_at) VALUES (1, 9, 1, 1);
        INSERT INTO certificate (kind, subject, generation, issuer, order_id, requester, request, position, state, serial, fingerprint, der, created_at, slice)
        VALUES ('device', '3012-000004', 1, 'identity', 1, 'factory-1', 1, 9, 'stored', x'42', zeroblob(32), x'30', 1, last_insert_rowid())"
    run ca audit verify
    [ "$status" -eq 1 ]
    [[ $output == *"3012-000004"* ]]
    cp "$DIR/keep.db" "$db"
    ca fsck | grep -q '^one certificate per key  *good$'
    sqlite3 "$db" "DROP TRIGGER certificate_same; UPDATE certificate SET key = (SELECT key FROM certificate WHERE subject = '3012-000001')
        WHERE subject = '3012-000003'"
    run ca fsck
    [ "$status" -eq 1 ]
    [[ $output == *"3012-000003 generation 1: the certificate does not have the key on record"* ]]
    [[ $output == *"one certificate per key "*"certificates of 3012-000001 and 3012-000003 have the same key"* ]]
}

@test "I1 I5 I8: the register itself refuses a second live identity, a removed row and a way back" {
    serve
    request one 3012-000001
    stop ca
    ca revoke 3012-000001
    db=$DIR/ca/register.db
    run sqlite3 "$db" "DELETE FROM certificate WHERE subject = '3012-000001'"
    [ "$status" -ne 0 ]
    run sqlite3 "$db" "UPDATE certificate SET state = 'stored' WHERE subject = '3012-000001'"
    [ "$status" -ne 0 ]
    run sqlite3 "$db" "UPDATE certificate SET state = 'written' WHERE kind = 'device'"
    [ "$status" -ne 0 ]
}

@test "the front ends with a message when the signer dies, and everything is there after the next start" {
    serve
    front=${PID[ca]}
    kill -KILL "$(pgrep -P "$front")"
    wait "$front" && status=0 || status=$?
    unset "PID[ca]"
    [ "$status" -eq 1 ]
    grep -q 'signer process has ended' "$DIR/ca.err"
    serve
    request one 3012-000001
    grep -q '<pack>' "$DIR/answer.xml"
}

@test "health, readiness, metrics and the WSDL are served" {
    serve
    get() { curl -sS --cacert "$DIR/ca/root.crt" "https://$(address ca)$1"; }
    [ "$(get /healthz)" = ok ]
    [ "$(get /readyz)" = ready ]
    get /metrics | grep -q '^nameplate_ca_signer_up 1'
    get '/?wsdl' | xmllint --noout -
    get '/soap/ca?wsdl' | grep -q 'CertificateTransmissionRequest'
}
