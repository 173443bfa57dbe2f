/// What every sentence is in Russian: of the library, of the program and of its help, in a table for each subject. Arguments
/// keep their numbers and may change their places.
enum Russian {
    /// No sentence stands in two of them.
    static let tables = [
        network, files, talk, people, control, demo, program, networkCommands, help, options, pages,
    ]
}

extension Catalogue {
    static let russian = Russian.tables.reduce(into: [:]) { all, table in all.merge(table) { first, _ in first } }
}
