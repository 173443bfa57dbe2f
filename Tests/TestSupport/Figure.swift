import Glibc

/// What a test measured, in virtual time or in bytes: printed where `FIGURES` is set in the environment.
package enum Figure {
    package static func note(_ what: String, _ value: String) {
        guard getenv("FIGURES") != nil else { return }
        print("figure: \(what): \(value)")
    }

    package static func note(_ what: String, _ time: Duration) {
        note(what, "\(Int((time / .milliseconds(1)).rounded())) ms")
    }
}
