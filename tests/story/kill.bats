# I1, I5, I6, I9, I10, I11: kill -9 of the CA's two processes, the factory server and the stations, thirty times at
# random moments of the demo. STORY_SEED repeats a run.
load lib

setup() { story_begin; }
teardown() { story_end; }

@test "thirty kills at random moments lose nothing and issue nothing twice" {
    local seed=${STORY_SEED:-$(date +%s)} out
    echo "# seed $seed" >&3
    out=$("$BUILD/nameplate" demo --devices 90 --dir "$DIR/f" --test-only-kills 30 --seed "$seed" 2>"$DIR/err") || {
        echo "seed $seed" >&2
        printf '%s\n' "$out" >&2
        cat "$DIR/err" >&2
        return 1
    }
    same "$(grep -c 'kill -9' <<<"$out")" 30
    has "$(tail -1 <<<"$out")" "demo: 90 planned, 90 written, 90 proved"
    # one live certificate per number (I1), every key in one certificate only (I2)
    nameplate ca export --certificates --dir "$DIR/f/ca" >"$DIR/ca.jsonl"
    same "$(jq -r 'select(.kind == null or .kind == "device") | select(.state == "written" or .state == "erased" or .state == "field" or .state == "stored" or .state == "claimed" or .state == "requested") | .number' "$DIR/ca.jsonl" | sort | uniq -d)" ""
    same "$(jq -r 'select(.kind == null or .kind == "device") | .fingerprint' "$DIR/ca.jsonl" | sort | uniq -d)" ""
    nameplate ca fsck --dir "$DIR/f/ca"
    nameplate ca audit verify --dir "$DIR/f/ca"
    nameplate factory fsck --dir "$DIR/f/factory"
    nameplate factory audit verify --dir "$DIR/f/factory"
    start ca nameplate ca serve --dir "$DIR/f/ca"
    nameplate factory reconcile --dir "$DIR/f/factory"
    # and what a second run finds is finished
    stop ca
    has "$(nameplate demo --dir "$DIR/f" | tail -1)" "90 proved"
}
