import Glibc

/// Programs are given fewer descriptors than they may have, for the sake of select(2), which nothing here calls.
enum DescriptorLimit {
    /// Allows some more. Returns whether that was possible.
    static func raise() -> Bool {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0, limit.rlim_cur < limit.rlim_max
        else { return false }
        limit.rlim_cur = min(limit.rlim_max, limit.rlim_cur + 4096)
        return setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0
    }
}
