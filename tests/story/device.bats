load lib

# A root certificate for the firmware; who issued it does not matter here.
setup() {
    story_begin
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$DIR/root.key" -out "$DIR/root.pem" \
        -subj /CN=root -days 10 2>/dev/null
}
teardown() { story_end; }

make_device() { nameplate device new --model 3012 --serial 123456 --root "$DIR/root.pem" --dir "$DIR/d" "$@" >/dev/null; }

# D-1, D-2
@test "a new device is a blank board that knows its number" {
    make_device --board B-7
    run nameplate device show --dir "$DIR/d"
    same "$status" 0
    has "$output" "3012-123456"
    has "$output" "blank"
    has "$output" "B-7"
    same "$(stat -c %s "$DIR/d/flash.bin") $(stat -c %s "$DIR/d/nvram.bin")" "65536 8192"
}

@test "a device without a root certificate says that it cannot run, and what can be done with it" {
    run nameplate device new --model 3012 --serial 1 --dir "$DIR/rootless"
    same "$status" 0
    has "$output" "--root FILE"
    has "$output" "next: nameplate device show --dir $DIR/rootless"
    run nameplate device run --dir "$DIR/rootless" --listen 127.0.0.1:0
    same "$status" 1
    has "$output" "--root FILE"
}

@test "a device is not made over another one" {
    make_device
    cp "$DIR/d/nvram.bin" "$DIR/before"
    run nameplate device new --model 3012 --serial 999999 --dir "$DIR/d"
    same "$status" 1
    cmp "$DIR/before" "$DIR/d/nvram.bin"
}

# F-23: the number is written at assembly, once
@test "a bare board takes one number and keeps it" {
    nameplate device new --model 3012 --root "$DIR/root.pem" --dir "$DIR/d" >/dev/null
    nameplate device number 3012-000007 --dir "$DIR/d"
    nameplate device number 3012-000007 --dir "$DIR/d"
    run nameplate device number 3012-000008 --dir "$DIR/d"
    same "$status" 1
    has "$output" "3012-000007 already"
}

@test "a device runs once at a time, and again after a kill -9" {
    make_device
    start device nameplate device run --dir "$DIR/d" --listen 127.0.1.2:0
    run nameplate device run --dir "$DIR/d" --listen 127.0.1.2:0
    same "$status" 1
    has "$output" "another process"
    kill -9 "${PID[device]}"
    start device nameplate device run --dir "$DIR/d" --listen 127.0.1.2:0
    stop device
    run nameplate device show --dir "$DIR/d"
    has "$output" "starts              2"
}

# F-12: whoever shows no station's certificate is turned away before anything is said
@test "a caller without a certificate gets no answer" {
    make_device
    start device nameplate device run --dir "$DIR/d" --listen 127.0.1.2:0
    run curl -sk --max-time 5 "https://$(address device)/soap/device?wsdl"
    [ "$status" -ne 0 ]
    same "$output" ""
}

@test "a swarm answers each command with one line" {
    run sh -c 'printf "new 3012 1\nplug 3012-1\nshow 3012-1\nunplug\nplug 3012-2\nfoo\n" |
        "$BUILD/nameplate" device swarm --dir "$DIR/s" --root "$DIR/root.pem" --listen 127.0.1.2:0 2>/dev/null'
    same "$status" 0
    same "${#lines[@]}" 7
    has "${lines[0]}" "ready device 127.0.1.2:"
    same "${lines[1]}" "ok 3012-1"
    same "${lines[2]}" "ok 3012-1 blank"
    has "${lines[3]}" "generation=0 fingerprint=- starts=1"
    same "${lines[4]}" "ok"
    has "${lines[5]}" "error "
    has "${lines[6]}" "error "
}

@test "trace tells a device's own history, and that a number is unknown" {
    make_device
    run nameplate trace 3012-123456 --dir "$DIR/d"
    same "$status" 0
    has "$output" "assembled"
    run nameplate trace 3012-999999 --dir "$DIR/d"
    same "$status" 1
}

@test "a swarm in the field is 100,000 devices in one process" {
    cp "$ROOT/tests/fuzz/corpus/pack/device" "$DIR/packs"
    for _ in $(seq 17); do
        cat "$DIR/packs" "$DIR/packs" >"$DIR/more"
        mv "$DIR/more" "$DIR/packs"
    done
    # nobody listens there: each that has its turn says so, and comes again
    has "$(nameplate device swarm --field 127.0.0.1:1 --identities "$DIR/packs" --count 100000 --interval 3600 --seconds 1)" \
        "swarm ended: 100000 devices, 0 connected"
}
