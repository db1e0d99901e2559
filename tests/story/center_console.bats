# What operators do at the centre (M-7): the commands of `nameplate center` against the real centre and CA.
load lib
load field_lib

setup_file() { made_once console_made; }
setup() {
    story_begin
    cd "$DIR" || return 1
    ca_again
    serve
}
teardown() { story_end; }
teardown_file() { made_end; }

console_made() {
    printf 'second-pass\n' >pw2
    ca_up
    center_up
}

serve() { center_again; }
status_says() { has "$(center status)" "$1"; }

# audited WORD: a line of the audit trail has it.
audited() { sqlite3 center/center.db "SELECT actor || ' ' || event || ' ' || subject || ' ' || detail FROM audit" | grep -q -- "$1"; }

enter() {
    center customer add acme --name 'ACME Ltd' --telephone '+81 3 1234-5678' --email office@acme.example --address '1 Long Road, Tokyo'
    center site add acme-1 --customer acme --name 'Head office'
    center device add 3100-000001 --kind gateway --customer acme --site acme-1
    center device add 3012-000001 --customer acme --site acme-1 --gateway 3100-000001 --address 192.0.2.7 --interval 60
}

@test "M-7: customers, sites, devices and agreements are entered and seen, and outlive a kill -9" {
    enter
    has "$(center customer list)" '+81 3 1234-5678'
    center customer add acme --telephone '+81 3 8765-4321' # the rest stays as it was
    has "$(center customer list)" '1 Long Road, Tokyo  +81 3 8765-4321'
    has "$(center site list --customer acme)" 'Head office'
    center agreement add 3012-000001 --from 2026-03-19 --until 2099-03-19
    kill9 center
    serve
    run center device show 3012-000001
    has "$output" 'agreement   active, from 2026-03-19T00:00:00Z until 2099-03-19T00:00:00Z'
    has "$output" 'gateway     3100-000001'
    has "$output" 'address     192.0.2.7'
    has "$(center device list --gateway 3100-000001)" '3012-000001'
    status_says '1 customers, 1 sites, 2 devices, 0 of them seen within a day'
    status_says '1 under an active agreement'
    center device bind 3012-000001
    has "$(center device show 3012-000001)" 'gateway     -'
    # An agreement that has not begun is not none; a number of which the CA has told nothing is perhaps not meant.
    run center device add 3012-000005 --customer acme
    has "$output" 'the CA has told of no identity of 3012-000005'
    center agreement add 3012-000005 --from 2098-03-19
    has "$(center device show 3012-000005)" 'agreement   none, begins 2098-03-19T00:00:00Z'
    has "$(center device list | grep 3012-000005)" ' from 2098-03-19 '
    audited 'operator:meier customer acme'
    audited 'operator:meier agreement-add 3012-000001 acme'
    has "$(center audit verify)" 'entries, head'
}

@test "serve --check-config names what the centre cannot serve with" {
    local what
    stop center
    center serve --check-config | grep -q '^programs = '
    for what in identity/key.pem identity/cert.pem identity/root.pem secret/center-passphrase center.db programs; do
        mv "center/$what" kept
        run center serve --check-config
        same "$status" 1
        has "$output" "center/$what"
        [ ! -e "center/$what" ]
        mv kept "center/$what"
    done
    mv center/programs kept
    touch center/programs
    run center serve --check-config
    same "$status" 1
    has "$output" '[store] programs: there is no folder center/programs'
    rm center/programs
    mv kept center/programs
    sqlite3 center/center.db 'PRAGMA user_version = 99'
    run center serve --check-config
    has "$output" 'the center database has version 99'
}

@test "M-7: what cannot be is refused in words" {
    enter
    refuses() { # PATTERN COMMAND...
        local pattern=$1
        shift
        run center "$@"
        same "$status" 1 || { echo "$output" >&2; return 1; }
        has "$output" "$pattern"
    }
    refuses 'is not a telephone number' customer add acme --telephone 'call me'
    refuses 'is not a mail address' customer add acme --email nobody
    refuses 'is not a short name' customer add 'a b'
    refuses 'there is no customer nobody' site add s --customer nobody
    refuses 'is not an address' device add 3012-000001 --address '192.0.2.300'
    refuses 'there is no gateway 3100-000009' device bind 3012-000001 3100-000009
    refuses 'is not a kind' device add 3012-000001 --kind printer
    refuses 'needs the gateway' device add 3013-000001 --kind agentless
    refuses '3012-00001x' device add 3012-00001x
    refuses 'would end before it begins' agreement add 3012-000001 --from 2026-03-19 --until 2026-03-18
    refuses '3012-000009' agreement add 3012-000009
    refuses 'has no agreement' agreement end 3012-000001
    refuses 'is not in quarantine' quarantine release 3012-000001 --reason looked
    refuses 'no board waits for the number' device approve 3012-000001
}

