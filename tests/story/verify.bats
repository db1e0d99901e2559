load lib

setup() {
    story_begin
    cd "$DIR"
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout root.key -out root.pem -days 30 -subj "/CN=Root" \
        -addext "keyUsage=critical,keyCertSign,cRLSign" 2>/dev/null
    openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout leaf.key -out leaf.csr -subj "/CN=leaf" 2>/dev/null
    printf 'subjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\nkeyUsage=critical,digitalSignature\n' >leaf.ext
    openssl x509 -req -in leaf.csr -CA root.pem -CAkey root.key -out leaf.pem -days 10 -extfile leaf.ext 2>/dev/null
}
teardown() { story_end; }

@test "a good chain is accepted with status 0, and refused as a device identity with the reason in one line and status 1" {
    run nameplate verify --profile generic --ca root.pem leaf.pem
    same "$status" 0
    has "$output" 'accepted: CN=leaf'
    run nameplate verify --profile device --ca root.pem leaf.pem
    same "$status" 1
    has "$output" 'refused: '
    same "${#lines[@]}" 1
}

@test "the moment and the root decide" {
    run nameplate verify --ca root.pem --time 2020-01-01T00:00:00+01:00 leaf.pem
    same "$status" 1
    has "$output" 'not yet valid'
    has "$output" 'and is judged for 2019-12-31T23:00Z'
    run nameplate verify --ca leaf.pem leaf.pem
    same "$status" 1
}

@test "wrong use is status 2" {
    run nameplate verify leaf.pem
    same "$status" 2
    run nameplate verify --ca root.pem --profile other leaf.pem
    same "$status" 2
    run nameplate verify --ca root.pem --time yesterday leaf.pem
    same "$status" 2
    run nameplate verify --ca root.pem
    same "$status" 2
}

# revocation_list FILE SERIAL...: a list of the root, current, with these serial numbers on it.
revocation_list() {
    local to=$1 serial
    shift
    mkdir -p ca-db
    : >ca-db/index
    for serial; do printf 'R\t301231235959Z\t260101000000Z\t%s\tunknown\t/CN=leaf\n' "$serial" >>ca-db/index; done
    printf '[ca]\ndefault_ca=own\n[own]\ndatabase=ca-db/index\ndefault_md=sha256\ndefault_crl_days=%s\n' "${DAYS:-7}" >crl.cnf
    openssl ca -gencrl -config crl.cnf -keyfile root.key -cert root.pem -out "$to" 2>/dev/null
}

@test "a revocation list decides: a revoked certificate is refused, so is one whose issuer has no current list (F-26)" {
    serial=$(openssl x509 -in leaf.pem -noout -serial | cut -d= -f2)
    revocation_list clean.pem
    run nameplate verify --ca root.pem --crl clean.pem leaf.pem
    same "$status" 0
    revocation_list listed.pem "$serial"
    run nameplate verify --ca root.pem --crl listed.pem leaf.pem
    same "$status" 1
    has "$output" 'revoked'
    same "${#lines[@]}" 1
    openssl crl -in listed.pem -outform DER -out listed.der
    run nameplate verify --ca root.pem --crl listed.der leaf.pem
    same "$status" 1
    has "$output" 'revoked'
    run nameplate verify --ca root.pem --crl clean.pem --time "$(date -u -d '+9 days' +%FT%TZ)" leaf.pem
    same "$status" 1
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout other.key -out other.pem -days 30 -subj "/CN=Other" 2>/dev/null
    openssl ca -gencrl -config crl.cnf -keyfile other.key -cert other.pem -out other-list.pem 2>/dev/null
    run nameplate verify --ca root.pem --crl other-list.pem leaf.pem
    same "$status" 1
    run nameplate verify --ca root.pem --crl leaf.pem leaf.pem
    same "$status" 1
}

@test "a byte behind the certificate is refused, in PEM as in DER" {
    { openssl x509 -in leaf.pem -outform DER; printf '\0'; } >longer.der
    { echo '-----BEGIN CERTIFICATE-----'; base64 -w64 longer.der; echo '-----END CERTIFICATE-----'; } >longer.pem
    for file in longer.der longer.pem; do
        run nameplate verify --ca root.pem "$file"
        same "$status" 1
        has "$output" '1 bytes follow the certificate'
    done
}

@test "a delta list alone is no revocation list" {
    revocation_list clean.pem
    printf '01' >ca-db/number
    printf 'crlnumber=ca-db/number\ncrl_extensions=delta\n[delta]\nauthorityKeyIdentifier=keyid\n2.5.29.27=critical,DER:020100\n' >>crl.cnf
    openssl ca -gencrl -config crl.cnf -keyfile root.key -cert root.pem -out delta.pem 2>/dev/null
    run nameplate verify --ca root.pem --crl delta.pem leaf.pem
    same "$status" 1
    has "$output" 'delta list'
}

@test "a device identity is never its own root" {
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout own.key -out own.pem -days 30 -subj "/CN=3012-1/serialNumber=3012-1" \
        -config <(printf '[req]\ndistinguished_name=n\nx509_extensions=e\n[n]\n[e]\nsubjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid:always\nkeyUsage=critical,digitalSignature\nextendedKeyUsage=clientAuth\nsubjectAltName=otherName:1.3.6.1.5.5.7.8.4;SEQ:m\n[m]\na=OID:1.3.6.1.4.1.32473.1\nb=FORMAT:ASCII,OCT:3012-1\n') 2>/dev/null
    run nameplate verify --profile device --ca own.pem own.pem
    same "$status" 1
    has "$output" 'its own issuer'
}
