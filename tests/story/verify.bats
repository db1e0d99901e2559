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
