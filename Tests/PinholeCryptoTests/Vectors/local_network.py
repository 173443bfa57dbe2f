"""Beacons: section 6."""

from identities import Identity
from primitives import be32, blake2b_128, concat_kdf, counted, curve_public, curve_secret, x25519


def beacons():
    lo, hi = sorted((Identity(counted(0x00, 32)), Identity(counted(0x20, 32))), key=lambda identity: identity.public)
    ss = x25519(curve_secret(lo.seed), curve_public(hi.public))
    pair = concat_kdf(ss, b"pair", lo.public, hi.public, b"", b"", 32)
    k_lan = concat_kdf(pair, b"lan", b"", b"", b"", b"", 32)
    epoch = 1_767_225_600 // 3600
    nonce = counted(0xF0, 16)
    cases = []
    for role in (b"Lo", b"Hi"):
        for text, sender in (
            ("192.0.2.7:40000", bytes.fromhex("04c00002079c40")),
            ("[fe80::7]:40000", bytes.fromhex("06fe8000000000000000000000000000079c40")),
        ):
            for flags in (0, 1):
                key = concat_kdf(k_lan, b"beacon " + role, b"", b"", be32(epoch), b"", 32)
                mask = blake2b_128(key, nonce + sender)[:8]
                entry = bytes(a ^ b for a, b in zip(mask, bytes(7) + bytes([flags])))
                others = [counted(16 * i, 8) for i in range(1, 8)]
                beacon = b"\xc4\x01" + nonce + b"".join(others[:3] + [entry] + others[3:])
                cases.append({
                    "sender_role": role.decode().lower(), "sender": text, "flags": flags, "key": key.hex(),
                    "entry": entry.hex(), "beacon": beacon.hex()})
    return {
        "lo_seed": lo.seed.hex(), "hi_seed": hi.seed.hex(), "epoch": epoch, "nonce": nonce.hex(), "cases": cases}
