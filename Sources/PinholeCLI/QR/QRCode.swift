import CQREncode
import Pinhole

/// A QR code: a square of dark and light modules.
struct QRCode: Equatable {
    /// Modules on one side, without the quiet zone.
    let size: Int
    /// Whether each module is dark, row by row.
    private let modules: [Bool]

    /// ISO/IEC 18004 §5.3.8: "Its width shall be 4X."
    static let quietZone = 4

    /// Text in capitals, digits and a few signs takes two thirds of the room that other text does, and what is made here
    /// reads in any case.
    init(_ text: String) throws(Failure) {
        guard let code = QRcode_encodeString(text, 0, QR_ECLEVEL_L, QR_MODE_8, 1) else {
            throw Failure(.badData, "this is too long for a QR code")
        }
        defer { QRcode_free(code) }
        let width = Int(code.pointee.width)
        size = width
        modules = (0..<width * width).map { code.pointee.data[$0] & 1 == 1 }
    }

    init(size: Int, modules: [Bool]) {
        self.size = size
        self.modules = modules
    }

    /// Light outside of the square.
    func isDark(_ row: Int, _ column: Int) -> Bool {
        guard (0..<size).contains(row), (0..<size).contains(column) else { return false }
        return modules[row * size + column]
    }

    /// Two modules in each character cell, one above the other, with the quiet zone.
    ///
    /// Black and white are asked for by their numbers of the 256-colour cube, which no theme changes: so the code is dark
    /// on light in dark terminals too. Without colours full blocks are the light modules, as most terminals are dark; in a
    /// light one a camera sees it inverted, which most read all the same.
    func lines(colored: Bool) -> [String] {
        let span = -Self.quietZone..<size + Self.quietZone
        return stride(from: span.lowerBound, to: span.upperBound, by: 2).map { row in
            let cells = span.map { column in
                switch (isDark(row, column), isDark(row + 1, column), colored) {
                case (false, false, true), (true, true, false): " "
                case (true, true, true), (false, false, false): "█"
                case (true, false, true), (false, true, false): "▀"
                case (false, true, true), (true, false, false): "▄"
                }
            }.joined()
            return colored ? "\u{1b}[38;5;16;48;5;231m\(cells)\u{1b}[0m" : cells
        }
    }
}
