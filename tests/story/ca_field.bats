#!/usr/bin/env bats
# What the CA does for the centre (M-6, M-8; I1, I2, I5, I8, I10): which identities there are, renewal, replacement,
# revocation. curl plays the factory server and the centre, openssl the device.

load lib

ca() { nameplate ca "$@" --dir "$DIR/ca"; }

setup_file() { made_once enrolled_ca; }
setup() { story_begin; serve; }
teardown() { story_end; }
teardown_file() { made_end; }

enrolled_ca() {
    ca init >"$DIR/init.txt"
    sed -i 's/^port = .*/port = 0/' "$DIR/ca/nameplate.conf"
    ca order add 4711 --factory factory-1 --model 3012 --quantity 3
    ca order add 4714 --factory factory-1 --model 3014 --quantity 3 --profile gateway
    serve
    enrol factory factory-1
    enrol center center-1
}

serve() { start ca "$BUILD/nameplate-ca" serve --dir "$DIR/ca"; }

envelope() { # MESSAGE-ID BODY
    printf '<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" xmlns:a="http://www.w3.org/2005/08/addressing">'
    printf '<s:Header><a:MessageID>%s</a:MessageID></s:Header><s:Body>%s</s:Body></s:Envelope>' "$1" "$2"
}

# ask WHO OPERATION BODY: the answer on standard output; WHO "" has no certificate.
ask() {
    local who=()
    [ -z "$1" ] || who=(--cert "$DIR/$1.crt" --key "$DIR/$1.key")
    envelope "urn:story:$RANDOM$RANDOM" "<$2 xmlns=\"urn:nameplate:ca:1\">$3</$2>" >"$DIR/ask.xml"
    curl -sS --max-time 300 --cacert "$DIR/ca/root.crt" "${who[@]}" -H 'Content-Type: application/soap+xml; charset=utf-8' \
        --data-binary @"$DIR/ask.xml" "https://$(address ca)/soap/ca"
}

field() { # NAME: the content of the first such element on standard input
    grep -o "<$1>[^<]*" | head -1 | cut -d'>' -f2
}

new_key() { # NAME: $DIR/NAME.key and NAME.csr
    openssl ecparam -name prime256v1 -genkey -noout -out "$DIR/$1.key"
    openssl req -new -key "$DIR/$1.key" -subj /CN=ignored -outform DER -out "$DIR/$1.csr"
}

enrol() { # ROLE NAME
    new_key "$2"
    ask '' EnrolmentRequest "<token>$(ca token add --role "$1" --name "$2")</token><csr>$(base64 -w0 "$DIR/$2.csr")</csr>" >"$DIR/enrol.out"
    { field certificate <"$DIR/enrol.out" | base64 -d | openssl x509 -inform DER
      field der <"$DIR/enrol.out" | base64 -d | openssl x509 -inform DER; } >"$DIR/$2.crt"
}

# exported NUMBER GENERATION FIELD
exported() { ca export | jq -r "select(.number == \"$1\" and .generation == $2) | .$3"; }
print() { exported "$1" "$2" fingerprint | xxd -r -p | base64 -w0; } # NUMBER GENERATION: its fingerprint in base64

# written NUMBER...: made at the factory and in their devices
written() {
    local number body=
    for number; do body+="<certificate><deviceNumber>$number</deviceNumber></certificate>"; done
    ask factory-1 CertificateTransmissionRequest "$body" >"$DIR/made.xml"
    for number; do
        ask factory-1 OutcomeReport "<outcome><deviceNumber>$number</deviceNumber><fingerprint>$(print "$number" 1)</fingerprint><outcome>written</outcome></outcome>" |
            grep -q '<state>written<'
    done
}

list() { ask center-1 IdentityListRequest "<cursor>$1</cursor>"; }
states() { grep -o '<deviceNumber>[^<]*</deviceNumber><generation>[^<]*</generation><state>[^<]*' | sed 's/<[^>]*>/ /g' | xargs -n3 | sort; }
last_cursor() { grep -o '<cursor>[0-9]*' | tail -1 | cut -d'>' -f2; }

