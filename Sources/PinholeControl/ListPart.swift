import Pinhole

/// As much of a list as one answer has room for.
protocol ListPart: Sendable {
    associatedtype Element

    var elements: [Element] { get }
    /// Where the next part begins; nil when this is the last.
    var after: Int64? { get }
}

extension Client {
    /// All of a list, one part after another; `params` ask for what is behind a place.
    func list<M: Method>(
        _ method: M.Type, _ params: (Int64) -> M.Params
    ) async throws(PinholeError) -> [M.Result.Element] where M.Result: ListPart {
        var elements: [M.Result.Element] = []
        var after: Int64? = 0
        while let place = after {
            let part = try await call(method, params(place))
            elements += part.elements
            after = part.after
        }
        return elements
    }
}
