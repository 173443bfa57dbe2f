import Testing

@testable import PinholeControl

@Suite("the control socket")
struct ControlSocketTests {}