# issue REASON NUMBER REPLACES-GENERATION CSR: the answer in $DIR/issue.xml
issue() {
    local replaces=
    [ "$3" = 0 ] || replaces="<replaces>$(print "$2" "$3")</replaces>"
    ask center-1 IdentityIssueRequest "<deviceNumber>$2</deviceNumber><reason>$1</reason>$replaces<csr>$(base64 -w0 "$DIR/$4.csr")</csr>" >"$DIR/issue.xml"
}

settle() { # NUMBER GENERATION OUTCOME [REASON]
    ask center-1 IdentityOutcome "<deviceNumber>$1</deviceNumber><fingerprint>$(print "$1" "$2")</fingerprint><outcome>$3</outcome>${4:+<reason>$4</reason>}"
}

listed() { # NUMBER GENERATION: in the CA's revocation list
    ask center-1 RevocationListRequest '' | grep -o '<der>[^<]*' | cut -d'>' -f2 | while read -r der; do
        base64 -d <<<"$der" | openssl crl -inform DER -noout -text
    done | grep -qi "Serial Number: $(exported "$1" "$2" serial)"
}

# The end of each story.
sound() { stop ca && ca fsck >"$DIR/fsck.txt" && ca audit verify >/dev/null || { cat "$DIR/fsck.txt" >&2; return 1; }; }

@test "M-6: the centre is told of every identity that is in a device, each change once, in pages; nobody else is" {
    written 3012-000001 3012-000002 3014-000001
    ask factory-1 CertificateTransmissionRequest '<certificate><deviceNumber>3012-000003</deviceNumber></certificate>' >/dev/null
    list 0 >"$DIR/list.xml"
    same "$(states <"$DIR/list.xml")" $'3012-000001 1 written\n3012-000002 1 written\n3014-000001 1 written'
    grep -q '<more>false<' "$DIR/list.xml"
    cursor=$(last_cursor <"$DIR/list.xml")
    same "$(list "$cursor" | states)" ""
    settle 3012-000002 1 admitted | grep -q '<state>field<'
    settle 3012-000002 1 admitted | grep -q '<state>field<'
    same "$(list "$cursor" | states)" "3012-000002 1 field"
    same "$(list 0 | states | wc -l)" 3
    list 1000000 | grep -q '>BAD_INPUT<'
    settle 3012-000003 1 admitted | grep -q '>BAD_TRANSITION<'
    # the lists are sent when they have changed
    known=$(ask center-1 RevocationListRequest '' | grep -o '<der>[^<]*' | cut -d'>' -f2 | while read -r der; do base64 -d <<<"$der"; done |
        openssl dgst -sha256 -binary | base64)
    ask center-1 RevocationListRequest "<known>$known</known>" >"$DIR/lists.xml"
    grep -q 'RevocationListRequestResponse' "$DIR/lists.xml"
    ! grep -q '<der>' "$DIR/lists.xml"
    settle 3012-000001 1 revoked | grep -q '<state>revoked<'
    ask center-1 RevocationListRequest "<known>$known</known>" | grep -q '<der>'
    for message in IdentityListRequest IdentityIssueRequest IdentityOutcome; do
        ask factory-1 "$message" '<cursor>0</cursor>' >"$DIR/no.xml" || true
        ! grep -q 'deviceNumber' "$DIR/no.xml"
    done
    ask factory-1 IdentityListRequest '<cursor>0</cursor>' | grep -q '>NOT_ALLOWED<'
    sound
}

