extension Catalogue {
    /// What the library says.
    static let russian: [String: String] = [
        "there is no contact named “{1}”": "нет контакта с именем «{1}»",
        "{1}; hint: {2}": "{1}; совет: {2}",
    ]
}
