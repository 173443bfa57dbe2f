import Pinhole

/// What one answer has room for.
enum Answer {
    /// As many as one answer has room for: all of them, or those that come first, and always one.
    static func fitting<Item, Shape: Encodable>(
        _ items: some Sequence<Item>, _ shape: (Item) throws(PinholeError) -> Shape
    ) throws(PinholeError) -> [Shape] {
        var shapes: [Shape] = []
        var size = 0
        for item in items {
            let next = try shape(item)
            // A text is up to six times as long in JSON: its own length says little.
            size += JSON(encoding: next).line.utf8.count
            guard shapes.isEmpty || size <= ControlLimits.page else { break }
            shapes.append(next)
        }
        return shapes
    }
}
