/// What the commands say of networks: `netcheck`, `doctor`, `ping`, who is there.
extension Russian {
    // swift-format-ignore
    static let networkCommands: [String: String] = [
        "  Filter":
            "  Фильтр",
        "  NAT":
            "  NAT",
        " (measured {1} ago)":
            " (измерено {1} назад)",
        ", by trying {1:port|ports} of its NAT {2}":
            ", перебором {1:порта|портов|портов} его NAT {2}",
        ", in use":
            ", используется",
        ", {1:time|times} in all":
            ", всего {1:раз|раза|раз}",
        "--count must be at least 1":
            "--count должен быть не меньше 1",
        "--timeout must be more than 0 and at most 3600 seconds":
            "--timeout должен быть больше 0 и не больше 3600 секунд",
        "--timeout must be more than 0 and at most 600 seconds":
            "--timeout должен быть больше 0 и не больше 600 секунд",
        "--verbose shows addresses: it does not go together with --hide-addresses":
            "--verbose показывает адреса: вместе с --hide-addresses он не годится",
        "Addresses of {1}":
            "Адреса {1}",
        "Filter":
            "Фильтр",
        "Hairpin":
            "Петля",
        "IPv4":
            "IPv4",
        "IPv6":
            "IPv6",
        "IPv6 NAT":
            "NAT IPv6",
        "Lifetime":
            "Срок",
        "Mapping":
            "Проброс",
        "NAT":
            "NAT",
        "No contacts yet: pinhole contact add NAME KEY":
            "Контактов ещё нет: pinhole contact add ИМЯ КЛЮЧ",
        "Note":
            "Примечание",
        "Ports":
            "Порты",
        "Result":
            "Итог",
        "Service":
            "Служба",
        "UDP":
            "UDP",
        "Verdict":
            "Вывод",
        "What happened":
            "Что происходило",
        "What helps":
            "Поможет",
        "Your network":
            "Ваша сеть",
        "a direct path: {1}":
            "прямой путь: {1}",
        "a private address of another network":
            "частный адрес другой сети",
        "an idle mapping is gone after {1}{2}":
            "неиспользуемой записи нет уже через {1}{2}",
        "an idle mapping lives {1} or longer{2}":
            "неиспользуемая запись живёт {1} или дольше{2}",
        "an idle mapping lives {1}, and is gone after {2}{3}":
            "неиспользуемая запись живёт {1}, а через {2} её уже нет{3}",
        "another port for each address (hard)":
            "другой порт для каждого адреса (сложный)",
        "another port for each address and port (hard)":
            "другой порт для каждого адреса и порта (сложный)",
        "answered after {1}":
            "ответ через {1}",
        "answered later, in use":
            "ответил позже, используется",
        "answers in {1}":
            "отвечает за {1}",
        "asked {1} for {2}{3}":
            "запрос к {1} о {2}{3}",
        "began to guess ports of {1}'s NAT":
            "начат перебор портов NAT у {1}",
        "changed by the NAT, in a way that could not be seen":
            "NAT меняет их, а как — увидеть не удалось",
        "connected":
            "соединение",
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
        "does not answer":
            "не отвечает",
        "does not work: others behind this router are reached inside only":
            "не работает: других за этим маршрутизатором видно только изнутри",
        "first datagram of {1}, from {2}":
            "первая датаграмма от {1}, с {2}",
        "first datagram to {1}":
            "первая датаграмма к {1}",
        "from {1:socket|sockets}":
            "с {1:сокета|сокетов|сокетов}",
        "gave up":
            "попытки прекращены",
        "give --service pinhole-signal://…, or put services = [\"pinhole-signal://…\"] into {1}":
            "укажите --service pinhole-signal://… или впишите services = [\"pinhole-signal://…\"] в {1}",
        "give it longer with --timeout":
            "дайте больше времени с --timeout",
        "is the address right, is the service up, does this network block UDP?":
            "верен ли адрес, работает ли служба, не блокирует ли эта сеть UDP?",
        "is the name spelled right, and does this machine reach a name server?":
            "верно ли написано имя, и есть ли у этого компьютера сервер имён?",
        "it is a signaling service's":
            "это адрес сигнальной службы",
        "it is your own":
            "это ваш собственный",
        "it means everybody on your network":
            "это вся ваша сеть",
        "kept as they are on this machine":
            "остаются как на этом компьютере",
        "kept as they are on this machine, as far as was seen":
            "остаются как на этом компьютере, насколько видно",
        "lets in everybody":
            "впускает всех",
        "lets in only addresses you wrote to":
            "впускает только адреса, которым вы писали",
        "lets in only ports you wrote to":
            "впускает только порты, которым вы писали",
        "no answer":
            "ответа нет",
        "no service has answered yet: {1}, or try 'pinhole netcheck'":
            "ни одна служба ещё не ответила: {1} или попробуйте «pinhole netcheck»",
        "no service was reached yet: {1}, or try 'pinhole netcheck'":
            "ни до одной службы ещё не достучались: {1} или попробуйте «pinhole netcheck»",
        "no signaling service answered over UDP":
            "ни одна сигнальная служба не ответила по UDP",
        "no signaling service is configured, so there is nobody to ask":
            "не настроено ни одной сигнальной службы, спросить не у кого",
        "no signaling service was found: its name has no address":
            "сигнальной службы не нашлось: у её имени нет адреса",
        "nobody can be there":
            "там никого не может быть",
        "none":
            "нет",
        "none, the address is your own":
            "нет, адрес ваш собственный",
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
        "pong from {1}: {2} via {3}":
            "ответ от {1}: {2} через {3}",
        "pong from {1}: {2}":
            "ответ от {1}: {2}",
        "random ones of a small block, {1} as far as was seen (can be searched)":
            "случайные из небольшого блока, {1}, насколько видно (можно перебрать)",
        "random ones, {1} as far as was seen (cannot be foreseen)":
            "случайные, {1}, насколько видно (нельзя предвидеть)",
        "the router forwards its port {1} ({2}), which was reached from outside":
            "маршрутизатор пробрасывает свой порт {1} ({2}), снаружи он доступен",
        "the router forwards no port (PCP, NAT-PMP or UPnP would make this network easy)":
            "маршрутизатор не пробрасывает порта (с PCP, NAT-PMP или UPnP эта сеть стала бы простой)",
        "the router has not answered yet":
            "маршрутизатор ещё не ответил",
        "the router is not asked to forward a port (port-mapping = false)":
            "маршрутизатор не просят пробросить порт (port-mapping = false)",
        "the router says that it forwards its port {1} ({2}), which was not reached from outside yet":
            "маршрутизатор говорит, что пробрасывает свой порт {1} ({2}); снаружи он пока не доступен",
        "the same port towards everybody (easy)":
            "один порт для всех (простой)",
        "there was no time to find out everything":
            "на всё не хватило времени",
        "this machine has no address of that family":
            "у этого компьютера нет адреса этого семейства",
        "works":
            "работает",
        "works: the router leads its own outer addresses back inside":
            "работает: маршрутизатор возвращает внутрь обращения к своим внешним адресам",
        "{1:guessed port|guessed ports} of {2}":
            "{1:угаданный порт|угаданных порта|угаданных портов} {2}",
        "{1} does not know {2}":
            "{1} не знает {2}",
        "{1} has not answered":
            "{1} не ответила",
        "{1} has not answered at the address you have yet: {2}":
            "{1} ещё не отвечает по известному вам адресу: {2}",
        "{1} is known to a service, and has not answered yet: {2}":
            "служба знает {1}, но ответа ещё нет: {2}",
        "{1} is there, and you were still looking for a path: {2}":
            "{1} в сети, а путь ещё искали: {2}",
        "{1} knows {2}":
            "{1} знает {2}",
        "{1} may have just left, or the network between you is slow":
            "возможно, {1} только что вышел или сеть между вами медленная",
        "{1} said where to reach them: {2:address|addresses}":
            "{1} сообщает, где его искать: {2:адрес|адреса|адресов}",
        "{1} sent, answered after {2}{3}":
            "отправлено {1}, ответ через {2}{3}",
        "{1} sent, no answer":
            "отправлено {1}, ответа нет",
        "{1} to {2}":
            "от {1} до {2}",
        "{1} {2}: {3} sent, {4}":
            "{1} {2}: отправлено {3}, {4}",
        "{1}'s network":
            "Сеть {1}",
        "{1}; {2}":
            "{1}; {2}",
        "offline, last seen {1}":
            "не в сети, был(а) {1}",
        "offline, never seen":
            "не в сети, ещё не был(а) на связи",
        "online, connected":
            "в сети, на связи",
    ]
}
