import NIOCore
import NIOPosix
import Pinhole

/// Where the process that hosts a profile's node is found by the others.
package enum ControlSocket {}
