#!/usr/bin/python3
"""Every role against every route of a JSON service, over HTTPS: routes.py URL ROOT.pem ROLE=PASSWORD-FILE...

The routes and the roles that may use each are what the service itself says at /openapi.json ("For: planner, admin.";
a unit test holds that against the table). An operator who may not is refused with 403, nobody without a log-in gets
further than 401, and who may gets any other answer. ROLE is the operator's name, too. Prints each cell that is
otherwise; the exit status is 1 then."""
import json
import re
import ssl
import sys
import urllib.error
import urllib.request

base, root, *people = sys.argv[1:]
people = dict(p.split("=", 1) for p in people)
context = ssl.create_default_context(cafile=root)
context.check_hostname = False


def call(method, path, token=None, body=None):
    """(status, answer)"""
    request = urllib.request.Request(base + path, method=method, data=None if body is None else json.dumps(body).encode())
    request.add_header("Content-Type", "application/json")
    if token is not None:
        request.add_header("Authorization", "Bearer " + token)
    try:
        with urllib.request.urlopen(request, context=context, timeout=30) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as e:
        return e.code, e.read().decode()


tokens = {}


def token_of(name):
    """Logged in once: whoever logs in again and again is asked to wait."""
    if name is None:
        return None
    if name not in tokens:
        tokens[name] = log_in(name)
    return tokens[name]


def log_in(name):
    password = open(people[name]).readline().strip()
    status, answer = call("POST", "/session", body={"name": name, "password": password})
    if status != 200:
        sys.exit(f"{name} cannot log in: {status} {answer}")
    return json.loads(answer)["token"]


def cells():
    """(method, path, who may: None for anybody)"""
    _, text = call("GET", "/openapi.json")
    for path, methods in json.loads(text)["paths"].items():
        for method, operation in methods.items():
            roles = re.search(r"For: ([a-z, ]+)\.", operation.get("description", ""))
            anybody = "security" in operation
            yield method.upper(), re.sub(r"\{[^}]*\}", "nothing-1", path), None if anybody else set(roles.group(1).split(", "))


tried = wrong = 0
for method, path, roles in cells():
    for name in (None, *people):
        status, answer = call(method, path, token_of(name), {} if method == "POST" else None)
        if path == "/session":
            tokens.pop(name, None)  # which ends it
        refused = status == 401 if name is None else status == 403 and f"a {name} may not" in answer
        may = roles is None or name in roles
        tried += 1
        if roles is None and path == "/session":
            continue  # the log-in itself
        if refused == may or (may and status in (401, 500)):
            wrong += 1
            print(f"WRONG: {name or 'nobody'} {method} {path}: {status} {answer[:200]}")
print(f"{tried} cells tried, {wrong} wrong")
sys.exit(1 if wrong or tried < 20 else 0)
