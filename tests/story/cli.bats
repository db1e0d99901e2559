load lib

@test "a mistyped area is answered with the right one and status 2" {
    run nameplate factroy status
    same "$status" 2
    has "$output" 'did you mean "nameplate factory"'
}

@test "a right verb in the wrong area names the right area" {
    run nameplate station plan import plan.csv
    same "$status" 2
    has "$output" 'did you mean "nameplate factory plan import"'
    run nameplate center device lst
    has "$output" 'there is no "device lst"; did you mean "nameplate center device list"?'
    run nameplate center device
    has "$output" 'there is no "device"; did you mean "nameplate center device add"?'
}

@test "every area answers --help with status 0" {
    local area
    for area in ca factory station device gateway center verify trace demo; do
        run nameplate $area --help
        same "$status" 0
    done
}

# verbs AREA: one per line; an empty line for an area without verbs.
verbs() { sed -n "s/^{ \"$1\", \"\(.*\)\" },/\1/p" "$BUILD/src/cli/verbs.inc" | grep . || echo; }

@test "every verb answers --help with status 0, a sentence and an example, whose flags the command has" {
    local area verb help example flag
    for area in ca factory station device gateway center verify trace demo; do
        while read -r verb; do
            help=$(nameplate $area $verb --help) || { echo "status $?: $area $verb --help" >&2; return 1; }
            grep -qE "^nameplate $area ?$verb.*: [A-Z].*\.$" <<<"$help" || { echo "no sentence: $area $verb" >&2; return 1; }
            example=$(sed -n 's/^example: //p' <<<"$help")
            case $example in
            "nameplate $area${verb:+ $verb}"*) ;;
            "nameplate demo "*) ;; # its verb may be left out
            *) echo "no example of its own: $area $verb" >&2; return 1 ;;
            esac
            for flag in $(grep -oE -- '--[a-z-]+' <<<"$example"); do has "$help" "  $flag "; done
        done <<<"$(verbs $area)"
    done
}

@test "an unknown flag is a usage error that names the help" {
    run nameplate ca init --no-such-flag
    same "$status" 2
    has "$output" "--help"
}

# rows FILE: section and key of each setting, with the number of lines that explain it.
rows() { awk '/^\[/ { s = $0 } /^;/ { n++ } /^[a-z_]+ =/ { print s, $1, n; n = 0 }' "$1"; }

@test "the sample configurations explain every setting that there is, and are taken as they are" {
    local area verb status
    story_begin
    while read -r area verb; do
        # printed whole; what they name is not there
        status=0
        nameplate $area $verb --config "$ROOT/packaging/conf/$area.conf" --check-config >"$DIR/$area.conf" 2>"$DIR/$area.err" || status=$?
        same "$status" 1
        same "$(wc -l <"$DIR/$area.err")" 1
        diff <(rows "$DIR/$area.conf") <(rows "$ROOT/packaging/conf/$area.conf")
        [ "$(rows "$DIR/$area.conf" | wc -l)" -ge 10 ]
        same "$(rows "$DIR/$area.conf" | grep -v ' 1$')" ''
    done <<<$'factory serve\ncenter serve\nstation run\ngateway run'
    story_end
}
