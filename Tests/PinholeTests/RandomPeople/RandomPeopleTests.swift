import Foundation
import Simulator
import TestThreads
import Testing

@testable import Pinhole

/// `PEOPLE=5000` tries so many; `PEOPLE_SEED=7` prints what happens in one.
@Suite("random people", .ownThreads)
struct RandomPeopleTests {
    private static let environment = ProcessInfo.processInfo.environment
    private static let count = environment["PEOPLE"].flatMap { UInt64($0) } ?? 40
    private static let first = environment["PEOPLE_FIRST"].flatMap { UInt64($0) } ?? 0

    @Test(
        "whatever happens, folders arrive whole, once and as they were sent, and an invite makes one contact at most",
        arguments: 0..<4 as Range<UInt64>)
    func random(part: UInt64) throws {
        var sum = RandomPeople.Summary()
        for seed in stride(from: Self.first + part, to: Self.first + Self.count, by: 4) {
            do {
                let summary = try RandomPeople.run(seed: seed, deeds: 40)
                sum.files += summary.files
                sum.folders += summary.folders
                sum.requests += summary.requests
                sum.meetings += summary.meetings
            } catch {
                Issue.record("\(error)")
            }
        }
        if Self.count > 100 { print(sum) }
        // Worlds where nothing was sent prove nothing; of a few it may be so.
        let count = Int(Self.count) / 4
        guard count >= 10 else { return }
        #expect(sum.files > count / 8 && sum.folders > count / 8)
        #expect(sum.requests > count / 8 && sum.meetings > count / 8)
    }

    @Test("one of them, with all that happens", .enabled(if: environment["PEOPLE_SEED"] != nil))
    func replay() throws {
        let seed = Self.environment["PEOPLE_SEED"].flatMap { UInt64($0) } ?? 0
        print(try RandomPeople.run(seed: seed, deeds: 40) { print("  \($0)") })
    }
}

/// What random people found, under the names of what went wrong.
@Suite("random people that went wrong", .ownThreads)
struct RandomPeopleRegressionTests {
    @Test(
        "who found at the start that a source had changed kept the hashes of what was sent of it",
        arguments: [2, 4, 5] as [UInt64])
    func changedWhileDead(seed: UInt64) throws {
        _ = try RandomPeople.run(
            seed: seed,
            [
                .weather(.badLine(lossPercent: 40)), .sendFolder(0, to: 1, entries: 5, bytes: 900_000), .accept(1),
                .pass(seconds: 1), .accept(1), .pass(seconds: 1), .kill(0), .change(0),
            ])
    }

    @Test("who hung up before the inviter was there never introduced himself")
    func hungUp() throws {
        _ = try RandomPeople.run(
            seed: 0,
            [
                .weather(.stopService), .invite(0, bound: nil, seconds: 1500), .use(2, invite: 0, isHonest: true),
                .pass(seconds: 20), .disconnect(2, from: 0), .pass(seconds: 20),
            ])
    }
}
