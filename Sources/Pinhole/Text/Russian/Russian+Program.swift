/// What the program says of itself: its profile, its configuration, the node, hooks and services of the system.
extension Russian {
    // swift-format-ignore
    static let program: [String: String] = [
        " (pid {1})":
            " (pid {1})",
        "Apr":
            "апр",
        "Aug":
            "авг",
        "Dec":
            "дек",
        "EB":
            "ЭБ",
        "Feb":
            "фев",
        "GB":
            "ГБ",
        "Jan":
            "янв",
        "Jul":
            "июл",
        "Jun":
            "июн",
        "Key":
            "Ключ",
        "MB":
            "МБ",
        "Mar":
            "мар",
        "May":
            "мая",
        "Name":
            "Имя",
        "Nov":
            "ноя",
        "Oct":
            "окт",
        "PB":
            "ПБ",
        "Passphrase: ":
            "Пароль: ",
        "Safety number":
            "Код безопасности",
        "Safety words":
            "Слова безопасности",
        "Sep":
            "сен",
        "State":
            "Состояние",
        "TB":
            "ТБ",
        "Which offered files to take: all, ask (they wait for your answer) or none (PINHOLE_ACCEPT; default all, and ask in a chat on a terminal).":
            "Какие предложенные файлы брать: all, ask (ждут вашего ответа) или none (PINHOLE_ACCEPT; по умолчанию all, а в беседе на терминале ask).",
        "\"all\", \"ask\" or \"none\"":
            "\"all\", \"ask\" или \"none\"",
        "\"rename\", \"skip\" or \"overwrite\"":
            "\"rename\", \"skip\" или \"overwrite\"",
        "'pinhole --help' lists the commands":
            "«pinhole --help» покажет команды",
        "'pinhole init' makes one, --profile names another":
            "«pinhole init» создаст его, --profile назовёт другой",
        "'{1}' (pid {2}) runs the node; this daemon takes over when it ends.":
            "Узел работает в «{1}» (pid {2}); этот демон переймёт его, когда тот завершится.",
        "'{1}' explains, with an example":
            "«{1}» объяснит, с примером",
        "--ack-stdin needs --cursor and --follow":
            "--ack-stdin требует --cursor и --follow",
        "--forget needs --cursor alone":
            "--forget требует одного --cursor",
        "--timeout must be more than 0 and at most 86400 seconds":
            "--timeout должен быть больше 0 и не больше 86400 секунд",
        "A signaling service runs at {1}.":
            "Сигнальная служба работает на {1}.",
        "Another process runs the node now.":
            "Теперь узел работает в другом процессе.",
        "Automate":
            "Автоматика",
        "Everything is in {1} and goes away when you leave.":
            "Всё лежит в {1} и исчезнет, когда вы выйдете.",
        "Global options":
            "Общие параметры",
        "Hooks: the events cannot be read: {1}":
            "Обработчики: события не читаются: {1}",
        "Look":
            "Обзор",
        "No process runs the node of {1}.":
            "Узел {1} ни в одном процессе не работает.",
        "No signaling service is configured: only contacts on the same network, or with a known address, can be reached.":
            "Не настроено ни одной сигнальной службы: связаться можно только с контактами в той же сети или с известным адресом.",
        "No signaling service is configured: only contacts with a known address can be reached.":
            "Не настроено ни одной сигнальной службы: связаться можно только с контактами с известным адресом.",
        "Node      {1} (pid {2}), since {3}":
            "Узел      {1} (pid {2}), с {3}",
        "Programs  {1} connected":
            "Программ  подключено {1}",
        "Service   {1} answers":
            "Служба    {1} отвечает",
        "Service   {1} does not answer":
            "Служба    {1} не отвечает",
        "Serving {1}. Ctrl-C ends.":
            "Обслуживаю {1}. Ctrl-C завершает.",
        "Sessions  none":
            "Сеансы    нет",
        "Set up":
            "Начало",
        "Settings":
            "Настройки",
        "The configuration was not read again: {1}":
            "Настройки не прочитаны заново: {1}",
        "The configuration was read again.":
            "Настройки прочитаны заново.",
        "The hook {1} cannot be started: {2}":
            "Обработчик {1} не запускается: {2}",
        "The hook {1} failed with exit code {2} for a message of {3}.":
            "Обработчик {1} завершился с кодом {2} на сообщении от {3}.",
        "The hook {1} took longer than {2} for a message of {3}, and was ended.":
            "Обработчик {1} работал дольше {2} над сообщением от {3} и остановлен.",
        "The hook {1} was killed by signal {2} for a message of {3}.":
            "Обработчик {1} убит сигналом {2} на сообщении от {3}.",
        "The hook {1} wrote a reply of more than {2} bytes to {3}.":
            "Обработчик {1} написал ответ длиннее {2} байт для {3}.",
        "The hook {1} wrote a reply to {2} that is not UTF-8 text.":
            "Обработчик {1} написал для {2} ответ не в UTF-8.",
        "The process that ran the node has ended.":
            "Процесс, в котором работал узел, завершился.",
        "The reply of the hook {1} cannot be sent: {2}":
            "Ответ обработчика {1} не отправить: {2}",
        "This process runs the node now.":
            "Теперь узел работает в этом процессе.",
        "Whatever you write comes back from the second peer; /send FILE sends it a file.":
            "Всё, что вы напишете, вернётся от второго узла; /send ФАЙЛ отправит ему файл.",
        "a chat on a terminal asks":
            "беседа в терминале спрашивает",
        "a daemon runs with this profile already (pid {1})":
            "с этим профилем уже работает демон (pid {1})",
        "a directory":
            "каталог",
        "a file":
            "файл",
        "a name of 1 to 128 bytes":
            "имя от 1 до 128 байт",
        "a number from 0 to 65535":
            "число от 0 до 65535",
        "a table":
            "таблица",
        "accepted":
            "принято",
        "an array of service addresses":
            "массив адресов служб",
        "an array of words":
            "массив слов",
        "blocked":
            "заблокирован",
        "by {1}":
            "от {1}",
        "chmod 600 {1}":
            "chmod 600 {1}",
        "declined":
            "отклонено",
        "default":
            "по умолчанию",
        "environment {1}":
            "переменная {1}",
        "expired":
            "истекло",
        "failed":
            "не удалось",
        "flag {1}":
            "параметр {1}",
        "for {1}":
            "для {1}",
        "from {1}":
            "от {1}",
        "give --cursor NAME for what happened, --follow for what happens, or both":
            "укажите --cursor ИМЯ для того, что было, --follow для того, что будет, или оба",
        "kB":
            "кБ",
        "not “{1}”":
            "а не «{1}»",
        "offered":
            "предложено",
        "online":
            "в сети",
        "open":
            "открыто",
        "pinhole add '{1}'":
            "pinhole add '{1}'",
        "pinhole contact add NAME {1}":
            "pinhole contact add ИМЯ {1}",
        "pinhole init --service {1}":
            "pinhole init --service {1}",
        "pinhole rpc net.ping '{{\"contact\": \"bob\"}}'":
            "pinhole rpc net.ping '{{\"contact\": \"bob\"}}'",
        "pinhole send NAME {1}":
            "pinhole send ИМЯ {1}",
        "pinhole: error: {1}":
            "pinhole: ошибка: {1}",
        "pinhole: hint: {1}":
            "pinhole: совет: {1}",
        "profile file {1}":
            "файл профиля {1}",
        "refused":
            "отклонено",
        "requested":
            "ждёт ответа",
        "revoked":
            "отозвано",
        "the control socket {1} cannot be used: {2}":
            "управляющим сокетом {1} нельзя пользоваться: {2}",
        "the demonstration did not get on within a minute":
            "показ не продвинулся за минуту",
        "the host of the profile ended before it answered":
            "процесс профиля завершился, не ответив",
        "the keys are {1}":
            "настройки: {1}",
        "the parameters are not a JSON object":
            "параметры — не объект JSON",
        "the token file":
            "файл с пропуском",
        "there are no completions for “{1}”":
            "для «{1}» дополнений нет",
        "there are some for bash, zsh and fish":
            "они есть для bash, zsh и fish",
        "there is no command “{1}”":
            "нет команды «{1}»",
        "there is no profile at {1}":
            "в {1} нет профиля",
        "this is an invite, not a command":
            "это приглашение, а не команда",
        "this is the address of a signaling service, not a command":
            "это адрес сигнальной службы, а не команда",
        "to {1}":
            "для {1}",
        "true or false":
            "true или false",
        "via {1}":
            "через {1}",
        "{1} is longer than {2} bytes":
            "{1}: длиннее {2} байт",
        "{1} is not UTF-8 text":
            "{1} — не текст UTF-8",
        "{1} left":
            "ещё {1}",
        "{1} must be {2}, not “{3}”":
            "{1}: здесь нужно {2}, а не «{3}»",
        "{1} must hold a token of 1 to 255 bytes":
            "в {1} должен быть пропуск от 1 до 255 байт",
        "{1} {2} is open to other users (mode {3})":
            "{1} {2}: открыто другим пользователям (права {3})",
        "{1} {2} is open to other users (mode {3}{4})":
            "{1} {2}: открыто другим пользователям (права {3}{4})",
        "{1}: unknown key “{2}”":
            "{1}: неизвестная настройка «{2}»",
        "{1}: “services”: {2}":
            "{1}: «services»: {2}",
        "{1}: “{2}” must be {3}":
            "{1}: «{2}» — здесь нужно: {3}",
        "“{1}” is a file, not a command":
            "«{1}» — файл, а не команда",
        "“{1}” is a key, not a command":
            "«{1}» — ключ, а не команда",
        "“{1}” is not a cursor.":
            "«{1}» — не курсор.",
        "Another process runs the hooks; this one does when it ends.":
            "Обработчики запускает другой процесс; этот начнёт, когда тот завершится.",
        "Online    nobody":
            "В сети    никого",
        "Online    {1}":
            "В сети    {1}",
    ]
}
