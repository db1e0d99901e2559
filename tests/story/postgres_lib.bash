# For stories with a PostgreSQL of their own: "load postgres_lib" behind "load lib".
. "$BATS_TEST_DIRNAME/../postgres.bash"

setup() {
    [ -n "$POSTGRES_BIN" ] || skip "PostgreSQL is not installed"
    story_begin
    chmod 755 "$DIR" # the server runs as another user
    cd "$DIR" || return 1
    START_SECONDS=60
    postgres_start "$DIR/pg"
}

teardown() {
    story_end
    postgres_stop
}