@test "M-8 I1 I10: a renewed identity is made beside the old one, in force when confirmed, and the same after kill -9" {
    written 3012-000001 3012-000002
    new_key new
    issue renewal 3012-000001 1 new
    cp "$DIR/issue.xml" "$DIR/first.xml"
    field certificate <"$DIR/first.xml" | base64 -d >"$DIR/new.der"
    openssl x509 -inform DER -in "$DIR/new.der" -out "$DIR/new.pem"
    same "$(openssl x509 -in "$DIR/new.pem" -noout -pubkey)" "$(openssl pkey -in "$DIR/new.key" -pubout)"
    nameplate verify --profile device --ca "$DIR/ca/root.crt" --untrusted "$DIR/ca/identity.crt" "$DIR/new.pem" | grep -q 3012-000001
    same "$(exported 3012-000001 1 state) $(exported 3012-000001 2 state)" "written renewing"
    kill9 ca
    serve
    issue renewal 3012-000001 1 new
    same "$(field certificate <"$DIR/issue.xml")" "$(field certificate <"$DIR/first.xml")"
    same "$(ca export | jq -s '[.[] | select(.number == "3012-000001")] | length')" 2
    settle 3012-000001 2 confirmed | grep -q '<state>field<'
    settle 3012-000001 2 confirmed | grep -q '<state>field<'
    same "$(exported 3012-000001 1 state) $(exported 3012-000001 2 state)" "superseded field"
    listed 3012-000001 1
    ! listed 3012-000001 2
    issue renewal 3012-000001 2 new
    same "$(field certificate <"$DIR/issue.xml")" "$(field certificate <"$DIR/first.xml")"
    same "$(list 0 | states)" $'3012-000001 1 superseded\n3012-000001 2 field\n3012-000002 1 written'
    same "$(ca account --json | jq -c 'select(.order == "4711") | [.issued, .written, .on_hand, .voided, .superseded]')" '[3,2,0,0,1]'
    ask factory-1 AccountRequest '<order>4711</order>' | grep -q '<issued>2</issued>'
    written 3012-000003 # the order has room for its third device still
    ask factory-1 CertificateTransmissionRequest '<certificate><deviceNumber>3012-000001</deviceNumber></certificate>' | grep -q '>LIVE_IDENTITY<'
    sound
}

@test "M-8: who may not be renewed is not: another's fingerprint, a used key, a number that never was in a device, a bad request" {
    written 3012-000001 3012-000002
    new_key a
    new_key b
    issue renewal 3012-000009 0 a
    grep -q '>NOT_FOUND<' "$DIR/issue.xml"
    ask factory-1 CertificateTransmissionRequest '<certificate><deviceNumber>3012-000003</deviceNumber></certificate>' >/dev/null
    issue renewal 3012-000003 1 a
    grep -q '>BAD_TRANSITION<' "$DIR/issue.xml"
    issue renewal 3012-000001 0 a
    grep -q '>CONFLICT<' "$DIR/issue.xml"
    ask center-1 IdentityIssueRequest "<deviceNumber>3012-000001</deviceNumber><reason>renewal</reason><replaces>$(print 3012-000002 1)</replaces><csr>$(base64 -w0 "$DIR/a.csr")</csr>" |
        grep -q '>CONFLICT<'
    cp "$DIR/a.csr" "$DIR/bent.csr"
    printf '\x01' | dd of="$DIR/bent.csr" bs=1 seek=$(($(stat -c %s "$DIR/a.csr") - 5)) conv=notrunc status=none
    issue renewal 3012-000001 1 bent
    grep -qE '>BAD_(SIGNATURE|KEY|INPUT)<' "$DIR/issue.xml"
    issue gift 3012-000001 1 a
    grep -q '>BAD_INPUT<' "$DIR/issue.xml"
    same "$(ca export | jq -s '[.[] | select(.generation == 2 and .kind == "device")] | length')" 0
    issue renewal 3012-000001 1 a
    grep -q '<certificate>' "$DIR/issue.xml"
    issue renewal 3012-000002 1 a
    grep -q '>CONFLICT<' "$DIR/issue.xml"
    openssl req -new -key "$DIR/a.key" -subj /CN=other -outform DER -out "$DIR/c.csr"
    issue renewal 3012-000002 1 c
    grep -q '>CONFLICT<' "$DIR/issue.xml"
    # the device made a new key before it confirmed: the one before is void
    issue renewal 3012-000001 1 b
    same "$(exported 3012-000001 2 state) $(exported 3012-000001 3 state)" "voided renewing"
    listed 3012-000001 2
    issue renewal 3012-000001 1 a
    grep -q '>CONFLICT<' "$DIR/issue.xml"
    settle 3012-000001 2 confirmed | grep -q '>BAD_TRANSITION<'
    settle 3012-000001 3 admitted | grep -q '<state>renewing<'
    settle 3012-000001 3 confirmed | grep -q '<state>field<'
    settle 3012-000001 1 confirmed | grep -q '>BAD_TRANSITION<'
    sound
}

