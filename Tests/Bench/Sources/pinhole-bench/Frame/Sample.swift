/// What one thing measured, round by round.
struct Sample {
    private(set) var values: [Double] = []

    init(_ values: [Double] = []) {
        self.values = values
    }

    mutating func add(_ value: Double) {
        values.append(value)
    }

    /// Of an even number the mean of the two in the middle.
    var median: Double {
        guard !values.isEmpty else { return .nan }
        let sorted = values.sorted()
        return (sorted[(sorted.count - 1) / 2] + sorted[sorted.count / 2]) / 2
    }
    var low: Double { values.min() ?? .nan }
    var high: Double { values.max() ?? .nan }

    /// The value that so many of a hundred do not exceed; NaN where there is none.
    func percentile(_ percent: Double) -> Double {
        guard !values.isEmpty else { return .nan }
        let sorted = values.sorted()
        let rank = (percent / 100 * Double(sorted.count - 1)).rounded()
        return sorted[Int(rank)]
    }

    /// This by `bound`, each round by itself: what the machine does at the moment is in both.
    func ratio(to bound: Sample) -> Sample {
        Sample(zip(values, bound.values).map { $0 / $1 })
    }

    /// This less `bound`, each round by itself.
    func minus(_ bound: Sample) -> Sample {
        Sample(zip(values, bound.values).map { $0 - $1 })
    }

    /// `median (low-high)`.
    func text(_ digits: Int = 0) -> String {
        guard !values.isEmpty else { return "none" }
        guard values.count > 1 else { return median.text(digits) }
        return "\(median.text(digits)) (\(low.text(digits))-\(high.text(digits)))"
    }
}

extension Double {
    /// With so many digits after the point, and a comma at the thousands.
    func text(_ digits: Int = 0) -> String {
        guard isFinite else { return "none" }
        var scale = 1.0
        for _ in 0..<digits { scale *= 10 }
        let scaled = (magnitude * scale).rounded()
        guard scaled < 1e18 else { return "\(self)" }
        let whole = Int(scaled / scale)
        let sign = self < 0 && scaled > 0 ? "-" : ""
        guard digits > 0 else { return sign + Self.grouped(whole) }
        let fraction = String(Int(scaled) - whole * Int(scale))
        return sign + Self.grouped(whole) + "." + String(repeating: "0", count: digits - fraction.count) + fraction
    }

    private static func grouped(_ number: Int) -> String {
        let digits = String(number)
        guard digits.count > 3 else { return digits }
        return grouped(number / 1000) + "," + digits.suffix(3)
    }
}
