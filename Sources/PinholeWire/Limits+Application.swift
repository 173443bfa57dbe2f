/// Services, files, messages and invites.
extension Limits {
    // MARK: Signaling (protocol §4)

    package static let maxBlob = 1024
    package static let tagSize = 16
    /// A REGISTER is padded to this, so that no answer to it is larger.
    package static let registerSize = 256
    package static let signalingDatagramSize = 1200
    package static let maxTagsPerMessage = 56
    package static let maxTagsPerRegistration = 2048
    package static let registrationLifetime: Duration = .milliseconds(90_000)
    /// How long what an older registration sends does not take a seat from a newer one.
    package static let seatGrace: Duration = .milliseconds(10_000)
    /// "at most one each 5 s is told": notices of one client of a service.
    package static let noticeInterval: Duration = .seconds(5)
    /// "followed at most once in a minute": a service's clock that goes to another day than the next one.
    package static let dayJumpInterval: Duration = .seconds(60)
    /// Seconds; tags change at the service's midnight, UTC.
    package static let dayLength: UInt64 = 86_400

    // MARK: Files

    /// Offers of one contact that wait for an answer, or for their content; more are refused. Each costs memory, and one
    /// that waits for a person a row on the disk.
    package static let maxOffers = 1024
    /// Offers of one contact, and ends of such, that wait for the disk at once: with more, it is read no further.
    package static let maxUnnoted = 64
    /// Transfers to one contact whose bytes are in memory at once.
    package static let maxActiveFiles = 16
    /// "groups of 256 KiB": what is verified, and told to be held, at a time.
    package static let fileGroup = 256 * 1024
    /// Bytes that came of one of a contact's transfers and are not written yet: so much waits for a slow disk, then the
    /// peer does …
    package static let maxUnwritten = 4 << 20
    /// … and of all of them; each has at most half of what the others leave.
    package static let maxUnwrittenTogether = 32 << 20
    /// "at most 2^20 entries, 2^20 ranges of files with holes and 64 MiB".
    package static let maxManifest = 64 << 20
    package static let maxManifestEntries = 1 << 20
    /// Bytes of the lists of all that a contact sends at once: each is in memory as long as its files come.
    package static let maxManifestsTogether = 4 * maxManifest
    package static let maxManifestRanges = 1 << 20
    package static let maxFolderDepth = 64
    /// Linux' PATH_MAX.
    package static let maxFilePath = 4096

    // MARK: Chat

    package static let maxMessageBody = 64 * 1024
    /// Epochs of a contact that are remembered in memory; those on disk are many more (protocol §3.6).
    package static let epochsRemembered = 16
    /// "at most every 3 s while somebody types": it is repeated, as its meaning ends by itself …
    package static let typingInterval: Duration = .milliseconds(3000)
    /// … after this.
    package static let typingLifetime: Duration = .milliseconds(6000)
    /// A contact that says more often that it types is believed once in this time.
    package static let typingPause: Duration = .milliseconds(500)

    // MARK: Two nodes with one identity (protocol §4.11)

    /// "700 ms apart, three times", after APPEARED; then once in so long.
    package static let twinRetry: Duration = .milliseconds(700)
    package static let twinAttempts = 3
    package static let twinInterval: Duration = .seconds(300)
    /// While it lasts it is told again after this.
    package static let twinReminder: Duration = .seconds(600)
    /// What is heard of several ways within this time is told once.
    package static let twinPause: Duration = .seconds(10)
    package static let maxFileName = 255

    // MARK: Invites

    /// Bytes of UTF-8.
    package static let maxInviteName = 128
    package static let maxInvitePlaces = 4
    package static let maxInviteRecord = 2048
}
