#!/usr/bin/env python3
"""A wearer's front end in a few lines: prints the link, rings when somebody asks, takes y or n; an
empty line stops, r resumes, q ends. Python's standard library only.

    ring.py [options of tether]        for example: ring.py --demo --server HOST
"""
import json
import subprocess
import sys
import threading

tether = subprocess.Popen(["tether", "--headless", *sys.argv[1:]], text=True,
                          stdin=subprocess.PIPE, stdout=subprocess.PIPE)
KEYS = {"": "stop", "y": "allow", "n": "refuse", "r": "resume", "q": "quit"}


def read_keys():
    for line in sys.stdin:
        cmd = KEYS.get(line.strip(), "stop")  # in doubt: stop
        tether.stdin.write(json.dumps({"cmd": cmd}) + "\n")
        tether.stdin.flush()


threading.Thread(target=read_keys, daemon=True).start()
said = None
for line in tether.stdout:
    event = json.loads(line)
    if event["event"] == "link" and event["link"]:
        print("Send this to your partner:", event["link"], flush=True)
    elif event["event"] == "log":
        print(event["text"], flush=True)
    elif event["event"] == "state" and (event["sentence"], event["words"]) != said:
        said = event["sentence"], event["words"]
        print(event["sentence"], flush=True)
        if event["phase"] == "asking":  # also when somebody else asks now: other words
            print(f"\aTheir page must show: {event['words']}. y or n?", flush=True)
sys.exit(tether.wait())