@test "an agreement is added, suspended, resumed and ended, one at a time" {
    enter
    center agreement add 3012-000001
    has "$(center agreement list 3012-000001)" 'active'
    run center agreement add 3012-000001
    same "$status" 1
    center agreement suspend 3012-000001
    has "$(center agreement list 3012-000001)" 'suspended'
    run center call 3012-000001 counters
    same "$status" 1
    has "$output" 'suspended'
    center agreement resume 3012-000001
    center agreement end 3012-000001
    has "$(center agreement list)" 'ended'
    run center agreement resume 3012-000001
    same "$status" 1
}

@test "M-2: calls wait for their device; without an agreement none does" {
    enter
    run center call 3012-000001 counters
    same "$status" 1
    has "$output" '3012-000001: '
    center agreement add 3012-000001
    run center call 3012-000001 dance
    has "$output" 'there is no call "dance"'
    run center call 3012-000001 interval
    has "$output" '"interval" is missing'
    center call 3012-000001 counters
    center call 3012-000001 interval --interval 90
    run center calls 3012-000001 --open
    has "$output" '3012-000001        down ChargeCounterRequest        waiting   meier'
    has "$output" 'PollingIntervalRequest'
    id=$(center calls 3012-000001 | awk '/ChargeCounter/ { print $NF }')
    has "$(center calls --id "$id")" '"state": "waiting"'
    has "$(center device show 3012-000001 --json)" '"interval": 90'
    run center call 3012-000001 information --wait 1
    same "$status" 1
    has "$output" 'no answer within 1 seconds, the call is waiting (3012-000001 polls every 90 s and was never here)'
    run center call 3012-000001 program --version 9.9
    same "$status" 1
    printf 'program text' >copier.img
    center program add copier.img --version 2.1
    run center program add copier.img --version 2.1
    same "$status" 1
    has "$output" 'there is a program 2.1 already'
    run center program add copier.img --version ../2.2
    same "$status" 1
    has "$(center program list)" "2.1  12  $(sha256sum copier.img | cut -d' ' -f1)"
    cmp copier.img center/programs/2.1
    center call 3012-000001 program --version 2.1
    status_says '4 calls open'
    # A flag of another operation is refused.
    run center call 3012-000001 counters --version 2.1
    same "$status" 2
    has "$output" '--version is not for the call "counters": it takes --limit and --wait'
    run center call 3012-000001 threshold --interval 60 --application copy --at 5
    same "$status" 2
    has "$output" 'it takes --application, --at, --limit and --wait'
    # A scrapped device is called no more.
    run center device scrap 3012-000001
    same "$status" 1
    has "$output" 'why the device is no more has to be said: --reason'
    center device scrap 3012-000001 --reason 'sent back'
    audited 'operator:meier scrapped 3012-000001 sent back'
    run center call 3012-000001 counters
    same "$status" 1
    has "$output" 'is scrapped'
    has "$(center agreement list 3012-000001)" 'ended'
}

