/// What is said of files on their way, and of the disk.
extension Russian {
    // swift-format-ignore
    static let files: [String: String] = [
        "a message has the impossible number {1}":
            "у сообщения невозможный номер {1}",
        "a transfer cannot be recorded: {1}":
            "не удаётся записать передачу: {1}",
        "nothing is known of this transfer":
            "об этой передаче ничего не известно",
        "the transfers cannot be read: {1}":
            "не удаётся прочитать передачи: {1}",
        "add the contact first":
            "сначала добавьте контакт",
        "another process{1} runs with the identity in {2}":
            "с ключом из {2} уже работает другой процесс{1}",
        "ask for it to be sent again":
            "попросите отправить его ещё раз",
        "check its directory: ls -la {1}":
            "проверьте её каталог: ls -la {1}",
        "choose a directory on a writable file system":
            "выберите каталог на файловой системе, доступной для записи",
        "close other programs, or allow more open files (ulimit -n), then try again":
            "закройте другие программы или разрешите открывать больше файлов (ulimit -n) и попробуйте ещё раз",
        "contact services":
            "службы контакта",
        "end it, then purge again":
            "завершите его и очистите снова",
        "follow them first":
            "сначала начните следить",
        "free some space (df -h {1}), then try again; what was stored before is intact":
            "освободите место (df -h {1}) и попробуйте снова; сохранённое раньше цело",
        "give a word, or several":
            "укажите слово или несколько",
        "it was cancelled here":
            "отменено здесь",
        "it was declined here":
            "отклонено здесь",
        "left out: {1}":
            "пропущено: {1}",
        "nobody follows the events as “{1}”":
            "никто не следит за событиями под именем «{1}»",
        "not delivered: {1}":
            "не доставлен: {1}",
        "remove it":
            "удалите его",
        "remove some of them":
            "удалите часть из них",
        "restore it from a copy":
            "восстановите её из копии",
        "restore it from a copy, or move it away to begin with an empty one: mv {1} {2}":
            "восстановите её из копии или уберите, чтобы начать с пустой: mv {1} {2}",
        "restore the right key file, or use another --profile":
            "восстановите нужный файл ключа или укажите другой --profile",
        "run as its owner, or use your own":
            "запустите от имени владельца или возьмите свой",
        "see who owns it: ls -l {1}":
            "посмотрите, чей он: ls -l {1}",
        "see who owns it: ls -ld {1}":
            "посмотрите, чей он: ls -ld {1}",
        "send it again":
            "отправьте ещё раз",
        "send it again: it goes on where it stopped":
            "отправьте ещё раз: передача продолжится с того же места",
        "send its folders one by one":
            "отправьте его каталоги по одному",
        "stop it first":
            "сначала остановите его",
        "stop it first: kill {1}":
            "сначала остановите его: kill {1}",
        "the database":
            "база данных",
        "the database belongs to another identity":
            "база данных принадлежит другому ключу",
        "the database holds a message of an unknown kind":
            "в базе данных сообщение неизвестного вида",
        "the database holds a transfer of an unknown kind":
            "в базе данных передача неизвестного вида",
        "the database is damaged: its {1} of row {2} was changed":
            "база данных повреждена: в ней изменено {1} строки {2}",
        "the database {1} cannot be used: {2}":
            "базой данных {1} нельзя пользоваться: {2}",
        "the database {1} cannot be written":
            "не удаётся записать в базу данных {1}",
        "the database {1} is damaged":
            "база данных {1} повреждена",
        "the database {1} is in use by another process":
            "базу данных {1} занял другой процесс",
        "the database {1} was written by a newer version of Pinhole":
            "базу данных {1} записала более новая версия Pinhole",
        "the disk with {1} is not there":
            "нет диска, на котором {1}",
        "the disk is full: {1} cannot be written":
            "диск полон: не удаётся записать {1}",
        "the file did not arrive: {1}":
            "файл не дошёл: {1}",
        "the file has not arrived within {1} s":
            "за {1} с файл не дошёл",
        "the key is your own":
            "это ваш собственный ключ",
        "the key is {1}'s already":
            "это уже ключ контакта {1}",
        "the message has {1} bytes, and {2} are the most":
            "в сообщении {1} байт, а можно не больше {2}",
        "the messages are deleted, but another process still reads the log that held them":
            "сообщения удалены, но другой процесс ещё читает журнал, в котором они были",
        "the name of a consumer of events has 1 to 200 bytes":
            "имя получателя событий — от 1 до 200 байт",
        "the search index cannot be read":
            "указатель для поиска не читается",
        "the transfer failed":
            "передача не удалась",
        "there is no directory {1}":
            "нет каталога {1}",
        "there is nothing to search for":
            "искать нечего",
        "there is something of that name already":
            "что-то с этим именем уже есть",
        "too many files of this contact wait already: it was refused":
            "слишком много файлов этого контакта уже ждут: он отклонён",
        "try again":
            "попробуйте снова",
        "upgrade Pinhole":
            "обновите Pinhole",
        "what is offered has sizes that cannot be":
            "у предложенного невозможные размеры",
        "{1} cannot be read: {2}":
            "не удаётся прочитать {1}: {2}",
        "{1} cannot be written: its file system is read-only":
            "не удаётся записать {1}: файловая система только для чтения",
        "{1} changed since it was offered":
            "{1}: изменилось с тех пор, как было предложено",
        "{1} changed while it was being sent":
            "{1}: файл изменился во время отправки",
        "{1} from {2} was not taken: {3}":
            "{1} от {2} не принят: {3}",
        "{1} holds more files than can be sent at once":
            "в {1} больше файлов, чем можно отправить за раз",
        "{1} holds {2} files named like “{3}”":
            "в {1} уже {2} файлов с именем вроде «{3}»",
        "{1} holds {2} folders named like “{3}”":
            "в {1} уже {2} каталогов с именем вроде «{3}»",
        "{1} is a contact already":
            "{1} уже в контактах",
        "{1} is a directory, not a file":
            "{1} — каталог, а не файл",
        "{1} is being received by another process":
            "{1} уже принимает другой процесс",
        "{1} is not a directory":
            "{1} — не каталог",
        "{1} is not a folder of this user":
            "{1} — не каталог этого пользователя",
        "{1} is not a regular file":
            "{1} — не обычный файл",
        "{1} is the database of another program":
            "{1} — база данных другой программы",
        "{1} may not be read by this user":
            "этот пользователь не может читать {1}",
        "{1} may not be written by this user":
            "этот пользователь не может записать {1}",
        "{1} offers {2} ({3}): 'pinhole files accept' takes it.":
            "{1} предлагает {2} ({3}): «pinhole files accept» примет его.",
        "{1} {2} belongs to another user":
            "{1} {2} принадлежит другому пользователю",
        "{1}/{2}: its name is not UTF-8":
            "{1}/{2}: имя не в UTF-8",
        "{1}: it is neither a file nor a folder":
            "{1}: не файл и не каталог",
        "{1}: it lies too deep":
            "{1}: лежит слишком глубоко",
        "“{1}” arrived damaged and was removed":
            "«{1}» пришёл повреждённым и удалён",
        "“{1}” comes with a list of files that cannot be":
            "у «{1}» невозможный список файлов",
        "“{1}” goes on behind what is here of it":
            "«{1}» продолжается дальше того, что здесь есть",
        "it goes on when the disk is back; 'pinhole files cancel' gives it up":
            "передача продолжится, когда диск вернётся; «pinhole files cancel» откажется от неё",
        "it was offered 30 days ago, and is not where it was":
            "предложено 30 дней назад, и на прежнем месте этого нет",
        "its sender did not come back for 30 days":
            "отправитель не возвращался 30 дней",
        "send it again from where it is":
            "отправьте ещё раз оттуда, где это теперь",
        "{1:file|files} of it could not be sent, the rest was: {2}":
            "{1:файл|файла|файлов} из этого не удалось отправить, остальное дошло: {2}",
        "{1} came without {2:file|files} that could not be sent: {3}":
            "{1}: не хватает {2:файла|файлов|файлов}, отправить которые не удалось: {3}",
        "{1} was deleted, or has another name now":
            "{1}: удалено или названо иначе",
    ]
}
