# The nameplate of a device: drawn by the factory server, printed, read back by a scanner.
load lib

setup_file() { made_once plan_made; }
setup() {
    story_begin
    cd "$DIR" || return 1
    start_again factory nameplate factory serve --dir factory
    nameplate factory login --dir factory --user meier --password-file pw >/dev/null
}
teardown() { story_end; }
teardown_file() { made_end; }

plan_made() {
    printf 'secret-pass\n' >pw
    nameplate ca init --dir ca --listen 127.0.0.1:0 >/dev/null
    fingerprint=$(openssl x509 -in ca/root.crt -noout -fingerprint -sha256 | cut -d= -f2 | tr -d :)
    start ca nameplate ca serve --dir ca
    token=$(nameplate ca token add --dir ca --role factory --name factory-1 | tail -1)
    nameplate factory init --dir factory --ca "https://$(address ca)" --fingerprint "$fingerprint" --token "$token" \
        --admin meier --password-file pw --port 0 --admin-port 0 >/dev/null
    stop ca
    start factory nameplate factory serve --dir factory
    nameplate factory login --dir factory --user meier --password-file pw >/dev/null
    nameplate factory model add 3012 --dir factory --name TYPE-1 --voltage 'AC 100 V, 50/60 Hz' --power '1500 W' --current '15 A'
    nameplate factory model add 3013 --dir factory --name 'Type <2> & more' --no-identity
    printf 'date,model,quantity,first_serial\n2030-03-19,3012,20,000095\n2030-03-19,3013,5,\n' >plan.csv
    nameplate factory plan import plan.csv --dir factory
}

# scan FILE.svg: what a scanner reads from the printed label.
scan() { rsvg-convert --dpi-x 300 --dpi-y 300 "$1" -o "$1.png" && zbarimg --quiet --raw "$1.png"; }

@test "F-24: the nameplate shows the ratings, and a scanner reads the device number from its barcode" {
    nameplate factory label 3012-000101 --dir factory --output plate.svg
    xmllint --noout plate.svg
    for shown in TYPE-1 'AC 100 V, 50/60 Hz' '1500 W' '15 A' 3012 3012-000101; do has "$(cat plate.svg)" ">$shown<"; done
    same "$(scan plate.svg)" 3012-000101
    [ -z "${LABEL_KEEP:-}" ] || cp plate.svg.png "$LABEL_KEEP"
    same "$(nameplate factory label 3012-000101 --dir factory)" "$(cat plate.svg)"
}

@test "F-24: models without an identity have a nameplate too, once their ratings are known" {
    run nameplate factory label 3013-000001 --dir factory
    same "$status" 1
    has "$output" 'model 3013 has no voltage for its nameplate: nameplate factory model add 3013 --voltage'
    nameplate factory model add 3013 --dir factory --voltage '230 V' --power '60 W' --current '0.3 A'
    nameplate factory label 3013-000001 --dir factory --output plate.svg
    xmllint --noout plate.svg
    has "$(cat plate.svg)" '>Type &lt;2&gt; &amp; more<'
    has "$(nameplate factory model list --dir factory)" 'identity=no'
    same "$(scan plate.svg)" 3013-000001
}

@test "a number outside the plan gets no nameplate, nor a file of another kind" {
    for number in 3012-000094 3012-000115 3012-95; do
        run nameplate factory label $number --dir factory
        same "$status" 1
        has "$output" "$number is not in the plan"
    done
    run nameplate factory label 3999-000001 --dir factory
    has "$output" 'model 3999 is not in the model list'
    run nameplate factory label 3012-000101 --dir factory --output plate.png
    same "$status" 2
    has "$output" 'rsvg-convert'
}

@test "a wrong plan is taken back before it was asked for, and the description of the interface needs no log-in" {
    run nameplate factory plan remove 2030-03-20 3012 --dir factory
    same "$status" 1
    has "$(nameplate factory plan remove 2030-03-19 3012 --dir factory)" '20 devices of model 3012 are planned for 2030-03-19 no longer'
    has "$(nameplate factory number 3012-000101 --dir factory 2>&1 || true)" "is not in the factory's database"
    printf 'date,model,quantity,first_serial\n2030-03-19,3012,10,000201\n' >plan.csv
    nameplate factory plan import plan.csv --dir factory
    has "$(nameplate factory audit list 3012 --dir factory)" 'plan-removed'
    nameplate factory fsck --dir factory
    nameplate factory audit verify --dir factory
    curl -sf --cacert factory/identity/root.pem "https://$(address factory factory-admin)/api/v1/openapi.json" |
        jq -e '.paths["/labels/{number}"].get' >/dev/null
}