@test "M-7: a table is taken over as a whole or not at all, with line and column of each mistake" {
    cat >good.csv <<'CSV'
#customer;id;name;address;telephone;email
device;3012-000001;device;acme;acme-1;3100-000001;192.0.2.7;;60
customer;acme;"ACME; Ltd";"1 Long ""Road""";+81 3 1234-5678
site;acme-1;acme;Head office
device;3100-000001;gateway;acme;acme-1;3100-000002
device;3100-000002;gateway;acme;acme-1
agreement;3012-000001;active;2026-03-19
agreement;3100-000001;suspended;2026-03-19;2099-03-19
CSV
    cat >bad.csv <<'CSV'
customer,acme,ACME,,call me
site,acme-1,nobody
device,3012-000001,printer
device,3012-000001
device,3012-000001
device,3100-000001,gateway,,,3100-000001
agreement,3012-000009,active,2026-03-19
agreement,3012-000001,active,19.03.2026
vehicle,1
CSV
    run center import bad.csv
    same "$status" 1
    has "$output" 'bad.csv:1:21: "call me" is not a telephone number'
    has "$output" 'bad.csv:3:20: "printer" is not a kind'
    has "$output" 'bad.csv:8:30: "19.03.2026" is not a day'
    has "$output" 'bad.csv:9:1: "vehicle" is none of'
    grep -v -e 'call me' -e printer -e 19.03 -e vehicle bad.csv >worse.csv
    run center import worse.csv
    same "$status" 1
    has "$output" 'worse.csv:1:13: there is no customer nobody'
    has "$output" 'worse.csv:3:8: 3012-000001 stands in line 2 already'
    has "$output" 'worse.csv:4:30: gateway 3100-000001 stands behind 3100-000001 itself'
    has "$output" 'worse.csv:5:11: '
    same "$(center device list | wc -l)" 1
    has "$(center import good.csv --dry-run)" '1 customers, 1 sites, 3 devices, 2 agreements would be taken over'
    same "$(center device list | wc -l)" 1
    has "$(center import good.csv)" '3 devices, 2 agreements taken over'
    center import good.csv # again: nothing changes
    same "$(center agreement list | wc -l)" 2
    has "$(center agreement list 3100-000001)" suspended
    center export --output out.csv
    has "$(cat out.csv)" 'customer,acme,"ACME; Ltd","1 Long ""Road""",+81 3 1234-5678,'
    has "$(cat out.csv)" 'device,3012-000001,device,acme,acme-1,3100-000001,192.0.2.7,,60'
    center import out.csv
    same "$(center export)" "$(cat out.csv)"
    audited 'operator:meier import'
}

@test "M-7: a table in another encoding is refused, and so is such a word; what a scrapped device was under does not come back" {
    enter
    printf 'customer,cafe,Caf\xe9 Ren\xe9 Ltd\n' >latin.csv
    run center import latin.csv
    same "$status" 1
    has "$output" 'latin.csv:1:15: the field is not UTF-8'
    run center customer add cafe --name "$(printf 'Caf\xe9 Ltd')"
    same "$status" 2
    has "$output" 'is not UTF-8'
    printf '\xef\xbb\xbfcustomer;cafe;Café René Ltd\r\n' >good.csv
    center import good.csv
    has "$(center customer list)" 'Café René Ltd'
    center device scrap 3012-000001 --reason 'sent back'
    echo 'agreement,3012-000001,active,2026-03-19' >back.csv
    run center import back.csv
    same "$status" 1
    has "$output" 'back.csv:1:11: 3012-000001 is scrapped'
    # A word that names nobody is said to, so that an empty list means that there is nothing.
    for command in 'device list --customer amce' 'device list --site nowhere' 'site list --customer amce' 'agreement list 3012-000009' \
        'silent --customer amce' 'billing --from 2026-03-01 --until 2026-04-01 --customer amce'; do
        run center $command
        same "$status" 1
    done
    # Those that may be billed for a time are in it, read or not.
    center agreement add 3100-000001 --from 2026-03-19 --until 2026-06-01
    center billing --from 2026-03-01 --until 2026-04-01 --customer acme --output march.csv
    same "$(cat march.csv)" "customer,site,number,counter,opening,closing,count,opened,closed,readings,breaks
acme,acme-1,3100-000001,,,,0,,,0,0"
    same "$(center billing --from 2026-06-01 --until 2026-07-01 | wc -l)" 1
    center device add 3012-000002 --customer acme
    center agreement add 3012-000002 --from 2026-03-19
    has "$(center silent --days 7)" 3012-000002
    run center device list --most 1
    has "$output" 'there are more: --after 3012-000001'
    has "$(center device list --after 3012-000001)" 3012-000002
}

