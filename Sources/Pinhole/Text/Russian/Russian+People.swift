/// What is said of identities, keys, contacts and invites.
extension Russian {
    // swift-format-ignore
    static let people: [String: String] = [
        "It says that your name is {1}: --name, or 'name' in the configuration, says another.":
            "В нём сказано, что вас зовут {1}: --name или «name» в настройках скажет иначе.",
        "'pinhole contact verify {1}' makes sure that it is really them.":
            "«pinhole contact verify {1}» покажет, он ли это на самом деле.",
        "'pinhole id' shows its key, --profile makes another":
            "«pinhole id» покажет его ключ, --profile создаст другой",
        "'pinhole invite list' shows them":
            "их покажет «pinhole invite list»",
        "--expires 30m, 12h or 7d":
            "--expires 30m, 12h или 7d",
        "--expires 7d gives it a week":
            "--expires 7d даёт неделю",
        "--for takes the key of whom you invite":
            "--for берёт ключ того, кого вы приглашаете",
        "Compare it: pinhole contact verify {1}":
            "Сверьте его: pinhole contact verify {1}",
        "Configuration written to {1}.":
            "Настройки записаны в {1}.",
        "Give this public key to your contacts, then: pinhole contact add NAME THEIR-KEY":
            "Дайте этот открытый ключ контактам, затем: pinhole contact add ИМЯ ИХ-КЛЮЧ",
        "Good for {1}, for {2}. Stay reachable, then: pinhole contact requests":
            "Годно {1}; срок: {2}. Оставайтесь на связи, затем: pinhole contact requests",
        "KEY CHANGED: {1} was given too":
            "КЛЮЧ ИЗМЕНИЛСЯ: дан и {1}",
        "Network options":
            "Параметры сети",
        "No contacts yet: pinhole contact add NAME KEY, or pinhole invite":
            "Контактов ещё нет: pinhole contact add ИМЯ КЛЮЧ или pinhole invite",
        "No invites: 'pinhole invite' makes one.":
            "Приглашений нет: их делает «pinhole invite».",
        "Nobody waits for an answer.":
            "Никто не ждёт ответа.",
        "Nothing changed.":
            "Ничего не изменено.",
        "Nothing is marked without a terminal to answer on, --number, --words or --yes.":
            "Без терминала для ответа, --number, --words или --yes ничего не отмечается.",
        "Passphrase for your key (empty: none): ":
            "Пароль для вашего ключа (пусто: без пароля): ",
        "The invite names no service and no address: it works on this local network alone.":
            "Приглашение не называет ни службы, ни адреса: оно действует только в этой местной сети.",
        "The same again: ":
            "Ещё раз его же: ",
        "The same on {1}'s side?":
            "У {1} то же самое?",
        "The two differ; once more.":
            "Они различаются; ещё раз.",
        "When you connect, {1} and the signaling service see your network address. 'pinhole contact verify {2}' makes sure that the key is really theirs.":
            "При соединении {1} и сигнальная служба видят ваш сетевой адрес. «pinhole contact verify {2}» покажет, настоящий ли это ключ.",
        "Your key has no passphrase any more.":
            "У ключа больше нет пароля.",
        "Your key has the new passphrase.":
            "У ключа новый пароль.",
        "Your key is in {1}, sealed.":
            "Ваш ключ в {1}, запечатан.",
        "Your key is in {1}, without a passphrase.":
            "Ваш ключ в {1}, без пароля.",
        "Your secret key is in {1}, sealed.":
            "Ваш секретный ключ в {1}, запечатан.",
        "Your secret key is in {1}, without a passphrase: whoever reads it is you.":
            "Ваш секретный ключ в {1}, без пароля: кто его прочтёт, тот и вы.",
        "a name has 1 to 64 letters, digits, '.', '_' and '-', and begins with a letter or a digit":
            "имя состоит из 1–64 букв, цифр, «.», «_» и «-» и начинается с буквы или цифры",
        "a preshared key has 32 bytes":
            "общий секретный ключ должен быть длиной 32 байта",
        "a public key reads pin1…; ask for it again, or copy it whole":
            "открытый ключ выглядит как pin1…; попросите его ещё раз или скопируйте целиком",
        "a safety number has 60 digits":
            "в коде безопасности 60 цифр",
        "an OpenSSH key has no comment to be its name: {1} …":
            "у ключа OpenSSH нет примечания, которое стало бы именем: {1} …",
        "ask for one that is bound to the key that 'pinhole id' prints, or to none":
            "попросите связанное с ключом, который печатает «pinhole id», или ни с каким",
        "ask for the line that 'pinhole invite' prints":
            "попросите строку, которую печатает «pinhole invite»",
        "ask for them again; their checksum tells":
            "попросите их ещё раз; контрольная сумма покажет",
        "ask {1} for a new one":
            "попросите у {1} новое",
        "ask {1} in person, then: pinhole contact replace-key {2} {3}, or to keep the old key: pinhole contact replace-key {4} {5}":
            "спросите {1} лично, затем: pinhole contact replace-key {2} {3}, а чтобы оставить старый ключ: pinhole contact replace-key {4} {5}",
        "chmod 700 {1}":
            "chmod 700 {1}",
        "choose another place, or move the old identity away yourself":
            "выберите другое место или сами уберите старый ключ",
        "copy the whole line, or ask for it again":
            "скопируйте строку целиком или попросите её ещё раз",
        "copy what the contact's side prints":
            "скопируйте то, что печатается у контакта",
        "do not trust where it came from; ask for another one in person":
            "не доверяйте тому, откуда она; попросите другую лично",
        "get the key again over something you trust, then 'pinhole contact replace-key {1} KEY'":
            "получите ключ снова надёжным путём, затем «pinhole contact replace-key {1} КЛЮЧ»",
        "give --new-passphrase-file FILE, or --no-passphrase":
            "укажите --new-passphrase-file ФАЙЛ или --no-passphrase",
        "give --new-passphrase-file FILE, or --remove":
            "укажите --new-passphrase-file ФАЙЛ или --remove",
        "give --no-passphrase or --new-passphrase-file, not both":
            "--no-passphrase и --new-passphrase-file вместе не бывают",
        "give --passphrase-file FILE or set PINHOLE_PASSPHRASE":
            "укажите --passphrase-file ФАЙЛ или задайте PINHOLE_PASSPHRASE",
        "give --remove or --new-passphrase-file, not both":
            "укажите --remove или --new-passphrase-file, не оба",
        "give another name with --as, or if it is the same person: pinhole contact replace-key {1} {2}":
            "дайте другое имя через --as, а если это тот же человек: pinhole contact replace-key {1} {2}",
        "give it to whom you invite":
            "дайте его тому, кого приглашаете",
        "give one of --number, --words, --yes and --unverify":
            "укажите одно из --number, --words, --yes и --unverify",
        "give the line of the right one":
            "укажите строку нужного",
        "has not accepted you yet":
            "ещё вас не принял",
        "it reads host:port or [ipv6]:port":
            "адрес пишется host:port или [ipv6]:port",
        "its maker":
            "пригласивший",
        "name the invites to revoke, or say --all":
            "назовите приглашения или скажите --all",
        "no passphrase could be agreed on":
            "договориться о пароле не удалось",
        "not verified":
            "не проверен",
        "other users may write in the profile directory {1}":
            "другие пользователи могут писать в каталог профиля {1}",
        "pinhole contact add {1} {2}":
            "pinhole contact add {1} {2}",
        "pinhole contact decline {1}":
            "pinhole contact decline {1}",
        "pinhole contact remove {1} --yes":
            "pinhole contact remove {1} --yes",
        "pinhole contact unblock {1}":
            "pinhole contact unblock {1}",
        "pinhole invite revoke ID, or --all":
            "pinhole invite revoke НОМЕР или --all",
        "put services = [\"{1}\"] into it, or for this profile alone into {2}, then run init without --service":
            "впишите services = [\"{1}\"] туда или, только для этого профиля, в {2} и запустите init без --service",
        "removing {1} deletes the messages too, and there is no terminal to ask on":
            "вместе с {1} удаляются и сообщения, а спросить не на чем: терминала нет",
        "restore it from a copy; without one, make a new identity and give your contacts its key":
            "восстановите его из копии; если её нет, создайте новый ключ и дайте его контактам",
        "restore it from your backup":
            "восстановите его из резервной копии",
        "somebody who was invited cannot be written down: {1}":
            "приглашённого не удаётся записать: {1}",
        "tell {1} if you did not pass it on, and ask for a new one":
            "скажите {1}, если вы его никому не передавали, и попросите новое",
        "that key alone":
            "только этому ключу",
        "the answer to an invite cannot be stored: {1}":
            "ответ на приглашение не удаётся сохранить: {1}",
        "the block holds no Ed25519 public key":
            "в этом блоке нет открытого ключа Ed25519",
        "the first one who opens it":
            "первому, кто откроет",
        "the input":
            "ввод",
        "the invite from {1} has expired by this machine's clock, and {2} has not answered: if the clock is right, ask for a new one":
            "приглашение от {1} просрочено по часам этого компьютера, а {2} не отвечает: если часы верны, попросите новое",
        "the invite has expired":
            "приглашение просрочено",
        "the invite is for somebody else: it is bound to another key than yours":
            "приглашение для другого: оно связано не с вашим ключом",
        "the invite is forged: its signature is not that of the key in it":
            "приглашение подделано: подпись не от того ключа, что в нём",
        "the invite is your own":
            "это ваше собственное приглашение",
        "the invite was made by a newer version of Pinhole":
            "приглашение сделала более новая версия Pinhole",
        "the invite was used already":
            "приглашение уже использовано",
        "the invite was used already, by somebody else":
            "приглашение уже использовал кто-то другой",
        "the invite would have expired already":
            "приглашение уже было бы просрочено",
        "the invite's checksum is wrong: it has a typing error or is cut off":
            "контрольная сумма приглашения неверна: в нём опечатка или оно обрезано",
        "the key contains a character that no key has, or mixes upper and lower case":
            "в ключе есть знак, которого в ключах не бывает, или смешаны большие и малые буквы",
        "the key file":
            "файл ключа",
        "the key file is damaged: it holds no complete identity":
            "файл ключа повреждён: в нём нет целого ключа",
        "the key file is sealed with a passphrase, and none was given":
            "файл ключа запечатан паролем, а он не дан",
        "the key file was sealed by another version of the program":
            "файл ключа запечатала другая версия программы",
        "the key file {1} is damaged: it holds no complete identity":
            "файл ключа {1} повреждён: в нём нет целого ключа",
        "the key file {1} is not the one that the contacts in {2} belong to":
            "файл ключа {1} не тот, которому принадлежат контакты в {2}",
        "the key file {1} is sealed, and no passphrase was given":
            "файл ключа {1} запечатан, а пароль не дан",
        "the key has {1} bytes, and an Ed25519 key has 32":
            "в ключе {1} байт, а в ключе Ed25519 их 32",
        "the key is not a usable Ed25519 public key":
            "это не годный открытый ключ Ed25519",
        "the key is sealed with a passphrase, and there is no terminal to ask on":
            "ключ запечатан паролем, а спросить не на чем: терминала нет",
        "the key is sealed, and there is no terminal to ask for the passphrase of the backup on":
            "ключ запечатан, а спросить пароль для копии не на чем: терминала нет",
        "the key should begin with {1}, and this one begins with {2}":
            "ключ должен начинаться с {1}, а этот начинается с {2}",
        "the key's checksum is wrong: it has a typing error or is cut off":
            "контрольная сумма ключа неверна: в нём опечатка или он обрезан",
        "the line is not an OpenSSH Ed25519 public key (ssh-ed25519 AAAA… comment)":
            "это не строка открытого ключа OpenSSH Ed25519 (ssh-ed25519 AAAA… комментарий)",
        "the name comes first: pinhole contact add NAME KEY":
            "сначала имя: pinhole contact add ИМЯ КЛЮЧ",
        "the name in an invite has at most {1} bytes":
            "имя в приглашении — не больше {1} байт",
        "the passphrase does not open the key file":
            "пароль не открывает файл ключа",
        "the passphrase does not open the key file {1}":
            "пароль не открывает файл ключа {1}",
        "the passphrase file":
            "файл с паролем",
        "the passphrase file {1} is empty":
            "файл с паролем {1} пуст",
        "the passphrase is not UTF-8 text":
            "пароль — не текст UTF-8",
        "the profile directory {1} belongs to another user":
            "каталог профиля {1} принадлежит другому пользователю",
        "the request is not there any more":
            "этой просьбы больше нет",
        "the safety numbers differ: one was misread, or the key you have for {1} is not theirs":
            "коды безопасности различаются: один прочитан неверно или ключ, который у вас для {1}, чужой",
        "the secret key of {1}":
            "секретный ключ {1}",
        "the session has ended: {1}":
            "сеанс завершился: {1}",
        "there is a profile at {1} already; a key is never overwritten":
            "в {1} уже есть профиль; ключ никогда не перезаписывается",
        "there is no contact named “{1}”":
            "нет контакта с именем «{1}»",
        "there is no invite “{1}”":
            "нет приглашения «{1}»",
        "there is no profile in {1}":
            "в {1} нет профиля",
        "there is no terminal to ask for the new passphrase on":
            "спросить новый пароль не на чем: терминала нет",
        "there is not enough free memory to turn the passphrase into a key":
            "не хватает памяти, чтобы превратить пароль в ключ",
        "these are not eighteen safety words: one was misheard, mistyped or left out":
            "это не восемнадцать слов безопасности: какое-то не расслышано, ошибочно или пропущено",
        "this is a key, not an invite":
            "это ключ, а не приглашение",
        "this is a secret key: never give it to anyone, and ask for the public one, which begins with pin1":
            "это секретный ключ: никому его не давайте и попросите открытый, который начинается с pin1",
        "this is not an invite, which begins with pinhole://add/1":
            "это не приглашение: оно начинается с pinhole://add/1",
        "this is too long for a QR code":
            "для QR-кода это слишком длинно",
        "what you write waits until {1} has":
            "написанное ждёт, пока {1} это сделает",
        "you have a contact named {1} already":
            "у вас уже есть контакт с именем {1}",
        "you have another contact named {1}, with the key {2}":
            "у вас есть другой контакт с именем {1}, с ключом {2}",
        "your request goes out as soon as both of you are online: keep 'pinhole listen' running, or open the invite again later":
            "просьба уйдёт, как только вы оба будете в сети: оставьте «pinhole listen» или откройте приглашение позже",
        "{1:contact was|contacts were} blocked there: left out.":
            "{1:контакт был там заблокирован и пропущен|контакта были там заблокированы и пропущены|контактов были там заблокированы и пропущены}.",
        "{1} declined your request":
            "контакт {1} отклонил вашу просьбу",
        "{1} exists already, and an identity is never overwritten":
            "{1} уже есть, а ключ никогда не перезаписывается",
        "{1} has not accepted you yet":
            "{1} вас ещё не принял",
        "{1} has revoked the invite":
            "контакт {1} отозвал приглашение",
        "{1} holds contacts and messages, but the key file {2} is missing":
            "в {1} есть контакты и сообщения, но нет файла ключа {2}",
        "{1} holds no key":
            "{1}: ключа нет",
        "{1} holds no key: {2}":
            "{1}: ключа нет: {2}",
        "{1} holds {2:key|keys}":
            "{1}: {2:ключ|ключа|ключей}",
        "{1} invites are open already":
            "уже открыто приглашений: {1}",
        "{1} is known by the key {2}, and {3} was given too: nothing is sent until you decide":
            "{1} известен с ключом {2}, а дан и {3}: ничего не отправляется, пока вы не решите",
        "{1} is not a file":
            "{1} — не файл",
        "“{1}” cannot be a contact's name":
            "«{1}» не может быть именем контакта",
        "“{1}” is not a line of a name and a key":
            "«{1}» — не строка с именем и ключом",
        "“{1}” is not a time":
            "«{1}» — не время",
        "“{1}” is not an address":
            "«{1}» — не адрес",
        "the process that ran the node has ended, and this one does not have the passphrase of the sealed key":
            "процесс, где работал узел, завершился, а у этого нет пароля запечатанного ключа",
        "it goes on as soon as another command runs the node; or end it and start it again":
            "он продолжит, как только узел запустит другая команда; или завершите его и начните снова",
        "the key is sealed with a passphrase of another program: take it off a copy first":
            "ключ запечатан паролем другой программы: сначала снимите её с копии",
        "the file holds no Ed25519 secret key":
            "в файле нет секретного ключа Ed25519",
    ]
}
