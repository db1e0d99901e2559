# The main job: from a production plan to devices that prove their own identity. F-1 to F-7, F-10, F-13 to F-17, F-22,
# F-23, F-25; I1, I2, I4, I6, I10, I11, I14; D-1. With BUILD_FAST (a build without sanitizers) at full size.
load lib

DEVICES=${DEMO_DEVICES:-$([ -n "${BUILD_FAST:-}" ] && echo 1000 || echo 30)}

setup_file() {
    export DEMO=$(mktemp -d /tmp/nameplate-demo.XXXXXX)
    export PROGRAM=${BUILD_FAST:-$BUILD}/nameplate
    "$PROGRAM" demo --devices "$DEVICES" --dir "$DEMO/f" >"$DEMO/first.out" 2>"$DEMO/first.err" || {
        cat "$DEMO/first.out" "$DEMO/first.err" >&2
        return 1
    }
    "$PROGRAM" ca export --certificates --dir "$DEMO/f/ca" >"$DEMO/ca.jsonl"
}

teardown_file() { [ -n "${STORY_KEEP:-}" ] || rm -rf "$DEMO"; }

live() { jq -c 'select(.number != null and .number != "" and (.state == "written" or .state == "erased" or .state == "field") and (.kind == null or .kind == "device"))' "$DEMO/ca.jsonl"; }

@test "every planned device is written and proved, one nameplate is refused, one write is issued again" {
    has "$(cat "$DEMO/first.out")" "demo: $DEVICES planned, $DEVICES written, $DEVICES proved, 1 refused, 1 re-issued"
    same "$(grep -c '^demo: ' "$DEMO/first.out")" 1
}

@test "each site is a network of its own, and nothing of it is left behind" {
    # M-3: the sites are reached by their own polls alone
    [ "$(id -u)" = 0 ] && command -v ip >/dev/null || skip "needs root and ip(8)"
    has "$(cat "$DEMO/first.out")" "each site has a network of its own" || has "$(cat "$DEMO/first.out")" "no network namespaces here"
    local pid # of the demo that made it: others may be running
    for pid in $(ip netns | sed -n 's/^nameplate-\([0-9]*\)-[ABC].*/\1/p'); do
        [ -d "/proc/$pid" ] || { echo "left behind: $(ip netns)" >&2; return 1; }
    done
}

@test "in the field the counters of three sites come in, and five ways of cheating are refused" {
    # P-1, M-1, M-5, M-6: who answers for another is found out, by the centre's own words
    grep -qE '^demo: .*; field: 6 devices, 24 counters, 5 refused$' "$DEMO/first.out"
    same "$(grep -c 's  attempt [1-5]: ' "$DEMO/first.out")" 5
    same "$(grep -c 's  refused: ' "$DEMO/first.out")" 5
    grep -q 'refused: there is no agreement for this device' "$DEMO/first.out"
    grep -q 'refused: 3012-000002 sent a letter in the name of 3012-000001' "$DEMO/first.out"
    grep -q 'refused: 3012-000001 is not bound to the gateway 3014-000002' "$DEMO/first.out"
    same "$(grep -c 'refused: the device showed a token that is no longer valid' "$DEMO/first.out")" 2
    "$PROGRAM" center audit verify --dir "$DEMO/f/center"
}

@test "the lines went on while the CA was off, and one device survived a power cut" {
    has "$(cat "$DEMO/first.out")" "the CA is switched off"
    grep -qE 'the CA is on again: [1-9][0-9]* devices were written without it' "$DEMO/first.out"
    grep -q 'test-only-power-cut' "$DEMO"/f/log/devices-3.log
}

@test "there are as many different numbers, certificates and keys as devices" {
    same "$(live | jq -r .number | sort -u | wc -l)" "$DEVICES"
    same "$(live | jq -r .fingerprint | sort -u | wc -l)" "$DEVICES"
    same "$(live | jq -r .number | wc -l)" "$DEVICES"
}