# Each list goes on where it ended, and finds what is asked for however far behind it stands.
@test "M-7: what came in is listed in pages, of a number, customer, site, time or kind" {
    enter
    center device add 3012-000002
    center agreement add 3012-000001 --from 2026-03-19 --until 2026-06-01
    center agreement add 3012-000002 --from 2026-03-19
    run center agreement list --most 1
    has "$output" '3012-000001 '
    next=$(sed -n 's/^there are more: --after \([0-9]*\) .*/\1/p' <<<"$output")
    same "$(center agreement list --after "$next" | cut -d' ' -f1)" 3012-000002
    run center agreement list --after 999
    same "$status" 1
    has "$output" 'the list has no row 999 to go on behind: begin it anew, without --after'
    same "$(center agreement list --customer acme --until 2026-04-01 --json | jq -c '[.rows[].number, .more, .next]')" '["3012-000001",false,""]'
    same "$(center agreement list --state active 3012-000001 --since 2027-01-01 | wc -l)" 0
    sqlite3 center/center.db "INSERT INTO event (number, at, kind, detail) WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n
        WHERE i < 12000) SELECT '3012-000001', 1772323200 + i, CASE WHEN i = 7 THEN 'fault' ELSE 'start' END, 'e' || i FROM n"
    same "$(center events 3012-000001 --most 2300 | sed -n '1p;$p' | sed 's/.* //' | paste -sd,)" e12000,e9701
    same "$(center events --kind fault --site acme-1 | sed 's/.* //')" e7
    same "$(center events --since 2026-03-01T00:00:09Z --until 2026-03-01T00:00:11Z --json | jq -c '[.rows[].detail]')" '["e10","e9"]'
    for command in 'events 3012-000009' 'counters 3012-000009' 'calls 3012-000009' 'calls --state lost' 'incidents --customer amce' \
        'events --since yesterday' 'counters --site nowhere'; do
        run center $command
        same "$status" 1
    done
    run center events --most many
    same "$status" 2
    # What is missing is said as it has to be given, and once.
    says() { # SENTENCE COMMAND...
        run center "${@:2}"
        same "$status" 1
        same "${output%%$'\n'*}" "nameplate: center ${*:2:2}: $1"
    }
    says '3012-000009 is not known here' device show 3012-000009
    says '"3012" has no hyphen: a device number looks like 3012-123456' device show 3012
    says '3012-000009 is not known here' agreement add 3012-000009
    says 'what was found out has to be said: --reason' quarantine release 3012-000001
    says 'whose site it is has to be said: --customer' site add yard
    says 'what the operator may do has to be said: --role viewer, manager or admin' operator add klein
    says '"1/2" is not a version: letters, digits, '"'.', '_' and '-', no dot in front" program add pw --version 1/2
    center agreement add 3100-000001 --from 2098-01-01
    has "$(center agreement list 3100-000001)" 'none      begins 2098-01-01T00:00:00Z'
    has "$(center device show 3100-000001)" 'none, begins 2098-01-01T00:00:00Z'
    same "$(center incidents 3012-000009)" '' # may be about any number
}

@test "M-7: without a log-in nothing, and each role may do what is its own" {
    center operator add huber --role manager --new-password-file pw2
    center operator add klein --role viewer --new-password-file pw2
    rm center/center.db.session
    run center customer list
    same "$status" 1
    has "$output" 'log in first'
    as() { local user=$1; shift; nameplate center "$@" --dir center --user "$user" --password-file pw2; }
    as klein customer list
    run as klein customer add acme
    same "$status" 1
    has "$output" 'a viewer may not do that'
    as huber customer add acme
    as huber device add 3012-000001 --customer acme
    for verb in 'device scrap 3012-000001' 'quarantine release 3012-000001 --reason x' 'device approve 3012-000001' \
        'operator list' 'program add pw --version 1'; do
        run as huber $verb
        same "$status" 1
        has "$output" 'a manager may not do that'
    done
    run as huber customer list --json
    has "$output" '"id": "acme"'
    audited 'operator:huber customer acme'
    for i in 1 2 3 4 5; do run nameplate center customer list --dir center --user klein --password-file pw; done
    run as klein customer list
    has "$output" 'locked'
    # The service itself says what it understands, and asks for a log-in before it looks at anything.
    url=https://$(address center center-admin)
    curl -sf --cacert center/identity/root.pem "$url/api/v1/openapi.json" | jq -e '.paths | has("/devices/{number}")'
    same "$(curl -s -o /dev/null -w '%{http_code}' --cacert center/identity/root.pem "$url/api/v1/devices")" 401
}
