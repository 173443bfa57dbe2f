/// What is said of messages, and around them: in `chat` and `listen`, of the outbox and the history.
extension Russian {
    // swift-format-ignore
    static let talk: [String: String] = [
        "'pinhole outbox list --failed' shows what was given up":
            "«pinhole outbox list --failed» покажет снятые с отправки",
        "Delivered: “{1}”":
            "Доставлено: «{1}»",
        "Seen: “{1}”":
            "Просмотрено: «{1}»",
        "\"forever\" or a time like \"30d\", \"12h\", \"8w\" or \"1y\"":
            "\"forever\" или время вроде \"30d\", \"12h\", \"8w\" или \"1y\"",
        "'pinhole files' lists them":
            "их покажет «pinhole files»",
        "(sent {1}, arrived {2}) ":
            "(отправлено {1}, пришло {2}) ",
        ", which sees you at {1}":
            ", которая видит вас как {1}",
        "--limit must be more than 0":
            "--limit должен быть больше 0",
        "--text sends it as a message":
            "--text отправит это сообщением",
        "--timeout must be from 0 to 86400 seconds":
            "--timeout должен быть от 0 до 86400 секунд",
        "--timeout waits longer; {1} may have to accept the file":
            "--timeout позволит ждать дольше; возможно, {1} должен принять файл",
        "/send needs the path of a file":
            "/send нужен путь к файлу",
        "A file":
            "Файл",
        "A file is not complete: {1}":
            "Файл передан не целиком: {1}",
        "A message to {1} was cancelled before it was sent.":
            "Сообщение для {1} отменено до отправки.",
        "A message to {1} was cancelled; it may have arrived.":
            "Сообщение для {1} отменено; возможно, оно дошло.",
        "Cancelled, but it may already have been sent: {1} may have it, or not.":
            "Отменено, но, возможно, уже отправлено: {1} мог его получить.",
        "Cancelled: {1} will not get it.":
            "Отменено: {1} его не получит.",
        "Chat with {1} ({2}). /help shows what you can type.":
            "Беседа с {1} ({2}). /help покажет, что можно набрать.",
        "Connected directly to {1} at {2} ({3}).":
            "Прямое соединение с {1} по адресу {2} ({3}).",
        "Connected to {1} directly: {2}.":
            "Прямое соединение с {1}: {2}.",
        "Connecting to {1} …":
            "Соединение с {1} …",
        "Delivered: an earlier message.":
            "Доставлено: прежнее сообщение.",
        "Everything has arrived.":
            "Всё дошло.",
        "It had been given up before.":
            "От него отказались раньше.",
        "Listening on {1}. Ctrl-C ends.":
            "Принимаю на {1}. Ctrl-C завершает.",
        "No files are on their way.":
            "Файлов в пути нет.",
        "Not connected to {1}: {2}{3}":
            "Нет соединения с {1}: {2}{3}",
        "Not connected: {1}{2}":
            "Нет соединения: {1}{2}",
        "Nothing waits.":
            "Ничего не ждёт.",
        "Nothing was found.":
            "Ничего не найдено.",
        "No history is kept ('history = false').":
            "История не ведётся ('history = false').",
        "Nothing was said yet.":
            "Ещё ничего не сказано.",
        "Not stored yet: “{1}”":
            "Пока не сохранено: «{1}»",
        "Pinhole keeps trying, and what you write waits.":
            "Pinhole продолжает попытки, а написанное ждёт.",
        "Registered with {1}{2}.":
            "Регистрация на {1}{2}.",
        "Remove the messages with everybody":
            "Удалить сообщения со всеми",
        "Remove the messages with {1}":
            "Удалить сообщения с {1}",
        "Sending {1} ({2}) …":
            "Отправка {1} ({2}) …",
        "The path to {1} is now {2}.":
            "Путь к {1} теперь {2}.",
        "There is more before this: add --page {1}":
            "Раньше есть ещё: добавьте --page {1}",
        "Too late: {1} has it.":
            "Поздно: оно уже у {1}.",
        "Your identity is also in use at {1}: contacts reach only one of the two. Stop one of them, or give it an identity of its own.":
            "Ваш ключ используется и на {1}: контакты видят только одну из двух программ. Остановите одну или дайте ей собственный ключ.",
        "Your identity is also in use elsewhere: contacts reach only one of the two. Stop one of them, or give it an identity of its own.":
            "Ваш ключ используется и в другом месте: контакты видят только одну из двух программ. Остановите одну или дайте ей собственный ключ.",
        "a contact and --all cannot go together":
            "контакт и --all не бывают вместе",
        "a message cannot be empty":
            "сообщение не может быть пустым",
        "a message has at most {1} bytes":
            "в сообщении не больше {1} байт",
        "a receipt cannot be stored: {1}":
            "не удаётся сохранить подтверждение: {1}",
        "add --yes":
            "добавьте --yes",
        "add it first: pinhole contact add NAME {1}":
            "сначала добавьте: pinhole contact add ИМЯ {1}",
        "complete":
            "целиком",
        "file {1}":
            "файл {1}",
        "give more of its digits":
            "укажите больше цифр",
        "it was never accepted here, or its record was removed long ago":
            "здесь его никогда не принимали, или запись о нём давно удалена",
        "it stays in the outbox and is delivered when you are both online":
            "оно останется в исходящих и будет доставлено, когда вы оба будете в сети",
        "its program must be waiting for one":
            "его программа должна ждать такого потока",
        "messages from {1} cannot be stored: {2}":
            "сообщения от {1} не удаётся сохранить: {2}",
        "messages stay in the outbox for the next connection to {1}":
            "сообщения останутся в исходящих до следующего соединения с {1}",
        "messages to {1} cannot be sent: {2}":
            "сообщения для {1} не удаётся отправить: {2}",
        "more than one transfer begins with “{1}”":
            "с «{1}» начинается несколько передач",
        "nothing is known of a message {1}":
            "о сообщении {1} ничего не известно",
        "name a message, or say --all":
            "назовите сообщение или скажите --all",
        "name another file, or remove it":
            "назовите другой файл или удалите этот",
        "no file waits for an answer":
            "ни один файл не ждёт ответа",
        "no open transfer begins with “{1}”":
            "с «{1}» не начинается ни одна открытая передача",
        "standard input cannot be read: {1}":
            "стандартный ввод не читается: {1}",
        "standard output cannot be written: {1}":
            "в стандартный вывод не записать: {1}",
        "what is left follows with the next connection to {1}":
            "остальное последует при следующем соединении с {1}",
        "Waiting for {1:file|files} on the way. Ctrl-C leaves; then the rest follows later.":
            "Ждём: в пути {1:файл|файла|файлов}. Ctrl-C — выйти; остальное последует позже.",
        "nobody reads standard output any more":
            "стандартный вывод больше никто не читает",
        "not complete: {1}":
            "не целиком: {1}",
        "not delivered yet; it goes on where it stopped when you are both connected":
            "ещё не доставлен; передача продолжится с того же места, когда вы оба будете на связи",
        "not verified yet":
            "ещё не проверен",
        "nothing was removed":
            "ничего не удалено",
        "only messages can be sent to oneself, as notes":
            "себе можно посылать только сообщения, как заметки",
        "pinhole outbox list names them":
            "их покажет pinhole outbox list",
        "say what to remove: a contact, --before or --all":
            "скажите, что удалить: контакт, --before или --all",
        "send it as a file":
            "отправьте файлом",
        "standard input":
            "стандартный ввод",
        "standard input is empty":
            "стандартный ввод пуст",
        "the contact gave the stream “{1}” up":
            "контакт прервал поток «{1}»",
        "the contact takes no stream “{1}”":
            "контакт не принимает потока «{1}»",
        "the message was cancelled":
            "сообщение отменено",
        "the message was cancelled, and may have arrived all the same":
            "сообщение отменено, но могло всё же дойти",
        "the message will not be sent again":
            "сообщение больше не будет отправлено",
        "the output cannot be written: {1}":
            "вывод не записать: {1}",
        "the pipe was not taken up":
            "к каналу никто не подключился",
        "the policy is all, ask, none or default":
            "здесь нужно all, ask, none или default",
        "the socket {1} cannot be made: {2}":
            "не удаётся создать сокет {1}: {2}",
        "the stream “{1}” is over: the session has ended, or it was closed here":
            "поток «{1}» окончен: сеанс завершился или поток закрыли здесь",
        "there is no command /{1}; /help lists them":
            "нет команды /{1}; /help покажет все",
        "there is no file {1}":
            "нет файла {1}",
        "there is no file “{1}”":
            "нет файла «{1}»",
        "there is no message {1}":
            "нет сообщения {1}",
        "too many streams are open to the contact":
            "с контактом открыто слишком много потоков",
        "values":
            "значения",
        "verified":
            "проверен",
        "what waits goes out by itself while 'pinhole listen' or a chat runs":
            "ждущее уйдёт само, пока работает «pinhole listen» или беседа",
        "without a terminal nobody can confirm this":
            "без терминала это некому подтвердить",
        "you":
            "вы",
        "you to {1}":
            "вы для {1}",
        "{1:byte|bytes}":
            "{1:байт|байта|байт}",
        "{1:day|days}":
            "{1:день|дня|дней}",
        "{1:message was|messages were} cancelled or given up meanwhile":
            "{1:сообщение отменено или снято|сообщения отменены или сняты|сообщений отменено или снято} с отправки тем временем",
        "{1} ({2}) opened your invite and is your contact now.":
            "{1} ({2}) открыл ваше приглашение и теперь ваш контакт.",
        "{1} accepted.":
            "{1} принят.",
        "{1} ago":
            "{1} назад",
        "{1} and {2}":
            "{1} и {2}",
        "{1} could not be reached within {2} s":
            "за {2} с связаться с {1} не удалось",
        "{1} did not answer the ping within {2} s":
            "контакт {1} не ответил на проверку связи за {2} с",
        "{1} does not answer: {2}":
            "{1} не отвечает: {2}",
        "{1} h {2} min":
            "{1} ч {2} мин",
        "{1} h":
            "{1} ч",
        "{1} has accepted you.":
            "Контакт {1} вас принял.",
        "{1} has not received the message within {2} s":
            "сообщение для {1} не дошло за {2} с",
        "{1} has {2} ({3}), verified.":
            "{1} получил {2} ({3}), проверено.",
        "{1} in {2}, {3}/s":
            "{1} за {2}, {3}/с",
        "{1} is gone: {2}":
            "Связь с {1} окончена: {2}",
        "{1} is neither a file nor a folder":
            "{1} — не файл и не каталог",
        "{1} is not a contact":
            "{1} — не контакт",
        "{1} is not complete: {2}":
            "{1} — получен не целиком: {2}",
        "{1} is not your contact: {2}":
            "{1} — не ваш контакт: {2}",
        "{1} is offline.":
            "{1} не в сети.",
        "{1} is online.":
            "{1} в сети.",
        "{1} is typing … > ":
            "{1} пишет … > ",
        "{1} left while being pinged":
            "контакт {1} вышел из сети во время проверки связи",
        "{1} min":
            "{1} мин",
        "{1} ms":
            "{1} мс",
        "{1} not delivered":
            "не доставлено: {1}",
        "{1} not delivered. {2}":
            "Не доставлено: {1}. {2}",
        "{1} not delivered: {2}":
            "не доставлено ({1}): {2}",
        "{1} offers {2} ({3}): /accept or /refuse":
            "{1} предлагает {2} ({3}): /accept или /refuse",
        "{1} refused.":
            "{1} отклонён.",
        "{1} s":
            "{1} с",
        "{1} sends {2} ({3}) …":
            "{1} отправляет {2} ({3}) …",
        "{1} was not delivered: {2}":
            "{1} не доставлен: {2}",
        "{1} was not sent":
            "{1} не отправлен",
        "{1}, {2}/s, {3} left":
            "{1}, {2}/с, осталось {3}",
        "{1}: goes on at {2} of {3}.":
            "{1}: продолжение с {2} из {3}.",
        "{1}: {2} of {3}, {4} %":
            "{1}: {2} из {3}, {4} %",
        "“{1}” ({2}) opened your invite and asks to be your contact: pinhole contact accept {3}":
            "«{1}» ({2}) открыл ваше приглашение и просится в контакты: pinhole contact accept {3}",
        "“{1}” is neither a file nor a folder":
            "«{1}» — не файл и не каталог",
    ]
}
