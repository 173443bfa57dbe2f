/// What makes two calls the same one.
enum Token {
    /// For who gives none: such a call is one call, however often it is carried out here.
    static var any: String {
        String(UInt64.random(in: 0 ... .max), radix: 36) + String(UInt64.random(in: 0 ... .max), radix: 36)
    }
}
