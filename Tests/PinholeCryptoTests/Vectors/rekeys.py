"""Five epochs after a handshake: section 3.10."""

from identities import Identity
from primitives import (
    be32, chacha20_keystream, concat_kdf, counted, nonce_of, seal, sha256, x25519, x25519_public)


def rekey_case(handshake):
    """Five epochs after the handshake's own, from what the handshake's vectors say."""
    lo, hi = (handshake[side] for side in ("lo", "hi"))
    u, v = (bytes.fromhex(s["identity"]["public"] + s["ephemeral_public"]) for s in (lo, hi))
    th, root = bytes.fromhex(handshake["transcript_hash"]), bytes.fromhex(handshake["root_key"])
    epochs = []
    for epoch in range(1, 6):
        secrets = [counted(0x11 * epoch, 32), counted(0x11 * epoch + 0x80, 32)]
        e_lo, e_hi = (x25519_public(secret) for secret in secrets)
        ee = x25519(secrets[0], e_hi)
        assert ee == x25519(secrets[1], e_lo)
        th = sha256(b"pinhole/1 rekey" + th + be32(epoch) + e_lo + e_hi)
        root = concat_kdf(ee + root, b"rekey", u, v, th, b"", 32)
        traffic = concat_kdf(root, b"traffic " + be32(epoch), u, v, th, b"", 152)
        sides = {}
        for index, (role, mine, theirs, secret, public) in enumerate(
            ((b"Lo", lo, hi, secrets[0], e_lo), (b"Hi", hi, lo, secrets[1], e_hi))
        ):
            identity = Identity(bytes.fromhex(mine["identity"]["seed"]))
            signature = identity.key.sign(b" " * 64 + b"pinhole/1 rekey " + role + b"\0" + th)
            t = traffic[76 * index : 76 * index + 76]
            number = 1000 * epoch + index
            plaintext = b"\x01" + bytes(63)
            first = 0x40 | (epoch % 4) << 2
            header = bytes([first]) + bytes.fromhex(theirs["connection_id"]) + be32(number)
            sealed_part = seal(t[:32], nonce_of(t[32:44], number), header, plaintext)
            mask = chacha20_keystream(t[44:76], sealed_part[:16], 5)
            protected = bytes([first ^ mask[0] & 0x0F]) + header[1:9]
            protected += bytes(x ^ y for x, y in zip(header[9:13], mask[1:5]))
            sides[role.decode().lower()] = {
                "ephemeral_secret": secret.hex(),
                "ephemeral_public": public.hex(),
                "rekey_frame": (b"\x23" + be32(epoch) + public).hex(),
                "signature": signature.hex(),
                "reauth_frame": (b"\x24" + be32(epoch) + signature).hex(),
                "traffic_key": t[:32].hex(),
                "traffic_iv": t[32:44].hex(),
                "header_protection_key": t[44:].hex(),
                "packet_number": number,
                "plaintext": plaintext.hex(),
                "mask": mask.hex(),
                "datagram": (protected + sealed_part).hex(),
            }
        epochs.append({
            "epoch": epoch, "ee": ee.hex(), "transcript_hash": th.hex(), "root_key": root.hex(),
            "lo": sides["lo"], "hi": sides["hi"]})
    return {"name": handshake["name"], "epochs": epochs}
