/// A picture of a QR code as a PNG file (RFC 2083): one bit a pixel, and zlib's stored blocks, which any reader takes.
enum PNG {
    /// Each module is a square of `scale` pixels.
    static func bytes(_ code: QRCode, scale: Int = 8) -> [UInt8] {
        let width = (code.size + 2 * QRCode.quietZone) * scale
        var raster: [UInt8] = []
        for y in 0..<width {
            // "Filter type 0 (None)".
            raster.append(0)
            var byte: UInt8 = 0
            for x in 0..<(width + 7) / 8 * 8 {
                let isDark =
                    x < width && code.isDark(y / scale - QRCode.quietZone, x / scale - QRCode.quietZone)
                byte = byte << 1 | (isDark ? 0 : 1)
                if x % 8 == 7 { raster.append(byte) }
            }
        }
        let header = bigEndian(UInt32(width)) + bigEndian(UInt32(width)) + [1, 0, 0, 0, 0]
        return [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]
            + chunk("IHDR", header) + chunk("IDAT", zlib(raster)) + chunk("IEND", [])
    }

    private static func chunk(_ type: String, _ data: [UInt8]) -> [UInt8] {
        let body = Array(type.utf8) + data
        return bigEndian(UInt32(data.count)) + body + bigEndian(crc(body))
    }

    /// RFC 1950 around RFC 1951's "non-compressed blocks", of at most 65,535 bytes each.
    private static func zlib(_ data: [UInt8]) -> [UInt8] {
        var bytes: [UInt8] = [0x78, 0x01]
        for start in stride(from: 0, to: data.count, by: 65_535) {
            let block = data[start..<min(start + 65_535, data.count)]
            let count = UInt16(block.count)
            bytes.append(start + block.count == data.count ? 1 : 0)
            for value in [count, ~count] { bytes += [UInt8(value & 0xff), UInt8(value >> 8)] }
            bytes += block
        }
        return bytes + bigEndian(adler(data))
    }

    private static func adler(_ data: [UInt8]) -> UInt32 {
        var (a, b): (UInt32, UInt32) = (1, 0)
        for byte in data {
            a = (a + UInt32(byte)) % 65_521
            b = (b + a) % 65_521
        }
        return b << 16 | a
    }

    private static func crc(_ data: [UInt8]) -> UInt32 {
        ~data.reduce(UInt32.max) { crc, byte in
            (0..<8).reduce(crc ^ UInt32(byte)) { value, _ in value & 1 == 1 ? value >> 1 ^ 0xedb8_8320 : value >> 1 }
        }
    }

    private static func bigEndian(_ value: UInt32) -> [UInt8] {
        [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: value >> $0) }
    }
}
