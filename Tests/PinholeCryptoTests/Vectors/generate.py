#!/usr/bin/env python3
"""Computes the vectors beside this file from the protocol's text, sharing no code with the Swift implementation.

Needs Debian's python3-cryptography, python3-nacl and python3-mnemonic. It overwrites the *.json beside it:

    /usr/bin/python3 Tests/PinholeCryptoTests/Vectors/generate.py

The modules beside it hold a part of the protocol each. All byte strings are hexadecimal. Nothing here is constant-time or meant to protect anything.
"""

import json
import os
import sys

sys.dont_write_bytecode = True

from handshakes import handshakes
from identities import keys
from invitations import invites
from local_network import beacons
from rekeys import rekey_case
from service import signaling
from transfers import files
from twins import twins


def write(name, value):
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), name)
    with open(path, "w", encoding="utf-8") as file:
        json.dump(value, file, indent=2)
        file.write("\n")


def main():
    runs = handshakes()
    write("handshake.json", runs)
    write("rekey.json", [rekey_case(run) for run in runs])
    write("signaling.json", signaling())
    write("keys.json", keys())
    write("beacon.json", beacons())
    write("twin.json", twins())
    write("invite.json", invites())
    write("files.json", files())


if __name__ == "__main__":
    main()
