import CEmulator
import Glibc

exit(emulator_main(CommandLine.argc, CommandLine.unsafeArgv))
