/// What options and arguments are for.
extension Russian {
    // swift-format-ignore
    static let options: [String: String] = [
        "A file (mode 0600) with the passphrase of your key. Otherwise PINHOLE_PASSPHRASE, then a question on the terminal.":
            "Файл (права 0600) с паролем вашего ключа. Иначе PINHOLE_PASSPHRASE, затем вопрос на терминале.",
        "A file with the new passphrase.":
            "Файл с новым паролем.",
        "A file with the passphrase of the backup.":
            "Файл с паролем копии.",
        "A service where you are found, instead of the configured ones; may be repeated.":
            "Служба, через которую вас находят, вместо настроенных; можно повторять.",
        "A signaling service to use instead of the configured ones; may be repeated (PINHOLE_SERVICES).":
            "Сигнальная служба вместо настроенных; можно повторять (PINHOLE_SERVICES).",
        "A signaling service where the contact is, besides yours; may be repeated.":
            "Сигнальная служба контакта помимо ваших; можно повторять.",
        "Accept whoever opens an invite of yours, without asking (PINHOLE_ACCEPT_INVITED).":
            "Принимать каждого, кто откроет ваше приглашение, не спрашивая (PINHOLE_ACCEPT_INVITED).",
        "All that are open.":
            "Все открытые.",
        "As OpenSSH writes it.":
            "Так, как его пишет OpenSSH.",
        "Do not ask.":
            "Не спрашивать.",
        "Everything that waits, for the contacts named or for all.":
            "Всё, что ждёт, для названных контактов или для всех.",
        "Files, '-' for standard input, or messages.":
            "Файлы, «-» для стандартного ввода или сообщения.",
        "Forget the name: events are no longer kept for it.":
            "Забыть имя: события для него больше не хранятся.",
        "Give up when nothing has moved for so many seconds.":
            "Прекратить, если столько секунд ничего не движется.",
        "Go on with what happens from now on.":
            "Продолжать тем, что происходит дальше.",
        "How long it is valid: 90s, 30m, 12h, 7d, 2w.":
            "Сколько оно годно: 90s, 30m, 12h, 7d, 2w.",
        "How long to wait for an answer.":
            "Сколько ждать ответа.",
        "How long to wait for the contact's side of the pipe.":
            "Сколько ждать, пока контакт запустит свою сторону.",
        "How long to wait for the contact.":
            "Сколько ждать контакта.",
        "How long to wait for the services.":
            "Сколько ждать служб.",
        "How many messages at the most.":
            "Сколько сообщений, самое большее.",
        "How many pings, a second apart.":
            "Сколько проверок, по одной в секунду.",
        "In a pipe: how long to wait at the end for what is not delivered.":
            "В конвейере: сколько ждать в конце того, что не доставлено.",
        "Its parameters, as a JSON object.":
            "Его параметры, объект JSON.",
        "Leave the key without a passphrase.":
            "Оставить ключ без пароля.",
        "List also what was given up.":
            "Показать и то, от чего отказались.",
        "Only messages before this place: the page before this one names it.":
            "Только сообщения до этого места: его называет предыдущая страница.",
        "Only messages before this time: 2026-11-21, “2026-11-21 14:02”, or 12h, 30d, 8w, 1y ago.":
            "Только сообщения до этого времени: 2026-11-21, «2026-11-21 14:02» или 12h, 30d, 8w, 1y назад.",
        "Only messages that contain these words.":
            "Только сообщения с этими словами.",
        "Only these contacts.":
            "Только эти контакты.",
        "Only those of this contact.":
            "Только этого контакта.",
        "Only what is for this contact.":
            "Только для этого контакта.",
        "Print JSON, one object a message.":
            "Печатать JSON, по объекту на сообщение.",
        "Print JSON, one object a ping.":
            "Печатать JSON, по объекту на проверку.",
        "Print JSON, one object an event.":
            "Печатать JSON, по объекту на событие.",
        "Print JSON, one object for each message that has arrived or was given up, and one with what is left.":
            "Печатать JSON, по объекту на каждое дошедшее или снятое с отправки сообщение и один о том, что осталось.",
        "Print JSON, one transfer a line.":
            "Печатать JSON, по одной передаче в строке.",
        "Print JSON.":
            "Печатать JSON.",
        "Print a JSON object for each thing delivered.":
            "Печатать объект JSON о каждой доставке.",
        "Print every event as JSON, one a line.":
            "Печатать каждое событие как JSON, по одному в строке.",
        "Read the cursors of events that are dealt with from standard input.":
            "Читать курсоры обработанных событий из стандартного ввода.",
        "Say more about what is going on.":
            "Подробнее говорить о происходящем.",
        "Show it as a QR code too, on stderr.":
            "Показать и QR-код, в stderr.",
        "Show where each setting comes from.":
            "Показать, откуда взята каждая настройка.",
        "Take the key of a backup that 'pinhole key export' wrote, or an Ed25519 key of OpenSSH or in PEM without a passphrase, instead of making one.":
            "Взять ключ из копии, сделанной «pinhole key export», или ключ Ed25519 от OpenSSH либо в PEM без пароля, вместо нового.",
        "Take the mark away: the contact is not verified any more.":
            "Снять отметку: контакт больше не проверен.",
        "Tell the whole story without asking, then exit.":
            "Рассказать всю историю без вопросов и выйти.",
        "The UDP port to use; 0 lets the system choose (PINHOLE_PORT).":
            "Порт UDP; 0 — выберет система (PINHOLE_PORT).",
        "The configuration file (PINHOLE_CONFIG; default $XDG_CONFIG_HOME/pinhole/config.toml).":
            "Файл настроек (PINHOLE_CONFIG; иначе $XDG_CONFIG_HOME/pinhole/config.toml).",
        "The contact's name.":
            "Имя контакта.",
        "The contact's public key (pin1…), an OpenSSH key, or a file with one; - reads it from stdin.":
            "Открытый ключ контакта (pin1…), ключ OpenSSH или файл с ним; - читает его из stdin.",
        "The directory of your key, contacts and history (PINHOLE_PROFILE; default $XDG_DATA_HOME/pinhole/default).":
            "Каталог вашего ключа, контактов и истории (PINHOLE_PROFILE; иначе $XDG_DATA_HOME/pinhole/default).",
        "The file to make.":
            "Новый файл.",
        "The file; - reads from stdin.":
            "Файл; - читает из stdin.",
        "The key that is right (pin1…), an OpenSSH key, or a file with one.":
            "Верный ключ (pin1…), ключ OpenSSH или файл с ним.",
        "The line; - reads it from stdin.":
            "Строка; - читает её из stdin.",
        "The messages with everybody.":
            "Сообщения со всеми.",
        "The messages' names; with --all, contacts.":
            "Имена сообщений; с --all — контакты.",
        "The method to call.":
            "Метод.",
        "The name or the key, as 'pinhole contact requests' shows them.":
            "Имя или ключ, как их показывает «pinhole contact requests».",
        "The name under which events are kept for you.":
            "Имя, под которым события хранятся для вас.",
        "The number that the contact sees; blanks do not matter.":
            "Число, которое видит контакт; пробелы не важны.",
        "The only key that may use it.":
            "Единственный ключ, которому оно годится.",
        "The signaling service that you and your contacts use.":
            "Сигнальная служба, которой пользуетесь вы и ваши контакты.",
        "The transfer's number, or its beginning.":
            "Номер передачи или его начало.",
        "The words that the contact sees; four letters of each suffice.":
            "Слова, которые видит контакт; хватит четырёх букв каждого.",
        "They were compared and are the same.":
            "Их сверили, они одинаковы.",
        "Those too that are done or given up.":
            "И те, что завершены или прерваны.",
        "Treat every WHAT as a message, also when a file of that name exists.":
            "Считать каждое ЧТО сообщением, даже если есть файл с таким именем.",
        "Use loopback addresses too: for trying things out on one machine.":
            "Использовать и адреса loopback: для опытов на одном компьютере.",
        "What 'pinhole invite list' calls them.":
            "Как их называет «pinhole invite list».",
        "What to do with a file whose name is taken: rename (default), skip or overwrite (PINHOLE_EXISTING).":
            "Что делать с файлом, имя которого здесь занято: rename (по умолчанию), skip или overwrite (PINHOLE_EXISTING).",
        "What you call its maker.":
            "Как вы называете пригласившего.",
        "What you call the contact from now on.":
            "Как вы теперь называете контакт.",
        "What you call the contact.":
            "Как вы называете контакт.",
        "What you call them.":
            "Как вы его называете.",
        "What you call yourself (PINHOLE_NAME, or 'name' in the configuration; else your login name).":
            "Как вы себя называете (PINHOLE_NAME или «name» в настройках; иначе имя входа).",
        "Where received files go (PINHOLE_DOWNLOADS; default ~/Downloads).":
            "Куда складывать полученные файлы (PINHOLE_DOWNLOADS; иначе ~/Downloads).",
        "Where the contact listens; may be repeated.":
            "Где контакт принимает связь; можно повторять.",
        "Where to write it; stdout without it.":
            "Куда записать; иначе в stdout.",
        "Where you are reached without a service; may be repeated.":
            "Где вы доступны без службы; можно повторять.",
        "With --json: print the progress of files too.":
            "С --json: печатать и ход передачи файлов.",
        "With whom.":
            "С кем.",
        "With whom; everybody without it.":
            "С кем; иначе со всеми.",
        "Write ipv4-1, ipv6-1, host-1 and so on instead of addresses and host names.":
            "Писать ipv4-1, ipv6-1, host-1 и так далее вместо адресов и имён.",
        "Write it as a QR code to a PNG file.":
            "Записать его QR-кодом в файл PNG.",
        "Write it without a passphrase.":
            "Записать без пароля.",
        "all, ask, none or default.":
            "all, ask, none или default.",
        "bash, zsh or fish.":
            "bash, zsh или fish.",
        "jsonl: a JSON object a line; text: as people read it.":
            "jsonl: по объекту JSON в строке; text: как читают люди.",
        "{1:file|files} kept for the next connection to {2}":
            "{1:файл ждёт|файла ждут|файлов ждут} следующего соединения с {2}",
        "{1:message waits|messages wait} still":
            "ещё {1:сообщение ждёт|сообщения ждут|сообщений ждут}",
        "{1:message|messages} delivered to {2}.":
            "{1:сообщение|сообщения|сообщений} доставлено контакту {2}.",
        "{1:message|messages} kept in the outbox for the next connection to {2}":
            "{1:сообщение|сообщения|сообщений} в исходящих до следующего соединения с {2}",
        "{1:message|messages} removed":
            "{1:сообщение|сообщения|сообщений} удалено",
        "{1:message|messages} written to {2}":
            "{1:сообщение|сообщения|сообщений} записано в {2}",
        "{1:new message|new messages}:":
            "{1:новое сообщение|новых сообщения|новых сообщений}:",
        "{1} added, {2} known before, {3} not taken.":
            "Добавлено {1}, известно раньше {2}, не взято {3}.",
        "{1} added: {2}":
            "{1} добавлен: {2}",
        "{1} before that time from this machine for good?":
            "{1} до этого времени с этого компьютера навсегда?",
        "{1} can reach you again.":
            "{1} снова может с вами связаться.",
        "{1} cannot be written: {2}":
            "не удаётся записать {1}: {2}",
        "{1} exists already":
            "{1} уже есть",
        "{1} exists and does not name this service":
            "{1} уже есть и не называет этой службы",
        "{1} from this machine for good?":
            "{1} с этого компьютера навсегда?",
        "{1} has accepted you: pinhole chat {2}":
            "Контакт {1} вас принял: pinhole chat {2}",
        "{1} has taken nothing for {2}":
            "{1} не принимает ничего уже {2}",
        "{1} has the key {2}.":
            "У {1} ключ {2}.",
        "{1} is blocked":
            "{1} заблокирован",
        "{1} is blocked. 'pinhole contact unblock {2}' ends that.":
            "{1} заблокирован. «pinhole contact unblock {2}» снимет это.",
        "{1} is called {2} from now on.":
            "{1} теперь называется {2}.",
        "{1} is known already; what is new was added.":
            "{1} уже известен; новое добавлено.",
        "{1} is not reached now":
            "до {1} сейчас не достучаться",
        "{1} is not verified any more.":
            "{1} больше не проверен.",
        "{1} is not what 'pinhole contact export --json' prints":
            "{1} — не то, что печатает «pinhole contact export --json»",
        "{1} is revoked.":
            "{1} отозвано.",
        "{1} is verified.":
            "{1} проверен.",
        "{1} is you":
            "{1} — это вы",
        "{1} is you: what you send to {2} stays here, as notes.":
            "{1} — это вы: посланное {2} остаётся здесь, как заметки.",
        "{1} is your contact: {2}":
            "{1} — ваш контакт: {2}",
        "{1} must add you too. Your key: {2}":
            "{1} тоже должен добавить вас. Ваш ключ: {2}",
        "{1} not used: '{2}' (pid {3}) runs the node of this profile, with settings of its own.":
            "{1} не используется: узел этого профиля работает в «{2}» (pid {3}) со своими настройками.",
        "{1} removed.":
            "{1} удалён.",
        "{1} sent, {2} received.":
            "Отправлено {1}, получено {2}.",
        "{1} via {2}, connected in {3}{4}{5}":
            "{1} через {2}, соединение за {3}{4}{5}",
        "{1} waits: {2}.":
            "{1} ждёт: {2}.",
        "{1} was declined.":
            "{1} отклонён.",
        "{1} was told, and must accept you.":
            "{1} знает о вас и должен вас принять.",
        "{1} was told, and must accept you. What you write meanwhile waits.":
            "{1} знает о вас и должен вас принять. Написанное пока ждёт.",
        "{1} {2} sent {3}: {4}":
            "{1} {2} прислал {3}: {4}",
        "{1}, verified by {2}":
            "{1}, проверено у {2}",
        "{1}: key {2}; the invite is good and signed by it.":
            "{1}: ключ {2}; приглашение годно и подписано им.",
        "{1}: {2}":
            "{1}: {2}",
        "Ask the services who is there now, and tell when the others were last connected.":
            "Спросить службы, кто сейчас на месте, и сказать, когда остальные были на связи.",
        "Lines only: no colours, no cursor movements, no progress bars (PINHOLE_PLAIN).":
            "Только строки: без цвета, движений курсора и полос хода (PINHOLE_PLAIN).",
        "Send also what was given up, once more.":
            "Отправить снова и то, что было снято с отправки.",
    ]
}
