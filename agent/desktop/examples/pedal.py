#!/usr/bin/env python3
"""A foot switch stops Tether, whatever window is in front, and without one: it reads the switch's own
event device (a switch is a small USB keyboard) and runs `tether stop` at each press of any of its keys.

    pedal.py /dev/input/by-id/usb-NAME-event-kbd [COMMAND...]

Python's standard library only. Whoever runs it needs to be able to read the device: see WEARER.md."""
import fcntl
import struct
import subprocess
import sys

EVENT = struct.Struct("@llHHi")  # struct input_event of <linux/input.h>: time, type, code, value
EV_KEY, PRESS = 1, 1
EVIOCGRAB = 0x40044590  # its keys go nowhere else: a pedal that types "b" types into nothing


def read(device):
    try:
        return device.read(EVENT.size)
    except OSError:  # ENODEV
        return b""


if len(sys.argv) < 2:
    sys.exit(__doc__)
command = sys.argv[2:] or ["tether", "stop"]
with open(sys.argv[1], "rb", buffering=0) as device:
    try:
        fcntl.ioctl(device, EVIOCGRAB, 1)
    except OSError as error:
        print(f"pedal: not grabbed, its keys also type: {error.strerror}", file=sys.stderr)
    print("pedal: ready; press it once to try", flush=True)
    while event := read(device):
        _, _, kind, _, value = EVENT.unpack(event)
        if (kind, value) == (EV_KEY, PRESS):
            subprocess.run(command, check=False)
sys.exit("pedal: the switch has been unplugged")
