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
}

@test "every area answers --help with status 0 and every verb of it too" {
    local area verb verbs
    for area in ca factory station device verify trace demo; do
        run nameplate $area --help
        same "$status" 0
        verbs=$(sed -n "s/^{ \"$area\", \"\(.*\)\" },/\1/p" "$BUILD/src/cli/verbs.inc")
        while read -r verb; do
            [ -z "$verb" ] || nameplate $area $verb --help >/dev/null
        done <<<"$verbs"
    done
}

# verbs AREA: one per line; an empty line for an area without verbs.
verbs() { sed -n "s/^{ \"$1\", \"\(.*\)\" },/\1/p" "$BUILD/src/cli/verbs.inc" | grep . || echo; }

@test "every help is a sentence with an example, whose flags the command has" {
    local area verb help example flag
    for area in ca factory station device verify trace demo; do
        while read -r verb; do
            help=$(nameplate $area $verb --help)
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
