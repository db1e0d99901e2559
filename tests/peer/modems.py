#!/usr/bin/python3
"""Two modems and the public line between them: modems.py SITE CENTER [BYTES-PER-SECOND].

SITE and CENTER become symbolic links to pseudo-terminals. A modem knows ATD and ATA, rings and says CONNECT, then carries bytes.
It hangs up when its program closes the terminal, or by an order on standard input:

    cut N     after N more bytes: both lose the carrier, and what is under way
    lose N    after N more bytes: three hundred bytes are lost, the line stands

Says on standard output what happened."""
import fcntl
import os
import select
import struct
import sys
import termios
import time
import tty

TIOCSPTLCK, TIOCGPTN = 0x40045431, 0x80045430
LOST = 300


class Modem:
    def __init__(self, link):
        self.link, self.fd = link, -1

    def on_hook(self):
        """A new terminal: whoever has the old one open reads the end of the file."""
        if self.fd >= 0:
            os.close(self.fd)
        self.fd, self.command = os.open("/dev/ptmx", os.O_RDWR | os.O_NOCTTY), b""
        fcntl.ioctl(self.fd, TIOCSPTLCK, struct.pack("i", 0))
        tty.setraw(self.fd)
        number = struct.unpack("i", fcntl.ioctl(self.fd, TIOCGPTN, bytes(4)))[0]
        os.symlink(f"/dev/pts/{number}", self.link + ".new")
        os.rename(self.link + ".new", self.link)

    def read(self, most):
        """None: its program closed it."""
        try:
            return os.read(self.fd, most)
        except OSError:
            return None

    def say(self, text):
        os.write(self.fd, f"\r\n{text}\r\n".encode())


class Line:
    def __init__(self, links, rate):
        self.modems, self.rate = [Modem(link) for link in links], rate
        self.order = None  # what to do, after how many bytes
        self.lost = self.calls = 0
        self.hang_up()

    def hang_up(self):
        for modem in self.modems:
            modem.on_hook()
        self.state, self.rung = "quiet", 0

    def command(self, modem, heard):
        modem.command += heard
        while b"\r" in modem.command:
            word, modem.command = modem.command.split(b"\r", 1)
            if word.strip().startswith(b"ATD") and self.state == "quiet":
                self.state = "ringing"
            elif word.strip() == b"ATA" and self.state == "ringing":
                self.state = "connected"
                self.calls += 1
                for each in self.modems:
                    each.say("CONNECT 115200")
                say("connected", self.calls)

    def carry(self, modem, heard):
        """Returns what arrives at the other end; None: cut."""
        if self.order is not None:
            what, after = self.order
            self.order = (what, after - len(heard))
            if after <= len(heard):
                self.order = None
                if what == "cut":
                    return None
                say("losing", self.calls)
                self.lost = LOST
        n = min(self.lost, len(heard))
        self.lost -= n
        time.sleep(len(heard) / self.rate)
        return heard[n:]

    def heard(self, modem):
        bytes_ = modem.read(256)
        if bytes_ is None:
            say("hung-up", self.calls)
            self.hang_up()
        elif self.state != "connected":
            self.command(modem, bytes_)
        else:
            arriving = self.carry(modem, bytes_)
            if arriving is None:
                say("cut", self.calls)
                self.hang_up()
            elif arriving:
                os.write(self.modems[1 - self.modems.index(modem)].fd, arriving)

    def ring(self):
        if self.state == "ringing" and time.monotonic() - self.rung > 0.2:
            self.rung = time.monotonic()
            self.modems[1].say("RING")


def say(*words):
    print(*words, flush=True)


def main():
    line = Line(sys.argv[1:3], int(sys.argv[3]) if len(sys.argv) > 3 else 11520)
    say("ready modems")
    while True:
        fds = [modem.fd for modem in line.modems]
        ready = select.select([0, *fds], [], [], 0.1)[0]
        if 0 in ready:
            what, after = sys.stdin.readline().split()
            line.order = (what, int(after))
        for modem in line.modems:
            if modem.fd in fds and modem.fd in ready:
                line.heard(modem)
                break  # both may be others now
        line.ring()


main()
