import Foundation
import TestSupport
import TestThreads
import Testing

@testable import PinholeCLI

@Suite("QR codes", .ownThreads)
struct QRCodeTests {
    private let text = "PINHOLE://ADD/1" + String(repeating: "QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L", count: 9)

    private static let decoder = ["/usr/bin/zbarimg", "/usr/local/bin/zbarimg"].first {
        FileManager.default.isExecutableFile(atPath: $0)
    }

    @Test("what a terminal shows, with colours and without, is the code with its quiet zone")
    func terminal() throws {
        let code = try QRCode(text)
        for colored in [true, false] {
            let lines = code.lines(colored: colored).map { line in
                colored ? String(line.dropFirst("\u{1b}[38;5;16;48;5;231m".count).dropLast("\u{1b}[0m".count)) : line
            }
            var modules: [[Bool]] = []
            for line in lines {
                // Where foreground is dark a full block is two dark modules, and where it is light two light ones.
                modules.append(line.map { "█▀".contains($0) == colored })
                modules.append(line.map { "█▄".contains($0) == colored })
            }
            let span = -QRCode.quietZone..<code.size + QRCode.quietZone
            #expect(modules.prefix(span.count) == span.map { row in span.map { code.isDark(row, $0) } }[...])
            #expect(lines.allSatisfy { $0.count == code.size + 2 * QRCode.quietZone })
        }
    }

    @Test("an invite in capitals fits the width of a terminal, and its corners are the finder patterns")
    func size() throws {
        let code = try QRCode(text)
        #expect(code.size + 2 * QRCode.quietZone <= 72)
        for (row, column) in [(0, 0), (0, code.size - 7), (code.size - 7, 0)] {
            for (y, line) in ["#######", "#     #", "# ### #", "# ### #", "# ### #", "#     #", "#######"].enumerated()
            {
                for (x, mark) in line.enumerated() { #expect(code.isDark(row + y, column + x) == (mark == "#")) }
            }
        }
        #expect(throws: Failure.self) { try QRCode(String(repeating: "x", count: 5000)) }
    }

    @Test("a PNG file holds the same modules, with right lengths and checksums", arguments: [1, 4])
    func picture(scale: Int) throws {
        let code = try QRCode(text)
        var bytes = PNG.bytes(code, scale: scale)[...]
        func take(_ count: Int) -> [UInt8] {
            defer { bytes = bytes.dropFirst(count) }
            return Array(bytes.prefix(count))
        }
        func number(_ bytes: some Sequence<UInt8>) -> UInt32 { bytes.reduce(0) { $0 << 8 | UInt32($1) } }
        func crc(_ data: [UInt8]) -> UInt32 {
            var remainder = UInt32.max
            for byte in data {
                for bit in 0..<8 {
                    let isOdd = (remainder ^ UInt32(byte >> bit)) & 1 == 1
                    remainder = isOdd ? remainder >> 1 ^ 0xedb8_8320 : remainder >> 1
                }
            }
            return ~remainder
        }
        #expect(take(8) == [137, 80, 78, 71, 13, 10, 26, 10])
        var chunks: [String: [UInt8]] = [:]
        while !bytes.isEmpty {
            let count = Int(number(take(4)))
            let body = take(4 + count)
            #expect(number(take(4)) == crc(body))
            chunks[String(decoding: body.prefix(4), as: UTF8.self)] = Array(body.dropFirst(4))
        }
        let side = (code.size + 2 * QRCode.quietZone) * scale
        let header = try #require(chunks["IHDR"])
        #expect(number(header[0..<4]) == UInt32(side) && number(header[4..<8]) == UInt32(side))
        #expect(Array(header[8...]) == [1, 0, 0, 0, 0] && chunks["IEND"] == [])

        var data = try #require(chunks["IDAT"])[2...]
        var raster: [UInt8] = []
        var isLast = false
        while !isLast {
            let block = Array(data.prefix(5))
            let count = Int(block[1]) | Int(block[2]) << 8
            #expect(block[3] == ~block[1] && block[4] == ~block[2])
            isLast = block[0] == 1
            raster += data.dropFirst(5).prefix(count)
            data = data.dropFirst(5 + count)
        }
        let rowSize = 1 + (side + 7) / 8
        #expect(raster.count == rowSize * side && data.count == 4)
        // The middles of modules, and the edges.
        for y in Array(stride(from: scale / 2, to: side, by: scale)) + [0, side - 1] {
            for x in Array(stride(from: scale / 2, to: side, by: scale)) + [0, side - 1] {
                let isLight = raster[y * rowSize + 1 + x / 8] >> (7 - x % 8) & 1 == 1
                let (row, column) = (y / scale - QRCode.quietZone, x / scale - QRCode.quietZone)
                guard isLight == code.isDark(row, column) else { continue }
                Issue.record("pixel \(x), \(y)")
                return
            }
        }
    }

    @Test("a decoder that shares nothing with the encoder reads it", .enabled(if: decoder != nil))
    func decoded() throws {
        let path = FileManager.default.temporaryDirectory.appendingPathComponent("pinhole-\(UUID()).png")
        defer { try? FileManager.default.removeItem(at: path) }
        try Data(PNG.bytes(QRCode(text))).write(to: path)
        let process = Process()
        process.executableURL = URL(fileURLWithPath: try #require(Self.decoder))
        process.arguments = ["--quiet", "--raw", "-Sdisable", "-Sqrcode.enable", path.path]
        let output = Pipe()
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        try process.run()
        let read = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        #expect(String(decoding: read, as: UTF8.self).trimmingCharacters(in: .newlines) == text)
    }
}
