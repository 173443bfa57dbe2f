import Glibc

/// Starts a thread that runs `body`.
func startThread(_ body: @escaping @Sendable () -> Void) throws(SocketError) -> pthread_t {
    final class Box: Sendable {
        let body: @Sendable () -> Void
        init(_ body: @escaping @Sendable () -> Void) { self.body = body }
    }
    let box = Unmanaged.passRetained(Box(body))
    var thread = pthread_t()
    let status = pthread_create(
        &thread, nil,
        { argument in
            Unmanaged<Box>.fromOpaque(argument!).takeRetainedValue().body()
            return nil
        }, box.toOpaque())
    guard status == 0 else {
        box.release()
        throw .unavailable(status)
    }
    return thread
}

/// Starts a thread that runs `body`, which may block for as long as it likes. Where the system has no more threads it runs
/// here.
package func startDetachedThread(_ body: @escaping @Sendable () -> Void) {
    if let thread = try? startThread(body) { pthread_detach(thread) } else { body() }
}
