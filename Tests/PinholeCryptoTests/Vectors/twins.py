"""What two nodes with one identity share: sections 4.11 and 6.1."""

from identities import Identity
from primitives import be32, be64, blake2b_128, concat_kdf, counted, seal


def twins():
    own = Identity(counted(0x00, 32))
    k_twin = concat_kdf(own.seed, b"twin", own.public, b"", b"", b"", 32)
    k_blob = concat_kdf(k_twin, b"twin blob", b"", b"", b"", b"", 32)
    nonce = counted(0xD0, 12)
    instance, challenge, echo, side = 0x0102030405060708, 0x1112131415161718, 0x2122232425262728, 1
    body = be64(instance) + be64(challenge) + be64(echo) + bytes([side])
    epoch, beacon_nonce, sender = 1_767_225_600 // 3600, counted(0xF0, 16), bytes.fromhex("04c00002079c40")
    k_beacon = concat_kdf(k_twin, b"beacon twin", b"", b"", be32(epoch), b"", 32)
    return {
        "seed": own.seed.hex(),
        "twin_key": k_twin.hex(),
        "tags": [
            {"day": day, "tag": concat_kdf(k_twin, b"twin tag", b"", b"", be32(day), b"", 16).hex()}
            for day in (0, 20_000)],
        "blob_key": k_blob.hex(),
        "instance": f"{instance:016x}", "challenge": f"{challenge:016x}", "echo": f"{echo:016x}", "side": side,
        "blob": (nonce + seal(k_blob, nonce, b"", body)).hex(),
        "epoch": epoch, "beacon_nonce": beacon_nonce.hex(), "sender": "192.0.2.7:40000", "beacon_key": k_beacon.hex(),
        "entry": blake2b_128(k_beacon, beacon_nonce + sender)[:8].hex(),
    }
