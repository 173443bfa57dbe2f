import Foundation
import PinholeCrypto
import Testing

@testable import Pinhole

@Suite("the vault")
struct VaultTests {
    let identity = Identity.generate()
    var vault: Vault { Vault(identity.secret) }

    @Test("what was sealed opens again, also after a restart", arguments: ["", "hi", "\u{0}", "Привет 👋"])
    func roundTrip(text: String) throws {
        let place = Vault.Place("message.body", 1, .min)
        let sealed = vault.seal(text, for: place)
        #expect(sealed.count == text.utf8.count + VaultKeys.overhead)
        #expect(try vault.text(sealed, for: place) == text)
        #expect(vault.seal(text, for: place) != sealed)
    }

    @Test("another place, another identity, and each changed byte are noticed")
    func forgery() throws {
        let place = Vault.Place("contact.name", 7)
        let sealed = vault.seal("bob", for: place)
        for other in [
            Vault.Place("contact.name", 8), Vault.Place("contact.key", 7), Vault.Place("contact.name"),
            Vault.Place("contact.name", 7, 0),
        ] {
            #expect(failure { _ = try vault.open(sealed, for: other) }?.code == .badData)
        }
        #expect(failure { _ = try Vault(Identity.generate().secret).open(sealed, for: place) }?.code == .badData)
        for index in sealed.indices {
            var changed = sealed
            changed[index] ^= 1
            #expect(failure { _ = try vault.open(changed, for: place) }?.code == .badData)
        }
        for count in 0..<sealed.count {
            #expect(failure { _ = try vault.open(sealed.prefix(count), for: place) }?.code == .badData)
        }
    }

    @Test("a tag is the same for the same value in the same column, and for nothing else")
    func tags() {
        let tag = vault.tag("bob", in: "contact.name")
        #expect(tag.count == 16)
        #expect(tag == Vault(identity.secret).tag("bob", in: "contact.name"))
        #expect(tag != vault.tag("bob", in: "contact.key"))
        #expect(tag != vault.tag("bob2", in: "contact.name"))
        #expect(tag != Vault(Identity.generate().secret).tag("bob", in: "contact.name"))
    }
}
