import Dispatch
import Foundation
import Synchronization
package import Testing

/// Runs tests on threads of their own.
///
/// Swift's pool has as many threads as the machine has cores. Two tests that wait for programs, or compute for long, hold
/// all of it up, and tests that await something meet their time limits though nothing is wrong with them.
package struct OwnThreads: TestTrait, SuiteTrait, TestScoping {
    package var isRecursive: Bool { true }

    package func provideScope(
        for test: Test, testCase: Test.Case?, performing function: @Sendable () async throws -> Void
    ) async throws {
        try await withTaskExecutorPreference(ThreadGroup.shared) { try await function() }
    }
}

extension Trait where Self == OwnThreads {
    /// For suites whose tests wait in system calls, or compute, for more than a moment.
    package static var ownThreads: Self { OwnThreads() }
}

/// A fixed number of threads that run jobs in the order in which they come.
private final class ThreadGroup: TaskExecutor {
    static let shared = ThreadGroup(threads: 4)

    private let jobs = Mutex<[UnownedJob]>([])
    private let waiting = DispatchSemaphore(value: 0)

    init(threads: Int) {
        for _ in 0..<threads {
            let thread = Thread { [self] in while true { next().runSynchronously(on: asUnownedTaskExecutor()) } }
            thread.stackSize = 8 << 20
            thread.start()
        }
    }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        jobs.withLock { $0.append(job) }
        waiting.signal()
    }

    private func next() -> UnownedJob {
        waiting.wait()
        return jobs.withLock { $0.removeFirst() }
    }
}
