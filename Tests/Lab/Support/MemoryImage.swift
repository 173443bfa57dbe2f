import CLab
import Glibc

/// The memory of another process as it is: what a core dump, a debugger or a swapped page could show.
struct MemoryImage {
    private let descriptor: Int32
    private let regions: [Region]

    private struct Region {
        let range: Range<UInt64>
        let name: String
        /// Locked against swapping, and left out of core dumps.
        var isGuarded = false
    }

    /// A place where something was found.
    struct Finding: CustomStringConvertible {
        let place: UInt64
        let region: String
        let isGuarded: Bool

        var description: String {
            "\(region.isEmpty ? "anonymous memory" : region) at \(String(place, radix: 16))\(isGuarded ? ", guarded" : "")"
        }
    }

    init(of pid: pid_t) throws(LabError) {
        guard let maps = fopen("/proc/\(pid)/smaps", "r") else { throw LabError.system("read the maps of \(pid)") }
        defer { fclose(maps) }
        var regions: [Region] = []
        var line: UnsafeMutablePointer<CChar>?
        var capacity = 0
        defer { free(line) }
        while getline(&line, &capacity, maps) > 0, let line {
            let words = String(cString: line).split(whereSeparator: \.isWhitespace)
            let bounds = words[0].split(separator: "-").compactMap { UInt64($0, radix: 16) }
            if bounds.count == 2, words.count > 1, words[1].hasPrefix("r") {
                regions.append(Region(range: bounds[0]..<bounds[1], name: words.count > 5 ? String(words[5]) : ""))
            } else if bounds.count == 2 {
                // Unreadable: its flags are nobody's.
                regions.append(Region(range: bounds[0]..<bounds[0], name: ""))
            } else if words[0] == "VmFlags:", !regions.isEmpty {
                regions[regions.count - 1].isGuarded = words.contains("lo") && words.contains("dd")
            }
        }
        self.regions = regions
        descriptor = open("/proc/\(pid)/mem", O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw LabError.system("read the memory of \(pid)") }
    }

    func close() { _ = Glibc.close(descriptor) }

    /// The bytes that can be read.
    var size: UInt64 { regions.reduce(0) { $0 + UInt64($1.range.count) } }

    func find(_ needle: [UInt8]) -> [Finding] {
        regions.flatMap { region in
            var places = [UInt64](repeating: 0, count: 16)
            let count = lab_find(
                descriptor, region.range.lowerBound, region.range.upperBound, needle, needle.count, &places, 16)
            return places.prefix(Int(count)).map {
                Finding(place: $0, region: region.name, isGuarded: region.isGuarded)
            }
        }
    }
}
