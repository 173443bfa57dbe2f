/// What every sentence is in Russian: of the library, of the program and of its help. Arguments keep their numbers and may
/// change their places.
extension Catalogue {
    // swift-format-ignore
    static let russian: [String: String] = [
        "  (the same on both sides)":
            "  (одинаково с обеих сторон)",
        "  Filter":
            "  Фильтр",
        "  NAT":
            "  NAT",
        " (measured {1} ago)":
            " (измерено {1} назад)",
        " (pid {1})":
            " (pid {1})",
        " (sent {1})":
            " (отправлено {1})",
        "Delivered: “{1}”":
            "Доставлено: «{1}»",
        "It says that your name is {1}: --name, or 'name' in the configuration, says another.":
            "В нём сказано, что вас зовут {1}: --name или «name» в настройках скажет иначе.",
        "Missing expected argument '{1}'":
            "Не хватает аргумента «{1}»",
        "Missing value for '{1}'":
            "Не хватает значения для «{1}»",
        "Seen: “{1}”":
            "Просмотрено: «{1}»",
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
            "Неизвестный ключ «{1}»",
        "Unknown option '{1}'. Did you mean '{2}'?":
            "Неизвестный ключ «{1}». Может быть, «{2}»?",
        "\"all\", \"ask\" or \"none\"":
            "\"all\", \"ask\" или \"none\"",
        "\"forever\" or a time like \"30d\", \"12h\", \"8w\" or \"1y\"":
            "\"forever\" или время вроде \"30d\", \"12h\", \"8w\" или \"1y\"",
        "\"rename\", \"skip\" or \"overwrite\"":
            "\"rename\", \"skip\" или \"overwrite\"",
        "'message.send' gives it":
            "его даёт «message.send»",
        "'pinhole --help' lists the commands":
            "«pinhole --help» покажет команды",
        "'pinhole contact verify {1}' makes sure that it is really them.":
            "«pinhole contact verify {1}» покажет, он ли это на самом деле.",
        "'pinhole files' lists them":
            "их покажет «pinhole files»",
        "'pinhole id' shows its key, --profile makes another":
            "«pinhole id» покажет его ключ, --profile создаст другой",
        "'pinhole init' makes one, --profile names another":
            "«pinhole init» создаст его, --profile назовёт другой",
        "'pinhole invite list' shows them":
            "их покажет «pinhole invite list»",
        "'pinhole outbox list' shows what waits":
            "что ждёт, покажет «pinhole outbox list»",
        "'{1}' (pid {2}) runs the node; this daemon takes over when it ends.":
            "Узел работает в «{1}» (pid {2}); этот демон переймёт его, когда тот завершится.",
        "'{1}' explains, with an example":
            "«{1}» объяснит, с примером",
        "(sent {1}, arrived {2}) ":
            "(отправлено {1}, пришло {2}) ",
        ", by trying {1:port|ports} of its NAT {2}":
            ", перебором {1:порта|портов|портов} его NAT {2}",
        ", in use":
            ", используется",
        ", which sees you at {1}":
            ", которая видит вас как {1}",
        ", {1:time|times} in all":
            ", всего {1:раз|раза|раз}",
        ", {1} round trips":
            ", {1} обхода туда и обратно",
        "--accept all or --accept none; 'chat' can ask":
            "--accept all или --accept none; спрашивать умеет «chat»",
        "--ack-stdin needs --cursor and --follow":
            "--ack-stdin требует --cursor и --follow",
        "--count must be at least 1":
            "--count должен быть не меньше 1",
        "--expires 30m, 12h or 7d":
            "--expires 30m, 12h или 7d",
        "--expires 7d gives it a week":
            "--expires 7d даёт неделю",
        "--for takes the key of whom you invite":
            "--for берёт ключ того, кого вы приглашаете",
        "--forget needs --cursor alone":
            "--forget требует одного --cursor",
        "--limit must be more than 0":
            "--limit должен быть больше 0",
        "--text sends it as a message":
            "--text отправит это сообщением",
        "--timeout must be from 0 to 86400 seconds":
            "--timeout должен быть от 0 до 86400 секунд",
        "--timeout must be more than 0 and at most 3600 seconds":
            "--timeout должен быть больше 0 и не больше 3600 секунд",
        "--timeout must be more than 0 and at most 600 seconds":
            "--timeout должен быть больше 0 и не больше 600 секунд",
        "--timeout must be more than 0 and at most 86400 seconds":
            "--timeout должен быть больше 0 и не больше 86400 секунд",
        "--timeout waits longer; {1} may have to accept the file":
            "--timeout позволит ждать дольше; возможно, {1} должен принять файл",
        "--verbose shows addresses: it does not go together with --hide-addresses":
            "--verbose показывает адреса: вместе с --hide-addresses он не годится",
        "/send PATH  send a file\n/accept, /refuse  answer an offered file\n/ping  show the path and its round trip time\n/quit  leave (Ctrl-D)\n//text  a message that begins with a slash\nAlt+Enter  a line break inside a message":
            "/send ПУТЬ  отправить файл\n/accept, /refuse  ответить на предложенный файл\n/ping  показать путь и время туда и обратно\n/quit  выйти (Ctrl-D)\n//текст  сообщение, которое начинается с косой черты\nAlt+Enter  перенос строки внутри сообщения",
        "/send PATH  send a file\n/accept, /refuse  answer an offered file\n/ping  show the path and its round trip time\n/quit  leave (Ctrl-D)\n·  waits here   ›  on its way   ✓  on the other disk   ✓✓  seen   ✗  given up\n//text  a message that begins with a slash\nAlt+Enter  a line break inside a message":
            "/send ПУТЬ  отправить файл\n/accept, /refuse  ответить на предложенный файл\n/ping  показать путь и время туда и обратно\n/quit  выйти (Ctrl-D)\n·  ждёт здесь   ›  в пути   ✓  на другом диске   ✓✓  прочитано   ✗  отменено\n//текст  сообщение, которое начинается с косой черты\nAlt+Enter  перенос строки внутри сообщения",
        "/send needs the path of a file":
            "/send нужен путь к файлу",
        "A file":
            "Файл",
        "A file (mode 0600) with the passphrase of your key. Otherwise PINHOLE_PASSPHRASE, then a question on the terminal.":
            "Файл (права 0600) с паролем вашего ключа. Иначе PINHOLE_PASSPHRASE, затем вопрос на терминале.",
        "A file is not complete: {1}":
            "Файл не весь: {1}",
        "A file with the new passphrase.":
            "Файл с новым паролем.",
        "A file with the passphrase of the backup.":
            "Файл с паролем копии.",
        "A flag comes before a PINHOLE_* variable, that before the profile's own file (config.toml in the profile directory), that before the configuration file, and that before the default. --origin names the place that decided.\n\nExample:\n  $ pinhole config show --origin\n  port = 7000                environment PINHOLE_PORT\n  lan = true                 default":
            "Параметр важнее переменной PINHOLE_*, она важнее файла профиля (config.toml в каталоге профиля), он важнее файла настроек, а тот — значения по умолчанию. --origin называет, что решило.\n\nПример:\n  $ pinhole config show --origin\n  port = 7000                environment PINHOLE_PORT\n  lan = true                 default",
        "A message that could not be delivered waits on this disk and goes out by itself, in order, when the contact appears while pinhole runs: 'pinhole listen' or 'pinhole chat' will do.\n\nExample:\n  $ pinhole outbox list\n  5f1c09aa3b7d2e41-3  bob  queued  14:02  see you at eight\n  $ pinhole outbox cancel 5f1c09aa3b7d2e41-3":
            "Недоставленное сообщение ждёт на этом диске и уходит само, по порядку, когда контакт появляется, а pinhole работает: хватит «pinhole listen» или «pinhole chat».\n\nПример:\n  $ pinhole outbox list\n  5f1c09aa3b7d2e41-3  bob  queued  14:02  see you at eight\n  $ pinhole outbox cancel 5f1c09aa3b7d2e41-3",
        "A message to {1} was cancelled before it was sent.":
            "Сообщение для {1} отменено до отправки.",
        "A message to {1} was cancelled; it may have arrived.":
            "Сообщение для {1} отменено; возможно, оно дошло.",
        "A service where you are found, instead of the configured ones.":
            "Служба, через которую вас находят, вместо настроенных; можно повторять.",
        "A signaling service runs at {1}.":
            "Сигнальная служба работает на {1}.",
        "A signaling service to use instead of the configured ones; may be repeated (PINHOLE_SERVICES).":
            "Сигнальная служба вместо настроенных; можно повторять (PINHOLE_SERVICES).",
        "A signaling service where the contact is, besides yours; may be repeated.":
            "Сигнальная служба контакта помимо ваших; можно повторять.",
        "ARGUMENTS":
            "АРГУМЕНТЫ",
        "AUTOMATE SUBCOMMANDS":
            "АВТОМАТИКА",
        "Accept whoever opens an invite of yours, without asking (PINHOLE_ACCEPT_INVITED).":
            "Принимать каждого, кто откроет ваше приглашение, не спрашивая (PINHOLE_ACCEPT_INVITED).",
        "Add a contact by name and public key.":
            "Добавить контакт: имя и открытый ключ.",
        "Add contacts from a file.":
            "Добавить контакты из файла.",
        "Add, list, verify and remove the people you talk to.":
            "Добавить, показать, проверить и удалить собеседников.",
        "Add, list, verify, block and remove the people you talk to.":
            "Добавить, показать, проверить, заблокировать и удалить собеседников.",
        "Addresses of {1}":
            "Адреса {1}",
        "All that are open.":
            "Все открытые.",
        "All, ask or none; default goes back to what is configured.\n\nExample:\n  $ pinhole files policy bob all":
            "All, ask или none; default возвращает к настроенному.\n\nПример:\n  $ pinhole files policy bob all",
        "An empty one, or --remove, leaves the key without a passphrase. The old one is asked for as by every command; the new one on a terminal, or in --new-passphrase-file.\n\nExample:\n  $ pinhole key passphrase":
            "Пустой пароль или --remove оставляет ключ без пароля. Старый спрашивается, как и везде; новый — на терминале или в --new-passphrase-file.\n\nПример:\n  $ pinhole key passphrase",
        "Another process runs the node now.":
            "Теперь узел работает в другом процессе.",
        "Answer a blocked contact again.":
            "Снова отвечать заблокированному контакту.",
        "As JSON lines for programs, an object for each message, or as text for people. What is written is not sealed any more: a file gets mode 0600, and what was there before stays.\n\nExample:\n  $ pinhole history export > everything.jsonl\n  $ pinhole history export bob --format text --output bob.txt":
            "Строками JSON для программ, по объекту на сообщение, или текстом для людей. Записанное больше не запечатано: файл получает права 0600, а то, что было на его месте, остаётся.\n\nПример:\n  $ pinhole history export > everything.jsonl\n  $ pinhole history export bob --format text --output bob.txt",
        "As OpenSSH writes it.":
            "Так, как его пишет OpenSSH.",
        "Asks the signaling services from a few sockets at several of their ports and compares what they see. How long an idle mapping lives takes minutes to measure: 'listen' and 'chat' do it in the background, and what they found on this network is shown with its age.\n\nExample:\n  $ pinhole netcheck\n  UDP         works\n  IPv4        198.51.100.23:50412\n  IPv6        none\n  NAT         the same port towards everybody (easy)\n  Filter      lets in only ports you wrote to\n  Ports       kept as they are on this machine\n  Hairpin     does not work: others behind this router are reached inside only\n  Lifetime    an idle mapping lives 117 s or longer (measured 3 h ago)\n  Mapping     the router forwards its port 50412 (PCP), which was …\n  Service     pinhole-signal://pinsrv1…: answers in 23.1 ms\n  Verdict     good: your router forwards a port, so everybody whose …\n\nWith --json one object; what could not be found out is null or \"unknown\", never left out. Members may be added to version 1, and none is taken away or changed:\n  v              1\n  udp            whether any service answered\n  complete       whether there was time for everything\n  ipv4, ipv6     this machine's address and port as seen from outside\n  family         \"IPv4\" or \"IPv6\": which of the two the members from\n                 mapping to portPreserved are about\n  mapping        none, endpoint-independent, address-dependent,\n                 address-and-port-dependent (RFC 4787)\n  filtering      endpoint-independent, address-dependent,\n                 address-and-port-dependent\n  portPreserved  whether the port outside is the one inside\n  nat4, nat6     for each family, as below\n  services       for each: address, rttMs, failure\n  verdict        a sentence\nnat4 and nat6 have:\n  address, mapping, filtering, portPreserved\n                 as above\n  allocation     preserving, sequential, block, random\n  portDelta      the step of a sequential one\n  portLow, portHigh\n                 the ports that were seen\n  hairpins       whether the router leads its own addresses back inside\n  lifetimeMs     an idle mapping lived so long,\n  lifetimeLimitMs\n                 and was gone after\n  lifetimeAgeMs  since that was measured\n  portMapping    what the router forwards a port by: PCP, NAT-PMP,\n                 UPnP-IGD; none; off\n  mappedPort     the external port\n  mappedPortReached\n                 true once a service got through it; null until then":
            "Спрашивает сигнальные службы с нескольких сокетов на нескольких портах и сравнивает, что они видят. Сколько живёт неиспользуемая запись NAT, измеряют минутами: «listen» и «chat» делают это в фоне, а найденное в этой сети показывается со своим возрастом.\n\nПример:\n  $ pinhole netcheck\n  UDP         works\n  IPv4        198.51.100.23:50412\n  IPv6        none\n  NAT         the same port towards everybody (easy)\n  Filter      lets in only ports you wrote to\n  Ports       kept as they are on this machine\n  Hairpin     does not work: others behind this router are reached inside only\n  Lifetime    an idle mapping lives 117 s or longer (measured 3 h ago)\n  Mapping     the router forwards its port 50412 (PCP), which was …\n  Service     pinhole-signal://pinsrv1…: answers in 23.1 ms\n  Verdict     good: your router forwards a port, so everybody whose …\n\nWith --json one object; what could not be found out is null or \"unknown\", never left out. Members may be added to version 1, and none is taken away or changed:\n  v              1\n  udp            whether any service answered\n  complete       whether there was time for everything\n  ipv4, ipv6     this machine's address and port as seen from outside\n  family         \"IPv4\" or \"IPv6\": which of the two the members from\n                 mapping to portPreserved are about\n  mapping        none, endpoint-independent, address-dependent,\n                 address-and-port-dependent (RFC 4787)\n  filtering      endpoint-independent, address-dependent,\n                 address-and-port-dependent\n  portPreserved  whether the port outside is the one inside\n  nat4, nat6     for each family, as below\n  services       for each: address, rttMs, failure\n  verdict        a sentence\nnat4 and nat6 have:\n  address, mapping, filtering, portPreserved\n                 as above\n  allocation     preserving, sequential, block, random\n  portDelta      the step of a sequential one\n  portLow, portHigh\n                 the ports that were seen\n  hairpins       whether the router leads its own addresses back inside\n  lifetimeMs     an idle mapping lived so long,\n  lifetimeLimitMs\n                 and was gone after\n  lifetimeAgeMs  since that was measured\n  portMapping    what the router forwards a port by: PCP, NAT-PMP,\n                 UPnP-IGD; none; off\n  mappedPort     the external port\n  mappedPortReached\n                 true once a service got through it; null until then",
        "Automate":
            "Автоматика",
        "Both sides run 'pinhole pipe' with each other's name, in any order. What one reads from standard input the other writes to standard output, byte for byte, no faster than it is taken. Each direction has its own end; a terminal as standard input counts as nothing to send.\n\nExample:\n  bob$ pinhole pipe alice | tar x\n  alice$ tar c src | pinhole pipe bob\n\nExits with 0 when both directions have ended and everything was written on the other side, 75 if the contact is not there or leaves before, 73 if nobody reads standard output any more.":
            "Обе стороны запускают «pinhole pipe» с именем друг друга, в любом порядке. Что одна читает из стандартного ввода, другая пишет в стандартный вывод, байт в байт и не быстрее, чем его забирают. У каждого направления свой конец; терминал на стандартном вводе значит, что отправлять нечего.\n\nПример:\n  bob$ pinhole pipe alice | tar x\n  alice$ tar c src | pinhole pipe bob\n\nВыходит с 0, когда оба направления окончены и всё записано на другой стороне, с 75, если контакта нет или он уходит раньше, с 73, если стандартный вывод больше никто не читает.",
        "Call a contact otherwise.":
            "Назвать контакт иначе.",
        "Call methods of the node: one, or those on standard input.":
            "Вызвать методы узла: один или те, что в стандартном вводе.",
        "Cancelled, but it may already have been sent: {1} may have it, or not.":
            "Отменено, но, возможно, уже отправлено: {1} мог его получить.",
        "Cancelled: {1} will not get it.":
            "Отменено: {1} его не получит.",
        "Change the passphrase of your key.":
            "Сменить пароль ключа.",
        "Chat with a contact.":
            "Беседа с контактом.",
        "Chat with {1} ({2}). /help shows what you can type.":
            "Беседа с {1} ({2}). /help покажет, что можно набрать.",
        "Checks the line, makes its maker a contact, and introduces you: your key, which is proved, your name and your services. The maker decides; what you write meanwhile waits. Where the maker is not online now, the request goes out as soon as both of you are (exit code 75). An invite that has expired, is damaged, forged, for somebody else or was used ends with exit code 65.\n\nExample:\n  $ pinhole add 'pinhole://add/1…'\n  $ pinhole add 'pinhole://add/1…' --as alice\n  $ pinhole add - < invite.txt":
            "Проверяет строку, делает пригласившего контактом и представляет вас: ваш ключ, который доказывается, имя и службы. Решает пригласивший; написанное пока ждёт. Если его сейчас нет в сети, просьба уйдёт, как только вы оба будете в сети (код 75). Просроченное, повреждённое, поддельное, чужое или использованное приглашение — код 65.\n\nПример:\n  $ pinhole add 'pinhole://add/1…'\n  $ pinhole add 'pinhole://add/1…' --as alice\n  $ pinhole add - < invite.txt",
        "Compare it: pinhole contact verify {1}":
            "Сверьте его: pinhole contact verify {1}",
        "Compare safety numbers with a contact.":
            "Сверить с контактом код безопасности.",
        "Configuration written to {1}.":
            "Настройки записаны в {1}.",
        "Connect standard input and output to a contact's.":
            "Соединить стандартный ввод и вывод с вводом и выводом контакта.",
        "Connect to a contact; show the path, how it was found, and the round trip time.":
            "Связаться с контактом; показать путь, как он найден, и время туда и обратно.",
        "Connected directly to {1} at {2} ({3}).":
            "Прямое соединение с {1} по адресу {2} ({3}).",
        "Connected to {1} directly: {2}.":
            "Прямое соединение с {1}: {2}.",
        "Connecting to {1} …":
            "Соединение с {1} …",
        "Decide whether files of a contact are taken.":
            "Решить, брать ли файлы контакта.",
        "Decide which key a contact has.":
            "Решить, какой ключ у контакта.",
        "Decline an offered file.":
            "Отклонить предложенный файл.",
        "Declined {1} ({2}) from {3}: --accept all takes files.":
            "Отклонён {1} ({2}) от {3}: --accept all принимает файлы.",
        "Delivered: an earlier message.":
            "Доставлено: прежнее сообщение.",
        "Do not ask.":
            "Не спрашивать.",
        "Each WHAT is a file, or a folder with everything in it, if there is one of that name, '-' for standard input as one message, and otherwise a message of its own: quote a message of several words.\n\nExample:\n  $ pinhole send bob \"hi, are you there?\"\n  $ pinhole send bob report.pdf photos/\n  $ df -h | pinhole send bob -\n\nNothing is read before bob wants it, and each part is verified when it arrives. What was interrupted, here or there, goes on where it stopped: the next time that you are both connected, or when it is sent again.\n\nExits with 0 only when everything has arrived. What could not be delivered (75, 79) waits and goes out with the next connection to bob: 'pinhole outbox' lists the messages, 'pinhole files' the files.":
            "Каждое ЧТО — файл или каталог со всем содержимым, если такой есть, «-» — стандартный ввод одним сообщением, иначе — само сообщение: сообщение из нескольких слов берут в кавычки.\n\nПример:\n  $ pinhole send bob \"hi, are you there?\"\n  $ pinhole send bob report.pdf photos/\n  $ df -h | pinhole send bob -\n\nНичего не читается, пока bob этого не захочет, и каждая часть проверяется по прибытии. Прерванное, здесь или там, продолжается с того же места: при следующем соединении или при повторной отправке.\n\nВыходит с 0, только когда всё дошло. Недоставленное (75, 79) ждёт и уйдёт при следующем соединении с bob: сообщения покажет «pinhole outbox», файлы — «pinhole files».",
        "Each line has a name, the key, which was proved, when it came, and the services by which you would find them. The name is what they call themselves: make sure that it is whom you invited.\n\nExample:\n  $ pinhole contact requests\n  bob  pin1…  12 min ago\n  $ pinhole contact accept bob":
            "В каждой строке имя, ключ, который доказан, и время. Имя — как человек сам себя называет: убедитесь, что это тот, кого вы приглашали.\n\nПример:\n  $ pinhole contact requests\n  bob  pin1…  12 min ago\n  $ pinhole contact accept bob",
        "Each line has the transfer's number, which way it goes, what it is called, its size, how far it has come and where it is. With --all those too that are done or given up.\n\nExample:\n  $ pinhole files list --all":
            "В каждой строке номер передачи, в какую сторону она идёт, название, размер, сколько сделано и где она. С --all и те, что завершены или прерваны.\n\nПример:\n  $ pinhole files list --all",
        "Everything has arrived.":
            "Всё дошло.",
        "Everything is in {1} and goes away when you leave.":
            "Всё лежит в {1} и исчезнет, когда вы выйдете.",
        "Everything that waits, for the contacts named or for all.":
            "Всё, что ждёт, для названных контактов или для всех.",
        "Example:\n  $ pinhole contact accept bob\n  $ pinhole contact accept pin1… --as robert":
            "Пример:\n  $ pinhole contact accept bob\n  $ pinhole contact accept pin1… --as robert",
        "Example:\n  $ pinhole contact decline mallory":
            "Пример:\n  $ pinhole contact decline mallory",
        "Example:\n  $ pinhole contact show bob":
            "Пример:\n  $ pinhole contact show bob",
        "Example:\n  $ pinhole contact unblock bob":
            "Пример:\n  $ pinhole contact unblock bob",
        "Example:\n  $ pinhole files\n  5f2a91c3d7e80b46  from bob  photos/  1.2 GB  accepted\n  $ pinhole files accept 5f2a\n  $ pinhole files policy bob all":
            "Пример:\n  $ pinhole files\n  5f2a91c3d7e80b46  from bob  photos/  1.2 GB  accepted\n  $ pinhole files accept 5f2a\n  $ pinhole files policy bob all",
        "Example:\n  $ pinhole invite list\n  7k2m9x  open      6 days left\n  c0ffee  accepted  by bob":
            "Пример:\n  $ pinhole invite list\n  7k2m9x  open      6 days left\n  c0ffee  accepted  by bob",
        "Example:\n  $ pinhole key show --openssh\n  ssh-ed25519 AAAA…":
            "Пример:\n  $ pinhole key show --openssh\n  ssh-ed25519 AAAA…",
        "Example:\n  $ pinhole ping bob\n  pong from bob: 31.2 ms via 203.0.113.7:41207 (IPv4, server-reflexive), connected in 92.4 ms, 1.1 round trips\n\nExits with 75 if bob is offline, 79 if he is online and no direct path exists.":
            "Пример:\n  $ pinhole ping bob\n  pong from bob: 31.2 ms via 203.0.113.7:41207 (IPv4, server-reflexive), connected in 92.4 ms, 1.1 round trips\n\nВыходит с 75, если bob не в сети, с 79, если он в сети, а прямого пути нет.",
        "Files, '-' for standard input, or messages.":
            "Файлы, «-» для стандартного ввода или сообщения.",
        "Filter":
            "Фильтр",
        "Find out what this network lets through, and whom you can reach from it.":
            "Узнать, что пропускает эта сеть и с кем из неё можно связаться.",
        "Forget the name: events are no longer kept for it.":
            "Забыть имя: события для него больше не хранятся.",
        "GLOBAL OPTIONS":
            "ОБЩИЕ ПАРАМЕТРЫ",
        "Give a contact no answer any more.":
            "Больше не отвечать контакту.",
        "Give this public key to your contacts, then: pinhole contact add NAME THEIR-KEY":
            "Дайте этот открытый ключ контактам, затем: pinhole contact add ИМЯ ИХ-КЛЮЧ",
        "Give up a transfer in either direction.":
            "Прекратить передачу в любую сторону.",
        "Give up on messages that have not arrived.":
            "Отказаться от недошедших сообщений.",
        "Give up when nothing has moved for so many seconds.":
            "Прекратить, если столько секунд ничего не движется.",
        "Global options":
            "Общие параметры",
        "Go on with what happens from now on.":
            "Продолжать тем, что происходит дальше.",
        "Good for {1}, for {2}. Stay reachable, then: pinhole contact requests":
            "Годно {1}, {2}. Оставайтесь на связи, затем: pinhole contact requests",
        "Hairpin":
            "Петля",
        "Hooks: the events cannot be read: {1}":
            "Обработчики: события не читаются: {1}",
        "How long it is good: 30m, 12h, 7d.":
            "Сколько оно годно: 30m, 12h, 7d.",
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
        "IPv4":
            "IPv4",
        "IPv6":
            "IPv6",
        "IPv6 NAT":
            "NAT IPv6",
        "In a pipe: how long to wait at the end for what is not delivered.":
            "В конвейере: сколько ждать в конце того, что не доставлено.",
        "Internal error: {1}":
            "Внутренняя ошибка: {1}",
        "Invalid params: {1}":
            "Неверные параметры: {1}",
        "Invalid request: {1}":
            "Неверный запрос: {1}",
        "It had been given up before.":
            "От него отказались раньше.",
        "Its parameters, as a JSON object.":
            "Его параметры, объект JSON.",
        "KEY CHANGED: {1} was given too":
            "КЛЮЧ ИЗМЕНИЛСЯ: дан и {1}",
        "LOOK SUBCOMMANDS":
            "ОБЗОР СЕТИ",
        "Leave the key without a passphrase.":
            "Оставить ключ без пароля.",
        "Lifetime":
            "Срок",
        "List also what was given up.":
            "Показать и то, от чего отказались.",
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
        "Listening on {1}. Ctrl-C ends.":
            "Принимаю на {1}. Ctrl-C завершает.",
        "Look":
            "Обзор",
        "Looks at this network, asks the services for the contact and tries every way there is. What it prints is meant for asking others for help: --hide-addresses takes IP addresses and host names out of it.\n\nExample:\n  $ pinhole doctor bob\n  Your network\n    UDP         works\n    IPv4        198.51.100.23:50412\n    …\n  bob's network\n    NAT         another port for each address and port (hard)\n    Filter      lets in only ports you wrote to\n  What happened\n       0.00 ms  asked signal.example.org:41414 for bob\n       23.1 ms  signal.example.org:41414 knows bob\n       61.9 ms  bob said where to reach them: 2 addresses\n        9.50 s  gave up\n  Addresses of bob\n    203.0.113.7:41207   server-reflexive  17 sent, no answer\n    192.168.2.10:50496  host              not tried: a private address of another network\n  Result        no direct path to bob: your network …, and bob's network …\n  What helps    use IPv6, a port mapping on bob's router, or another network there\n\nExits as 'ping' does: 0 if there is a path, 69 if no service can be asked, 75 if bob is offline or the time was too short, 79 if he is online and no direct path exists.":
            "Смотрит на эту сеть, спрашивает службы о контакте и пробует всё, что можно. Напечатанное годится, чтобы просить совета: --hide-addresses убирает из него адреса и имена.\n\nПример:\n  $ pinhole doctor bob\n  Your network\n    UDP         works\n    IPv4        198.51.100.23:50412\n    …\n  bob's network\n    NAT         another port for each address and port (hard)\n    Filter      lets in only ports you wrote to\n  What happened\n       0.00 ms  asked signal.example.org:41414 for bob\n       23.1 ms  signal.example.org:41414 knows bob\n       61.9 ms  bob said where to reach them: 2 addresses\n        9.50 s  gave up\n  Addresses of bob\n    203.0.113.7:41207   server-reflexive  17 sent, no answer\n    192.168.2.10:50496  host              not tried: a private address of another network\n  Result        no direct path to bob: your network …, and bob's network …\n  What helps    use IPv6, a port mapping on bob's router, or another network there\n\nКоды выхода как у «ping»: 0 — путь есть, 69 — спросить некого, 75 — bob не в сети или времени не хватило, 79 — он в сети, а прямого пути нет.",
        "Make a line by which somebody becomes your contact.":
            "Сделать строку, по которой кто-то станет вашим контактом.",
        "Make an invite (what 'pinhole invite' does).":
            "Сделать приглашение (то же, что «pinhole invite»).",
        "Make somebody who opened your invite a contact.":
            "Сделать контактом того, кто открыл ваше приглашение.",
        "Make your key.":
            "Создать ваш ключ.",
        "Makes a key pair, keeps the secret half in the profile directory (mode 0600, sealed if you give a passphrase) and prints the public half, which you give to your contacts. With --service the address of a signaling service is written to the configuration file, so that no later command has to be told.\n\nExample:\n  $ pinhole init --service pinhole-signal://pinsrv1…@signal.example.org:41414\n  pin1…":
            "Создаёт пару ключей, секретную половину хранит в каталоге профиля (права 0600, запечатана, если вы дали пароль), а открытую, для ваших контактов, печатает. С --service адрес сигнальной службы записывается в файл настроек, и дальше его указывать не нужно.\n\nПример:\n  $ pinhole init --service pinhole-signal://pinsrv1…@signal.example.org:41414\n  pin1…",
        "Makes a new file, mode 0600, sealed with a passphrase if you give one: asked for on a terminal, or in --new-passphrase-file. Contacts and messages are not in it.\n\nExample:\n  $ pinhole key export /media/stick/pinhole.key":
            "Создаёт новый файл с правами 0600, запечатанный, если вы дадите пароль: на терминале или в --new-passphrase-file. Контактов и сообщений в нём нет.\n\nПример:\n  $ pinhole key export /media/stick/pinhole.key",
        "Mapping":
            "Проброс",
        "Method not found: {1}":
            "Нет такого метода: {1}",
        "NAT":
            "NAT",
        "NETWORK OPTIONS":
            "ПАРАМЕТРЫ СЕТИ",
        "Names are those of 'outbox list'; the first six characters or more will do where they mean one message. A message that may already have been sent is not sent again, and you are told so.\n\nExample:\n  $ pinhole outbox cancel 5f1c09aa3b7d2e41-3\n  $ pinhole outbox cancel --all bob":
            "Имена — из «outbox list»; хватит первых шести знаков, если они указывают на одно сообщение. Уже отправленное сообщение больше не отправляется, и вам об этом говорят.\n\nПример:\n  $ pinhole outbox cancel 5f1c09aa3b7d2e41-3\n  $ pinhole outbox cancel --all bob",
        "Needs a command that has the profile open, 'pinhole daemon' or 'pinhole listen' for instance: that one receives it. The beginning of the number is enough.\n\nExample:\n  $ pinhole files accept 5f2a":
            "Нужна команда, у которой открыт профиль, например «pinhole daemon» или «pinhole listen»: она и принимает. Достаточно начала номера.\n\nПример:\n  $ pinhole files accept 5f2a",
        "Network options":
            "Параметры сети",
        "No contacts yet: pinhole contact add NAME KEY":
            "Контактов ещё нет: pinhole contact add ИМЯ КЛЮЧ",
        "No contacts yet: pinhole contact add NAME KEY, or pinhole invite":
            "Контактов ещё нет: pinhole contact add ИМЯ КЛЮЧ или pinhole invite",
        "No files are on their way.":
            "Файлов в пути нет.",
        "No invites: 'pinhole invite' makes one.":
            "Приглашений нет: их делает «pinhole invite».",
        "No process runs the node of {1}.":
            "Узел {1} ни в одном процессе не работает.",
        "No signaling service is configured: only contacts on the same network, or with a known address, can be reached.":
            "Не настроено ни одной сигнальной службы: связаться можно только с контактами в той же сети или с известным адресом.",
        "No signaling service is configured: only contacts with a known address can be reached.":
            "Не настроено ни одной сигнальной службы: связаться можно только с контактами с известным адресом.",
        "Nobody else learns of it.\n\nExample:\n  $ pinhole contact rename bob robert":
            "Больше об этом никто не узнает.\n\nПример:\n  $ pinhole contact rename bob robert",
        "Nobody waits for an answer.":
            "Никто не ждёт ответа.",
        "Node      {1} (pid {2}), since {3}":
            "Узел      {1} (pid {2}), с {3}",
        "Not connected to {1}: {2}{3}":
            "Нет соединения с {1}: {2}{3}",
        "Not connected: {1}{2}":
            "Нет соединения: {1}{2}",
        "Note":
            "Примечание",
        "Nothing brings them back: they are overwritten on the disk. Your contact keeps its copy. Messages that are not delivered yet stay: 'pinhole outbox cancel' gives them up. Received files stay.\n\nExample:\n  $ pinhole history purge bob\n  $ pinhole history purge --before 365d --yes\n  $ pinhole history purge --all":
            "Их ничто не вернёт: на диске они перезаписываются. У контакта его копия остаётся. Недоставленные сообщения остаются: от них отказывается «pinhole outbox cancel». Полученные файлы остаются.\n\nПример:\n  $ pinhole history purge bob\n  $ pinhole history purge --before 365d --yes\n  $ pinhole history purge --all",
        "Nothing changed.":
            "Ничего не изменено.",
        "Nothing is marked without a terminal to answer on, --number, --words or --yes.":
            "Без терминала для ответа, --number, --words или --yes ничего не отмечается.",
        "Nothing is marked without a terminal to answer on, or --number.":
            "Без терминала для ответа или --number ничего не отмечается.",
        "Nothing waits.":
            "Ничего не ждёт.",
        "Nothing was found.":
            "Ничего не найдено.",
        "No history is kept ('history = false').":
            "История не ведётся ('history = false').",
        "Nothing was said yet.":
            "Ещё ничего не сказано.",
        "OPTIONS":
            "ПАРАМЕТРЫ",
        "OVERVIEW:":
            "ОБЗОР:",
        "On a terminal you type at the bottom and messages appear above; ✓ before a line says that the contact has it on disk. In a pipe each line of standard input is a message and each line of standard output one that arrived; the end of input ends the chat once everything is delivered. With --json each event is an object on a line of its own.\n\nLines that begin with a slash are commands, here and in a pipe: /send PATH, /accept, /refuse, /ping, /help, /quit. A message that begins with a slash is written with two.\n\nExample:\n  $ pinhole chat bob\n  Connected directly to bob at 203.0.113.7:41207 (IPv4).\n  ✓ 14:02 you: hi, are you there?\n    14:02 bob: yes\n  > /send report.pdf":
            "На терминале вы пишете внизу, а сообщения появляются выше; ✓ перед строкой значит, что она на диске у контакта. В конвейере каждая строка стандартного ввода — сообщение, а каждая строка вывода — пришедшее; конец ввода завершает беседу, когда всё доставлено. С --json каждое событие — объект в своей строке.\n\nСтроки, которые начинаются с косой черты, — команды, здесь и в конвейере: /send ПУТЬ, /accept, /refuse, /ping, /help, /quit. Сообщение, которое начинается с косой черты, пишут с двумя.\n\nПример:\n  $ pinhole chat bob\n  Connected directly to bob at 203.0.113.7:41207 (IPv4).\n  ✓ 14:02 you: hi, are you there?\n    14:02 bob: yes\n  > /send report.pdf",
        "One contact a line: name, key, addresses, services; what 'pinhole contact import' reads. The marks of those that you verified stay here.\n\nExample:\n  $ pinhole contact export > contacts.txt":
            "По контакту в строке: имя, ключ, адреса, службы; это читает «pinhole contact import». Отметки о проверке остаются здесь.\n\nПример:\n  $ pinhole contact export > contacts.txt",
        "One contact a line: name, key, whether you verified it, what keeps you from talking, known addresses, services of its own.\n\nExample:\n  $ pinhole contact list\n  bob    pin1…  verified\n  carol  pin1…  not verified  via signal.example.net:41414":
            "По контакту в строке: имя, ключ, проверен ли, что мешает говорить, известные адреса, его собственные службы.\n\nПример:\n  $ pinhole contact list\n  bob    pin1…  verified\n  carol  pin1…  not verified  via signal.example.net:41414",
        "One message a line: its name, the contact, how far it has come, when it was accepted, and how it begins. 'queued' has certainly not been sent; 'sent' is on its way and not confirmed; 'failed' was given up.\n\nExample:\n  $ pinhole outbox list bob":
            "По сообщению в строке: его имя, контакт, как далеко оно продвинулось, когда принято и как начинается. «queued» точно не отправлено; «sent» в пути и не подтверждено; от «failed» отказались.\n\nПример:\n  $ pinhole outbox list bob",
        "One place a line: its name, then the path. Nothing is made by asking.\n\nExample:\n  $ pinhole paths\n  profile        /home/bob/.local/share/pinhole/default\n  configuration  /home/bob/.config/pinhole/config.toml":
            "По месту в строке: название, затем путь. Сам вопрос ничего не создаёт.\n\nПример:\n  $ pinhole paths\n  profile        /home/bob/.local/share/pinhole/default\n  configuration  /home/bob/.config/pinhole/config.toml",
        "Only contacts can reach you: to everybody else your machine does not answer. Keys are pinned; a service can neither introduce nor change one. Who opens an invite of yours ('pinhole invite') is a request until you accept it.\n\nExample:\n  $ pinhole contact add bob pin1…\n  $ pinhole contact verify bob":
            "Связаться с вами могут только контакты: остальным ваш компьютер не отвечает. Ключи закреплены; служба не может ни ввести ключ, ни подменить. Открывший ваше приглашение («pinhole invite») просится в контакты, пока вы его не примете.\n\nПример:\n  $ pinhole contact add bob pin1…\n  $ pinhole contact verify bob",
        "Only messages before this place: the page before this one names it.":
            "Только сообщения до этого места: его называет предыдущая страница.",
        "Only messages before this time: 2026-11-21, “2026-11-21 14:02”, or 30d, 12h ago.":
            "Только сообщения до этого времени: 2026-11-21, «2026-11-21 14:02» или 30d, 12h назад.",
        "Only messages that contain these words.":
            "Только сообщения с этими словами.",
        "Only these contacts.":
            "Только эти контакты.",
        "Only those of this contact.":
            "Только этого контакта.",
        "Only what is for this contact.":
            "Только для этого контакта.",
        "Open an invite: meet whoever made it.":
            "Открыть приглашение: познакомиться с пригласившим.",
        "PINHOLE_ACCEPT must be all, ask or none, not “{1}”":
            "PINHOLE_ACCEPT должен быть all, ask или none, а не «{1}»",
        "PINHOLE_EXISTING must be rename, skip or overwrite, not “{1}”":
            "PINHOLE_EXISTING должен быть rename, skip или overwrite, а не «{1}»",
        "PINHOLE_HISTORY_RETENTION must be {1}, not “{2}”":
            "PINHOLE_HISTORY_RETENTION должен быть {1}, а не «{2}»",
        "PINHOLE_PORT must be a number from 0 to 65535, not “{1}”":
            "PINHOLE_PORT должен быть числом от 0 до 65535, а не «{1}»",
        "Parse error: {1}":
            "Ошибка разбора: {1}",
        "Passphrase for your key (empty: none): ":
            "Пароль для вашего ключа (пусто: без пароля): ",
        "Pinhole keeps trying, and what you write waits.":
            "Pinhole продолжает попытки, а написанное ждёт.",
        "Pinhole tries by itself, with pauses of up to a minute. This tries now, and waits until all has arrived or the time is over. What was given up goes out only with --failed, as a new message: where it may have arrived before, it then arrives twice.\n\nExample:\n  $ pinhole outbox retry bob\n  $ pinhole outbox retry --failed bob":
            "Pinhole пробует сам, с паузами до минуты. Это пробует сейчас и ждёт, пока всё не дойдёт или не кончится время. Отменённое уходит только с --failed, новым сообщением: если прежнее могло дойти, оно придёт дважды.\n\nПример:\n  $ pinhole outbox retry bob\n  $ pinhole outbox retry --failed bob",
        "Ports":
            "Порты",
        "Print JSON, one object a message.":
            "Печатать JSON, по объекту на сообщение.",
        "Print JSON, one object a ping.":
            "Печатать JSON, по объекту на проверку.",
        "Print JSON, one object an event.":
            "Печатать JSON, по объекту на событие.",
        "Print JSON, one object for each message that has arrived, and one for what waits still.":
            "Печатать JSON, по объекту на каждое дошедшее сообщение и на ждущее.",
        "Print JSON, one transfer a line.":
            "Печатать JSON, по одной передаче в строке.",
        "Print JSON.":
            "Печатать JSON.",
        "Print a JSON object for each thing delivered.":
            "Печатать объект JSON о каждой доставке.",
        "Print every event as JSON, one a line.":
            "Печатать каждое событие как JSON, по одному в строке.",
        "Print the completions for a shell.":
            "Напечатать дополнения для оболочки.",
        "Print what happens; with a cursor also what happened meanwhile.":
            "Печатать происходящее; с курсором и то, что было без вас.",
        "Print your contacts, for another machine or a backup.":
            "Напечатать контакты, для другого компьютера или про запас.",
        "Prints one line with your key, your services, your name and a secret, signed by you. Give it to one person by a way that only that person can read. Whoever opens it ('pinhole add') can ask to be your contact, once; you accept with 'pinhole contact accept', or 'pinhole listen --accept-invited' does. A node of yours must run to be found: 'pinhole chat', 'listen' or 'daemon'.\n\nExample:\n  $ pinhole invite\n  pinhole://add/1…\n  $ pinhole invite --qr --for pin1… --expires 2h\n  $ pinhole invite list":
            "Печатает строку с вашим ключом, службами, именем и секретом, подписанную вами. Дайте её одному человеку так, чтобы прочёл только он. Открывший её («pinhole add») может один раз попроситься в контакты; вы принимаете его через «pinhole contact accept» или «pinhole listen --accept-invited». Чтобы вас нашли, узел должен работать: «pinhole chat», «listen» или «daemon».\n\nПример:\n  $ pinhole invite\n  pinhole://add/1…\n  $ pinhole invite --qr --for pin1… --expires 2h\n  $ pinhole invite list",
        "Prints sixty digits, and eighteen words that say the same, which are equal on both sides if, and only if, each has the other's real key. Compare the digits or the words in person or on the phone, then answer the question. Scripts give what they got from the other side with --number or --words, or say --yes after a comparison of their own. Where the two differ the exit code is 76.\n\nExample:\n  $ pinhole contact verify bob\n  31904 77120 58216 03942 66173 20485\n  91750 44018 12967 85530 09264 73381\n  The same on bob's side? [y/N] y":
            "Печатает шестьдесят цифр и восемнадцать слов, которые говорят то же самое и одинаковы с обеих сторон тогда и только тогда, когда у каждого настоящий ключ другого. Сверьте цифры или слова лично или по телефону и ответьте на вопрос. Сценарии дают полученное от другой стороны через --number или --words, или говорят --yes после собственной сверки. Если они различаются, код выхода — 76.\n\nПример:\n  $ pinhole contact verify bob\n  31904 77120 58216 03942 66173 20485\n  91750 44018 12967 85530 09264 73381\n  The same on bob's side? [y/N] y",
        "Prints the key that your contacts need. It is no secret.\n\nExample:\n  $ pinhole id\n  pin1…":
            "Печатает ключ, который нужен вашим контактам. Это не секрет.\n\nПример:\n  $ pinhole id\n  pin1…",
        "Programs  {1} connected":
            "Программ  подключено {1}",
        "Read the cursors of events that are dealt with from standard input.":
            "Читать курсоры обработанных событий из стандартного ввода.",
        "Reads what 'pinhole contact export' prints, with and without --json, and files of OpenSSH public keys, whose comment before the @ is the name. Contacts that you have stay as they are. Where a key is another than the one that you have, nothing is sent to that contact any more until you decide ('pinhole contact replace-key'), and the exit code is 76.\n\nExample:\n  $ pinhole contact import contacts.txt\n  $ ssh old-laptop pinhole contact export | pinhole contact import -":
            "Читает то, что печатает «pinhole contact export», с --json и без, и файлы открытых ключей OpenSSH, где примечание до @ — имя. Известные контакты остаются как есть. Если ключ другой, этому контакту ничего не отправляется, пока вы не решите («pinhole contact replace-key»), а код выхода — 76.\n\nПример:\n  $ pinhole contact import contacts.txt\n  $ ssh old-laptop pinhole contact export | pinhole contact import -",
        "Registered with {1}{2}.":
            "Регистрация на {1}{2}.",
        "Remove a contact.":
            "Удалить контакт.",
        "Remove messages from this machine for good.":
            "Удалить сообщения с этого компьютера навсегда.",
        "Remove the messages with everybody":
            "Удалить сообщения со всеми",
        "Remove the messages with {1}":
            "Удалить сообщения с {1}",
        "Remove {1} and the messages you exchanged? [y/N] ":
            "Удалить {1} и вашу переписку? [y/N] ",
        "Result":
            "Итог",
        "Runs in the foreground until SIGTERM or Ctrl-C. Other commands with the same profile use its node; programs do by the control socket (pinhole rpc, pinhole events). Where another command has the node already, the daemon takes it over when that one leaves. SIGHUP reads the configuration again. Each message is given to the hook of the configuration, if there is one:\n  [hooks]\n  message = [\"/home/bob/bin/answer\", \"--brief\"]\n\nExample:\n  $ pinhole daemon &\n  $ systemctl --user enable --now pinhole":
            "Работает на переднем плане до SIGTERM или Ctrl-C. Другие команды с тем же профилем пользуются его узлом; программы — через управляющий сокет (pinhole rpc, pinhole events). Если узел уже у другой команды, демон переймёт его, когда та уйдёт. SIGHUP перечитывает настройки. Каждое сообщение получает обработчик из настроек, если он есть:\n  [hooks]\n  message = [\"/home/bob/bin/answer\", \"--brief\"]\n\nПример:\n  $ pinhole daemon &\n  $ systemctl --user enable --now pinhole",
        "Runs until Ctrl-C or SIGTERM. Each message is a line on stdout, each received file a line with its path; with --json each event is an object on a line of its own.\n\nExample:\n  $ pinhole listen --downloads ~/in\n  14:02 alice: got the report, thanks\n  14:05 alice sent photo.jpg: /home/bob/in/photo.jpg":
            "Работает до Ctrl-C или SIGTERM. Каждое сообщение — строка вывода, каждый полученный файл — строка с его путём; с --json каждое событие — объект в своей строке.\n\nПример:\n  $ pinhole listen --downloads ~/in\n  14:02 alice: got the report, thanks\n  14:05 alice sent photo.jpg: /home/bob/in/photo.jpg",
        "SET UP SUBCOMMANDS":
            "НАЧАЛО",
        "SETTINGS SUBCOMMANDS":
            "НАСТРОЙКИ",
        "SUBCOMMANDS":
            "КОМАНДЫ",
        "Safety number  {1}":
            "Код безопасности {1}",
        "Safety words   ":
            "Слова           ",
        "Say more about what is going on.":
            "Подробнее говорить о происходящем.",
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
        "Sending {1} ({2}) …":
            "Отправка {1} ({2}) …",
        "Service":
            "Служба",
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
        "Show all that is known of a contact.":
            "Показать всё, что известно о контакте.",
        "Show every setting as it is in force.":
            "Показать каждую настройку, как она действует.",
        "Show help information.":
            "Показать справку.",
        "Show it as a QR code too, on stderr.":
            "Показать и QR-код, в stderr.",
        "Show subcommand help information.":
            "Показать справку о команде.",
        "Show the newest messages, or those that contain some words.":
            "Показать новейшие сообщения или те, где есть какие-то слова.",
        "Show the settings and where they come from.":
            "Показать настройки и откуда они.",
        "Show the version.":
            "Показать версию.",
        "Show where each setting comes from.":
            "Показать, откуда взята каждая настройка.",
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
        "Starts a signaling service and a second peer on the loopback interface, with keys in a temporary directory that is removed afterwards. You chat with the second peer over the real protocol; it repeats what you write and keeps what you send with /send. Nothing of yours is read or changed, and nothing leaves this machine.\n\nWith --script nobody is asked: the whole story is told on standard output, and the exit code says whether all of it worked.\n\nExample:\n  $ pinhole demo\n  $ pinhole demo --script":
            "Запускает сигнальную службу и второй узел на loopback, с ключами во временном каталоге, который потом удаляется. Вы беседуете со вторым узлом по настоящему протоколу; он повторяет написанное и сохраняет присланное через /send. Ничего вашего не читается и не меняется, и ничто не покидает этот компьютер.\n\nС --script никого не спрашивают: вся история печатается в стандартный вывод, а код выхода говорит, всё ли получилось.\n\nПример:\n  $ pinhole demo\n  $ pinhole demo --script",
        "Starts nothing: where no process runs the node, it says so.\n\nExample:\n  $ pinhole status\n  Node      pinhole daemon (pid 812), since 20 Nov 14:02\n  Service   pinhole-signal://pinsrv1…@signal.example.org:41414 answers\n  Sessions  bob, carol\n  Online    bob, carol, dave\n  Programs  2 connected":
            "Ничего не запускает: если узел нигде не работает, так и говорит.\n\nПример:\n  $ pinhole status\n  Node      pinhole daemon (pid 812), since 20 Nov 14:02\n  Service   pinhole-signal://pinsrv1…@signal.example.org:41414 answers\n  Sessions  bob, carol\n  Online    bob, carol, dave\n  Programs  2 connected",
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
        "Take the key of a backup that 'pinhole key export' wrote, or an Ed25519 key of OpenSSH or in PEM without a passphrase, instead of making one.":
            "Взять ключ из копии, сделанной 'pinhole key export', или ключ Ed25519 от OpenSSH либо в PEM без парольной фразы, вместо нового.",
        "Take the mark away: the contact is not verified any more.":
            "Снять отметку: контакт больше не проверен.",
        "Talk":
            "Разговор",
        "Talk to people directly, from behind any NAT, with nobody in between.":
            "Говорите с людьми напрямую, из-за любого NAT, без посредников.",
        "Tell the whole story without asking, then exit.":
            "Рассказать всю историю без вопросов и выйти.",
        "The UDP port to use; 0 lets the system choose (PINHOLE_PORT).":
            "Порт UDP; 0 — выберет система (PINHOLE_PORT).",
        "The beginning of the number is enough.\n\nExample:\n  $ pinhole files refuse 5f2a":
            "Достаточно начала номера.\n\nПример:\n  $ pinhole files refuse 5f2a",
        "The configuration file (PINHOLE_CONFIG; default $XDG_CONFIG_HOME/pinhole/config.toml).":
            "Файл настроек (PINHOLE_CONFIG; иначе $XDG_CONFIG_HOME/pinhole/config.toml).",
        "The configuration was not read again: {1}":
            "Настройки не прочитаны заново: {1}",
        "The configuration was read again.":
            "Настройки прочитаны заново.",
        "The contact can no longer reach you, and the messages that you exchanged are deleted here. Asks before it does so; scripts say --yes.\n\nExample:\n  $ pinhole contact remove bob":
            "Контакт больше не сможет с вами связаться, а ваша переписка здесь удаляется. Сначала спрашивает; сценариям — --yes.\n\nПример:\n  $ pinhole contact remove bob",
        "The contact's name.":
            "Имя контакта.",
        "The contact's public key (pin1…), an OpenSSH key, or a file with one; - reads it from stdin.":
            "Открытый ключ контакта (pin1…), ключ OpenSSH или файл с ним; - читает его из stdin.",
        "The contact's public key (pin1…).":
            "Открытый ключ контакта (pin1…).",
        "The directory of your key, contacts and history (PINHOLE_PROFILE; default $XDG_DATA_HOME/pinhole/default).":
            "Каталог вашего ключа, контактов и истории (PINHOLE_PROFILE; иначе $XDG_DATA_HOME/pinhole/default).",
        "The file to make.":
            "Новый файл.",
        "The file; - reads from stdin.":
            "Файл; - читает из stdin.",
        "The history is kept on this machine only, sealed with your key. 'history = false' in the configuration keeps none, 'history-retention' keeps it for a time.\n\nExample:\n  $ pinhole history bob\n  $ pinhole history bob --search \"the report\"\n  $ pinhole history export bob > bob.jsonl\n  $ pinhole history purge bob --before 30d":
            "История хранится только на этом компьютере, запечатанной вашим ключом. «history = false» в настройках не хранит ничего, «history-retention» хранит её некоторое время.\n\nПример:\n  $ pinhole history bob\n  $ pinhole history bob --search \"the report\"\n  $ pinhole history export bob > bob.jsonl\n  $ pinhole history purge bob --before 30d",
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
        "The invite names no service and no address: it works on this local network alone.":
            "Приглашение не называет ни службы, ни адреса: оно действует только в этой местной сети.",
        "The key is what 'pinhole id' prints on the contact's machine, an Ed25519 key of OpenSSH (the line, or the file), or its 32 bytes in hexadecimal or Base64. Exchange keys over something you trust, and compare with 'pinhole contact verify' afterwards. The contact must add you too. With --address the contact is also reached without any service. With --service the contact is also found through that service, which is asked about nobody else: for people who use other services than you. For a contact that you have, both are added to what is known. Another key for a name that you have stops all sending to it, with exit code 76, until 'pinhole contact replace-key' decides.\n\nExample:\n  $ pinhole contact add bob pin1…\n  $ pinhole contact add carol ~/carol.pub\n  $ pinhole contact add server pin1… --address 203.0.113.7:41000\n  $ pinhole contact add dave pin1… --service pinhole-signal://pinsrv1…@signal.example.net:41414":
            "Ключ — то, что «pinhole id» печатает на компьютере контакта, ключ Ed25519 из OpenSSH (строка или файл) или его 32 байта шестнадцатерично или в Base64. Обменяйтесь ключами надёжным путём и сверьте их: «pinhole contact verify». Контакт тоже должен добавить вас. С --address контакт доступен и без службы. С --service его ищут и через эту службу, которую больше ни о ком не спрашивают: для тех, у кого службы другие. Если контакт уже есть, и то и другое добавляется к известному. Другой ключ для известного имени прекращает отправку ему, с кодом 76, пока не решит «pinhole contact replace-key».\n\nПример:\n  $ pinhole contact add bob pin1…\n  $ pinhole contact add carol ~/carol.pub\n  $ pinhole contact add server pin1… --address 203.0.113.7:41000\n  $ pinhole contact add dave pin1… --service pinhole-signal://pinsrv1…@signal.example.net:41414",
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
        "The path to {1} is now {2}.":
            "Путь к {1} теперь {2}.",
        "The process that ran the node has ended.":
            "Процесс, в котором работал узел, завершился.",
        "The reply of the hook {1} cannot be sent: {2}":
            "Ответ обработчика {1} не отправить: {2}",
        "The same again: ":
            "Ещё раз его же: ",
        "The same on {1}'s side? [y/N] ":
            "У {1} то же самое? [y/N] ",
        "The signaling service that you and your contacts use.":
            "Сигнальная служба, которой пользуетесь вы и ваши контакты.",
        "The transfer's number, or its beginning.":
            "Номер передачи или его начало.",
        "The two differ; once more.":
            "Они различаются; ещё раз.",
        "The words that the contact sees; four letters of each suffice.":
            "Слова, которые видит контакт; хватит четырёх букв каждого.",
        "There is more before this: add --page {1}":
            "Раньше есть ещё: добавьте --page {1}",
        "They complete commands, options, files, and the names of your contacts if your key has no passphrase.\n\nExample:\n  $ pinhole completions bash > ~/.local/share/bash-completion/completions/pinhole\n  $ pinhole completions zsh > ~/.zfunc/_pinhole\n  $ pinhole completions fish > ~/.config/fish/completions/pinhole.fish":
            "Они дополняют команды, параметры, файлы и имена контактов, если ваш ключ без пароля.\n\nПример:\n  $ pinhole completions bash > ~/.local/share/bash-completion/completions/pinhole\n  $ pinhole completions zsh > ~/.zfunc/_pinhole\n  $ pinhole completions fish > ~/.config/fish/completions/pinhole.fish",
        "They were compared and are the same.":
            "Их сверили, они одинаковы.",
        "This process runs the node now.":
            "Теперь узел работает в этом процессе.",
        "Those too that are done or given up.":
            "И те, что завершены или прерваны.",
        "To a blocked contact your machine is not there, and nothing is sent to it. What you exchanged stays.\n\nExample:\n  $ pinhole contact block bob":
            "Для заблокированного контакта вашего компьютера нет, и ему ничего не отправляется. Переписка остаётся.\n\nПример:\n  $ pinhole contact block bob",
        "Too late: {1} has it.":
            "Поздно: оно уже у {1}.",
        "Treat every WHAT as a message, also when a file of that name exists.":
            "Считать каждое ЧТО сообщением, даже если есть файл с таким именем.",
        "Try at once to deliver what waits.":
            "Сразу попробовать доставить то, что ждёт.",
        "Try everything on this machine: a service, a second peer, throwaway keys.":
            "Попробовать всё на этом компьютере: служба, второй узел, временные ключи.",
        "Try to reach a contact, and explain what was tried, what came of it and what can be done.":
            "Попробовать связаться с контактом и объяснить, что пробовали, что вышло и что можно сделать.",
        "Turn somebody away who opened your invite; they are told so.":
            "Отказать тому, кто открыл ваше приглашение; он об этом узнает.",
        "Two people exchange keys once, or one gives the other an invite, each tells pinhole the same signaling service, and from then on their machines talk directly over UDP, end-to-end encrypted. The service only introduces them: it sees addresses, never a message.\n\nA first session:\n  pinhole init --service pinhole-signal://pinsrv1…@signal.example.org:41414\n  pinhole invite                       (bob opens the line: pinhole add 'pinhole://add/1…')\n  pinhole contact accept bob\n  pinhole chat bob\n\nTo look around without configuring anything:\n  pinhole demo\n\nResults go to stdout, everything else to stderr. Exit codes: 0 done, 64 usage, 65 bad key or data, 66 no such file, 69 service unreachable, 73 cannot write, 75 peer offline, 76 key changed, 77 wrong passphrase, 78 bad configuration, 79 no direct path, 1 anything else.":
            "Двое один раз обмениваются ключами, или один даёт другому приглашение, каждый называет pinhole одну и ту же сигнальную службу, и дальше их компьютеры говорят напрямую по UDP со сквозным шифрованием. Служба только знакомит их: она видит адреса, но никогда — сообщения.\n\nПервая беседа:\n  pinhole init --service pinhole-signal://pinsrv1…@signal.example.org:41414\n  pinhole invite                       (bob opens the line: pinhole add 'pinhole://add/1…')\n  pinhole contact accept bob\n  pinhole chat bob\n\nОсмотреться, ничего не настраивая:\n  pinhole demo\n\nРезультаты идут в stdout, всё остальное в stderr. Коды выхода: 0 готово, 64 неверный вызов, 65 негодный ключ или данные, 66 нет файла, 69 служба недоступна, 73 нельзя записать, 75 контакт не в сети, 76 ключ изменился, 77 неверный пароль, 78 негодные настройки, 79 нет прямого пути, 1 прочее.",
        "UDP":
            "UDP",
        "UDP port {1} is in use by another program":
            "порт UDP {1} занят другой программой",
        "UDP port {1} may not be bound by this user":
            "этот пользователь не может занять порт UDP {1}",
        "USAGE:":
            "ПРИМЕНЕНИЕ:",
        "Use loopback addresses too: for trying things out on one machine.":
            "Использовать и адреса loopback: для опытов на одном компьютере.",
        "Verdict":
            "Итог",
        "What 'pinhole invite list' calls them.":
            "Как их называет «pinhole invite list».",
        "What becomes of a file whose name something here has: rename, skip or overwrite (PINHOLE_EXISTING).":
            "Что делать с файлом, имя которого здесь занято: rename, skip или overwrite (PINHOLE_EXISTING).",
        "What happened":
            "Что происходило",
        "What has come of it is removed. The beginning of the number is enough.\n\nExample:\n  $ pinhole files cancel 5f2a":
            "То, что успело прийти, удаляется. Достаточно начала номера.\n\nПример:\n  $ pinhole files cancel 5f2a",
        "What helps":
            "Поможет",
        "What you call its maker.":
            "Как вы называете пригласившего.",
        "What you call the contact from now on.":
            "Как вы теперь называете контакт.",
        "What you call the contact.":
            "Как вы называете контакт.",
        "What you call them.":
            "Как вы его называете.",
        "What you call yourself (PINHOLE_NAME; else your login name).":
            "Как вы себя называете (PINHOLE_NAME; иначе имя входа).",
        "Whatever you write comes back from the second peer; /send FILE sends it a file.":
            "Всё, что вы напишете, вернётся от второго узла; /send ФАЙЛ отправит ему файл.",
        "When another key was given for a contact, nothing is sent until you have asked that person, in a way in which you recognise them, and given the right key here: the new one, or the old one again. Messages that waited go out. A new key is not verified.\n\nExample:\n  $ pinhole contact replace-key bob pin1…":
            "Если для контакта дан другой ключ, ничего не отправляется, пока вы не спросили этого человека так, что узнаёте его, и не назвали здесь верный ключ: новый или снова старый. Ждавшие сообщения уходят. Новый ключ не проверен.\n\nПример:\n  $ pinhole contact replace-key bob pin1…",
        "When you connect, {1} and the signaling service see your network address. 'pinhole contact verify {2}' makes sure that the key is really theirs.":
            "При соединении {1} и сигнальная служба видят ваш сетевой адрес. «pinhole contact verify {2}» покажет, настоящий ли это ключ.",
        "Where received files go (PINHOLE_DOWNLOADS; default ~/Downloads).":
            "Куда складывать полученные файлы (PINHOLE_DOWNLOADS; иначе ~/Downloads).",
        "Where the contact listens; may be repeated.":
            "Где контакт принимает связь; можно повторять.",
        "Where to write it; stdout without it.":
            "Куда записать; иначе в stdout.",
        "Where you are reached without a service; may be repeated.":
            "Где вы доступны без службы; можно повторять.",
        "Which offered files to take: all, ask (in a chat) or none (PINHOLE_ACCEPT; default all, and ask in a chat on a terminal).":
            "Какие предложенные файлы брать: all, ask (в беседе) или none (PINHOLE_ACCEPT; по умолчанию all, а в беседе на терминале ask).",
        "Who opens one later is told so.\n\nExample:\n  $ pinhole invite revoke 7k2m9x\n  $ pinhole invite revoke --all":
            "Кто откроет его позже, узнает об этом.\n\nПример:\n  $ pinhole invite revoke 7k2m9x\n  $ pinhole invite revoke --all",
        "Whoever has your secret key is you, and who loses it is nobody's contact any more: keep a backup where only you can read it.\n\nExample:\n  $ pinhole key export /media/stick/pinhole.key\n  $ pinhole init --key /media/stick/pinhole.key      # on another machine":
            "Кто владеет вашим секретным ключом, тот и вы, а кто его потерял, тот больше ничей контакт: храните копию там, где читаете только вы.\n\nПример:\n  $ pinhole key export /media/stick/pinhole.key\n  $ pinhole init --key /media/stick/pinhole.key      # on another machine",
        "With --cursor NAME the events are those of a log on the disk: what happens while your program is down is kept for that name, and printed the next time. An event counts as dealt with once it is printed; with --ack-stdin only when your program writes its cursor, a number on a line, to standard input. Without --follow the command ends when all is printed. The first time a name begins with what happens from then on.\n\nWithout --cursor, --follow prints what happens from now on, what is not stored included.\n\nExample:\n  $ pinhole events --follow --json --cursor bot | jq -rc 'select(.event == \"message\") | [.from, .text]'\n  [\"bob\",\"status?\"]":
            "С --cursor ИМЯ события берутся из журнала на диске: что было, пока ваша программа не работала, хранится под этим именем и печатается в следующий раз. Событие считается обработанным, когда напечатано; с --ack-stdin — только когда ваша программа пишет его курсор, число в строке, в стандартный ввод. Без --follow команда кончается, когда всё напечатано. Новое имя начинается с того, что происходит дальше.\n\nБез --cursor --follow печатает то, что происходит дальше, и то, что не хранится.\n\nПример:\n  $ pinhole events --follow --json --cursor bot | jq -rc 'select(.event == \"message\") | [.from, .text]'\n  [\"bob\",\"status?\"]",
        "With --json: print the progress of files too.":
            "С --json: печатать и ход передачи файлов.",
        "With METHOD calls it, prints its result, and exits as the command of that name would. Without one, the lines of standard input go to the control socket as they are (JSON-RPC 2.0, one object or batch a line), and its lines to standard output; it ends when everything is answered, after events.subscribe or events.follow with Ctrl-C. The method rpc.discover describes all methods. Where no process runs the node, this one does.\n\nExample:\n  $ pinhole rpc message.send '{{\"to\": \"bob\", \"text\": \"all green\", \"wait\": \"delivered\"}}'\n  {{\"contact\":\"bob\",\"id\":\"5f1c…-12\",\"key\":\"pin1…\",\"state\":\"delivered\"}}\n  $ pinhole rpc <<< '{{\"jsonrpc\": \"2.0\", \"id\": 1, \"method\": \"status\"}}'\n  {{\"id\":1,\"jsonrpc\":\"2.0\",\"result\":{{…}}}}":
            "С МЕТОДОМ вызывает его, печатает результат и выходит как команда с тем же именем. Без него строки стандартного ввода идут в управляющий сокет как есть (JSON-RPC 2.0, по объекту или пакету в строке), а его строки — в стандартный вывод; кончается, когда на всё отвечено, после events.subscribe или events.follow — по Ctrl-C. Метод rpc.discover описывает все методы. Если узел нигде не работает, он работает здесь.\n\nПример:\n  $ pinhole rpc message.send '{{\"to\": \"bob\", \"text\": \"all green\", \"wait\": \"delivered\"}}'\n  {{\"contact\":\"bob\",\"id\":\"5f1c…-12\",\"key\":\"pin1…\",\"state\":\"delivered\"}}\n  $ pinhole rpc <<< '{{\"jsonrpc\": \"2.0\", \"id\": 1, \"method\": \"status\"}}'\n  {{\"id\":1,\"jsonrpc\":\"2.0\",\"result\":{{…}}}}",
        "With whom.":
            "С кем.",
        "With whom; everybody without it.":
            "С кем; иначе со всеми.",
        "Without a contact it shows the messages with everybody. A search finds messages that contain all words, in any order; neither case nor accents make a difference, and words in double quotes are looked for together.\n\nExample:\n  $ pinhole history bob --limit 100\n  $ pinhole history --search \"train tomorrow\" --before 2026-11-01":
            "Без контакта показывает сообщения со всеми. Поиск находит сообщения со всеми словами в любом порядке; регистр и диакритика не важны, а слова в двойных кавычках ищутся вместе.\n\nПример:\n  $ pinhole history bob --limit 100\n  $ pinhole history --search \"train tomorrow\" --before 2026-11-01",
        "Write a backup of your secret key.":
            "Записать копию секретного ключа.",
        "Write ipv4-1, ipv6-1, host-1 and so on instead of addresses and host names.":
            "Писать ipv4-1, ipv6-1, host-1 и так далее вместо адресов и имён.",
        "Write it as a QR code to a PNG file.":
            "Записать его QR-кодом в файл PNG.",
        "Write the history to stdout or to a file, the oldest message first.":
            "Записать историю в stdout или в файл, начиная со старого.",
        "Your identity is also in use at {1}: contacts reach only one of the two. Stop one of them, or give it an identity of its own.":
            "Ваша личность работает и на {1}: контакты видят только одну из двух. Остановите одну или дайте ей собственную личность.",
        "Your identity is also in use elsewhere: contacts reach only one of the two. Stop one of them, or give it an identity of its own.":
            "Ваша личность работает и в другом месте: контакты видят только одну из двух. Остановите одну или дайте ей собственную личность.",
        "Your key has no passphrase any more.":
            "У ключа больше нет пароля.",
        "Your key has the new passphrase.":
            "У ключа новый пароль.",
        "Your key is in {1}, sealed.":
            "Ваш ключ в {1}, запечатан.",
        "Your key is in {1}, without a passphrase.":
            "Ваш ключ в {1}, без пароля.",
        "Your network":
            "Ваша сеть",
        "Your secret key is in {1}, sealed.":
            "Ваш секретный ключ в {1}, запечатан.",
        "Your secret key is in {1}, without a passphrase: whoever reads it is you.":
            "Ваш секретный ключ в {1}, без пароля: кто его прочтёт, тот и вы.",
        "a batch has at most {1} calls":
            "в пакете не больше {1} вызовов",
        "a batch is not empty":
            "пакет не бывает пустым",
        "a call is an object":
            "вызов — это объект",
        "a chat on a terminal asks":
            "беседа в терминале спрашивает",
        "a connection was closed: {1}":
            "соединение закрыто: {1}",
        "a contact and --all cannot go together":
            "контакт и --all не бывают вместе",
        "a contact was removed meanwhile":
            "тем временем удалили контакт",
        "a daemon runs with this profile already (pid {1})":
            "с этим профилем уже работает демон (pid {1})",
        "a direct path: {1}":
            "прямой путь: {1}",
        "a directory":
            "каталог",
        "a file":
            "файл",
        "a file of {1} bytes is offered":
            "предложен файл в {1} байт",
        "a firewall may block UDP between you; try another network on either side":
            "возможно, UDP между вами блокирует брандмауэр; попробуйте другую сеть с любой стороны",
        "a folder goes as an archive: tar c {1}":
            "каталог отправляется архивом: tar c {1}",
        "a line has at most {1} bytes":
            "в строке не больше {1} байт",
        "a line was too long":
            "строка слишком длинная",
        "a message cannot be empty":
            "сообщение не может быть пустым",
        "a message could not be stored":
            "не удалось сохранить сообщение",
        "a message has at most {1} bytes":
            "в сообщении не больше {1} байт",
        "a message has the impossible number {1}":
            "у сообщения невозможный номер {1}",
        "a name has 1 to 64 letters, digits, '.', '_' and '-', and begins with a letter or a digit":
            "имя состоит из 1–64 букв, цифр, «.», «_» и «-» и начинается с буквы или цифры",
        "a name of 1 to 128 bytes":
            "имя от 1 до 128 байт",
        "a number from 0 to 65535":
            "число от 0 до 65535",
        "a preshared key has 32 bytes":
            "общий секретный ключ должен быть длиной 32 байта",
        "a private address of another network":
            "частный адрес другой сети",
        "a public key reads pin1…; ask for it again, or copy it whole":
            "открытый ключ выглядит как pin1…; попросите его ещё раз или скопируйте целиком",
        "a receipt cannot be stored: {1}":
            "не удаётся сохранить подтверждение: {1}",
        "a request and its reply have at most 1 MiB each":
            "запрос и ответ — не больше 1 МиБ каждый",
        "a safety number has 60 digits":
            "в коде безопасности 60 цифр",
        "a table":
            "таблица",
        "a transfer cannot be recorded: {1}":
            "не удаётся записать передачу: {1}",
        "a value that begins with a dash is written with “=”: {1}={2}":
            "значение, которое начинается с дефиса, пишут через «=»: {1}={2}",
        "add --yes":
            "добавьте --yes",
        "add it first: pinhole contact add NAME {1}":
            "сначала добавьте: pinhole contact add ИМЯ {1}",
        "add the contact first":
            "сначала добавьте контакт",
        "all, ask, none or default.":
            "all, ask, none или default.",
        "an OpenSSH key has no comment to be its name: {1} …":
            "у ключа OpenSSH нет примечания, которое стало бы именем: {1} …",
        "an answer":
            "ответа",
        "an array of service addresses":
            "массив адресов служб",
        "an idle mapping is gone after {1}{2}":
            "неиспользуемой записи нет уже через {1}{2}",
        "an idle mapping lives {1} or longer{2}":
            "неиспользуемая запись живёт {1} или дольше{2}",
        "an idle mapping lives {1}, and is gone after {2}{3}":
            "неиспользуемая запись живёт {1}, а через {2} её уже нет{3}",
        "an invite is good for at most a year":
            "приглашение годно не дольше года",
        "another port for each address (hard)":
            "другой порт для каждого адреса (трудный)",
        "another port for each address and port (hard)":
            "другой порт для каждого адреса и порта (трудный)",
        "another process{1} runs with the identity in {2}":
            "с личностью из {2} уже работает другой процесс{1}",
        "answered after {1}":
            "ответ через {1}",
        "answered later, in use":
            "ответил позже, используется",
        "answers in {1}":
            "отвечает за {1}",
        "arrived,     {1}, BLAKE2b {2}…  ({3}/s)":
            "дошёл,       {1}, BLAKE2b {2}…  ({3}/с)",
        "ask for it to be sent again":
            "попросите отправить его ещё раз",
        "ask for one that is bound to the key that 'pinhole id' prints, or to none":
            "попросите связанное с ключом, который печатает «pinhole id», или ни с каким",
        "ask for the line that 'pinhole invite' prints":
            "попросите строку, которую печатает «pinhole invite»",
        "ask for them again; their checksum tells":
            "попросите их ещё раз; контрольная сумма покажет",
        "ask {1} for a new one":
            "попросите у {1} новое",
        "ask {1} for theirs":
            "попросите у {1} его ключ",
        "ask {1} in person, then: pinhole contact replace-key {2} {3}, or to keep the old key: pinhole contact replace-key {4} {5}":
            "спросите {1} лично, затем: pinhole contact replace-key {2} {3}, а чтобы оставить старый ключ: pinhole contact replace-key {4} {5}",
        "ask {1} in person; if the new key is right, remove the contact and add it again":
            "спросите {1} лично; если новый ключ верен, удалите контакт и добавьте снова",
        "asked {1} for {2}{3}":
            "запрос к {1} о {2}{3}",
        "bash, zsh or fish.":
            "bash, zsh или fish.",
        "began to guess ports of {1}'s NAT":
            "начат перебор портов NAT у {1}",
        "bytes of “{1}” came out of place":
            "байты «{1}» пришли не на своё место",
        "changed by the NAT, in a way that could not be seen":
            "NAT меняет их, а как — увидеть не удалось",
        "check how the name is spelled, and that this machine has a name server":
            "проверьте, как написано имя и есть ли у этого компьютера сервер имён",
        "check its directory: ls -la {1}":
            "проверьте её каталог: ls -la {1}",
        "check its spelling":
            "проверьте, верно ли оно написано",
        "check the address, that {1} is running pinhole there, and that a firewall lets UDP in":
            "проверьте адрес, работает ли там pinhole у {1} и пропускает ли брандмауэр UDP",
        "check the cable or the Wi-Fi":
            "проверьте кабель или Wi-Fi",
        "check the network and that UDP is not blocked; 'pinhole netcheck' tells more":
            "проверьте сеть и не блокируется ли UDP; подробнее скажет «pinhole netcheck»",
        "check the network connection":
            "проверьте подключение к сети",
        "chmod 600 {1}":
            "chmod 600 {1}",
        "chmod 700 {1}":
            "chmod 700 {1}",
        "choose a directory on a writable file system":
            "выберите каталог на файловой системе, доступной для записи",
        "choose a port above 1023":
            "выберите порт больше 1023",
        "choose another place, or move the old identity away yourself":
            "выберите другое место или сами уберите старую личность",
        "closed here":
            "закрыто здесь",
        "complete":
            "весь",
        "connected":
            "соединение",
        "contact services":
            "службы контакта",
        "copy the whole address that the service printed when it started":
            "скопируйте адрес целиком, как его напечатала служба при запуске",
        "copy the whole line, or ask for it again":
            "скопируйте строку целиком или попросите её ещё раз",
        "copy what the contact's side prints":
            "скопируйте то, что печатается у контакта",
        "could not be seen":
            "увидеть не удалось",
        "could not be tried":
            "попробовать не удалось",
        "counted in steps of {1} (can be foreseen)":
            "идут с шагом {1} (можно предвидеть)",
        "datagrams of {1} bytes":
            "датаграммы по {1} байт",
        "datagrams of {1} bytes, with ECN":
            "датаграммы по {1} байт, с ECN",
        "default":
            "по умолчанию",
        "direct path {1}, session in {2}{3}":
            "прямой путь {1}, сеанс за {2}{3}",
        "do not trust where it came from; ask for another one in person":
            "не доверяйте тому, откуда она; попросите другую лично",
        "does not answer":
            "не отвечает",
        "does not work: others behind this router are reached inside only":
            "не работает: других за этим маршрутизатором видно только изнутри",
        "end it, then purge again":
            "завершите его и очистите снова",
        "environment {1}":
            "переменная {1}",
        "events give it":
            "его дают события",
        "events name them":
            "их называют события",
        "events of the own process come without a subscription":
            "события своего процесса приходят без подписки",
        "everything worked; the keys and files of this demonstration are removed":
            "всё получилось; ключи и файлы этого показа удалены",
        "file {1}":
            "файл {1}",
        "files are taken all, ask or none":
            "файлы берут так: all, ask или none",
        "first datagram of {1}, from {2}":
            "первая датаграмма от {1}, с {2}",
        "first datagram to {1}":
            "первая датаграмма к {1}",
        "flag {1}":
            "параметр {1}",
        "follow them first":
            "сначала начните следить",
        "free some space (df -h {1}), then try again; what was stored before is intact":
            "освободите место (df -h {1}) и попробуйте снова; сохранённое раньше цело",
        "from {1:socket|sockets}":
            "с {1:сокета|сокетов|сокетов}",
        "gave up":
            "попытки прекращены",
        "get the key again over something you trust, then 'pinhole contact remove {1}' and add it anew":
            "получите ключ снова надёжным путём, затем «pinhole contact remove {1}» и добавьте заново",
        "get the key again over something you trust, then 'pinhole contact replace-key {1} KEY'":
            "получите ключ снова надёжным путём, затем «pinhole contact replace-key {1} КЛЮЧ»",
        "give --cursor NAME for what happened, --follow for what happens, or both":
            "укажите --cursor ИМЯ для того, что было, --follow для того, что будет, или оба",
        "give --new-passphrase-file FILE, or --remove":
            "укажите --new-passphrase-file ФАЙЛ или --remove",
        "give --passphrase-file FILE or set PINHOLE_PASSPHRASE":
            "укажите --passphrase-file ФАЙЛ или задайте PINHOLE_PASSPHRASE",
        "give --remove or --new-passphrase-file, not both":
            "укажите --remove или --new-passphrase-file, не оба",
        "give --service pinhole-signal://…, or put services = [\"pinhole-signal://…\"] into {1}":
            "укажите --service pinhole-signal://… или впишите services = [\"pinhole-signal://…\"] в {1}",
        "give --service pinhole-signal://…, the address of one that {1} uses too":
            "укажите --service pinhole-signal://…, адрес той, которой пользуется и {1}",
        "give a word, or several":
            "укажите слово или несколько",
        "give another name with --as, or if it is the same person: pinhole contact replace-key {1} {2}":
            "дайте другое имя через --as, а если это тот же человек: pinhole contact replace-key {1} {2}",
        "give it longer with --timeout":
            "дайте больше времени с --timeout",
        "give it to whom you invite":
            "дайте его тому, кого приглашаете",
        "give more of its digits":
            "укажите больше цифр",
        "give one of --number, --words, --yes and --unverify":
            "укажите одно из --number, --words, --yes и --unverify",
        "give the line of the right one":
            "укажите строку нужного",
        "give the whole path":
            "укажите полный путь",
        "good: direct connections work with everybody whose network lets UDP out":
            "хорошо: прямая связь возможна со всеми, чья сеть выпускает UDP",
        "good: direct connections work with everybody whose network lets UDP out; behind a hard NAT they may take a few seconds":
            "хорошо: прямая связь возможна со всеми, чья сеть выпускает UDP; за трудным NAT она может занять несколько секунд",
        "good: your router forwards a port, so everybody whose network lets UDP out can reach you":
            "хорошо: маршрутизатор пробрасывает порт, и до вас может достучаться каждый, чья сеть выпускает UDP",
        "got {1}, thank you":
            "получено: {1}, спасибо",
        "hard, but its ports can be foreseen: direct connections work, within seconds, with most people but those behind a NAT with random ports":
            "трудно, но порты предсказуемы: прямая связь, за считаные секунды, возможна с большинством, кроме тех, кто за NAT со случайными портами",
        "hard: direct connections work, within seconds, with people who are not behind a hard NAT too; with the others over IPv6":
            "трудно: прямая связь, за считаные секунды, возможна с теми, кто сам не за трудным NAT; с остальными — по IPv6",
        "has a NAT of unknown kind":
            "за NAT неизвестного вида",
        "has a hard NAT (another port for every destination)":
            "за трудным NAT (для каждого адресата другой порт)",
        "has an easy NAT (one port for all destinations)":
            "за лёгким NAT (один порт для всех адресатов)",
        "has no NAT":
            "без NAT",
        "has no NAT, but a firewall that lets in only answers":
            "без NAT, но с брандмауэром, который впускает только ответы",
        "has not accepted you yet":
            "ещё вас не принял",
        "hello from behind the pinhole":
            "привет из-за точечного отверстия",
        "is XDG_RUNTIME_DIR right?":
            "верно ли задан XDG_RUNTIME_DIR?",
        "is a contact already":
            "уже контакт",
        "is the address right, is the service up, does this network block UDP?":
            "верен ли адрес, работает ли служба, не блокирует ли эта сеть UDP?",
        "is the name spelled right, and does this machine reach a name server?":
            "верно ли написано имя, и есть ли у этого компьютера сервер имён?",
        "it changed while it was being sent":
            "он изменился во время отправки",
        "it does not answer: it may be down, its key may differ from the address you have, or UDP is blocked":
            "она не отвечает: выключена, её ключ не тот, что в вашем адресе, или UDP блокируется",
        "it has not answered yet":
            "она ещё не ответила",
        "it is a day (2026-11-21), a minute (“2026-11-21 14:02”), or how long ago (30d, 12h, 8w, 1y)":
            "это день (2026-11-21), минута («2026-11-21 14:02») или как давно (30d, 12h, 8w, 1y)",
        "it is a signaling service's":
            "это адрес сигнальной службы",
        "it is stopping":
            "она останавливается",
        "it is your own":
            "это ваш собственный",
        "it means everybody on your network":
            "это вся ваша сеть",
        "it reads host:port or [ipv6]:port":
            "адрес пишется host:port или [ipv6]:port",
        "it reads {1}pinsrv1…@host:port":
            "он пишется {1}pinsrv1…@host:port",
        "it refuses: {1}":
            "она отказывает: {1}",
        "it stays in the outbox and is delivered when you are both online":
            "оно останется в исходящих и будет доставлено, когда вы оба будете в сети",
        "it stopped answering":
            "она перестала отвечать",
        "it was cancelled":
            "операция отменена",
        "it was cancelled here":
            "отменено здесь",
        "it was declined":
            "отклонено",
        "it was declined here":
            "отклонено здесь",
        "its content changed since it was first offered":
            "его содержимое изменилось с тех пор, как его предложили",
        "its maker":
            "пригласивший",
        "its program must be waiting for one":
            "его программа должна ждать такого потока",
        "jsonl: a JSON object a line; text: as people read it.":
            "jsonl: по объекту JSON в строке; text: как читают люди.",
        "kept as they are on this machine":
            "остаются как на этом компьютере",
        "kept as they are on this machine, as far as was seen":
            "остаются как на этом компьютере, насколько видно",
        "left out: {1}":
            "пропущено: {1}",
        "lets in everybody":
            "впускает всех",
        "lets in only addresses you wrote to":
            "впускает только адреса, которым вы писали",
        "lets in only ports you wrote to":
            "впускает только порты, которым вы писали",
        "messages from {1} cannot be stored: {2}":
            "сообщения от {1} не удаётся сохранить: {2}",
        "messages stay in the outbox for the next connection to {1}":
            "сообщения останутся в исходящих до следующего соединения с {1}",
        "messages to {1} cannot be sent: {2}":
            "сообщения к {1} не удаётся отправить: {2}",
        "more than one transfer begins with “{1}”":
            "с «{1}» начинается несколько передач",
        "name a message, or say --all":
            "назовите сообщение или скажите --all",
        "name another file, or remove it":
            "назовите другой файл или удалите этот",
        "name the invites to revoke, or say --all":
            "назовите приглашения или скажите --all",
        "no UDP socket can be opened: {1}":
            "не удаётся открыть сокет UDP: {1}",
        "no answer":
            "ответа нет",
        "no direct path to {1}: your network {2}, and {3}'s network {4}":
            "нет прямого пути к {1}: ваша сеть {2}, а сеть {3} {4}",
        "no directory can be made in {1}: {2}":
            "в {1} не удаётся создать каталог: {2}",
        "no file waits for an answer":
            "ни один файл не ждёт ответа",
        "no open transfer begins with “{1}”":
            "с «{1}» не начинается ни одна открытая передача",
        "no passphrase could be agreed on":
            "договориться о пароле не удалось",
        "no reason given":
            "причина не названа",
        "no service answers: the services are down, or this network blocks UDP":
            "ни одна служба не отвечает: они выключены или эта сеть блокирует UDP",
        "no service has answered yet: {1}, or try 'pinhole netcheck'":
            "ни одна служба ещё не ответила: {1} или попробуйте «pinhole netcheck»",
        "no service is configured by which {1} could be found":
            "не настроено службы, через которую можно найти {1}",
        "no service was reached yet: {1}, or try 'pinhole netcheck'":
            "ни до одной службы ещё не достучались: {1} или попробуйте «pinhole netcheck»",
        "no signaling service answered over UDP":
            "ни одна сигнальная служба не ответила по UDP",
        "no signaling service answers, so {1} cannot be found":
            "ни одна сигнальная служба не отвечает, поэтому найти {1} нельзя",
        "no signaling service is configured, so there is nobody to ask":
            "не настроено ни одной сигнальной службы, спросить не у кого",
        "no signaling service was found: its name has no address":
            "сигнальной службы не нашлось: у её имени нет адреса",
        "no temporary directory in {1}: {2}":
            "в {1} нет временного каталога: {2}",
        "nobody can be there":
            "там никого не может быть",
        "nobody follows the events as “{1}”":
            "никто не следит за событиями под именем «{1}»",
        "nobody is asked while listening":
            "при прослушивании некого спросить",
        "nobody named “{1}” waits for an answer":
            "никто с именем «{1}» не ждёт ответа",
        "nobody reads standard output any more":
            "стандартный вывод больше никто не читает",
        "nobody takes what comes through the pipe any more":
            "то, что приходит по каналу, больше никто не берёт",
        "nobody waits at all":
            "никто не ждёт",
        "none":
            "нет",
        "none, the address is your own":
            "нет, адрес ваш собственный",
        "not complete: {1}":
            "не весь: {1}",
        "not delivered yet; it goes on where it stopped when you are both connected":
            "ещё не доставлен; передача продолжится с того же места, когда вы оба будете на связи",
        "not delivered; sent again, it goes on where it stopped":
            "не доставлен; при повторной отправке продолжится с того же места",
        "not every service has answered yet, and those that did do not know {1}: {2}":
            "ответили ещё не все службы, а ответившие не знают {1}: {2}",
        "not known yet: 'listen' and 'chat' measure it, which takes minutes":
            "пока неизвестно: это измеряют «listen» и «chat», нужно несколько минут",
        "not tried: nothing was left to try by then":
            "не пробовали: к тому времени уже не требовалось",
        "not tried: there is no service to ask":
            "не пробовали: нет службы, которую можно спросить",
        "not tried: {1}":
            "не пробовали: {1}",
        "not verified":
            "не проверен",
        "not verified yet":
            "ещё не проверен",
        "not “{1}”":
            "а не «{1}»",
        "nothing came for 60 s":
            "60 с ничего не приходило",
        "nothing was removed":
            "ничего не удалено",
        "on {1}'s side: pinhole pipe YOUR-NAME":
            "на стороне {1}: pinhole pipe ВАШЕ-ИМЯ",
        "only messages can be sent to oneself, as notes":
            "себе можно посылать только сообщения, как заметки",
        "other users may open the directory {1} of the control socket":
            "другие пользователи могут открыть каталог {1} управляющего сокета",
        "other users may write in the profile directory {1}":
            "другие пользователи могут писать в каталог профиля {1}",
        "parameters are given by name, in an object":
            "параметры даются по именам, в объекте",
        "pinhole add '{1}'":
            "pinhole add '{1}'",
        "pinhole chat {1}":
            "pinhole chat {1}",
        "pinhole contact add NAME '{1}'":
            "pinhole contact add ИМЯ '{1}'",
        "pinhole contact add NAME {1}":
            "pinhole contact add ИМЯ {1}",
        "pinhole contact add {1} pin1…":
            "pinhole contact add {1} pin1…",
        "pinhole contact add {1} {2}":
            "pinhole contact add {1} {2}",
        "pinhole contact decline {1}":
            "pinhole contact decline {1}",
        "pinhole contact remove {1} --yes":
            "pinhole contact remove {1} --yes",
        "pinhole contact unblock {1}":
            "pinhole contact unblock {1}",
        "pinhole init --service {1}":
            "pinhole init --service {1}",
        "pinhole invite revoke ID, or --all":
            "pinhole invite revoke НОМЕР или --all",
        "pinhole outbox list names them":
            "их покажет pinhole outbox list",
        "pinhole rpc net.ping '{{\"contact\": \"bob\"}}'":
            "pinhole rpc net.ping '{{\"contact\": \"bob\"}}'",
        "pinhole send NAME {1}":
            "pinhole send ИМЯ {1}",
        "pinhole: error: {1}":
            "pinhole: ошибка: {1}",
        "pinhole: hint: {1}":
            "pinhole: совет: {1}",
        "pong from {1}: {2} via {3}":
            "ответ от {1}: {2} через {3}",
        "pong from {1}: {2}":
            "ответ от {1}: {2}",
        "profile file {1}":
            "файл профиля {1}",
        "put services = [\"{1}\"] into it, then run init without --service":
            "впишите туда services = [\"{1}\"] и запустите init без --service",
        "random ones of a small block, {1} as far as was seen (can be searched)":
            "случайные из небольшого блока, {1}, насколько видно (можно перебрать)",
        "random ones, {1} as far as was seen (cannot be foreseen)":
            "случайные, {1}, насколько видно (нельзя предвидеть)",
        "registered; it sees you at {1}":
            "зарегистрирован; она видит вас как {1}",
        "remove it":
            "удалите его",
        "remove some of them":
            "удалите часть из них",
        "removing {1} deletes the messages too, and there is no terminal to ask on":
            "вместе с {1} удаляются и сообщения, а спросить не на чем: терминала нет",
        "restore it from a copy":
            "восстановите её из копии",
        "restore it from a copy, or move it away to begin with an empty one: mv {1} {2}":
            "восстановите её из копии или уберите, чтобы начать с пустой: mv {1} {2}",
        "restore it from a copy; without one, make a new identity and give your contacts its key":
            "восстановите его из копии; если её нет, создайте новую личность и дайте контактам её ключ",
        "restore it from your backup":
            "восстановите его из резервной копии",
        "restore the right key file, or use another --profile":
            "восстановите нужный файл ключа или укажите другой --profile",
        "run as its owner, or use your own":
            "запустите от имени владельца или возьмите свой",
        "say what to remove: a contact, --before or --all":
            "скажите, что удалить: контакт, --before или --all",
        "see what reads there, and run both sides again":
            "посмотрите, что там читает, и запустите обе стороны снова",
        "see who owns it: ls -l {1}":
            "посмотрите, чей он: ls -l {1}",
        "see who owns it: ls -ld {1}":
            "посмотрите, чей он: ls -ld {1}",
        "send it again":
            "отправьте ещё раз",
        "send it again: it goes on where it stopped":
            "отправьте ещё раз: передача продолжится с того же места",
        "send it as a file":
            "отправьте файлом",
        "send its folders one by one":
            "отправьте его каталоги по одному",
        "services, token-file, port, port-mapping, lan, downloads, accept, existing, history, history-retention, read-receipts, typing, name, accept-invited and hooks":
            "services, token-file, port, port-mapping, lan, downloads, accept, existing, history, history-retention, read-receipts, typing, name, accept-invited и hooks",
        "several messages begin with “{1}”":
            "с «{1}» начинается несколько сообщений",
        "somebody who was invited cannot be written down: {1}":
            "приглашённого не удаётся записать: {1}",
        "standard input":
            "стандартный ввод",
        "standard input is empty":
            "стандартный ввод пуст",
        "start one: pinhole daemon":
            "запустите его: pinhole daemon",
        "still talking, with nobody in between":
            "разговор идёт дальше, и между ними никого",
        "stop it first":
            "сначала остановите его",
        "stop it first: kill {1}":
            "сначала остановите его: kill {1}",
        "stop that program, or choose another port (0: any)":
            "остановите её или выберите другой порт (0: любой)",
        "stopped: it only introduces":
            "остановлена: она только знакомит",
        "tell {1} if you did not pass it on, and ask for a new one":
            "скажите {1}, если вы его никому не передавали, и попросите новое",
        "that key alone":
            "только этому ключу",
        "the answer to an invite cannot be stored: {1}":
            "ответ на приглашение не удаётся сохранить: {1}",
        "the block holds no Ed25519 public key":
            "в этом блоке нет открытого ключа Ed25519",
        "the connection was closed here":
            "соединение закрыто здесь",
        "the contact broke the protocol: {1}":
            "контакт нарушил протокол: {1}",
        "the contact ended the session (code {1})":
            "контакт завершил сеанс (код {1})",
        "the contact gave the stream “{1}” up":
            "контакт прервал поток «{1}»",
        "the contact left":
            "контакт ушёл",
        "the contact takes no stream “{1}”":
            "контакт не принимает потока «{1}»",
        "the contacts cannot be read: {1}":
            "не удаётся прочитать контакты: {1}",
        "the control socket {1} cannot be made: {2}":
            "не удаётся создать управляющий сокет {1}: {2}",
        "the control socket {1} cannot be used: {2}":
            "управляющим сокетом {1} нельзя пользоваться: {2}",
        "the database":
            "база данных",
        "the database belongs to another identity":
            "база данных принадлежит другой личности",
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
        "the demonstration did not get on within a minute":
            "показ не продвинулся за минуту",
        "the directory {1} of the control socket cannot be made: {2}":
            "не удаётся создать каталог {1} для управляющего сокета: {2}",
        "the disk is full: {1} cannot be written":
            "диск полон: не удаётся записать {1}",
        "the events cannot be read":
            "события не читаются",
        "the file arrived with another hash: {1}":
            "файл пришёл с другим хешем: {1}",
        "the file did not arrive: {1}":
            "файл не дошёл: {1}",
        "the file has not arrived within {1} s":
            "за {1} с файл не дошёл",
        "the first one who opens it":
            "первому, кто откроет",
        "the history cannot be swept: {1}":
            "историю не удаётся почистить: {1}",
        "the host name “{1}” cannot be looked up now: {2}":
            "имя «{1}» сейчас не удаётся найти: {2}",
        "the host name “{1}” has no address":
            "у имени «{1}» нет адреса",
        "the host of the profile ended before it answered":
            "процесс профиля завершился, не ответив",
        "the host of the profile gave a name that cannot be read":
            "процесс профиля дал имя, которое нельзя прочитать",
        "the input":
            "ввод",
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
            "файл ключа повреждён: в нём нет целой личности",
        "the key file is sealed with a passphrase, and none was given":
            "файл ключа запечатан паролем, а он не дан",
        "the key file was sealed by another version of the program":
            "файл ключа запечатала другая версия программы",
        "the key file {1} is damaged: it holds no complete identity":
            "файл ключа {1} повреждён: в нём нет целой личности",
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
        "the key is your own":
            "это ваш собственный ключ",
        "the key is {1}'s already":
            "это уже ключ контакта {1}",
        "the key should begin with {1}, and this one begins with {2}":
            "ключ должен начинаться с {1}, а этот начинается с {2}",
        "the key's checksum is wrong: it has a typing error or is cut off":
            "контрольная сумма ключа неверна: в нём опечатка или он обрезан",
        "the keys are services, token-file, port, port-mapping, lan, downloads and accept":
            "ключи: services, token-file, port, port-mapping, lan, downloads и accept",
        "the keys are services, token-file, port, port-mapping, lan, downloads, accept and existing":
            "ключи: services, token-file, port, port-mapping, lan, downloads, accept и existing",
        "the keys are {1}":
            "ключи: {1}",
        "the keys of the session are used up":
            "ключи сеанса исчерпаны",
        "the limit is from 1 to 1000":
            "предел — от 1 до 1000",
        "the limit is from 1 to 400":
            "предел — от 1 до 400",
        "the line is not an OpenSSH Ed25519 public key (ssh-ed25519 AAAA… comment)":
            "это не строка открытого ключа OpenSSH Ed25519 (ssh-ed25519 AAAA… комментарий)",
        "the message has {1} bytes, and {2} are the most":
            "в сообщении {1} байт, а можно не больше {2}",
        "the message was cancelled":
            "сообщение отменено",
        "the message was cancelled, and may have arrived all the same":
            "сообщение отменено, но могло всё же дойти",
        "the message will not be sent again":
            "сообщение больше не будет отправлено",
        "the messages are deleted, but another process still reads the log that held them":
            "сообщения удалены, но другой процесс ещё читает журнал, в котором они были",
        "the name comes first: pinhole contact add NAME KEY":
            "сначала имя: pinhole contact add ИМЯ КЛЮЧ",
        "the name in an invite has at most {1} bytes":
            "имя в приглашении — не больше {1} байт",
        "the name of a consumer of events has 1 to 200 bytes":
            "имя получателя событий — от 1 до 200 байт",
        "the name of a stream has 1 to {1} bytes":
            "имя потока — от 1 до {1} байт",
        "the network was not measured in time":
            "сеть не удалось измерить вовремя",
        "the node ended while waiting for {1}":
            "узел остановился, пока ждали: {1}",
        "the node is not running":
            "узел не работает",
        "the node is starting again with another configuration":
            "узел перезапускается с другими настройками",
        "the offer could not be accepted":
            "предложение нельзя было принять",
        "the only one is message":
            "там бывает только message",
        "the own process asks for events itself":
            "свой процесс спрашивает события сам",
        "the output cannot be written: {1}":
            "вывод не записать: {1}",
        "the parameters are not a JSON object":
            "параметры — не объект JSON",
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
        "the pipe was interrupted: {1}":
            "канал прерван: {1}",
        "the pipe was not taken up":
            "к каналу никто не подключился",
        "the policy is all, ask, none or default":
            "здесь нужно all, ask, none или default",
        "the process that had the profile open has ended":
            "процесс, у которого был открыт профиль, завершился",
        "the process that ran the node has ended":
            "процесс, в котором работал узел, завершился",
        "the profile is of another user":
            "профиль принадлежит другому пользователю",
        "the receiver cannot store it at the moment":
            "получатель сейчас не может его сохранить",
        "the receiver could not store it":
            "получатель не смог сохранить файл",
        "the receiver has something of that name, and keeps it":
            "у получателя уже есть что-то с этим именем, и он это оставляет",
        "the receiver is asked whether to take it":
            "получателя спрашивают, брать ли его",
        "the request is not there any more":
            "этой просьбы больше нет",
        "the router forwards its port {1} ({2}), which was reached from outside":
            "маршрутизатор пробрасывает свой порт {1} ({2}), снаружи он доступен",
        "the router forwards no port (PCP, NAT-PMP or UPnP would make this network easy)":
            "маршрутизатор не пробрасывает порта (с PCP, NAT-PMP или UPnP эта сеть стала бы лёгкой)",
        "the router has not answered yet":
            "маршрутизатор ещё не ответил",
        "the router is not asked to forward a port (port-mapping = false)":
            "маршрутизатор не просят пробросить порт (port-mapping = false)",
        "the router says that it forwards its port {1} ({2}), which was not reached from outside yet":
            "маршрутизатор говорит, что пробрасывает свой порт {1} ({2}); снаружи он пока не доступен",
        "the safety numbers differ: one was misread, or the key you have for {1} is not theirs":
            "коды безопасности различаются: один прочитан неверно или ключ, который у вас для {1}, чужой",
        "the safety numbers of the two sides differ":
            "коды безопасности двух сторон различаются",
        "the same port towards everybody (easy)":
            "один порт для всех (лёгкий)",
        "the search index cannot be read":
            "указатель для поиска не читается",
        "the second peer to register":
            "регистрации второго узла",
        "the secret key of {1}":
            "секретный ключ {1}",
        "the service cannot be started: {1}":
            "не удаётся запустить службу: {1}",
        "the service to answer":
            "ответа службы",
        "the session has ended: {1}":
            "сеанс завершился: {1}",
        "the socket {1} cannot be made: {2}":
            "не удаётся создать сокет {1}: {2}",
        "the socket {1} of the pipe cannot be reached: {2}":
            "до сокета канала {1} не достучаться: {2}",
        "the stream “{1}” is over: the session has ended, or it was closed here":
            "поток «{1}» окончен: сеанс завершился или поток закрыли здесь",
        "the time of a handshake cannot be stored":
            "не удаётся сохранить время рукопожатия",
        "the token file":
            "файл с пропуском",
        "the transfer failed":
            "передача не удалась",
        "there are ":
            "есть ",
        "there are no completions for “{1}”":
            "для «{1}» дополнений нет",
        "there are none":
            "их нет",
        "there are some for bash, zsh and fish":
            "они есть для bash, zsh и fish",
        "there is a profile at {1} already; a key is never overwritten":
            "в {1} уже есть профиль; ключ никогда не перезаписывается",
        "there is no command /{1}; /help lists them":
            "нет команды /{1}; /help покажет все",
        "there is no command “{1}”":
            "нет команды «{1}»",
        "there is no contact named “{1}”":
            "нет контакта с именем «{1}»",
        "there is no directory {1}":
            "нет каталога {1}",
        "there is no file {1}":
            "нет файла {1}",
        "there is no file “{1}”":
            "нет файла «{1}»",
        "there is no invite “{1}”":
            "нет приглашения «{1}»",
        "there is no message {1}":
            "нет сообщения {1}",
        "there is no message “{1}” in the outbox":
            "в исходящих нет сообщения «{1}»",
        "there is no parameter “{1}”: {2}":
            "нет параметра «{1}»: {2}",
        "there is no profile at {1}":
            "в {1} нет профиля",
        "there is no profile in {1}":
            "в {1} нет профиля",
        "there is no session for a stream, or too many streams are open":
            "нет сеанса для потока или открыто слишком много потоков",
        "there is no terminal to ask for the new passphrase on":
            "спросить новый пароль не на чем: терминала нет",
        "there is not enough free memory to turn the passphrase into a key (256 MiB are needed)":
            "не хватает памяти, чтобы превратить пароль в ключ (нужно 256 МиБ)",
        "there is nothing to search for":
            "искать нечего",
        "there is something of that name already":
            "что-то с этим именем уже есть",
        "there was no reply within {1} s":
            "ответа не было {1} с",
        "there was no time to find out everything":
            "на всё не хватило времени",
        "these are not eighteen safety words: one was misheard, mistyped or left out":
            "это не восемнадцать слов безопасности: какое-то не расслышано, ошибочно или пропущено",
        "this is a key, not an invite":
            "это ключ, а не приглашение",
        "this is a secret key: never give it to anyone, and ask for the public one, which begins with pin1":
            "это секретный ключ: никому его не давайте и попросите открытый, который начинается с pin1",
        "this is an invitation, not a command":
            "это приглашение, а не команда",
        "this is an invite, not a command":
            "это приглашение, а не команда",
        "this is not an invite, which begins with pinhole://add/1":
            "это не приглашение: оно начинается с pinhole://add/1",
        "this is the address of a signaling service, not a command":
            "это адрес сигнальной службы, а не команда",
        "this is too long for a QR code":
            "для QR-кода это слишком длинно",
        "this line is not JSON, or too deep":
            "эта строка — не JSON или слишком вложенная",
        "this machine has no address of that family":
            "у этого компьютера нет адреса этого семейства",
        "this machine is not connected to any network":
            "этот компьютер не подключён ни к какой сети",
        "this needs the network, and no process runs the node of this profile":
            "для этого нужна сеть, а узел этого профиля нигде не работает",
        "this needs the network, and the profile is open without it":
            "для этого нужна сеть, а профиль открыт без неё",
        "too many files of this contact wait for an answer: it was refused":
            "слишком много файлов этого контакта ждут ответа: он отклонён",
        "too many of your files wait there for an answer":
            "слишком много ваших файлов ждут там ответа",
        "too many programs are connected: {1}":
            "подключено слишком много программ: {1}",
        "too many streams are open to the contact":
            "с контактом открыто слишком много потоков",
        "too slow: more than {1} bytes wait to be read":
            "слишком медленно: больше {1} байт ждут чтения",
        "true or false":
            "true или false",
        "try again":
            "попробуйте снова",
        "unknown: no service is configured that could be asked":
            "неизвестно: не настроено ни одной службы, у которой можно спросить",
        "unknown: the NAT could not be measured":
            "неизвестно: NAT измерить не удалось",
        "unknown: the services' names have no address, or no name server answers":
            "неизвестно: у имён служб нет адреса или не отвечает сервер имён",
        "upgrade Pinhole":
            "обновите Pinhole",
        "use IPv6, a port mapping on one of the routers, or another network on either side":
            "поможет IPv6, проброс порта на одном из маршрутизаторов или другая сеть с любой стороны",
        "use IPv6, a port mapping on your router, or another network here":
            "поможет IPv6, проброс порта на вашем маршрутизаторе или другая сеть здесь",
        "use IPv6, a port mapping on {1}'s router, or another network there":
            "поможет IPv6, проброс порта на маршрутизаторе {1} или другая сеть там",
        "values":
            "значения",
        "verified":
            "проверен",
        "what arrived was not what was offered":
            "пришло не то, что было предложено",
        "what is offered has sizes that cannot be":
            "у предложенного невозможные размеры",
        "what waits goes out by itself while 'pinhole listen' or a chat runs":
            "ждущее уйдёт само, пока работает «pinhole listen» или беседа",
        "what was measured of this network cannot be stored":
            "не удаётся сохранить, что измерено об этой сети",
        "what you write waits until {1} has":
            "написанное ждёт, пока {1} это сделает",
        "whoever has the older program should install the newer one":
            "тому, у кого программа старее, стоит установить новую",
        "without a terminal nobody can confirm this":
            "без терминала это некому подтвердить",
        "without it no other command can use this node":
            "без него другие команды не смогут пользоваться этим узлом",
        "works":
            "работает",
        "works: the router leads its own outer addresses back inside":
            "работает: маршрутизатор возвращает внутрь обращения к своим внешним адресам",
        "write it as 2026-11-21T14:02:11.042Z":
            "пишите его как 2026-11-21T14:02:11.042Z",
        "you have a contact named {1} already":
            "у вас уже есть контакт с именем {1}",
        "you have another contact named {1}, with the key {2}":
            "у вас есть другой контакт с именем {1}, с ключом {2}",
        "you have no contact named “{1}”":
            "у вас нет контакта с именем «{1}»",
        "you said: {1}":
            "вы сказали: {1}",
        "you to {1}":
            "вы для {1}",
        "your contacts: {1}":
            "ваши контакты: {1}",
        "your request goes out as soon as both of you are online: keep 'pinhole listen' running, or open the invite again later":
            "просьба уйдёт, как только вы оба будете в сети: оставьте «pinhole listen» или откройте приглашение позже",
        "{1:file|files} kept for the next connection to {2}":
            "{1:файл ждёт|файла ждут|файлов ждут} следующего соединения с {2}",
        "{1:file|files}":
            "{1:файл|файла|файлов}",
        "{1:guessed port|guessed ports} of {2}":
            "{1:угаданный порт|угаданных порта|угаданных портов} {2}",
        "{1:message waits|messages wait} still":
            "ещё {1:сообщение ждёт|сообщения ждут|сообщений ждут}",
        "{1:message|messages}":
            "{1:сообщение|сообщения|сообщений}",
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
        "{1}  (delivered in {2})":
            "{1}  (доставлено за {2})",
        "{1} ({2}) opened your invite and is your contact now.":
            "{1} ({2}) открывает ваше приглашение и теперь ваш контакт.",
        "{1} accepted.":
            "{1} принят.",
        "{1} added, {2} known before, {3} not taken.":
            "Добавлено {1}, известно раньше {2}, не взято {3}.",
        "{1} added: {2}":
            "{1} добавлен: {2}",
        "{1} and {2}":
            "{1} и {2}",
        "{1} answered what this version does not understand":
            "{1} отвечает то, чего эта версия не понимает",
        "{1} answered “{2}”":
            "{1} отвечает «{2}»",
        "{1} became shorter while it was read":
            "{1}: файл стал короче во время чтения",
        "{1} before that time from this machine for good? [y/N] ":
            "{1} до этого времени с этого компьютера навсегда? [y/N] ",
        "{1} can reach you again.":
            "{1} снова может с вами связаться.",
        "{1} cannot be found: {2}: {3}":
            "{1} найти нельзя: {2}: {3}",
        "{1} cannot be read: {2}":
            "не удаётся прочитать {1}: {2}",
        "{1} cannot be served: {2}":
            "{1} недоступен: {2}",
        "{1} cannot be written: its file system is read-only":
            "не удаётся записать {1}: файловая система только для чтения",
        "{1} cannot be written: {2}":
            "не удаётся записать {1}: {2}",
        "{1} changed since it was offered":
            "{1}: изменилось с тех пор, как было предложено",
        "{1} changed while it was being sent":
            "{1}: файл изменился во время отправки",
        "{1} could not be reached within {2} s":
            "за {2} с связаться с {1} не удалось",
        "{1} declined your request":
            "{1} отклоняет вашу просьбу",
        "{1} did not answer":
            "{1} не отвечает",
        "{1} did not answer at the address that you gave":
            "{1} не отвечает по указанному вами адресу",
        "{1} did not answer the ping within {2} s":
            "{1} не отвечает на проверку связи {2} с",
        "{1} does not answer: {2}":
            "{1} не отвечает: {2}",
        "{1} does not know {2}":
            "{1} не знает {2}",
        "{1} exists already":
            "{1} уже есть",
        "{1} exists already, and an identity is never overwritten":
            "{1} уже есть, а личность никогда не перезаписывается",
        "{1} exists and does not name this service":
            "{1} уже есть и не называет этой службы",
        "{1} from this machine for good? [y/N] ":
            "{1} с этого компьютера навсегда? [y/N] ",
        "{1} h {2} min":
            "{1} ч {2} мин",
        "{1} has accepted you.":
            "{1} вас принимает.",
        "{1} has accepted you: pinhole chat {2}":
            "{1} вас принимает: pinhole chat {2}",
        "{1} has no JSON":
            "у {1} нет JSON",
        "{1} has not accepted you yet":
            "{1} вас ещё не принял",
        "{1} has not answered":
            "{1} не ответила",
        "{1} has not answered at the address you have yet: {2}":
            "{1} ещё не отвечает по известному вам адресу: {2}",
        "{1} has not received the message within {2} s":
            "за {2} с {1} не получает сообщения",
        "{1} has revoked the invite":
            "{1} отзывает приглашение",
        "{1} has taken nothing for {2}":
            "{1} не принимает ничего уже {2}",
        "{1} has the key {2}.":
            "У {1} ключ {2}.",
        "{1} has {2} ({3}), verified.":
            "{1} получил {2} ({3}), проверено.",
        "{1} holds contacts and messages, but the key file {2} is missing":
            "в {1} есть контакты и сообщения, но нет файла ключа {2}",
        "{1} holds more files than can be sent at once":
            "в {1} больше файлов, чем можно отправить за раз",
        "{1} holds no key":
            "{1}: ключа нет",
        "{1} holds no key: {2}":
            "{1}: ключа нет: {2}",
        "{1} holds {2:key|keys}":
            "{1}: {2:ключ|ключа|ключей}",
        "{1} holds {2} files named like “{3}”":
            "в {1} уже {2} файлов с именем вроде «{3}»",
        "{1} holds {2} folders named like “{3}”":
            "в {1} уже {2} каталогов с именем вроде «{3}»",
        "{1} in {2}, {3}/s":
            "{1} за {2}, {3}/с",
        "{1} invites are open already":
            "уже открыто приглашений: {1}",
        "{1} is a contact already":
            "{1} уже в контактах",
        "{1} is a directory, not a file":
            "{1} — каталог, а не файл",
        "{1} is being received by another process":
            "{1} уже принимает другой процесс",
        "{1} is blocked":
            "{1} заблокирован",
        "{1} is blocked. 'pinhole contact unblock {2}' ends that.":
            "{1} заблокирован. «pinhole contact unblock {2}» снимет это.",
        "{1} is called {2} from now on.":
            "{1} теперь называется {2}.",
        "{1} is gone: {2}":
            "{1} уходит: {2}",
        "{1} is known already; what is new was added.":
            "{1} уже известен; новое добавлено.",
        "{1} is known by another key, {2}":
            "{1} известен с другим ключом, {2}",
        "{1} is known by the key {2}, and {3} was given too: nothing is sent until you decide":
            "{1} известен с ключом {2}, а дан и {3}: ничего не отправляется, пока вы не решите",
        "{1} is known to a service, and has not answered yet: {2}":
            "служба знает {1}, но ответа ещё нет: {2}",
        "{1} is longer than {2} bytes":
            "{1}: длиннее {2} байт",
        "{1} is neither a file nor a folder":
            "{1} — не файл и не каталог",
        "{1} is not UTF-8 text":
            "{1} — не текст UTF-8",
        "{1} is not a contact":
            "{1} — не контакт",
        "{1} is not a directory":
            "{1} — не каталог",
        "{1} is not a file":
            "{1} — не файл",
        "{1} is not a file of this user":
            "{1} — не файл этого пользователя",
        "{1} is not a folder of this user":
            "{1} — не каталог этого пользователя",
        "{1} is not a regular file":
            "{1} — не обычный файл",
        "{1} is not complete: {2}":
            "{1} — не весь: {2}",
        "{1} is not online":
            "{1} не в сети",
        "{1} is not reached now":
            "до {1} сейчас не достучаться",
        "{1} is not verified any more.":
            "{1} больше не проверен.",
        "{1} is not what 'pinhole contact export --json' prints":
            "{1} — не то, что печатает «pinhole contact export --json»",
        "{1} is not your contact: {2}":
            "{1} — не ваш контакт: {2}",
        "{1} is offline.":
            "{1} не в сети.",
        "{1} is online.":
            "{1} в сети.",
        "{1} is revoked.":
            "{1} отозвано.",
        "{1} is the database of another program":
            "{1} — база данных другой программы",
        "{1} is there, and has no pipe open to you":
            "{1} в сети, но канала к вам не открывает",
        "{1} is there, and you were still looking for a path: {2}":
            "{1} в сети, а путь ещё искали: {2}",
        "{1} is typing … > ":
            "{1} пишет … > ",
        "{1} is verified.":
            "{1} проверен.",
        "{1} is you":
            "{1} — это вы",
        "{1} is you: what you send to {2} stays here, as notes.":
            "{1} — это вы: посланное {2} остаётся здесь, как заметки.",
        "{1} is your contact: {2}":
            "{1} — ваш контакт: {2}",
        "{1} knows {2}":
            "{1} знает {2}",
        "{1} left while being pinged":
            "{1} уходит во время проверки связи",
        "{1} may have just left, or does not have you as a contact":
            "возможно, {1} только что вышел из сети или у {1} нет вас в контактах",
        "{1} may have just left, or the network between you is slow":
            "возможно, {1} только что вышел или сеть между вами медленная",
        "{1} may not be read by this user":
            "этот пользователь не может читать {1}",
        "{1} may not be written by this user":
            "этот пользователь не может записать {1}",
        "{1} must add you too. Your key: {2}":
            "{1} тоже должен добавить вас. Ваш ключ: {2}",
        "{1} must be running pinhole with the same service, and have you as a contact":
            "у {1} должен работать pinhole с той же службой, и вы должны быть там в контактах",
        "{1} must be true or false, not “{2}”":
            "{1} должно быть true или false, а не «{2}»",
        "{1} must hold a token of 1 to 255 bytes in its first line":
            "в первой строке {1} должен быть пропуск от 1 до 255 байт",
        "{1} not delivered":
            "не доставлено: {1}",
        "{1} not delivered. {2}":
            "Не доставлено: {1}. {2}",
        "{1} not delivered: {2}":
            "не доставлено ({1}): {2}",
        "{1} not used: '{2}' (pid {3}) runs the node of this profile, with settings of its own.":
            "{1} не используется: узел этого профиля работает в «{2}» (pid {3}) со своими настройками.",
        "{1} offers {2} ({3}): /accept or /refuse":
            "{1} предлагает {2} ({3}): /accept или /refuse",
        "{1} refused.":
            "{1} отклонён.",
        "{1} removed.":
            "{1} удалён.",
        "{1} said where to reach them: {2:address|addresses}":
            "{1} сообщает, где его искать: {2:адрес|адреса|адресов}",
        "{1} sends {2} ({3}) …":
            "{1} отправляет {2} ({3}) …",
        "{1} sent, answered after {2}{3}":
            "отправлено {1}, ответ через {2}{3}",
        "{1} sent, no answer":
            "отправлено {1}, ответа нет",
        "{1} sent, {2} received.":
            "Отправлено {1}, получено {2}.",
        "{1} speaks version {2} of the protocol, and this program version {3}":
            "у {1} версия протокола {2}, а у этой программы {3}",
        "{1} to {2}":
            "от {1} до {2}",
        "{1} via {2}, connected in {3}{4}{5}":
            "{1} через {2}, соединение за {3}{4}{5}",
        "{1} waits: {2}.":
            "{1} ждёт: {2}.",
        "{1} was declined.":
            "{1} отклонён.",
        "{1} was not delivered: {2}":
            "{1} не доставлен: {2}",
        "{1} was not sent":
            "{1} не отправлен",
        "{1} was read beyond its end":
            "{1}: чтение за концом файла",
        "{1} was told, and must accept you.":
            "{1} знает о вас и должен вас принять.",
        "{1} was told, and must accept you. What you write meanwhile waits.":
            "{1} знает о вас и должен вас принять. Написанное пока ждёт.",
        "{1} {2} belongs to another user":
            "{1} {2} принадлежит другому пользователю",
        "{1} {2} is open to other users (mode {3})":
            "{1} {2}: открыто другим пользователям (права {3})",
        "{1} {2} is open to other users (mode {3}{4})":
            "{1} {2}: открыто другим пользователям (права {3}{4})",
        "{1} {2} sent {3}: {4}":
            "{1} {2} прислал {3}: {4}",
        "{1} {2}: {3} sent, {4}":
            "{1} {2}: отправлено {3}, {4}",
        "{1}'s network":
            "Сеть {1}",
        "{1}'s side of the pipe ended before everything was read":
            "{1} на своей стороне закрыл канал, не дочитав до конца",
        "{1}, for the control socket, is not a directory of yours":
            "{1}, для управляющего сокета, — не ваш каталог",
        "{1}, verified by {2}":
            "{1}, проверено у {2}",
        "{1}, {2}/s, {3} left":
            "{1}, {2}/с, осталось {3}",
        "{1}, {2}/s, {3} s left":
            "{1}, {2}/с, осталось {3} с",
        "{1}/{2} changed while it was being sent, and was left out: send it again":
            "{1}/{2}: изменилось во время отправки и пропущено; отправьте ещё раз",
        "{1}/{2}: its name is not UTF-8":
            "{1}/{2}: имя не в UTF-8",
        "{1}: goes on at {2} of {3}.":
            "{1}: продолжение с {2} из {3}.",
        "{1}: it is neither a file nor a folder":
            "{1}: не файл и не каталог",
        "{1}: it lies too deep":
            "{1}: лежит слишком глубоко",
        "{1}: key {2}; the invite is good and signed by it.":
            "{1}: ключ {2}; приглашение годно и подписано им.",
        "{1}:{2}: a table needs a name, as in [hooks]":
            "{1}:{2}: таблице нужно имя, например [hooks]",
        "{1}: unknown key “{2}”":
            "{1}: неизвестный ключ «{2}»",
        "{1}: unknown key “{2}” in [hooks]":
            "{1}: неизвестный ключ «{2}» в [hooks]",
        "{1}: {2}":
            "{1}: {2}",
        "{1}: {2} of {3}, {4} %":
            "{1}: {2} из {3}, {4} %",
        "{1}: “message” in [hooks] must be an array of words":
            "{1}: «message» в [hooks] должен быть массивом слов",
        "{1}: “services”: {2}":
            "{1}: «services»: {2}",
        "{1}: “{2}” must be {3}":
            "{1}: «{2}» — здесь нужно: {3}",
        "{1}; hint: {2}":
            "{1}; совет: {2}",
        "{1}; {2}":
            "{1}; {2}",
        "“id” must be a string or a number":
            "«id» должен быть строкой или числом",
        "“jsonrpc” must be \"2.0\"":
            "«jsonrpc» должен быть \"2.0\"",
        "“method” must be a string":
            "«method» должен быть строкой",
        "“params” must be an object":
            "«params» должен быть объектом",
        "“{1}” ({2}) opened your invite and asks to be your contact: pinhole contact accept {3}":
            "«{1}» ({2}) открывает ваше приглашение и просится в контакты: pinhole contact accept {3}",
        "“{1}” arrived damaged and was removed":
            "«{1}» пришёл повреждённым и удалён",
        "“{1}” can mean several":
            "«{1}» подходит к нескольким",
        "“{1}” cannot be a contact's name":
            "«{1}» не может быть именем контакта",
        "“{1}” comes with a list of files that cannot be":
            "у «{1}» невозможный список файлов",
        "“{1}” does not begin at the root of the file system":
            "«{1}» не начинается от корня файловой системы",
        "“{1}” goes on behind what is here of it":
            "«{1}» продолжается дальше того, что здесь есть",
        "“{1}” has no usable service key: {2}":
            "в «{1}» нет годного ключа службы: {2}",
        "“{1}” is a file, not a command":
            "«{1}» — файл, а не команда",
        "“{1}” is a key, not a command":
            "«{1}» — ключ, а не команда",
        "“{1}” is missing":
            "нет «{1}»",
        "“{1}” is neither a file nor a folder":
            "«{1}» — не файл и не каталог",
        "“{1}” is not a cursor.":
            "«{1}» — не курсор.",
        "“{1}” is not a line of a name and a key":
            "«{1}» — не строка с именем и ключом",
        "“{1}” is not a regular file":
            "«{1}» — не обычный файл",
        "“{1}” is not a service address":
            "«{1}» — не адрес службы",
        "“{1}” is not a time":
            "«{1}» — не время",
        "“{1}” is not an address":
            "«{1}» — не адрес",
        "“{1}” is not complete: {2} of {3} bytes":
            "«{1}» не весь: {2} из {3} байт",
        "“{1}” is not the name of a message":
            "«{1}» — не имя сообщения",
        "“{1}” is not the name of a transfer":
            "«{1}» — не имя передачи",
        "“{1}” must be a {2}":
            "«{1}» должно быть {2}",
        "“{1}” must not be null":
            "«{1}» не может быть null",
        "✓ {1} you: {2}":
            "✓ {1} вы: {2}",
        "✗ {1} you: {2}":
            "✗ {1} вы: {2}",
        "Ask the services who is there now, and tell when the others were last connected.":
            "Спросить службы, кто сейчас на месте, и сказать, когда остальные были на связи.",
        "One contact a line: name, key, whether you verified it, what keeps you from talking, known addresses, services of its own.\n\nExample:\n  $ pinhole contact list\n  bob    pin1…  verified\n  carol  pin1…  not verified  via signal.example.net:41414\n  $ pinhole contact list --online\n  bob    online\n  carol  offline, last seen 20 Nov 14:02":
            "Один контакт в строке: имя, ключ, проверен ли он, что мешает разговору, известные адреса, свои службы.\n\nПример:\n  $ pinhole contact list\n  bob    pin1…  verified\n  carol  pin1…  not verified  via signal.example.net:41414\n  $ pinhole contact list --online\n  bob    online\n  carol  offline, last seen 20 Nov 14:02",
        "offline, last seen {1}":
            "не в сети, был(а) {1}",
        "offline, never seen":
            "не в сети, ещё не был(а) на связи",
        "online, connected":
            "в сети, на связи",
        "ask for less":
            "попросите меньше",
        "the answer is longer than {1} bytes":
            "ответ длиннее, чем {1} байт",
        "its sender did not come back for 30 days":
            "отправитель не возвращался 30 дней",
        "Lines only: no colours, no cursor movements, no progress bars (PINHOLE_PLAIN).":
            "Только строки: без цвета, движений курсора и полос хода (PINHOLE_PLAIN).",
        "Another process runs the hooks; this one does when it ends.":
            "Обработчики запускает другой процесс; этот начнёт, когда тот завершится.",
        "the process that ran the node has ended, and this one does not have the passphrase of the sealed key":
            "процесс, где работал узел, завершился, а у этого нет парольной фразы запечатанного ключа",
        "it goes on as soon as another command runs the node; or end it and start it again":
            "он продолжит, как только узел запустит другая команда; или завершите его и начните снова",
        "Send also what was given up, once more.":
            "Отправить снова и то, что было отменено.",
        "the key is sealed with a passphrase of another program: take it off a copy first":
            "ключ запечатан парольной фразой другой программы: сначала снимите её с копии",
        "the file holds no Ed25519 secret key":
            "в файле нет секретного ключа Ed25519",
        "Online    nobody":
            "В сети    никого",
        "Online    {1}":
            "В сети    {1}",
    ]
}
