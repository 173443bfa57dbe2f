/// Names of commands and of their parts on help screens, and what is said of a command line that cannot be read.
extension Russian {
    // swift-format-ignore
    static let help: [String: String] = [
        "Missing expected argument '{1}'":
            "Не хватает аргумента «{1}»",
        "Missing value for '{1}'":
            "Не хватает значения для «{1}»",
        "Remove {1} and the messages you exchanged?":
            "Удалить {1} и вашу переписку?",
        "The value '{1}' is invalid for '{2}'":
            "Значение «{1}» не годится для «{2}»",
        "The value '{1}' is invalid for '{2}'. Please provide one of {3}":
            "Значение «{1}» не годится для «{2}». Возможны {3}",
        "The value '{1}' is invalid for '{2}': {3}":
            "Значение «{1}» не годится для «{2}»: {3}",
        "Unexpected argument '{1}'":
            "Лишний аргумент «{1}»",
        "Unexpected arguments: {1}":
            "Лишние аргументы: {1}",
        "Unknown option '{1}'":
            "Неизвестный параметр «{1}»",
        "Unknown option '{1}'. Did you mean '{2}'?":
            "Неизвестный параметр «{1}». Может быть, «{2}»?",
        "ARGUMENTS":
            "АРГУМЕНТЫ",
        "AUTOMATE SUBCOMMANDS":
            "АВТОМАТИКА",
        "Add a contact by name and public key.":
            "Добавить контакт: имя и открытый ключ.",
        "Add contacts from a file.":
            "Добавить контакты из файла.",
        "Add, list, verify, block and remove the people you talk to.":
            "Добавить, показать, проверить, заблокировать и удалить собеседников.",
        "Answer a blocked contact again.":
            "Снова отвечать заблокированному контакту.",
        "Give a contact another name.":
            "Дать контакту другое имя.",
        "Call methods of the node: one, or those on standard input.":
            "Вызвать методы узла: один или те, что в стандартном вводе.",
        "Change the passphrase of your key.":
            "Сменить пароль ключа.",
        "Chat with a contact.":
            "Беседа с контактом.",
        "Compare safety numbers with a contact.":
            "Сверить с контактом код безопасности.",
        "Connect standard input and output to a contact's.":
            "Соединить стандартный ввод и вывод с вводом и выводом контакта.",
        "Connect to a contact; show the path, how it was found, and the round trip time.":
            "Связаться с контактом; показать путь, как он найден, и время туда и обратно.",
        "Decide whether files of a contact are taken.":
            "Решить, брать ли файлы контакта.",
        "Decide which key a contact has.":
            "Решить, какой ключ у контакта.",
        "Decline an offered file.":
            "Отклонить предложенный файл.",
        "Find out what this network lets through, and whom you can reach from it.":
            "Узнать, что пропускает эта сеть и с кем из неё можно связаться.",
        "GLOBAL OPTIONS":
            "ОБЩИЕ ПАРАМЕТРЫ",
        "Stop answering a contact.":
            "Больше не отвечать контакту.",
        "Give up a transfer in either direction.":
            "Прекратить передачу в любую сторону.",
        "Give up on messages that have not arrived.":
            "Отказаться от недошедших сообщений.",
        "LOOK SUBCOMMANDS":
            "ОБЗОР СЕТИ",
        "List files on their way; accept, refuse or cancel them; decide from whom to take them.":
            "Показать файлы в пути; принять, отклонить или отменить; решить, от кого их брать.",
        "List the files on their way.":
            "Показать файлы в пути.",
        "List the invites that you made.":
            "Показать сделанные вами приглашения.",
        "List those who opened an invite of yours and wait for your answer.":
            "Показать тех, кто открыл ваше приглашение и ждёт ответа.",
        "List what waits, in the order in which it will be sent.":
            "Показать, что ждёт, в порядке отправки.",
        "List your contacts.":
            "Показать контакты.",
        "List, cancel and retry messages that have not arrived.":
            "Показать, отменить и повторить недошедшие сообщения.",
        "Make a line by which somebody becomes your contact.":
            "Сделать строку, по которой кто-то станет вашим контактом.",
        "Make an invite (what 'pinhole invite' does).":
            "Сделать приглашение (то же, что «pinhole invite»).",
        "Make somebody who opened your invite a contact.":
            "Сделать контактом того, кто открыл ваше приглашение.",
        "Make your key.":
            "Создать ваш ключ.",
        "NETWORK OPTIONS":
            "ПАРАМЕТРЫ СЕТИ",
        "OPTIONS":
            "ПАРАМЕТРЫ",
        "OVERVIEW:":
            "ОБЗОР:",
        "Open an invite: meet whoever made it.":
            "Открыть приглашение: познакомиться с пригласившим.",
        "Print the completions for a shell.":
            "Напечатать дополнения для оболочки.",
        "Print what happens; with a cursor also what happened meanwhile.":
            "Печатать происходящее; с курсором и то, что было без вас.",
        "Print your contacts, for another machine or a backup.":
            "Напечатать контакты, для другого компьютера или про запас.",
        "Remove a contact.":
            "Удалить контакт.",
        "Remove messages from this machine for good.":
            "Удалить сообщения с этого компьютера навсегда.",
        "SET UP SUBCOMMANDS":
            "НАЧАЛО",
        "SETTINGS SUBCOMMANDS":
            "НАСТРОЙКИ",
        "SUBCOMMANDS":
            "КОМАНДЫ",
        "See 'pinhole help <subcommand>' for detailed help.":
            "Подробнее: «pinhole help <subcommand>».",
        "See 'pinhole help config <subcommand>' for detailed help.":
            "Подробнее: «pinhole help config <subcommand>».",
        "See 'pinhole help contact <subcommand>' for detailed help.":
            "Подробнее: «pinhole help contact <subcommand>».",
        "See 'pinhole help files <subcommand>' for detailed help.":
            "Подробнее: «pinhole help files <subcommand>».",
        "See 'pinhole help history <subcommand>' for detailed help.":
            "Подробнее: «pinhole help history <subcommand>».",
        "See 'pinhole help invite <subcommand>' for detailed help.":
            "Подробнее: «pinhole help invite <subcommand>».",
        "See 'pinhole help key <subcommand>' for detailed help.":
            "Подробнее: «pinhole help key <subcommand>».",
        "See 'pinhole help outbox <subcommand>' for detailed help.":
            "Подробнее: «pinhole help outbox <subcommand>».",
        "Send messages and files; done when the contact has them on disk.":
            "Отправить сообщения и файлы; готово, когда они на диске у контакта.",
        "Show all that is known of a contact.":
            "Показать всё, что известно о контакте.",
        "Show every setting as it is in force.":
            "Показать каждую настройку, как она действует.",
        "Show help information.":
            "Показать справку.",
        "Show subcommand help information.":
            "Показать справку о команде.",
        "Show the newest messages, or those that contain some words.":
            "Показать новейшие сообщения или те, где есть какие-то слова.",
        "Show the settings and where they come from.":
            "Показать настройки и откуда они.",
        "Show the version.":
            "Показать версию.",
        "Show where the key, the settings and the rest are.":
            "Показать, где лежат ключ, настройки и остальное.",
        "Show which process runs the node of your profile, and what it is connected to.":
            "Показать, в каком процессе работает узел профиля и с кем он связан.",
        "Show your key, back it up, change its passphrase.":
            "Показать ваш ключ, сделать копию, сменить пароль.",
        "Show your public key (as 'pinhole id' does).":
            "Показать открытый ключ (как «pinhole id»).",
        "Show your public key.":
            "Показать ваш открытый ключ.",
        "Show, search, export and purge what was said.":
            "Показать, искать, выгрузить и очистить сказанное.",
        "Stay reachable in the background, for other commands and for programs.":
            "Быть на связи в фоне, для других команд и программ.",
        "Stay reachable; print messages and take files from all contacts.":
            "Быть на связи: печатать сообщения и принимать файлы от всех контактов.",
        "TALK SUBCOMMANDS":
            "РАЗГОВОР",
        "Take an offered file.":
            "Принять предложенный файл.",
        "Take back invites that nobody has used.":
            "Отозвать приглашения, которыми никто не воспользовался.",
        "Talk":
            "Разговор",
        "Talk to people directly, from behind any NAT, with nobody in between.":
            "Говорите с людьми напрямую, из-за любого NAT, без посредников.",
        "Try at once to deliver what waits.":
            "Сразу попробовать доставить то, что ждёт.",
        "Try everything on this machine: a service, a second peer, throwaway keys.":
            "Попробовать всё на этом компьютере: служба, второй узел, временные ключи.",
        "Try to reach a contact, and explain what was tried, what came of it and what can be done.":
            "Попробовать связаться с контактом и объяснить, что пробовали, что вышло и что можно сделать.",
        "Turn away somebody who opened your invite; they are told.":
            "Отказать тому, кто открыл ваше приглашение; он об этом узнает.",
        "USAGE:":
            "ПРИМЕНЕНИЕ:",
        "Write a backup of your secret key.":
            "Записать копию секретного ключа.",
        "Write the history to stdout or to a file, the oldest message first.":
            "Записать историю в stdout или в файл, начиная со старого.",
        "a value that begins with a dash is written with “=”: {1}={2}":
            "значение, которое начинается с дефиса, пишут через «=»: {1}={2}",
        "it is a day (2026-11-21), a minute (“2026-11-21 14:02”), or how long ago (30d, 12h, 8w, 1y)":
            "это день (2026-11-21), минута («2026-11-21 14:02») или как давно (30d, 12h, 8w, 1y)",
        "{1:file|files}":
            "{1:файл|файла|файлов}",
        "{1:message|messages}":
            "{1:сообщение|сообщения|сообщений}",
    ]
}
