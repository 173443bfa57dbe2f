/// What the demonstration tells.
extension Russian {
    // swift-format-ignore
    static let demo: [String: String] = [
        ", {1} round trips":
            ", {1} обхода туда и обратно",
        "an answer":
            "ответа",
        "arrived,     {1}, BLAKE2b {2}…  ({3}/s)":
            "дошёл,       {1}, BLAKE2b {2}…  ({3}/с)",
        "connect":
            "связь",
        "direct path {1}, session in {2}{3}":
            "прямой путь {1}, сеанс за {2}{3}",
        "done":
            "готово",
        "everything worked; the keys and files of this demonstration are removed":
            "всё получилось; ключи и файлы этого показа удалены",
        "file":
            "файл",
        "got {1}, thank you":
            "получено: {1}, спасибо",
        "hello from behind the pinhole":
            "привет из-за точечного отверстия",
        "keys":
            "ключи",
        "ping":
            "пинг",
        "registered; it sees you at {1}":
            "зарегистрирован; она видит вас как {1}",
        "service":
            "служба",
        "still talking, with nobody in between":
            "разговор идёт дальше, и между ними никого",
        "stopped: it only introduces":
            "остановлена: она только знакомит",
        "the file arrived with another hash: {1}":
            "файл пришёл с другим хешем: {1}",
        "the node ended while waiting for {1}":
            "узел остановился, пока ждали: {1}",
        "the safety numbers of the two sides differ":
            "коды безопасности двух сторон различаются",
        "the second peer to register":
            "регистрации второго узла",
        "the service cannot be started: {1}":
            "не удаётся запустить службу: {1}",
        "the service to answer":
            "ответа службы",
        "verify":
            "сверка",
        "you said: {1}":
            "вы сказали: {1}",
        "{1}  (delivered in {2})":
            "{1}  (доставлено за {2})",
        "{1}  (the same on both sides)":
            "{1}  (одинаково с обеих сторон)",
        "{1} answered “{2}”":
            "{1} отвечает «{2}»",
    ]
}
