import Glibc
import Testing

@testable import Pinhole

@Suite("whom a profile directory is trusted to")
struct ProfileGuardTests {
    @Test("a directory is one's own, or the superuser's, who may use everybody's")
    func owners() {
        #expect(Profile.trusts(1000, as: 1000))
        #expect(Profile.trusts(0, as: 1000))
        #expect(Profile.trusts(1000, as: 0))
        #expect(!Profile.trusts(1001, as: 1000))
    }

    @Test("what nobody else may enter is one's own also where the system has no name for its owner")
    func unmapped() {
        var status = stat()
        status.st_uid = FileStatus.overflowUser
        for (mode, isTrusted) in [(0o700, true), (0o750, false), (0o777, false)] as [(mode_t, Bool)] {
            status.st_mode = S_IFDIR | mode
            #expect(FileStatus(status).isOfUnmappedOwner == isTrusted)
        }
        status.st_mode = S_IFDIR | 0o700
        status.st_uid = FileStatus.overflowUser - 1
        #expect(!FileStatus(status).isOfUnmappedOwner)
    }

    @Test("what arrives lies in a folder of one's own, or of whoever has the folder around it")
    func partial() {
        var status = stat()
        status.st_mode = S_IFDIR | 0o777
        status.st_uid = 1000
        #expect(FileStatus(status).isOwn(of: 1000, inFolderOf: 0))
        #expect(FileStatus(status).isOwn(of: 1001, inFolderOf: 1000))
        #expect(!FileStatus(status).isOwn(of: 1001, inFolderOf: 0))
        #expect(!FileStatus(status).isOwn(of: 0, inFolderOf: 0))
        #expect(!FileStatus(status).isOwn(of: 1001, inFolderOf: nil))
    }

    @Test("a lock that is a link is not followed, and what it leads to stays", arguments: ["lock", "hooks.lock"])
    func links(name: String) throws {
        let folder = try TemporaryDirectory()
        let profile = try Profile.create(at: folder.path("profile"), passphrase: nil)
        try folder.write(Array("precious".utf8), to: "treasure")
        #expect(symlink(folder.path("treasure"), "\(profile.directory)/\(name)") == 0)
        let error = failure {
            if name == "lock" { _ = try profile.lock() } else { _ = try ProfileLock(hooksOf: profile.directory) }
        }
        #expect(error != nil)
        #expect(try folder.read("treasure") == Array("precious".utf8))
    }
}