@test "openssl and nameplate verify accept every identity" {
    mkdir "$DEMO/leaf"
    cat "$DEMO/f/ca/identity.crt" >"$DEMO/untrusted.pem"
    while IFS=$'\t' read -r number pem; do printf '%b' "$pem" >"$DEMO/leaf/$number.pem"; done < <(live | jq -r '[.number, .certificate] | @tsv')
    same "$(ls "$DEMO/leaf" | wc -l)" "$DEVICES"
    same "$(openssl verify -x509_strict -CAfile "$DEMO/f/ca/root.crt" -untrusted "$DEMO/untrusted.pem" "$DEMO"/leaf/*.pem | grep -c ': OK$')" "$DEVICES"
    local pem some=0
    for pem in $(ls "$DEMO"/leaf/*.pem | awk -v all="$DEVICES" 'all <= 100 || NR % 10 == 0'); do
        "$PROGRAM" verify --profile device --ca "$DEMO/f/ca/root.crt" --untrusted "$DEMO/untrusted.pem" "$pem" >/dev/null || { echo "refused: $pem" >&2; return 1; }
        some=$((some + 1))
    done
    [ "$some" -gt 0 ]
}

@test "gateways, and devices with gateway function, have identities that may serve; devices have none that does" {
    # M-1: made over the same line, by the same steps; profile "gateway" of their models
    local number serves
    while read -r number; do
        serves=$(openssl x509 -in "$DEMO/leaf/$number.pem" -noout -ext extendedKeyUsage | grep -c 'TLS Web Server Authentication' || true)
        case $number in 3014-* | 3015-*) same "$serves" 1 ;; *) same "$serves" 0 ;; esac
    done < <(live | jq -r .number | awk -v all="$DEVICES" 'all <= 100 || NR % 10 == 0')
    same "$(live | jq -r .number | cut -d- -f1 | sort -u | tr '\n' ' ')" "3012 3014 3015 "
}

@test "no private key of a device lies in the folders of CA, factory server, stations, or in a log" {
    # I14, F-17
    python3 "$BATS_TEST_DIRNAME/find_keys.py" "$DEMO/f" "$DEMO/f/factory" "$DEMO/f/ca" "$DEMO/f/line-1" "$DEMO/f/line-2" "$DEMO/f/line-3" "$DEMO/f/log" "$DEMO/f/center"
}

@test "the folders check clean and CA and factory server agree" {
    "$PROGRAM" ca fsck --dir "$DEMO/f/ca"
    "$PROGRAM" ca audit verify --dir "$DEMO/f/ca"
    "$PROGRAM" factory fsck --dir "$DEMO/f/factory"
    "$PROGRAM" factory audit verify --dir "$DEMO/f/factory"
}

@test "the three commands that the demo names work" {
    local command
    while read -r command; do
        bash -c "cd / && \"$PROGRAM\" ${command#nameplate }" >/dev/null || { echo "failed: $command" >&2; return 1; }
    done < <(sed -n 's/^  \(nameplate .*\)/\1/p' "$DEMO/first.out")
    same "$(grep -c '^  nameplate ' "$DEMO/first.out")" 3
}

@test "a second run in the same folder issues nothing twice" {
    # I10
    "$PROGRAM" demo --dir "$DEMO/f" >"$DEMO/second.out"
    has "$(tail -1 "$DEMO/second.out")" "demo: $DEVICES planned, $DEVICES written, $DEVICES proved"
    same "$("$PROGRAM" ca export --dir "$DEMO/f/ca" | wc -l)" "$(wc -l <"$DEMO/ca.jsonl")"
}

@test "a folder with somebody's own CA is left alone" {
    "$PROGRAM" ca init --dir "$DEMO/own/ca" >/dev/null
    before=$(cd "$DEMO/own/ca" && find . -type f -exec sha256sum {} + | sort)
    run "$PROGRAM" demo --devices 6 --dir "$DEMO/own"
    same "$status" 1
    has "$output" "that is no demo's"
    same "$(cd "$DEMO/own/ca" && find . -type f -exec sha256sum {} + | sort)" "$before"
}

@test "who interrupts the demo is told so, and the same command goes on" {
    "$PROGRAM" demo --devices 6 --dir "$DEMO/stopped" >"$DEMO/stopped.out" 2>&1 3>&- &
    local pid=$!
    until [ -e "$DEMO/stopped/ca/nameplate.conf" ] || ! kill -0 "$pid"; do sleep 0.1; done
    kill -INT "$pid"
    local status=0
    wait "$pid" || status=$?
    same "$status" 1
    has "$(cat "$DEMO/stopped.out")" "interrupted; the same command goes on from here"
}
