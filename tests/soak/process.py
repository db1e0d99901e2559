"""Programs that are started, killed, started again, measured; the folder of a whole line. Used by soak.py."""
import os
import pathlib
import queue
import re
import signal
import socket
import subprocess
import threading
import time


class Program:
    """One program that is kept running: whoever ends it with kill9 or stop says so before; all else is a fault."""

    def __init__(self, soak, name, arguments, says_ready=True):
        self.soak, self.name, self.says_ready = soak, name, says_ready
        self.argv = [f"{soak.build}/nameplate-{arguments[0]}", *arguments[1:]]
        self.lines, self.child, self.kills, self.restarts = queue.Queue(), None, 0, 0
        self.ready, self.expected, self.lock = threading.Event(), False, threading.Lock()

    def start(self):
        self.ready.clear()
        self.expected = False
        with open(self.soak.folder / f"{self.name}.log", "a") as log:
            self.child = subprocess.Popen(self.argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True)
        if not self.says_ready:
            self.ready.set()
        threading.Thread(target=self.read, args=(self.child,), daemon=True).start()

    def read(self, child):
        for line in child.stdout:
            if line.startswith("ready "):
                self.ready.set()
            else:
                self.lines.put(line.rstrip("\n"))
        child.wait()

    def keep_up(self):
        """Starts it again when it is gone; called by the watching thread only."""
        with self.lock:
            if self.child.poll() is None or self.soak.ending:
                return
            if not self.expected:
                self.soak.fault(f"{self.name} ended by itself with status {self.child.returncode}")
            self.restarts += 1
            self.start()

    def pid(self, second=False):
        """second: of the CA's signer, the child of its front; None when there is none just now."""
        if not second:
            return self.child.pid
        try:
            children = pathlib.Path(f"/proc/{self.child.pid}/task/{self.child.pid}/children").read_text().split()
        except OSError:
            return None
        return int(children[0]) if children else None

    def kill9(self, second=False):
        with self.lock:
            pid = self.pid(second)
            if not self.ready.is_set() or self.child.poll() is not None or pid is None:
                return False
            self.expected = True
            os.kill(pid, signal.SIGKILL)
        self.kills += 1
        return True

    def stop(self):
        """As an administrator does; it has to end by itself with status 0."""
        with self.lock:
            self.expected = True
            if self.child.poll() is not None:
                return
            self.child.send_signal(signal.SIGTERM)
            try:
                status = self.child.wait(30)
            except subprocess.TimeoutExpired:
                self.child.kill()
                status = "none within 30 s"
        if status != 0:
            self.soak.fault(f"{self.name}: exit status {status} after SIGTERM")

    def ask(self, text, prefixes, seconds=150):
        """Sends a line and waits for one that begins so. None: it was killed meanwhile, or not there."""
        if not self.ready.wait(60):
            self.soak.fault(f"{self.name} did not get ready")
            return None
        child = self.child
        while not self.lines.empty():
            self.lines.get_nowait()
        try:
            child.stdin.write(text + "\n")
            child.stdin.flush()
        except OSError:
            return None
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            try:
                line = self.lines.get(timeout=0.2)
            except queue.Empty:
                if child.poll() is not None or child is not self.child:
                    return None
                continue
            if line.startswith(prefixes):
                return line
        self.soak.fault(f"{self.name} did not answer \"{text}\" within {seconds} s")
        return None


def memory_kb(pid):
    try:
        text = pathlib.Path(f"/proc/{pid}/status").read_text()
        return int(re.search(r"^VmRSS:\s+(\d+)", text, re.M).group(1))
    except (OSError, AttributeError):
        return None


def descriptors(pid):
    try:
        return len(os.listdir(f"/proc/{pid}/fd"))
    except OSError:
        return None


def free_port(address):
    with socket.socket() as probe:
        probe.bind((address, 0))
        return probe.getsockname()[1]


def set_value(folder, section, name, value):
    """One setting of a nameplate.conf."""
    path, here, out = folder / "nameplate.conf", None, []
    for line in path.read_text().splitlines():
        if line.startswith("["):
            here = line.strip("[] ")
        if here == section and re.match(rf"{name}\s*=", line):
            line = f"{name} = {value}"
        out.append(line)
    path.write_text("\n".join(out) + "\n")
