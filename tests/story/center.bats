# The centre (M-1 to M-6, M-8) as devices and gateways that are not ours meet it: zeep over mutual TLS with identities that the
# real CA made, openssl for the signatures of the letters.
load lib
load field_lib

setup_file() { made_once field_made; }
setup() {
    story_begin
    cd "$DIR" || return 1
    ca_again
    center_again
}
teardown() { story_end; }
teardown_file() { made_end; }

field_made() {
    ca_up
    orders "" 3012
    orders gateway 3100
    identities 3012-000001,3012-000002,3012-000003,3100-000001 3012-000001,3012-000002,3100-000001
    center_up
}

story() {
    run timeout 300 /usr/bin/python3 "$ROOT/tests/peer/field_story.py" "$1" "https://$(address center center)" "$BUILD" "$DIR"
    echo "$output"
    [ "$status" -eq 0 ]
    has "$output" ok
    stop center
    ! grep -q 'error=BUG' center.err
    center audit verify
}

@test "M-2, M-3, M-4, M-5: calls go both ways, delayed ones are answered later, each once" { story calls_both_ways; }
@test "M-5: readings in one exchange count in the order of their sequence" { story readings_in_any_order; }
@test "M-3: who waits gets a call at once" { story waiting_is_prompt; }
@test "M-3: a presence whose reply was lost gets the same token again" { story a_reply_that_was_lost; }
@test "M-6: a device that speaks for another is refused and on record" { story nobody_speaks_for_another; }
@test "M-6: without an agreement a device is refused with a reason, and listed" { story without_an_agreement; }
@test "M-6: a copied or restored memory is found, and quarantined until an operator releases it" { story a_copied_memory_is_found; }
@test "M-6: a presence that comes late accuses nobody; an older memory does" { story a_presence_that_comes_late; }
@test "M-6: a copy of the flash that shows no presence is refused or found" { story a_copy_that_shows_no_presence; }
@test "M-6: a factory server's, a board's and a stranger's certificate are refused and on record" { story other_roles; }
@test "M-5: a counter that goes back is evidence, never billed" { story a_counter_that_goes_back; }
@test "M-1: a gateway speaks for what is bound to it, and cannot make letters" { story through_a_gateway; }
@test "M-8: an identity that the CA has not told of yet has to come again" { story not_known_yet; }
@test "M-8: a revoked identity is refused within 10 s, on open connections too" { story revoked; }
@test "M-8: a scrapped device is revoked at the CA and refused" { story scrapped; }
@test "M-8: renewal in the field; the confirmation ends the old identity" { story renewed; }
@test "M-8: a replacement board gets the number when an operator approved, and its counters go on" { story replaced; }

@test "I9: after a kill -9 what was answered is there, and nothing twice" {
    echo "${PID[center]}" >center.pid
    timeout 300 /usr/bin/python3 "$ROOT/tests/peer/field_story.py" killed "https://$(address center center)" "$BUILD" "$DIR" 3>&- &
    local story=$!
    gone center # by the story
    start center nameplate center serve --dir center
    echo "https://$(address center center)" >again.new
    mv again.new again
    wait "$story"
}
