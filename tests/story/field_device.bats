load lib

# A device in the field, as far as it goes by itself: its remote functions, its counters, its jobs.
setup() {
    story_begin
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$DIR/root.key" -out "$DIR/root.pem" \
        -subj /CN=root -days 10 2>/dev/null
}
teardown() { story_end; }

make_device() { nameplate device new --model 3012 --serial 123456 --root "$DIR/root.pem" --dir "$DIR/d" "$@" >/dev/null; }

counter() { nameplate device show --dir "$DIR/d" | awk -v name="$1" '$1 == "counter" && $2 == name { print $3 }'; }

# D-3
@test "the remote functions are a memory of their own, that is added once" {
    make_device --without-remote
    [ ! -e "$DIR/d/option.bin" ]
    run nameplate device event supply-low --dir "$DIR/d"
    same "$status" 1
    has "$output" "nameplate device remote"
    nameplate device remote --dir "$DIR/d" --url https://127.0.0.1:9
    same "$(stat -c %s "$DIR/d/option.bin")" 278528
    has "$(nameplate device show --dir "$DIR/d")" "field.url=https://127.0.0.1:9"
    nameplate device event supply-low "black toner" --dir "$DIR/d"
    run nameplate device remote --dir "$DIR/d"
    same "$status" 0
    has "$output" "has its remote functions"
}

# M-5: counted by whoever is there, the device that runs or the command, and kept over kill -9
@test "what is counted stays counted" {
    make_device
    nameplate device count copy 12 --dir "$DIR/d"
    start device nameplate device run --dir "$DIR/d" --listen 127.0.1.2:0
    nameplate device count copy 3 --dir "$DIR/d"
    nameplate device count fax 1 --dir "$DIR/d"
    kill9 device
    same "$(counter copy)" 15
    start device nameplate device run --dir "$DIR/d" --listen 127.0.1.2:0
    nameplate device count copy 1 --dir "$DIR/d"
    stop device
    same "$(counter copy)" 16
    same "$(counter fax)" 1
}

# M-5: a threshold lies in the NVRAM, set by whoever is there, and is told once, when the counter passes it
@test "a threshold is kept over kill -9, and told once when it is passed, also while the device is off" {
    make_device
    nameplate device threshold copy 10 --dir "$DIR/d"
    start device nameplate device run --dir "$DIR/d" --listen 127.0.1.2:0
    nameplate device threshold fax 3 --dir "$DIR/d"
    nameplate device count copy 9 --dir "$DIR/d"
    nameplate device job fax 2 --dir "$DIR/d"
    kill9 device
    has "$(nameplate device show --dir "$DIR/d")" "threshold.copy=10"
    ! grep -q counter-threshold "$DIR/d/history.jsonl"
    nameplate device count copy 1 --dir "$DIR/d"
    has "$(nameplate device show --dir "$DIR/d")" "threshold.copy=10 told"
    start device nameplate device run --dir "$DIR/d" --listen 127.0.1.2:0
    nameplate device job fax 2 --dir "$DIR/d"
    nameplate device count copy 5 --dir "$DIR/d"
    stop device
    same "$(grep -c counter-threshold "$DIR/d/history.jsonl")" 2
    has "$(cat "$DIR/d/history.jsonl")" "copy passed 10: 10"
    has "$(cat "$DIR/d/history.jsonl")" "fax passed 3: 3"
    run nameplate device threshold water 5 --dir "$DIR/d"
    same "$status" 1
    has "$output" "water is not in this device"
}

# A command that counts has the memory for a moment; a device that starts again just then does not give up.
@test "a device starts when the memory is free again, and not when another runs on" {
    make_device
    flock "$DIR/d/flash.bin" sleep 0.7 3>&- &
    sleep 0.2
    start device nameplate device run --dir "$DIR/d" --listen 127.0.1.2:0
    run nameplate device run --dir "$DIR/d" --listen 127.0.1.2:0
    same "$status" 1
    has "$output" "the device is running in another process"
    stop device
}

# D-5: two jobs that want the same hardware run one after the other; each page is counted
@test "jobs run in the device that runs, and are counted page by page" {
    make_device
    run nameplate device job copy 2 --dir "$DIR/d"
    same "$status" 1
    has "$output" "no device runs here"
    start device nameplate device run --dir "$DIR/d" --listen 127.0.1.2:0
    nameplate device job copy 5 --dir "$DIR/d" &
    nameplate device job print 4 --dir "$DIR/d"
    wait $!
    run nameplate device job web 1 --dir "$DIR/d"
    same "$status" 1
    stop device
    same "$(counter copy)" 5
    same "$(counter print)" 4
}

# D-7
@test "a meter counts water and makes no copies" {
    make_device --applications water,gas
    nameplate device count water 250 --dir "$DIR/d"
    run nameplate device count copy 1 --dir "$DIR/d"
    same "$status" 1
    has "$output" "copy is not in this device"
    same "$(counter water)" 250
}
