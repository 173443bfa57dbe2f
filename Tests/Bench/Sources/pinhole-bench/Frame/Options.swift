/// How thoroughly to measure.
struct Options {
    var rounds = 5
    /// How long each measurement of a flow lasts.
    var seconds = 2.0
    /// Where plots are written; none without.
    var plots: String?
    var parts: [String] = []
}
