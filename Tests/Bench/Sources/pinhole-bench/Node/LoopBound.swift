/// A reference that passes through another thread on its way to the loop, where alone it is used.
struct LoopBound<Value: AnyObject>: Sendable {
    nonisolated(unsafe) let value: Value
}