@test "M-8 I8: a replacement board gets the number's new identity, the old one is revoked first; scrapped is revoked at once" {
    written 3014-000001
    settle 3014-000001 1 admitted | grep -q '<state>field<'
    new_key board
    issue replacement 3014-000001 0 board
    same "$(exported 3014-000001 1 state) $(exported 3014-000001 2 state)" "superseded renewing"
    listed 3014-000001 1
    field certificate <"$DIR/issue.xml" | base64 -d | openssl x509 -inform DER -noout -ext extendedKeyUsage | grep -q 'TLS Web Server Authentication'
    settle 3014-000001 2 admitted | grep -q '<state>field<'
    settle 3014-000001 2 revoked cessation-of-operation | grep -q '<state>revoked<'
    settle 3014-000001 2 revoked cessation-of-operation | grep -q '<state>revoked<'
    listed 3014-000001 2
    settle 3014-000001 2 admitted | grep -q '>BAD_TRANSITION<'
    new_key again
    issue renewal 3014-000001 2 again
    grep -q '>BAD_TRANSITION<' "$DIR/issue.xml"
    issue replacement 3014-000001 0 again
    grep -q '<certificate>' "$DIR/issue.xml"
    settle 3014-000001 3 revoked | grep -q '<state>voided<'
    listed 3014-000001 3
    has "$(ca show 3014-000001)" "center:center-1"
    has "$(ca audit list --about 3014-000001)" "replacement"
    sound
}

@test "M-8 I8: who is revoked loses what it asked for, too" {
    written 3012-000001 3012-000002
    new_key a
    new_key b
    issue renewal 3012-000001 1 a
    settle 3012-000001 1 revoked key-compromise | grep -q '<state>revoked<'
    same "$(exported 3012-000001 2 state)" voided
    listed 3012-000001 2
    settle 3012-000001 2 admitted | grep -q '>BAD_TRANSITION<'
    issue renewal 3012-000001 1 a
    grep -q '>CONFLICT<' "$DIR/issue.xml"
    issue renewal 3012-000002 1 b
    ca revoke 3012-000002 --reason key-compromise
    same "$(exported 3012-000002 1 state) $(exported 3012-000002 2 state)" "revoked voided"
    settle 3012-000002 2 confirmed | grep -q '>BAD_TRANSITION<'
    sound
}

@test "a register from before the field is brought up to date: its identities are told, and can be renewed" {
    written 3012-000001
    stop ca
    # as version 4 had it
    sqlite3 "$DIR/ca/register.db" "DROP INDEX certificate_key; DROP TRIGGER certificate_same; ALTER TABLE certificate DROP COLUMN key;
        CREATE TRIGGER certificate_same BEFORE UPDATE OF serial, fingerprint, der ON certificate
            BEGIN SELECT RAISE(ABORT, 'a certificate is never changed'); END;
        DROP TRIGGER certificate_feed; DROP TABLE feed; DROP TABLE renewal; DROP INDEX certificate_renewing;
        DROP INDEX certificate_field; DROP INDEX certificate_replaces; ALTER TABLE certificate DROP COLUMN replaces;
        PRAGMA writable_schema = ON;
        UPDATE sqlite_schema SET sql = replace(replace(replace(sql, ',''renewing''', ''), '(request IS NOT NULL OR body IS NOT NULL)',
            'request IS NOT NULL'), ' OR body IS serial', '') WHERE name = 'certificate' AND type = 'table';
        PRAGMA writable_schema = RESET; PRAGMA user_version = 4;"
    ! sqlite3 "$DIR/ca/register.db" "SELECT sql FROM sqlite_schema WHERE name = 'certificate'" | grep -qE "renewing|body IS NOT NULL|OR body IS serial"
    serve
    same "$(list 0 | states)" "3012-000001 1 written"
    new_key new
    issue renewal 3012-000001 1 new
    settle 3012-000001 2 confirmed | grep -q '<state>field<'
    same "$(list 0 | states)" $'3012-000001 1 superseded\n3012-000001 2 field'
    sound
}

