import Foundation
import TestSupport
import Testing

/// What the fuzzer found worth keeping, and changes of it: what a target promises must hold (`Tests/Fuzz/run` looks for
/// more). A promise that is broken ends the process, with the input's name as the last line.
@Suite("fuzz targets")
struct ReplayTests {
    @Test("hold what they promise for their corpus, and for changes of it", arguments: FuzzTarget.all.map(\.name))
    func replay(name: String) throws {
        let target = try #require(FuzzTarget.all.first { $0.name == name })
        let folder = try #require(Bundle.module.resourceURL).appending(path: "Corpus/\(name)")
        let files = try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
        #expect(!files.isEmpty, "\(name) has no corpus")
        var corpus = target.samples()
        for file in files { corpus.append(Array(try Data(contentsOf: folder.appending(path: file)))) }
        for (index, input) in corpus.enumerated() {
            print("\(name): \(index < files.count ? files[index] : "sample")", terminator: "\r")
            target.run(input)
        }
        let seed: UInt64 = 0x9111
        print("\(name): changes by seed \(seed)")
        var random = SeededRandom(seed: seed)
        let keepsState = FuzzTarget.state.contains { $0.name == name }
        for _ in 0..<(keepsState ? 40 : 300) {
            var input = corpus.randomElement(using: &random) ?? []
            for _ in 0..<Int.random(in: 1...4, using: &random) { change(&input, corpus, &random) }
            target.run(Array(input.prefix(target.maxLength)))
        }
    }

    private func change(_ input: inout [UInt8], _ corpus: [[UInt8]], _ random: inout SeededRandom) {
        guard !input.isEmpty else { return input = random.bytes(8) }
        let place = Int.random(in: input.indices, using: &random)
        switch Int.random(in: 0..<6, using: &random) {
        case 0: input[place] = UInt8.random(in: 0...255, using: &random)
        case 1: input[place] ^= 1 << UInt8.random(in: 0..<8, using: &random)
        case 2: input[place] = [0, 0x7f, 0x80, 0xff].randomElement(using: &random) ?? 0
        case 3: input.removeSubrange(place..<min(input.count, place + Int.random(in: 1...8, using: &random)))
        case 4: input.insert(contentsOf: random.bytes(Int.random(in: 1...8, using: &random)), at: place)
        default: input = input[..<place] + (corpus.randomElement(using: &random) ?? []).suffix(64)
        }
    }
}
