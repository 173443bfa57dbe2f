"""REGISTER, CHALLENGE, CLIENT and SERVER: section 4.2."""

from primitives import be32, be64, bech32m, concat_kdf, counted, nonce_of, seal, x25519, x25519_public


def signaling():
    service = counted(0x51, 32)
    public = x25519_public(service)
    ephemeral = counted(0x21, 32)
    e = x25519_public(ephemeral)
    z = x25519(ephemeral, public)
    keys = concat_kdf(z, b"signal", e, public, b"", b"", 96)
    k_register, k_challenge, session = keys[:32], keys[32:64], keys[64:]

    registers = []
    cookie = counted(0x70, 16)
    tag = counted(0x90, 16)
    for index, (cookie_said, token) in enumerate(((bytes(16), b""), (cookie, b"token"))):
        nonce = counted(0x01 + 16 * index, 12)
        body = cookie_said + bytes([len(token)]) + token + b"\x01" + tag + b"\x81"
        header = b"\xd1\x01" + e + nonce
        body += bytes(256 - len(header) - 16 - len(body))
        registers.append({
            "cookie": cookie_said.hex(), "token": token.hex(), "tag": tag.hex(), "side": 1, "watch": True,
            "nonce": nonce.hex(), "plaintext": body.hex(),
            "datagram": (header + seal(k_register, nonce, header, body)).hex()})
        assert len(registers[-1]["datagram"]) == 512

    nonce = counted(0x61, 12)
    time = 1_767_225_600_456
    body = cookie + be64(time) + bytes.fromhex("04c00002079c40")
    header = b"\xd2" + nonce
    challenge = {
        "cookie": cookie.hex(), "time": time, "observed": "192.0.2.7:40000", "nonce": nonce.hex(),
        "plaintext": body.hex(), "datagram": (header + seal(k_challenge, nonce, header, body)).hex()}

    registration = 0x0123456789ABCDEF
    k = concat_kdf(session, b"registration", e, public, be64(registration), b"", 88)
    ways = {}
    for way, first, offset, messages in (
        ("client", b"\xd3", 0, (b"\x01", b"\x06" + counted(0, 8))),
        ("server", b"\xd4", 44, (b"\x86" + counted(0, 8), b"\x85")),
    ):
        key, iv = k[offset : offset + 32], k[offset + 32 : offset + 44]
        ways[way] = []
        for number, frames in enumerate(messages):
            header = first + be64(registration) + be32(number)
            ways[way].append({
                "packet_number": number, "frames": frames.hex(),
                "datagram": (header + seal(key, nonce_of(iv, number), header, frames)).hex()})
    return {
        "service_secret": service.hex(),
        "service_secret_text": bech32m("pinsrv-secret-", service).upper(),
        "service_public": public.hex(),
        "service_text": bech32m("pinsrv", public),
        "ephemeral_secret": ephemeral.hex(),
        "ephemeral_public": e.hex(),
        "z": z.hex(),
        "register_key": k_register.hex(),
        "challenge_key": k_challenge.hex(),
        "registration_secret": session.hex(),
        "registers": registers,
        "challenge": challenge,
        "registration": f"{registration:016x}",
        "c2s_key": k[:32].hex(),
        "c2s_iv": k[32:44].hex(),
        "s2c_key": k[44:76].hex(),
        "s2c_iv": k[76:].hex(),
        "client": ways["client"],
        "server": ways["server"],
    }