# Between what is recorded and what is signed the signer ends: its second step is refused by the database.
stop_before_issue() { sqlite3 "$DIR/ca/register.db" "CREATE TRIGGER story_stop BEFORE INSERT ON certificate BEGIN SELECT RAISE(ABORT, 'stop'); END"; }
go_on() { sqlite3 "$DIR/ca/register.db" 'DROP TRIGGER story_stop'; }
recorded() { sqlite3 "$DIR/ca/register.db" "SELECT lower(hex(serial)) FROM renewal WHERE csr = x'$(sha256sum <"$DIR/$1.csr" | cut -d' ' -f1)'"; }

@test "I5: what is recorded and not signed is signed as recorded, or its serial number is on the revocation list" {
    written 3012-000001 3012-000002 3012-000003
    new_key a
    new_key b
    new_key c
    stop_before_issue
    for n in 1:a 2:b 3:c; do
        issue renewal "3012-00000${n%:*}" 1 "${n#*:}"
        ! grep -q '<certificate>' "$DIR/issue.xml"
    done
    go_on
    [ -n "$(recorded a)" ]
    issue renewal 3012-000001 1 a
    same "$(exported 3012-000001 2 serial)" "$(recorded a)"
    # another key is sent instead
    new_key other
    issue renewal 3012-000002 1 other
    same "$(exported 3012-000002 2 state) $(exported 3012-000002 2 serial)" "voided $(recorded b)"
    same "$(exported 3012-000002 3 state)" renewing
    listed 3012-000002 2
    issue renewal 3012-000002 1 b
    grep -q '>CONFLICT<' "$DIR/issue.xml"
    # who asked is revoked
    settle 3012-000003 1 revoked | grep -q '<state>revoked<'
    issue renewal 3012-000003 1 c
    grep -q '>CONFLICT<' "$DIR/issue.xml"
    sound
}

@test "I5 I10: killed at any moment between request and answer, a renewal is signed once on record" {
    written 3012-000001
    for i in 1 2 3 4 5 6; do
        new_key "k$i"
        (issue renewal 3012-000001 1 "k$i" 2>/dev/null) &
        sleep "0.0$((i * 3 % 10))"
        kill9 ca
        wait %+ 2>/dev/null || true
        serve
        issue renewal 3012-000001 1 "k$i"
        field certificate <"$DIR/issue.xml" >"$DIR/k$i.one"
        [ -s "$DIR/k$i.one" ]
        issue renewal 3012-000001 1 "k$i"
        field certificate <"$DIR/issue.xml" | cmp - "$DIR/k$i.one"
    done
    same "$(ca export | jq -s '[.[] | select(.number == "3012-000001" and .state == "renewing")] | length')" 1
    same "$(ca export | jq -s '[.[] | select(.number == "3012-000001" and .state == "written")] | length')" 1
    sound
}

@test "the factory server's books agree with the CA's when devices were renewed, replaced and revoked in the field; trace tells of it" {
    stop ca
    rm -r "$DIR/ca"
    "${BUILD_FAST:-$BUILD}/nameplate" demo --devices 6 --dir "$DIR/f" >"$DIR/demo.out"
    ln -s f/ca "$DIR/ca"
    serve
    enrol center center-1
    local numbers
    mapfile -t numbers < <(ca export | jq -r 'select(.kind == "device" and (.state == "written" or .state == "field") and .generation == 1) | .number')
    new_key a
    new_key b
    issue renewal "${numbers[0]}" 1 a
    settle "${numbers[0]}" 2 confirmed | grep -q '<state>field<'
    issue renewal "${numbers[1]}" 1 b
    settle "${numbers[2]}" 1 revoked | grep -q '<state>revoked<'
    nameplate factory reconcile --dir "$DIR/f/factory" >"$DIR/reconcile.txt" || { cat "$DIR/reconcile.txt" >&2; return 1; }
    nameplate trace "${numbers[0]}" --dir "$DIR/f" >"$DIR/trace.txt"
    has "$(cat "$DIR/trace.txt")" renewal
    [ "$(grep -n ' confirmed' "$DIR/trace.txt" | cut -d: -f1)" -gt "$(grep -n ' renewal' "$DIR/trace.txt" | cut -d: -f1)" ]
    sound
}
