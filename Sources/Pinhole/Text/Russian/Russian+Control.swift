/// What programs are told by the control socket.
extension Russian {
    // swift-format-ignore
    static let control: [String: String] = [
        "'message.send' gives it":
            "его даёт «message.send»",
        "'pinhole outbox list' shows what waits":
            "что ждёт, покажет «pinhole outbox list»",
        "Internal error: {1}":
            "Внутренняя ошибка: {1}",
        "Invalid params: {1}":
            "Неверные параметры: {1}",
        "Invalid request: {1}":
            "Неверный запрос: {1}",
        "Method not found: {1}":
            "Нет такого метода: {1}",
        "Parse error: {1}":
            "Ошибка разбора: {1}",
        "a batch has at most {1} calls":
            "в пакете не больше {1} вызовов",
        "a batch is not empty":
            "пакет не бывает пустым",
        "a call is an object":
            "вызов — это объект",
        "a contact was removed meanwhile":
            "тем временем удалили контакт",
        "a line has at most {1} bytes":
            "в строке не больше {1} байт",
        "a line was too long":
            "строка слишком длинная",
        "an invite is good for at most a year":
            "приглашение годно не дольше года",
        "events give it":
            "его дают события",
        "events name them":
            "их называют события",
        "events of this process come without a subscription":
            "события этого процесса приходят без подписки",
        "files are taken all, ask or none":
            "файлы берут так: all, ask или none",
        "give the whole path":
            "укажите полный путь",
        "is XDG_RUNTIME_DIR right?":
            "верно ли задан XDG_RUNTIME_DIR?",
        "no reason given":
            "причина не названа",
        "nobody named “{1}” waits for an answer":
            "никто с именем «{1}» не ждёт ответа",
        "nobody takes what comes through the pipe any more":
            "то, что приходит по каналу, больше никто не берёт",
        "nobody waits at all":
            "никто не ждёт",
        "on {1}'s side: pinhole pipe YOUR-NAME":
            "на стороне {1}: pinhole pipe ВАШЕ-ИМЯ",
        "other users may open the directory {1} of the control socket":
            "другие пользователи могут открыть каталог {1} управляющего сокета",
        "parameters are given by name, in an object":
            "параметры даются по именам, в объекте",
        "pinhole contact add {1} pin1…":
            "pinhole contact add {1} pin1…",
        "see what reads there, and run both sides again":
            "посмотрите, что там читает, и запустите обе стороны снова",
        "several messages begin with “{1}”":
            "с «{1}» начинается несколько сообщений",
        "start one: pinhole daemon":
            "запустите его: pinhole daemon",
        "the control socket {1} cannot be made: {2}":
            "не удаётся создать управляющий сокет {1}: {2}",
        "the directory {1} of the control socket cannot be made: {2}":
            "не удаётся создать каталог {1} для управляющего сокета: {2}",
        "the events cannot be read":
            "события не читаются",
        "the host of the profile gave a name that cannot be read":
            "процесс профиля дал имя, которое нельзя прочитать",
        "a place is a number from 0 on":
            "место — число от 0",
        "it follows the events more than {1} times":
            "программа следит за событиями больше чем {1} раз",
        "the limit is from 1 to 1000":
            "предел — от 1 до 1000",
        "the limit is from 1 to 400":
            "предел — от 1 до 400",
        "the node is starting again with another configuration":
            "узел перезапускается с другими настройками",
        "this process asks for events itself":
            "этот процесс спрашивает события сам",
        "this is longer than {1} bytes":
            "это длиннее {1} байт",
        "the pipe cannot be read: {1}":
            "канал не читается: {1}",
        "the pipe was interrupted: {1}":
            "канал прерван: {1}",
        "the process that runs the node hung up":
            "процесс, в котором работает узел, прервал связь",
        "the process that runs the node hung up: {1}":
            "процесс, в котором работает узел, прервал связь: {1}",
        "it is tried again every second":
            "попытки повторяются каждую секунду",
        "the program that wrote into the pipe is gone, perhaps before its end":
            "программа, писавшая в канал, исчезла — возможно, не дописав",
        "the process that ran the node has ended":
            "процесс, в котором работал узел, завершился",
        "the profile is of another user":
            "профиль принадлежит другому пользователю",
        "the socket {1} of the pipe cannot be reached: {2}":
            "до сокета канала {1} не достучаться: {2}",
        "there are ":
            "есть ",
        "there are none":
            "их нет",
        "there is no message “{1}” in the outbox":
            "в исходящих нет сообщения «{1}»",
        "there is no parameter “{1}”: {2}":
            "нет параметра «{1}»: {2}",
        "this line is not JSON, or too deep":
            "эта строка — не JSON или слишком вложенная",
        "this needs the network, and no process runs the node of this profile":
            "для этого нужна сеть, а узел этого профиля нигде не работает",
        "the answers of the batch are longer than {1} bytes together":
            "ответы пакета вместе длиннее {1} байт",
        "ask for this one alone":
            "спросите об этом отдельно",
        "cancelled":
            "отменено",
        "too many programs are connected: {1}":
            "подключено слишком много программ: {1}",
        "too slow: more than {1} bytes wait to be read":
            "слишком медленно: больше {1} байт ждут чтения",
        "without it no other command can use this node":
            "без него другие команды не смогут пользоваться этим узлом",
        "write it as 2026-11-21T14:02:11.042Z":
            "пишите его как 2026-11-21T14:02:11.042Z",
        "you have no contact named “{1}”":
            "у вас нет контакта с именем «{1}»",
        "your contacts: {1}":
            "ваши контакты: {1}",
        "{1} answered what this version does not understand":
            "{1} отвечает то, чего эта версия не понимает",
        "{1} has no JSON":
            "у {1} нет JSON",
        "{1} is there, and has no pipe open to you":
            "{1} в сети, но канала к вам не открывает",
        "{1}'s side of the pipe ended before everything was read":
            "{1} на своей стороне закрыл канал, не дочитав до конца",
        "{1}, for the control socket, is not a directory of yours":
            "{1}, для управляющего сокета, — не ваш каталог",
        "“id” must be a string or a number":
            "«id» должен быть строкой или числом",
        "“jsonrpc” must be \"2.0\"":
            "«jsonrpc» должен быть \"2.0\"",
        "“method” must be a string":
            "«method» должен быть строкой",
        "“params” must be an object":
            "«params» должен быть объектом",
        "“{1}” can mean several":
            "«{1}» подходит к нескольким",
        "“{1}” does not begin at the root of the file system":
            "«{1}» не начинается от корня файловой системы",
        "“{1}” is missing":
            "нет «{1}»",
        "“{1}” is not the name of a message":
            "«{1}» — не имя сообщения",
        "“{1}” is not the name of a transfer":
            "«{1}» — не имя передачи",
        "“{1}” must be a {2}":
            "«{1}»: здесь нужно {2}",
        "“{1}” must not be null":
            "«{1}» не может быть null",
        "ask for less":
            "попросите меньше",
        "the answer is longer than {1} bytes":
            "ответ длиннее, чем {1} байт",
    ]
}
