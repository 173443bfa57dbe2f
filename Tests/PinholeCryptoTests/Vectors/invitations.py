"""Invites and introductions: sections 1.6 and 3.13."""

import struct

from identities import Identity
from primitives import be32, bech32m, concat_kdf, counted, lp, sha256, x25519_public


def place(service_key, host, port):
    kind = b"\0" if service_key is None else b"\1" + service_key
    return kind + struct.pack(">H", port) + bytes([len(host)]) + host


def introduction(name, places):
    return bytes([len(name)]) + name + bytes([len(places)]) + b"".join(places)


def invite_case(title, seeds, secret, expiry, bound, name, places, session, guest_name, guest_places):
    inviter, invited = Identity(seeds[0]), Identity(seeds[1])
    binding = sha256(b"pinhole/1 invite for\0" + invited.public)[:16] if bound else b""
    content = (bytes([1, 1 if bound else 0]) + inviter.public + secret + be32(expiry) + binding
               + introduction(name, places))
    signature = inviter.key.sign(b" " * 64 + b"pinhole/1 invite\0" + content)
    guest = Identity(concat_kdf(secret, b"invite", inviter.public, b"", b"", b"", 32))
    says = introduction(guest_name, guest_places)
    proof = invited.key.sign(b" " * 64 + b"pinhole/1 invited\0" + lp(inviter.public) + lp(guest.public) + lp(session)
                             + says)
    return {
        "title": title, "inviter": inviter.json(), "invited": invited.json(), "secret": secret.hex(),
        "expiry": expiry, "binding": binding.hex(), "name": name.decode(), "content": content.hex(),
        "signature": signature.hex(), "text": bech32m("pinhole://add/", content + signature),
        "guest_seed": guest.seed.hex(), "guest_public": guest.public.hex(), "session": session.hex(),
        "proof": proof.hex(), "introduction": (b"\1" + invited.public + proof + says).hex(),
        "verdict_waiting": b"\2\1".hex(),
    }


def invites():
    seeds = (counted(0x00, 32), counted(0x20, 32))
    service = place(x25519_public(counted(0x01, 32)), b"signal.example.org", 41414)
    return [
        invite_case("for anybody, by one service", seeds, counted(0x60, 16), 1767225600, False, b"Alice", [service],
                    counted(0xA0, 16), b"Bob", []),
        invite_case("bound to a key, with a service and an address, without names", seeds, counted(0x70, 16),
                    4294967295, True, b"", [service, place(None, b"2001:db8::1", 7000)], counted(0xB0, 16), b"",
                    [service]),
    ]
