import Glibc

// libFuzzer with one of the targets: `fuzz-target --target=NAME [CORPUS …] [-max_total_time=SECONDS …]`. It leaves
// arguments with two dashes alone.
@main
struct Fuzzer {
    nonisolated(unsafe) static var target = FuzzTarget.all[0]

    static func main() {
        let words = CommandLine.arguments.dropFirst()
        if words.first == "--list" { return FuzzTarget.all.forEach { print($0.name, $0.maxLength) } }
        if words.first == "--samples", let folder = words.last { return writeSamples(to: folder) }
        guard let name = words.first(where: { $0.hasPrefix("--target=") })?.dropFirst(9),
            let target = FuzzTarget.all.first(where: { $0.name == name })
        else {
            print("usage: fuzz-target --list | --samples FOLDER | --target=NAME [FOLDER …] [-OPTION …]")
            exit(64)
        }
        Self.target = target
        var (count, arguments) = (CommandLine.argc, CommandLine.unsafeArgv)
        exit(runDriver(&count, &arguments, testOneInput))
    }

    /// What true peers say, for a corpus to begin with.
    private static func writeSamples(to folder: String) {
        for target in FuzzTarget.all {
            mkdir("\(folder)/\(target.name)", 0o755)
            for (index, sample) in target.samples().enumerated() {
                guard let file = fopen("\(folder)/\(target.name)/sample-\(index)", "w") else { continue }
                fwrite(sample, 1, sample.count, file)
                fclose(file)
            }
        }
    }
}

@_cdecl("LLVMFuzzerTestOneInput")
func testOneInput(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
    Fuzzer.target.run(Array(UnsafeBufferPointer(start: bytes, count: count)))
    return 0
}

@_silgen_name("LLVMFuzzerRunDriver")
private func runDriver(
    _ count: UnsafeMutablePointer<Int32>,
    _ words: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>>,
    _ testOneInput: @convention(c) (UnsafePointer<UInt8>?, Int) -> Int32
) -> Int32
