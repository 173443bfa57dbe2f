/// A plot of curves, each point with its spread.
struct Plot {
    struct Point {
        let x: Double
        let y: Sample
    }

    struct Curve {
        let name: String
        var points: [Point] = []
    }

    enum Scale { case linear, logarithmic }

    let title: String
    /// With units.
    let xLabel: String
    let yLabel: String
    var xScale = Scale.linear
    var yScale = Scale.linear
    var curves: [Curve] = []

    mutating func add(_ y: Sample, at x: Double, to name: String) {
        if !curves.contains(where: { $0.name == name }) { curves.append(Curve(name: name)) }
        for index in curves.indices where curves[index].name == name {
            curves[index].points.append(Point(x: x, y: y))
        }
    }
}

/// The plots of a run, in one picture.
struct Figure {
    private(set) var plots: [Plot] = []

    mutating func add(_ plot: Plot) {
        plots.append(plot)
    }
}

/// The marks of one axis and where they are.
struct Axis {
    let scale: Plot.Scale
    let low: Double
    let high: Double
    let ticks: [Double]

    /// An axis that holds all the values; a linear one begins at zero.
    init(_ scale: Plot.Scale, _ values: [Double]) {
        self.scale = scale
        let positive = values.filter { $0.isFinite && $0 > 0 }
        let top = positive.max() ?? 1
        switch scale {
        case .linear:
            let step = Self.niceStep(top / 5)
            let count = (top / step).rounded(.up)
            low = 0
            high = step * max(count, 1)
            ticks = (0...Int(max(count, 1))).map { Double($0) * step }
        case .logarithmic:
            var first = 1.0
            while first > positive.min() ?? 1 { first /= 10 }
            while first * 10 <= positive.min() ?? 1 { first *= 10 }
            var last = first
            while last < top { last *= 10 }
            low = first
            high = max(last, first * 10)
            var marks = [first]
            while let mark = marks.last, mark < high * 0.99 { marks.append(mark * 10) }
            ticks = marks
        }
    }

    /// From 0 at the low end to 1 at the high one.
    func position(_ value: Double) -> Double {
        switch scale {
        case .linear: (value - low) / (high - low)
        case .logarithmic: (decades(max(value, low)) - decades(low)) / (decades(high) - decades(low))
        }
    }

    /// 1, 2 or 5 times a power of ten, at least `rough`.
    private static func niceStep(_ rough: Double) -> Double {
        var step = 1.0
        while step > rough { step /= 10 }
        while step * 10 <= rough { step *= 10 }
        for factor in [1.0, 2, 5] where step * factor >= rough { return step * factor }
        return step * 10
    }
}

private func decades(_ value: Double) -> Double {
    // The logarithm from the exponent and a short series would be as long as this: halving is exact enough for a picture.
    var value = value
    var whole = 0.0
    while value >= 10 {
        value /= 10
        whole += 1
    }
    while value < 1 {
        value *= 10
        whole -= 1
    }
    var fraction = 0.0
    var bit = 0.5
    for _ in 0..<20 {
        value *= value
        if value >= 10 {
            value /= 10
            fraction += bit
        }
        bit /= 2
    }
    return whole + fraction
}
