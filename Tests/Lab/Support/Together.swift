import Testing

/// Runs a test's cases three at a time. For cases that mostly wait, and that measure no times that the others would spoil:
/// one after another they would take a third of the laboratory's minutes.
func together<Case: Sendable>(
    _ cases: some Sequence<Case>, _ body: @escaping @Sendable (Case) async throws -> Void
) async throws {
    await withTaskGroup(of: Void.self) { group in
        for (index, item) in cases.enumerated() {
            if index >= 3 { await group.next() }
            group.addTask {
                do { try await body(item) } catch { Issue.record(error, "\(item)") }
            }
        }
    }
}
