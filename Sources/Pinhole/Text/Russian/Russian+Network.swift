/// What the library says of networks, paths and services.
extension Russian {
    // swift-format-ignore
    static let network: [String: String] = [
        "UDP port {1} is in use by another program":
            "порт UDP {1} занят другой программой",
        "UDP port {1} may not be bound by this user":
            "этот пользователь не может занять порт UDP {1}",
        "a connection was closed: {1}":
            "соединение закрыто: {1}",
        "a firewall may block UDP between you; try another network on either side":
            "возможно, UDP между вами блокирует брандмауэр; попробуйте другую сеть с любой стороны",
        "a message could not be stored":
            "не удалось сохранить сообщение",
        "a request and its reply have at most 1 MiB each":
            "запрос и ответ — не больше 1 МиБ каждый",
        "check how the name is spelled, and that this machine has a name server":
            "проверьте, как написано имя и есть ли у этого компьютера сервер имён",
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
        "choose a port above 1023":
            "выберите порт больше 1023",
        "closed here":
            "закрыто здесь",
        "copy the whole address that the service printed when it started":
            "скопируйте адрес целиком, как его напечатала служба при запуске",
        "give --service pinhole-signal://…, the address of one that {1} uses too":
            "укажите --service pinhole-signal://…, адрес той, которой пользуется и {1}",
        "good: direct connections work with everybody whose network lets UDP out":
            "хорошо: прямая связь возможна со всеми, чья сеть выпускает UDP",
        "good: direct connections work with everybody whose network lets UDP out; behind a hard NAT they may take a few seconds":
            "хорошо: прямая связь возможна со всеми, чья сеть выпускает UDP; за сложным NAT она может занять несколько секунд",
        "good: your router forwards a port, so everybody whose network lets UDP out can reach you":
            "хорошо: маршрутизатор пробрасывает порт, и до вас может достучаться каждый, чья сеть выпускает UDP",
        "hard, but its ports can be foreseen: direct connections work, within seconds, with most people but those behind a NAT with random ports":
            "сложно, но порты предсказуемы: прямая связь, за считаные секунды, возможна с большинством, кроме тех, кто за NAT со случайными портами",
        "hard: direct connections work, within seconds, with people who are not behind a hard NAT too; with the others over IPv6":
            "сложно: прямая связь, за считаные секунды, возможна с теми, кто сам не за сложным NAT; с остальными — по IPv6",
        "has a NAT of unknown kind":
            "за NAT неизвестного вида",
        "has a hard NAT (another port for every destination)":
            "за сложным NAT (для каждого адресата другой порт)",
        "has an easy NAT (one port for all destinations)":
            "за простым NAT (один порт для всех адресатов)",
        "has no NAT":
            "без NAT",
        "has no NAT, but a firewall that lets in only answers":
            "без NAT, но с брандмауэром, который впускает только ответы",
        "the sender's file changed, or is gone":
            "файл у отправителя изменился или исчез",
        "it does not answer: it may be down, its key may differ from the address you have, or UDP is blocked":
            "она не отвечает: выключена, её ключ не тот, что в вашем адресе, или UDP блокируется",
        "it has not answered yet":
            "она ещё не ответила",
        "it is stopping":
            "она останавливается",
        "it reads {1}pinsrv1…@host:port":
            "он пишется {1}pinsrv1…@host:port",
        "it refuses: {1}":
            "она отказывает: {1}",
        "it stopped answering":
            "она перестала отвечать",
        "it was cancelled":
            "операция отменена",
        "it was declined":
            "отклонено",
        "no UDP socket can be opened: {1}":
            "не удаётся открыть сокет UDP: {1}",
        "no direct path to {1}: your network {2}, and {3}'s network {4}":
            "нет прямого пути к {1}: ваша сеть {2}, а сеть {3} {4}",
        "no service answers: the services are down, or this network blocks UDP":
            "ни одна служба не отвечает: они выключены или эта сеть блокирует UDP",
        "no service is configured by which {1} could be found":
            "не настроено службы, через которую можно найти {1}",
        "no signaling service answers, so {1} cannot be found":
            "ни одна сигнальная служба не отвечает, поэтому найти {1} нельзя",
        "nothing came for 60 s":
            "60 с ничего не приходило",
        "stop that program, or choose another port (0: any)":
            "остановите её или выберите другой порт (0: любой)",
        "the connection was closed here":
            "соединение закрыто здесь",
        "the contact broke the protocol: {1}":
            "контакт нарушил протокол: {1}",
        "the contact ended the session (code {1})":
            "контакт завершил сеанс (код {1})",
        "the contact left":
            "контакт ушёл",
        "the contacts cannot be read: {1}":
            "не удаётся прочитать контакты: {1}",
        "the history cannot be swept: {1}":
            "историю не удаётся почистить: {1}",
        "the host name “{1}” cannot be looked up now: {2}":
            "имя «{1}» сейчас не удаётся найти: {2}",
        "the host name “{1}” has no address":
            "у имени «{1}» нет адреса",
        "the keys of the session are used up":
            "ключи сеанса исчерпаны",
        "the name of a stream has 1 to {1} bytes":
            "имя потока — от 1 до {1} байт",
        "the network was not measured in time":
            "сеть не удалось измерить вовремя",
        "the node is not running":
            "узел не работает",
        "the offer could not be accepted":
            "предложение нельзя было принять",
        "the receiver cannot store it at the moment":
            "получатель сейчас не может его сохранить",
        "the receiver could not store it":
            "получатель не смог сохранить файл",
        "the receiver has something of that name, and keeps it":
            "у получателя уже есть что-то с этим именем, и он это оставляет",
        "the receiver is asked whether to take it":
            "получателя спрашивают, брать ли его",
        "the time of a handshake cannot be stored: {1}":
            "не удаётся сохранить время рукопожатия: {1}",
        "there is no session for a stream":
            "нет сеанса для потока",
        "there was no reply within {1} s":
            "ответа не было {1} с",
        "this machine is not connected to any network":
            "этот компьютер не подключён ни к какой сети",
        "this service has no room for all of your contacts: some cannot find you here":
            "у этой службы нет места для всех ваших контактов: некоторые не найдут вас здесь",
        "this service is for holders of an access token: name the file with yours as token-file in your configuration":
            "эта служба для тех, у кого есть пропуск: назовите файл с вашим в настройках как token-file",
        "this service is full: try again later, or use another":
            "эта служба переполнена: попробуйте позже или возьмите другую",
        "too many of your files wait there already":
            "у получателя уже ждёт слишком много ваших файлов",
        "too many registrations come from your address: try again later":
            "с вашего адреса слишком много регистраций: попробуйте позже",
        "unknown: no service is configured that could be asked":
            "неизвестно: не настроено ни одной службы, у которой можно спросить",
        "unknown: the NAT could not be measured":
            "неизвестно: NAT измерить не удалось",
        "unknown: the services' names have no address, or no name server answers":
            "неизвестно: у имён служб нет адреса или не отвечает сервер имён",
        "use IPv6, a port mapping on one of the routers, or another network on either side":
            "поможет IPv6, проброс порта на одном из маршрутизаторов или другая сеть с любой стороны",
        "use IPv6, a port mapping on your router, or another network here":
            "поможет IPv6, проброс порта на вашем маршрутизаторе или другая сеть здесь",
        "use IPv6, a port mapping on {1}'s router, or another network there":
            "поможет IPv6, проброс порта на маршрутизаторе {1} или другая сеть там",
        "what arrived was not what was offered":
            "пришло не то, что было предложено",
        "what was measured of this network cannot be stored: {1}":
            "не удаётся сохранить, что измерено об этой сети: {1}",
        "whoever has the older program should install the newer one":
            "тому, у кого программа старее, стоит установить новую",
        "{1} cannot be found: {2}: {3}":
            "{1} найти нельзя: {2}: {3}",
        "{1} cannot be served: {2}":
            "{1} недоступен: {2}",
        "{1} did not answer":
            "{1} не отвечает",
        "{1} did not answer at the address that you gave":
            "{1} не отвечает по указанному вами адресу",
        "{1} is not online":
            "{1} не в сети",
        "{1} may have just left, or does not have you as a contact":
            "возможно, {1} только что вышел из сети или у {1} нет вас в контактах",
        "{1} must be running pinhole with the same service, and have you as a contact":
            "у {1} должен работать pinhole с той же службой, и вы должны быть там в контактах",
        "{1} speaks version {2} of the protocol, and this program version {3}":
            "у {1} версия протокола {2}, а у этой программы {3}",
        "{1}; hint: {2}":
            "{1}; совет: {2}",
        "“{1}” has no usable service key: {2}":
            "в «{1}» нет годного ключа службы: {2}",
        "“{1}” is not a service address":
            "«{1}» — не адрес службы",
    ]
}
