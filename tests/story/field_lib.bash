# A CA, a centre, and devices and gateways whose identities were made without a line, all in the working directory. Needs lib.bash.
#
#   setup_file() { made_once field_made; }     # field_made() { ca_up; identities 3012-000001 ...; center_up; }
#   setup() { story_begin; cd "$DIR"; ca_again; center_again; }

export PYTHONDONTWRITEBYTECODE=1

token() { nameplate ca token add --dir ca --role "$1" --name "$2" | tail -1; }
fingerprint() { sed -n 's/^root fingerprint (SHA-256): *//p' ca.init; }
center() { nameplate center "$@" --dir center; }
center_login() { center login --user meier --password-file pw; }
sql() { sqlite3 -cmd '.timeout 5000' center/center.db "$1"; }

ca_up() {
    nameplate ca init --dir ca --listen 127.0.0.1:0 >ca.init
    start ca nameplate ca serve --dir ca
}
ca_again() { start_again ca nameplate ca serve --dir ca; }

# orders PROFILE MODEL...: ten devices each.
orders() {
    local profile=$1 model
    shift
    for model; do
        nameplate ca order add "A$model" --dir ca --factory line --model "$model" --quantity 10 --first-serial 000001 \
            ${profile:+--profile "$profile"} >/dev/null
    done
}

# identities NUMBERS [WRITTEN]: comma-separated; nodes/NUMBER/{cert,key}.pem of each, written (all, or these) for the CA.
identities() {
    /usr/bin/python3 "$ROOT/tests/peer/field_node.py" "https://$(address ca)" ca/root.crt "$(token factory line)" nodes "$@"
}

# center_up [FLAGS]: enrolled, running, and meier logged in, who administers it. POLL: how often devices come, in seconds.
center_up() {
    printf 'secret-pass\n' >pw
    nameplate center init --dir center --ca "https://$(address ca)" --fingerprint "$(fingerprint)" --token "$(token center center-1)" \
        --admin meier --password-file pw --port 0 --admin-port 0 "$@" >/dev/null
    [ -z "${POLL:-}" ] || sed -i "s/^poll = .*/poll = $POLL/" center/nameplate.conf
    start center nameplate center serve --dir center
    center_login
}

center_again() {
    start_again center nameplate center serve --dir center
    center_login
}

# The centre's port stays over its restarts.
center_stays() {
    sed -i "/^\[listen\]/,/^\[/s/^port = .*/port = $(address center center | sed 's/.*://')/" center/nameplate.conf
}

# known N: until the centre was told of so many identities.
known() { until_says 60 "^$1\$" sql 'SELECT count(*) FROM identity'; }

# device_made NUMBER: with its identity in flash.
device_made() {
    nameplate device new --model "${1%-*}" --serial "${1#*-}" --root ca/root.crt --dir "$1" >/dev/null
    "$BUILD/tests/peer/flash_identity" "$1" "$1" "nodes/$1/cert.pem" "nodes/$1/key.pem" ca/root.crt
}
