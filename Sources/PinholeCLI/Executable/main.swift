import PinholeCLI

await Program.main()
