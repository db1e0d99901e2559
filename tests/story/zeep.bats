# A SOAP toolkit that is not ours (zeep) against the real programs: certificate transmission, pack request, typed
# faults, over mutual TLS with the root of `nameplate ca init`. F-3, F-4, F-5, F-10
load lib

setup() {
    story_begin
    [ -x /usr/bin/python3 ] && /usr/bin/python3 -c 'import zeep' || skip "python3-zeep is not installed"
    export PYTHONDONTWRITEBYTECODE=1
}
teardown() { story_end; }

zeep() { /usr/bin/python3 "$ROOT/tests/peer/$1.py" "${@:2}"; }

fingerprint() { sed -n 's/^root fingerprint (SHA-256): *//p' "$DIR/ca-init"; }

start_ca() {
    nameplate ca init --dir "$DIR/ca" --listen 127.0.0.1:0 >"$DIR/ca-init"
    start ca nameplate ca serve --dir "$DIR/ca"
    ca=https://$(address ca)
}

token() { nameplate ca token add --dir "$DIR/ca" --role "$1" --name "$2" | grep -oE '[0-9a-f]{32,}'; }

@test "a foreign client enrols at the CA, gets packs, the same again, and typed faults" {
    start_ca
    nameplate ca order add A1 --dir "$DIR/ca" --factory zeep --model 3012 --quantity 5 --first-serial 000001
    run zeep zeep_ca "$ca" "$DIR/ca/root.crt" "$(token factory zeep)" "$DIR/zeep"
    echo "$output"
    [ "$status" -eq 0 ]
    has "$output" "the same request, the same packs"
    stop ca
}

@test "a foreign client enrols as a station, gets the pack of one number, and typed faults" {
    start_ca
    nameplate ca order add A1 --dir "$DIR/ca" --factory factory-1 --model 3012 --quantity 3 --first-serial 000001
    echo 'a long password' >"$DIR/password"
    chmod 600 "$DIR/password"
    nameplate factory init --dir "$DIR/factory" --ca "$ca" --fingerprint "$(fingerprint)" \
        --token "$(token factory factory-1)" --admin admin --password-file "$DIR/password" --port 0 --admin-port 0
    start factory nameplate factory serve --dir "$DIR/factory"
    local as=(--dir "$DIR/factory" --user admin --password-file "$DIR/password")
    nameplate factory model add 3012 --name TYPE-1 "${as[@]}"
    nameplate factory station add line-a --line A "${as[@]}"
    printf 'date,model,quantity,first_serial\n%s,3012,3,000001\n' "$(date +%F)" >"$DIR/plan.csv"
    nameplate factory plan import "$DIR/plan.csv" "${as[@]}"
    nameplate factory request --date "$(date +%F)" "${as[@]}"
    wait_for_stock 3 "${as[@]}"
    run zeep zeep_factory "https://$(address factory factory)" "$DIR/ca/root.crt" "$(token station line-a)" "$DIR/zeep" \
        3012-000001 3012-000002 3012-000009
    echo "$output"
    [ "$status" -eq 0 ]
    has "$output" "typed fault: NOT_PLANNED"
    stop factory
    stop ca
}

# wait_for_stock N ARGUMENTS...: until the factory server has N packs on hand.
wait_for_stock() {
    local tries=1200
    until nameplate factory status --json "${@:2}" | jq -e "[.. | objects | .on_hand? // empty] | add >= $1" >/dev/null; do
        [ $((tries -= 1)) -gt 0 ] || { nameplate factory status "${@:2}" >&2; return 1; }
        sleep 0.05
    done
}
