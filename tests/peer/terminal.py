#!/usr/bin/python3
"""A person at a terminal: terminal.py [until=TEXT] ANSWER... -- COMMAND...

Runs the command on a pseudo-terminal; each "[y/N] " gets the next answer. Once TEXT was shown the command is ended (SIGTERM).
Prints what the screen shows; its exit status."""
import os
import pty
import signal
import sys

split = sys.argv.index("--")
answers, command = sys.argv[1:split], sys.argv[split + 1:]
until = answers.pop(0)[len("until="):].encode() if answers and answers[0].startswith("until=") else None
shown = b""
child, terminal = pty.fork()
if child == 0:
    os.execvp(command[0], command)
unanswered = b""
while True:
    try:
        piece = os.read(terminal, 4096)
    except OSError:  # the other end is closed
        piece = b""
    if not piece:
        break
    sys.stdout.buffer.write(piece)
    shown += piece
    unanswered += piece
    if until and until in shown:
        os.kill(child, signal.SIGTERM)
        until = None
    while b"[y/N] " in unanswered:
        unanswered = unanswered.split(b"[y/N] ", 1)[1]
        assert answers, "more was asked than there are answers"
        os.write(terminal, answers.pop(0).encode() + b"\n")
status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
sys.stdout.flush()
if answers:
    sys.exit(f"was not asked so often: {answers}")
sys.exit(status)
