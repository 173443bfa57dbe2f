import Glibc

/// Writes a figure as SVG: plots in two columns, on no background, in colours that read on light and dark paper.
struct SVG {
    private var text = ""
    private static let panel = (width: 460.0, height: 320.0)
    /// Around the field of a plot.
    private static let margin = (left: 72.0, right: 16.0, top: 50.0, bottom: 48.0)
    private static let colours = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#b8860b", "#56b4e9"]
    private static let style = """
        text{font:12px system-ui,sans-serif;fill:#333}.title{font-weight:600;font-size:13px}
        .grid{stroke:#888;stroke-opacity:.3}.axis{stroke:#888}
        @media(prefers-color-scheme:dark){text{fill:#ddd}}
        """

    init(_ figure: Figure) {
        let columns = figure.plots.count > 1 ? 2 : 1
        let rows = (figure.plots.count + columns - 1) / columns
        let (width, height) = (Self.panel.width * Double(columns), Self.panel.height * Double(rows))
        put(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 \(number(width)) \(number(height))\" "
                + "width=\"\(number(width))\" height=\"\(number(height))\" role=\"img\">")
        put("<style>\(Self.style)</style>")
        for (index, plot) in figure.plots.enumerated() {
            let (x, y) = (Double(index % columns) * Self.panel.width, Double(index / columns) * Self.panel.height)
            put("<g transform=\"translate(\(number(x)) \(number(y)))\">")
            draw(plot)
            put("</g>")
        }
        put("</svg>")
    }

    /// Returns whether the file could be written.
    func write(to path: String) -> Bool {
        guard let file = fopen(path, "w") else { return false }
        defer { fclose(file) }
        return fputs(text, file) >= 0
    }

    private mutating func put(_ line: String) {
        text += line + "\n"
    }

    private mutating func draw(_ plot: Plot) {
        let points = plot.curves.flatMap(\.points)
        let field = Field(
            x: Axis(plot.xScale, points.map(\.x)), y: Axis(plot.yScale, points.flatMap { [$0.y.low, $0.y.high] }),
            left: Self.margin.left, top: Self.margin.top,
            width: Self.panel.width - Self.margin.left - Self.margin.right,
            height: Self.panel.height - Self.margin.top - Self.margin.bottom)
        label(plot.title, field.left, 18, "start", "title")
        drawAxes(field, plot)
        var keyPosition = field.left
        for (index, curve) in plot.curves.enumerated() {
            draw(curve, Self.colours[index % Self.colours.count], field)
            drawKey(curve.name, index, at: &keyPosition, field)
        }
    }

    private mutating func drawAxes(_ field: Field, _ plot: Plot) {
        for tick in field.x.ticks {
            let x = field.left + field.x.position(tick) * field.width
            line(x, field.top, x, field.bottom, "grid")
            label(Self.short(tick), x, field.bottom + 16, "middle")
        }
        for tick in field.y.ticks {
            let y = field.bottom - field.y.position(tick) * field.height
            line(field.left, y, field.right, y, "grid")
            label(Self.short(tick), field.left - 6, y + 4, "end")
        }
        line(field.left, field.bottom, field.right, field.bottom, "axis")
        line(field.left, field.top, field.left, field.bottom, "axis")
        label(plot.xLabel, field.left + field.width / 2, field.bottom + 36, "middle")
        let middle = field.top + field.height / 2
        put(
            "<text transform=\"translate(14 \(number(middle))) rotate(-90)\" text-anchor=\"middle\">"
                + "\(escaped(plot.yLabel))</text>")
    }

    private mutating func draw(_ curve: Plot.Curve, _ colour: String, _ field: Field) {
        let path = curve.points.enumerated().map { index, point in
            let (x, y) = field.place(point.x, point.y.median)
            return "\(index == 0 ? "M" : "L")\(number(x)) \(number(y))"
        }
        put("<path d=\"\(path.joined())\" fill=\"none\" stroke=\"\(colour)\" stroke-width=\"2\"/>")
        for point in curve.points {
            let (x, y) = field.place(point.x, point.y.median)
            let (_, low) = field.place(point.x, point.y.low)
            let (_, high) = field.place(point.x, point.y.high)
            put("<path d=\"M\(number(x)) \(number(low))V\(number(high))\" stroke=\"\(colour)\"/>")
            put("<circle cx=\"\(number(x))\" cy=\"\(number(y))\" r=\"3\" fill=\"\(colour)\"/>")
        }
    }

    /// The names of the curves in one line above the field; `x` moves on.
    private mutating func drawKey(_ name: String, _ index: Int, at x: inout Double, _ field: Field) {
        let y = field.top - 12
        let colour = Self.colours[index % Self.colours.count]
        put("<path d=\"M\(number(x)) \(number(y - 4))h14\" stroke=\"\(colour)\" stroke-width=\"3\"/>")
        label(name, x + 19, y, "start")
        // About what a letter takes.
        x += 34 + 6.6 * Double(name.count)
    }

    private mutating func line(_ x1: Double, _ y1: Double, _ x2: Double, _ y2: Double, _ kind: String) {
        put(
            "<line class=\"\(kind)\" x1=\"\(number(x1))\" y1=\"\(number(y1))\" x2=\"\(number(x2))\" "
                + "y2=\"\(number(y2))\"/>")
    }

    private mutating func label(_ words: String, _ x: Double, _ y: Double, _ anchor: String, _ kind: String? = nil) {
        let kind = kind.map { " class=\"\($0)\"" } ?? ""
        put(
            "<text\(kind) x=\"\(number(x))\" y=\"\(number(y))\" text-anchor=\"\(anchor)\">\(escaped(words))</text>")
    }

    /// Where a plot's points may lie, in units of the picture.
    private struct Field {
        let x: Axis
        let y: Axis
        let left: Double
        let top: Double
        let width: Double
        let height: Double

        var right: Double { left + width }
        var bottom: Double { top + height }

        func place(_ xValue: Double, _ yValue: Double) -> (Double, Double) {
            (left + x.position(xValue) * width, bottom - y.position(yValue) * height)
        }
    }

    /// 1,500 as 1.5k.
    private static func short(_ value: Double) -> String {
        for (unit, name) in [(1e9, "G"), (1e6, "M"), (1e3, "k")] where value >= unit {
            return trimmed(value / unit) + name
        }
        return trimmed(value)
    }

    private static func trimmed(_ value: Double) -> String {
        if value == value.rounded() { return "\(Int(value))" }
        return value >= 0.1 ? value.text(1) : "\(value)"
    }
}

/// A coordinate: a tenth of a pixel is exact enough.
private func number(_ value: Double) -> String {
    let tenths = Int((value * 10).rounded())
    return tenths % 10 == 0 ? "\(tenths / 10)" : "\(Double(tenths) / 10)"
}

private func escaped(_ words: String) -> String {
    var text = ""
    for character in words {
        switch character {
        case "<": text += "&lt;"
        case "&": text += "&amp;"
        case _: text.append(character)
        }
    }
    return text
}
