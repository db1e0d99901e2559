#!/usr/bin/python3
"""The whole line for a long time: soak.py BUILD-FOLDER MINUTES [SEED].

CA, factory server, three stations and their devices run without a break. In the first and the last third of the time
nothing is disturbed, and the memory and descriptors of all programs must stay flat; in the middle third one program
after the other is killed (kill -9) or restarted at random moments. Afterwards every device that was written must have
exactly the identity that the CA has on record, fsck, reconcile and the audit trails must agree. Prints a table; the
exit status is 1 when something grew or disagrees. Every twentieth device fails to write, another loses its power."""
import argparse
import json
import os
import pathlib
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time

from process import Program, descriptors, free_port, memory_kb, set_value

LINES, PACE = 3, 40              # devices a second that the plan is made for, at most
GROWTH_KB, GROWTH_PARTS = 2048, 0.08  # in one calm third: beyond both it is a leak
CACHES_KB = {"ca signer": 10240, "factory": 10240}  # instead, where SQLite's page caches fill after a restart
DESCRIPTORS = 8


class Soak:
    def __init__(self, build, minutes, seed):
        self.build, self.seconds, self.random = build, minutes * 60, random.Random(seed)
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="nameplate-soak."))
        self.faults, self.ending, self.over = [], False, False
        self.next_serial, self.serial_lock = 1, threading.Lock()
        self.planned = int(minutes * 60 * PACE)
        self.written, self.retries, self.samples = {}, 0, []
        self.programs = {}

    def fault(self, text):
        if text not in self.faults:
            self.faults.append(text)
            print(f"FAULT: {text}", flush=True)

    def run(self, area, *arguments):
        done = subprocess.run([f"{self.build}/nameplate-{area}", *arguments], capture_output=True, text=True, timeout=300)
        if done.returncode != 0:
            raise RuntimeError(f"{area} {' '.join(arguments)}: {done.stderr.strip() or done.stdout.strip()}")
        return done.stdout

    def program(self, name, *arguments, says_ready=True):
        p = self.programs[name] = Program(self, name, list(arguments), says_ready)
        p.start()
        if not p.ready.wait(60):
            raise RuntimeError(f"{name} did not get ready, see {self.folder}/{name}.log")
        return p

    # --- Setting up: what an administrator types ---

    def factory(self, *arguments):
        return self.run("factory", *arguments, "--dir", f"{self.folder}/factory", "--user", "admin", "--password-file",
                        f"{self.folder}/password")

    def token(self, role, name):
        return self.run("ca", "token", "add", "--dir", f"{self.folder}/ca", "--role", role, "--name", name).split()[0]

    def set_up_servers(self):
        ca, factory = self.folder / "ca", self.folder / "factory"
        said = self.run("ca", "init", "--dir", str(ca))
        self.fingerprint = said.split("root fingerprint (SHA-256)")[1].lstrip(": ").split()[0]
        set_value(ca, "listen", "port", ca_port := free_port("127.0.0.1"))
        self.run("ca", "order", "add", "PO-1", "--dir", str(ca), "--factory", "factory-1", "--model", "3012", "--quantity",
                 str(self.planned), "--first-serial", "000001")
        self.program("ca", "ca", "serve", "--dir", str(ca))
        (self.folder / "password").write_text("a long password 1\n")
        os.chmod(self.folder / "password", 0o600)
        self.run("factory", "init", "--dir", str(factory), "--ca", f"https://127.0.0.1:{ca_port}", "--fingerprint",
                 self.fingerprint, "--token", self.token("factory", "factory-1"), "--admin", "admin", "--password-file",
                 f"{self.folder}/password")
        self.station_port = free_port("127.0.0.1")
        set_value(factory, "listen", "port", self.station_port)
        set_value(factory, "admin", "port", free_port("127.0.0.1"))
        self.program("factory", "factory", "serve", "--dir", str(factory))

    def set_up_plan(self):
        day = time.strftime("%Y-%m-%d")
        self.factory("model", "add", "3012", "--name", "TYPE-1")
        (self.folder / "plan.csv").write_text(f"date,model,quantity,first_serial\n{day},3012,{self.planned},000001\n")
        self.factory("plan", "import", f"{self.folder}/plan.csv")
        self.factory("request", "--date", day, "--wait")

    def set_up_line(self, i):
        name, bench, device = f"line-{i}", f"127.0.{i}.1", f"127.0.{i}.2"
        address, folder = f"{device}:{free_port(device)}", self.folder / f"line-{i}"
        self.run("station", "init", "--dir", str(folder), "--factory", f"https://127.0.0.1:{self.station_port}",
                 "--fingerprint", self.fingerprint, "--token", self.token("station", name), "--bench-address", bench,
                 "--bench-port", str(free_port(bench)), "--device", address, "--sources", "stdin")
        self.factory("station", "add", name, "--line", name)
        self.program(f"devices-{i}", "device", "swarm", "--dir", f"{self.folder}/devices-{i}", "--root",
                     f"{self.folder}/ca/root.crt", "--listen", address)
        self.program(f"board-{i}", "station", "board", "--model", "3012", "--dir", str(folder), says_ready=False)
        self.program(name, "station", "run", "--dir", str(folder))

    # --- The lines ---

    def take_serial(self):
        with self.serial_lock:
            self.next_serial += 1
            return self.next_serial - 1

    def until(self, what, program, text, good, first=None):
        """Again until it worked: programs are killed on the way, a pack has to come again after a failed write."""
        line = None
        for attempt in range(100):
            if first is not None and not (line := first() or "").startswith("ok"):
                time.sleep(0.1)
                continue
            line = program.ask(text, ("PASS", "FAIL", "ok", "error"))
            if line is not None and line.startswith(good):
                return line
            if "exist" in (line or ""):
                return line
            self.retries += 1
            time.sleep(0.3 if line is not None else 0.05)
        self.fault(f"{what}: given up, the last answer was {line}")
        return None

    def one_device(self, i, serial, dice):
        swarm, board, station = (self.programs[f"{name}-{i}"] for name in ("devices", "board", "line"))
        number, text = f"3012-{serial:06}", f"B{serial}"
        plug = lambda: swarm.ask(f"plug {number}", ("ok", "error"))
        if not self.until(f"new {number}", swarm, f"new 3012 {serial:06} {text}", "ok") \
                or not self.until(f"board {number}", board, text, "PASS", plug):
            return
        if dice < 0.10:
            swarm.ask(f"fail {number}" if dice < 0.05 else f"cut {number} {int(dice * 20000)}", ("ok", "error"))
        if not self.until(number, station, number, "PASS", plug):
            return
        shown = self.until(f"show {number}", swarm, f"show {number}", "ok") or ""
        self.written[number] = shown.partition("fingerprint=")[2].split(" ")[0]
        shutil.rmtree(self.folder / f"devices-{i}" / number, ignore_errors=True)

    def line(self, i):
        dice = random.Random(self.random.random())
        try:
            while not self.over and not self.faults and (serial := self.take_serial()) <= self.planned:
                self.one_device(i, serial, dice.random())
        except Exception as e:  # else the line would stand still unnoticed
            self.fault(f"line {i}: {e!r}")

    # --- Watching and killing ---

    def watch(self):
        while not self.ending:
            for p in list(self.programs.values()):
                p.keep_up()
            time.sleep(0.03)

    def sample(self, third):
        for name, p in self.programs.items():
            for label, pid in ((name, p.pid()),) if name != "ca" else (("ca front", p.pid()), ("ca signer", p.pid(True))):
                kb, fds = memory_kb(pid), descriptors(pid)
                if kb:
                    self.samples.append((third, label, len(self.written), kb, fds))

    def disturb(self):
        name = self.random.choice(["ca", "ca", "factory", "factory", *(f"{n}-{i}" for n in ("line", "board", "devices")
                                                                       for i in range(1, LINES + 1))])
        p = self.programs[name]
        if self.random.random() < 0.2:
            if name.startswith(("ca", "factory", "line")) and p.ready.is_set():
                p.stop()
        else:
            p.kill9(second=name == "ca" and self.random.random() < 0.5)

    def spend(self):
        began = last_sample = time.monotonic()
        while (spent := time.monotonic() - began) < self.seconds and not self.faults:
            third = int(3 * spent / self.seconds)
            if third != 1 and time.monotonic() - last_sample >= min(10, self.seconds / 60):
                self.sample(third)
                last_sample = time.monotonic()
            if third == 1:
                self.disturb()
                time.sleep(self.random.uniform(0.2, 3))
            time.sleep(0.2)
        self.over = True

    # --- Judging ---

    def curves(self):
        """Growth of each program within each calm third, after it had half of it to warm up."""
        print(f"\n{'':14}{'third':>6}{'devices':>9}{'memory kB':>20}{'grown kB':>10}{'descriptors':>13}")
        for third in (0, 2):
            for label in dict.fromkeys(s[1] for s in self.samples):
                rows = [s for s in self.samples if s[0] == third and s[1] == label]
                if len(rows) < 8:
                    continue
                half, last = rows[len(rows) // 2:5 * len(rows) // 8], rows[-max(1, len(rows) // 8):]
                early, late = (int(statistics.median(s[3] for s in part)) for part in (half, last))
                opened = max(s[4] for s in last) - max(s[4] for s in half)
                print(f"{label:14}{third + 1:>6}{last[-1][2] - half[0][2]:>9}{early:>10}{late:>10}{late - early:>10}"
                      f"{max(s[4] for s in half):>7}{max(s[4] for s in last):>6}")
                if late - early > CACHES_KB.get(label, GROWTH_KB) and late - early > GROWTH_PARTS * early:
                    self.fault(f"{label} grew by {late - early} kB")
                if opened > DESCRIPTORS:
                    self.fault(f"{label} has {opened} descriptors more")

    def identities(self):
        """What the devices have is what the CA has on record as written, once for each number."""
        live = {}
        for text in self.run("ca", "export", "--dir", f"{self.folder}/ca").splitlines():
            row = json.loads(text)
            if row.get("kind", "device") == "device" and row["state"] in ("written", "erased"):
                live.setdefault(row["number"], []).append(row["fingerprint"])
        for number, fingerprint in self.written.items():
            if live.get(number) != [fingerprint]:
                self.fault(f"{number} has {fingerprint}, the CA says {live.get(number)}")
        keys = [f for fingerprints in live.values() for f in fingerprints]
        if len(keys) != len(set(keys)):
            self.fault("one identity for two numbers")
        return len(live)

    def reconciled(self):
        """The factory server's last reports may still be on their way."""
        for attempt in range(40):
            try:
                return self.run("factory", "reconcile", "--dir", f"{self.folder}/factory")
            except RuntimeError as e:
                last = e
                time.sleep(0.5)
        self.fault(str(last))
        return ""

    def judge(self):
        self.reconciled()
        self.ending = True
        for p in reversed(self.programs.values()):
            p.stop() if p.says_ready else p.child.kill()
        for area, *words in (("ca", "fsck"), ("ca", "audit", "verify"), ("factory", "fsck"), ("factory", "audit", "verify")):
            try:
                self.run(area, *words, "--dir", f"{self.folder}/{area}")
            except RuntimeError as e:
                self.fault(str(e))
        self.curves()
        written = self.identities()
        if written < len(self.written):
            self.fault(f"{len(self.written)} devices were written, the CA knows of {written}")

    def soak(self):
        self.set_up_servers()
        self.set_up_plan()
        for i in range(1, LINES + 1):
            self.set_up_line(i)
        lines = [threading.Thread(target=self.line, args=(i,), daemon=True) for i in range(1, LINES + 1)]
        watcher = threading.Thread(target=self.watch, daemon=True)
        for thread in [watcher, *lines]:
            thread.start()
        self.spend()
        for thread in lines:
            thread.join(300)
            if thread.is_alive():
                self.fault("a line does not come to an end")
        self.judge()


def main():
    arguments = argparse.ArgumentParser(description="the whole line for a long time, with kills")
    arguments.add_argument("build")
    arguments.add_argument("minutes", type=float)
    arguments.add_argument("seed", type=int, nargs="?", default=int(time.time()))
    a = arguments.parse_args()
    soak = Soak(os.path.abspath(a.build), a.minutes, a.seed)
    print(f"soak: {a.minutes:g} minutes, seed {a.seed}, folder {soak.folder}", flush=True)
    began = time.monotonic()
    try:
        soak.soak()
    except RuntimeError as e:
        soak.fault(str(e))
    finally:
        soak.ending = True
        for p in soak.programs.values():
            if p.child.poll() is None:
                p.child.kill()
    kills = sum(p.kills for p in soak.programs.values())
    restarts = sum(p.restarts for p in soak.programs.values())
    print(f"\nsoak: {len(soak.written)} devices written in {time.monotonic() - began:.0f} s, {kills} kills, {restarts} restarts, "
          f"{soak.retries} retries, {len(soak.faults)} faults")
    if not soak.faults:
        shutil.rmtree(soak.folder)
    sys.exit(1 if soak.faults else 0)


main()
