# A CA, a factory server with a plan of today, and stations and devices for it; a centre, if need be. Needs lib.bash.
#
#   setup_file() { made_once line_up 4; }
#   setup() { story_begin; line_again; }

# line_up QUANTITY: CA and factory server run; $FP is the root's fingerprint; the models are 3012 and 3013.
line_up() {
    local token
    nameplate ca init --dir "$DIR/ca" >"$DIR/ca.init"
    fingerprint
    nameplate ca order add PO-1 --dir "$DIR/ca" --factory factory-1 --model 3012 --quantity "$1" --first-serial 000001
    sed -i '/^\[listen\]/,/^\[/s/^port = .*/port = 0/' "$DIR/ca/nameplate.conf"
    start ca nameplate ca serve --dir "$DIR/ca"
    token=$(nameplate ca token add --dir "$DIR/ca" --role factory --name factory-1 | tail -1)
    echo "a long password 1" >"$DIR/password"
    chmod 600 "$DIR/password"
    nameplate factory init --dir "$DIR/factory" --ca "https://$(address ca)" --fingerprint "$FP" --token "${token##* }" \
        --admin admin --password-file "$DIR/password" --port 0 --admin-port 0 ${FACTORY_ADDRESS:+--address "$FACTORY_ADDRESS"}
    start factory nameplate factory serve --dir "$DIR/factory"
    as_admin model add 3012 --name TYPE-1
    as_admin model add 3013 --name TYPE-2 --no-identity
    printf 'date,model,quantity,first_serial\n%s,3012,%s,000001\n' "$(date +%F)" "$1" >"$DIR/plan.csv"
    as_admin plan import "$DIR/plan.csv"
    as_admin request --date "$(date +%F)"
}

fingerprint() { FP=$(sed -n 's/^root fingerprint (SHA-256): *//p' "$DIR/ca.init"); }

# What line_up made once, in the copy of its folder.
line_again() {
    fingerprint
    start_again ca nameplate ca serve --dir "$DIR/ca"
    start_again factory nameplate factory serve --dir "$DIR/factory"
}

# as_admin COMMAND...: of the factory server.
as_admin() {
    local words=("$1")
    shift
    case ${words[0]} in model|plan|station|operator) words+=("$1"); shift ;; esac
    nameplate factory "${words[@]}" "$@" --dir "$DIR/factory" --user admin --password-file "$DIR/password"
}

# station_up NAME BENCH-ADDRESS DEVICE-ADDRESS [FLAGS]: enrolled and admitted, with a TCP scanner; not running yet.
station_up() {
    local token name=$1 bench=$2 device=$3
    shift 3
    token=$(nameplate ca token add --dir "$DIR/ca" --role station --name "$name" | tail -1)
    nameplate station init --dir "$DIR/$name" --factory "https://$(address factory factory)" --fingerprint "$FP" \
        --token "${token##* }" --bench-address "$bench" --bench-port 0 --device "$device" --sources stdin "$@"
    as_admin station add "$name" --line "$name"
}

# device_new SERIAL [MODEL]: a board with that number in its NVRAM, bare otherwise.
device_new() {
    nameplate device new --dir "$DIR/dev-$1" --model "${2:-3012}" --serial "$1" --root "$DIR/ca/root.crt"
}

# at_bench SERIAL [FLAGS]: that device is at the bench address, as `dev`.
at_bench() {
    local serial=$1
    shift
    start dev nameplate device run --dir "$DIR/dev-$serial" --listen "$BENCH" "$@"
}

# scan STATION LINE...: what the station says when its scanner reads these lines.
scan() {
    local station=$1
    shift
    printf '%s\n' "$@" | timeout 300 "$BUILD/nameplate" station run --dir "$DIR/$station" 2>>"$DIR/$station.err"
}

# through_the_line MODEL SERIAL: a device that got its identity from station line-1 and is switched off.
through_the_line() {
    device_new "$2" "$1"
    at_bench "$2"
    nameplate station board --dir "$DIR/line-1" "$1-$2" >/dev/null
    has "$(scan line-1 "$1-$2")" "PASS $1-$2"
    stop dev
}

center() { nameplate center "$@" --dir "$DIR/center"; }

# center_up: the centre runs; its administrator is the factory server's, and logged in.
center_up() {
    local token
    token=$(nameplate ca token add --dir "$DIR/ca" --role center --name center-1 | tail -1)
    nameplate center init --dir "$DIR/center" --ca "https://$(address ca)" --fingerprint "$FP" --token "${token##* }" \
        --admin admin --password-file "$DIR/password" --port 0 --admin-port 0 >/dev/null
    start center nameplate center serve --dir "$DIR/center"
    center_login
}

center_again() {
    start_again center nameplate center serve --dir "$DIR/center"
    center_login
}

center_login() { center login --user admin --password-file "$DIR/password"; }
