import PinholeWire
import Testing

@testable import PinholeCrypto

/// The primitives against the RFCs that define them.
struct KnownAnswerTests {
    @Test("ConcatKDF's encoder gives the key of RFC 7518 Appendix C")  // [CNV-5]
    func concatKDF() {
        let secret = hex("9e56d91d817135d372834283bf84269cfb316ea3da806a48f6daa7798cfe90c4")
        let info = otherInfo(
            algorithm: [UInt8]("A128GCM".utf8), u: [UInt8]("Alice".utf8), v: [UInt8]("Bob".utf8), bitCount: 128)
        #expect(info.bytes == hex("000000074131323847434d00000005416c69636500000003426f6200000080"))
        let key = oneStepKDF(secret.span, otherInfo: info.bytes, count: 16)
        #expect([UInt8](copying: key.bytes) == hex("56aa8deaf8236d205c2228cd71a7101a"))
    }

    @Test("ChaCha20-Poly1305 seals as in RFC 8439 §2.8.2")
    func chaChaPoly() throws {
        let plaintext = [UInt8](
            "Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, sunscreen would be it."
                .utf8)
        let header = hex("50515253c0c1c2c3c4c5c6c7")
        let key = hex("808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f")
        let nonce = Nonce(copying: hex("070000004041424344454647").span)
        let sealed = AEAD.seal(plaintext.span, after: header, nonce: nonce, key: key.span)
        #expect(
            sealed
                == header
                + hex(
                    """
                    d31a8d34648e60db7b86afbc53ef7ec2a4aded51296e08fea9e2b5a736ee62d63dbea45e8ca9671282fafb69da92728b
                    1a71de0a9e060b2905d6a5b67ecd3b3692ddbd7f2d778b8c9803aee328091b58fab324e4fad675945585808b4831d7bc
                    3ff4def08e4b7a9de576d26586cec64b6116 1ae10b594f09e26a7e902ecbd0600691
                    """))
        let opened = AEAD.open(
            sealed.span.extracting(header.count..<sealed.count), after: header.span, nonce: nonce, key: key.span)
        #expect(opened == plaintext)
    }

    @Test(
        "Ed25519 makes the keys and signatures of RFC 8032 §7.1",
        arguments: [
            (
                "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
                "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
                """
                e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155
                5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b
                """
            ),
            (
                "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
                "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
                """
                92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da
                085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00
                """
            ),
            (
                "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
                "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
                """
                6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac
                18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a
                """
            ),
        ] as [(Hex, Hex, Hex, Hex)])
    func ed25519(seed: Hex, publicKey: Hex, message: Hex, signature: Hex) throws {
        let identity = try IdentitySecret(seed: seed.bytes)
        #expect(identity.publicKey.raw == publicKey.bytes)
        #expect(identity.sign(message.bytes) == signature.bytes)
        #expect(identity.publicKey.verify(signature.bytes, of: message.bytes))
        #expect(!identity.publicKey.verify(signature.bytes, of: message.bytes + [0]))
    }

    @Test("a signature that is not in its canonical form does not verify")  // [CNV-3]
    func nonCanonicalSignature() throws {
        let identity = try IdentitySecret.fixed(1)
        let signature = identity.sign([1, 2, 3])
        // S + ℓ is congruent to S, and RFC 8032 §5.1.7 refuses it: S is to be below ℓ.
        let order = hex("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010")
        var changed = signature
        var carry = 0
        for index in 0..<32 {
            carry += Int(signature[32 + index]) + Int(order[index])
            changed[32 + index] = UInt8(truncatingIfNeeded: carry)
            carry >>= 8
        }
        #expect(identity.publicKey.verify(signature, of: [1, 2, 3]))
        #expect(!identity.publicKey.verify(changed, of: [1, 2, 3]))
    }

    @Test("X25519 gives the products of RFC 7748 §5.2, also after a thousand rounds")
    func x25519() throws {
        let one = try unwrap(
            product(
                hex("a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4"),
                hex("e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c")))
        #expect(one == hex("c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552"))
        let two = try unwrap(
            product(
                hex("4b66e9d4d1b4673c5ad22691957d6af5c11b6421e0ea01d42ca4169e7918ba0d"),
                hex("e5210f12786811d3f4b7959d0538ae2c31dbe7106fc03c3efc4cd549c715a493")))
        #expect(two == hex("95cbde9476e8907d7aade45cb4b873f88b595a68799fa152e6f8f7647aac7957"))
        var scalar = [9] + [UInt8](repeating: 0, count: 31)
        var point = scalar
        for _ in 0..<1000 { (scalar, point) = (try unwrap(product(scalar, point)), scalar) }
        #expect(scalar == hex("684cf59ba83309552800ef566f2f4d3c1c3887c49360e3875f2eb94d99532c51"))
    }

    @Test("header protection and nonce are those of RFC 9001 Appendix A.5")  // [PKT-2]
    func headerProtection() {
        let sealed = AEAD.seal(
            [0x01].span, after: hex("4200bff4"),
            nonce: Nonce(iv: hex("e0459b3474bdd0e44a41c144").span, number: 654_360_564),
            key: hex("c6d98ff3441c3fe1b2182094f69caa2ed4b716b65488960a7a984979fb23e1c8").span)
        #expect(sealed == hex("4200bff4655e5cd55c41f69080575d7999c25a5bfb"))
        let mask = hex("5e5cd55c41f69080575d7999c25a5bfb").withUnsafeBufferPointer {
            HeaderProtection.mask(
                sample: $0.baseAddress!,
                key: hex("25a282b9e82f06f21f488917a4fc8f1b73573685608597d0efcb076b0ab7a7a4").span)
        }
        #expect(mask == 0x03_7dfe_feae)
    }

    private func product(_ scalar: [UInt8], _ point: [UInt8]) -> [UInt8]? {
        guard let product = X25519.sharedSecret(scalar.span, point.span) else { return nil }
        return [UInt8](copying: product.bytes)
    }
}
