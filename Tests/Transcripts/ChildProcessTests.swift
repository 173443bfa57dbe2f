import Testing

@testable import PinholeCLI

@Suite("programs that hooks run")
struct ChildProcessTests {
    private func run(
        _ script: String, input: String = "", limit: Duration = .seconds(20), output: Int = 1000
    ) async -> ChildProcess.Outcome {
        await shell(script, limit: limit, output: output).run(input: Array(input.utf8))
    }

    private func shell(_ script: String, limit: Duration, output: Int) -> ChildProcess {
        ChildProcess(
            arguments: ["sh", "-c", script], environment: ["PATH=/usr/bin:/bin", "A=b"], directory: "/",
            timeLimit: limit, outputLimit: output)
    }

    @Test("it reads its input, and what it writes comes back")
    func talks() async {
        let long = String(repeating: "x", count: 300_000)
        let outcome = await run("wc -c; pwd; env | grep -v -e PWD -e _= -e SHLVL | sort; echo problem >&2", input: long)
        #expect(outcome.end == .exited(0))
        #expect(String(decoding: outcome.output, as: UTF8.self) == "300000\n/\nA=b\nPATH=/usr/bin:/bin\n")
    }

    @Test("one that does not read its input is no problem")
    func deaf() async {
        let outcome = await run("exec <&-; echo done", input: String(repeating: "x", count: 1_000_000))
        #expect(outcome.end == .exited(0))
        #expect(outcome.output == Array("done\n".utf8))
    }

    @Test("how it ended is known")
    func ends() async {
        #expect(await run("exit 7").end == .exited(7))
        #expect(await run("kill -KILL $$").end == .killed(signal: 9))
        let missing = ChildProcess(
            arguments: ["/no/such/program"], environment: [], directory: "/", timeLimit: .seconds(5), outputLimit: 9)
        #expect(await missing.run(input: []).end == .notStarted(2))
    }

    @Test("one that takes too long is ended with all that it started, also if it does not want to")
    func tooLong() async {
        #expect(await run("sleep 1000 & sleep 1000", limit: .milliseconds(50)).end == .tookTooLong)
        #expect(await run("trap '' TERM; sleep 1000 & sleep 1000", limit: .milliseconds(50)).end == .tookTooLong)
    }

    @Test("one that nobody waits for any more is ended, with all that it started")
    func unwanted() throws {
        let wish = ChildProcess.Wish()
        wish.end()
        let start = ContinuousClock.now
        let outcome = shell("sleep 60 & sleep 60", limit: .seconds(60), output: 1000).runHere(input: [], while: wish)
        #expect(outcome.end == .tookTooLong)
        #expect(ContinuousClock.now - start < .seconds(30))
    }

    @Test("one that says too much is ended")
    func tooMuch() async {
        #expect(await run("yes").end == .saidTooMuch)
    }

    @Test("one that leaves somebody behind with its output is not waited for")
    func background() throws {
        // Whether its last words and its end are seen in one turn is a matter of luck.
        for _ in 0..<10 {
            // On this thread: a task may wait for its turn among other tests for longer than for any program.
            let start = ContinuousClock.now
            let outcome = shell("sleep 60 & echo here", limit: .seconds(20), output: 1000).runHere(input: [])
            #expect(outcome.end == .exited(0))
            #expect(outcome.output == Array("here\n".utf8))
            // A busy machine starts programs late.
            try #require(ContinuousClock.now - start < .seconds(40))
        }
    }

    @Test("who is left behind and goes on writing is ended with the limit of what may be said")
    func backgroundNoise() async {
        let outcome = await run("yes & exit 0")
        // Whoever it is may not have begun when the program ends, and then its words are no part of what that said.
        #expect(outcome.end == .saidTooMuch || outcome.end == .exited(0) && outcome.output.isEmpty, "\(outcome.end)")
    }

    @Test("it has no descriptors of ours, and the signals of a shell")
    func clean() async {
        let outcome = await run("ls /proc/self/fd | wc -l; grep -e SigIgn -e SigBlk /proc/self/status")
        let lines = String(decoding: outcome.output, as: UTF8.self).split(separator: "\n")
        // Three, and the one by which ls reads the directory.
        #expect(lines.first == "4")
        // The C library keeps the signals 32 and 33 to itself: nobody can set them.
        let masks = lines.dropFirst().compactMap { UInt64($0.suffix(16), radix: 16) }
        #expect(masks.count == 2 && masks.allSatisfy { $0 & ~0x1_8000_0000 == 0 }, "\(lines)")
    }
}
