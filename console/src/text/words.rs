//! Fixed texts: one line a message, Spanish first.

use super::Lang;

/// Makes the enum, its list and both languages from one table.
macro_rules! words {
    ($($group:literal { $($name:ident: $es:literal, $en:literal;)* })*) => {
        /// A fixed text. The English one is its documentation.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Msg {
            $($(#[doc = concat!($group, ": `", $en, "`")] $name,)*)*
        }

        impl Msg {
            /// Every message.
            pub const ALL: &[Self] = &[$($(Self::$name,)*)*];

            /// The text in `lang`.
            pub const fn text(self, lang: Lang) -> &'static str {
                match (self, lang) {
                    $($((Self::$name, Lang::Es) => $es, (Self::$name, Lang::En) => $en,)*)*
                }
            }
        }
    };
}

words! {
    "Screens" {
        TabOverview: "Resumen", "Overview";
        TabOrders: "Pedidos", "Orders";
        TabQueues: "Colas", "Queues";
        TabStores: "Locales", "Stores";
        TabServices: "Servicios", "Services";
    }
    "Replay" {
        ReplayMark: "REPETICIÓN", "REPLAY";
        AlertOver: "resuelto", "over";
        RecordingMark: "GRABACIÓN", "RECORDING";
        RefusedRecorded: "Esto es una grabación: aquí no se cambia nada.", "This is a recording: nothing can be changed here.";
        TroubleNotRecorded: "Una grabación no guarda payloads.", "A recording holds no payloads.";
        RecordingNotOne: "esto no es una grabación", "this is no recording";
        ReplayPaused: "en pausa", "paused";
        ReplayOver: "fin", "the end";
        WellAsFarAsKnown: "En pedidos y colas nada requería atención. De los servicios no se sabe: sus latidos no se guardan.", "In orders and queues nothing needed attention. Of the services nothing is known: their heartbeats are not kept.";
        NotReplayed: "No forma parte de una repetición.", "Not part of a replay.";
        ReplayMost: "al máximo", "as fast as it goes";
        RefusedReplaying: "Esto es el pasado: aquí no se cambia nada. Esc vuelve a lo actual.", "This is the past: nothing can be changed here. Esc goes back to the present.";
        RefusedNotReplaying: "Ya se muestra lo actual.", "The present is what is shown.";
        RefusedReplayTime: "Se espera una hora pasada: 18:30, 2026-11-24T18:30 o -2h.", "A time in the past is expected: 18:30, 2026-11-24T18:30 or -2h.";
        CommandFromDoes: "repetir lo que pasó desde una hora", "replay what happened from a time on";
        ArgumentFrom: "18:30, 2026-11-24T18:30 o -2h", "18:30, 2026-11-24T18:30 or -2h";
        CommandLiveDoes: "volver a lo actual", "back to the present";
        DoPlayPause: "pausar o seguir", "pause or play";
        DoFaster: "más rápido", "faster";
        DoSlower: "más lento", "slower";
        DoLive: "volver a lo actual", "back to the present";
    }
    "The bus" {
        TabBus: "Bus", "Bus";
        SortName: "por nombre", "by name";
        DoPane: "otra vista", "other view";
        DoTail: "seguir mensajes", "follow messages";
        PaneSubjects: "Asuntos", "Subjects";
        PaneTail: "Mensajes", "Messages";
        PaneServer: "Streams", "Streams";
        PaneClients: "Conectados", "Connected";
        ColumnClient: "Cliente", "Client";
        ColumnUser: "Usuario", "User";
        ColumnSends: "Envía/s", "Sends/s";
        ColumnIsGiven: "Recibe/s", "Gets/s";
        ColumnUnread: "Sin leer", "Unread";
        ColumnRoundTrip: "RTT ms", "RTT ms";
        ColumnIdle: "Quieto", "Idle";
        ColumnListens: "Escucha", "Subs.";
        ColumnAddress: "Desde la IP", "Address";
        ColumnLibrary: "Librería", "Library";
        NoClients: "Nadie más está conectado.", "Nobody else is connected.";
        PaneConnection: "Conexión", "Connection";
        ColumnSubject: "Asunto", "Subject";
        ColumnPerSecond: "Msj/s", "Msg/s";
        ColumnBytesPerSecond: "B/s", "B/s";
        ColumnMessages: "Mensajes", "Messages";
        ColumnBytes: "Bytes", "Bytes";
        ColumnSize: "Tamaño", "Size";
        ColumnSays: "Dice", "Says";
        ColumnStream: "Stream", "Stream";
        ColumnSubjects: "Asuntos", "Subjects";
        ColumnConsumers: "Consum.", "Consum.";
        ColumnPending: "Pendientes", "Pending";
        ColumnAckPending: "Sin conf.", "Unacked";
        ColumnRedelivered: "Repet.", "Redeliv.";
        ColumnFirst: "Primero", "First";
        ColumnLast: "Último", "Last";
        ColumnLeader: "Líder", "Leader";
        NoMessages: "Todavía no ha pasado ningún mensaje.", "No message has passed yet.";
        NoStreams: "El servidor no tiene streams.", "The server has no streams.";
        ToldCommand: "comando", "command";
        MessageTitle: "Mensaje", "Message";
        Headers: "Cabeceras", "Headers";
        BodyJson: "Cuerpo", "Body";
        BodyMasked: "Cuerpo (datos personales ocultos)", "Body (personal data masked)";
        BodyHex: "Bytes", "In bytes";
        NoLeader: "sin líder", "no leader";
        ThereAreMore: "hay más", "there are more";
        Yes: "sí", "yes";
        No: "no", "no";
        FactContext: "Contexto", "Context";
        OverriddenBy: "cambiado por", "changed by";
        FactServer: "Servidor", "Server";
        FactRoundTrip: "Ida y vuelta", "Round trip";
        FactCluster: "Clúster", "Cluster";
        FactConnection: "Esta conexión", "This connection";
        FactPayloadMax: "Mensaje máximo", "Longest message";
        FactSecurity: "Exige", "Insists on";
        FactOthers: "Otros servidores", "Other servers";
        FactDeleted: "Borrados", "Deleted";
        FactMade: "Creado", "Made";
        FactRetention: "Conserva", "Keeps";
        FactFull: "Lleno", "When full";
        FactAgeMax: "Edad máxima", "Longest age";
        FactBytesMax: "Bytes máximos", "Most bytes";
        FactMessagesMax: "Mensajes máximos", "Most messages";
        FactPerSubjectMax: "Por asunto", "Each subject";
        FactReplicas: "Copias", "Copies";
        FactConsumers: "Consumidores", "Consumers";
        ColumnDelivered: "Entregado", "Delivered";
        RetentionLimits: "hasta sus límites", "up to its limits";
        RetentionInterest: "mientras alguien lo espere", "while somebody wants it";
        RetentionWorkQueue: "hasta que se confirma", "until acknowledged";
        FullRefuses: "rechaza mensajes nuevos", "refuses new messages";
        FullDrops: "borra los más viejos", "drops the oldest";
        NoLimit: "sin límite", "no limit";
        OnDisk: "en disco", "on disk";
        InMemory: "en memoria", "in memory";
        HexMasked: "ocultos: el cuerpo puede llevar datos personales", "masked: the body may hold personal data";
    }
    "Another bus" {
        SwitchTitle: "Ir a otro bus", "Go to another bus";
        ButtonSwitch: "Ir", "Go";
    }
    "State of an order" {
        OrderAccepted: "recibido", "received";
        OrderQueued: "en cola", "queued";
        OrderRetrying: "reintentando", "retrying";
        OrderInjected: "inyectado", "injected";
        OrderNotInjected: "no inyectado", "not injected";
        OrderSolved: "solucionado", "solved";
        OrderReinjected: "reinyectado", "reinjected";
        TabNotInjected: "No inyect.", "Not inj.";
        TabLog: "Registro", "Log";
        DoFreeze: "congelar o seguir", "freeze or follow";
        TabNotInjectedShort: "No iny.", "N. inj.";
        TabServicesShort: "Serv.", "Servs.";
        TabOverviewShort: "Resum.", "Overv.";
        TabOrdersShort: "Pedid.", "Orders";
        TabStoresShort: "Local.", "Stores";
        TabLogShort: "Reg.", "Log";
        HappenedLinkLost: "se perdió la conexión de esta consola", "this console lost its connection";
        MisfitFirst: "no había punto de control", "there was no checkpoint";
        MisfitForeign: "alguien más escribió en QUEUES", "somebody else wrote to QUEUES";
        MisfitRewound: "QUEUES perdió su final", "QUEUES has lost its end";
        MisfitOrdersRewound: "ORDERS perdió su final", "ORDERS has lost its end";
        StepUnknown: "un paso que esta versión no conoce", "a step that this version does not know";
        NoCases: "ningún pedido espera a una persona", "no order waits for a person";
        NoLog: "todavía no ha pasado nada", "nothing has happened yet";
        ColumnSince: "Desde", "Since";
        ColumnHappened: "Qué pasó", "What happened";
        ColumnBy: "Por", "By";
        AuditIntent: "empieza una acción", "begins an action";
        AuditOutcome: "terminó una acción", "ended an action";
        PayloadEdited: "contenido editado", "payload edited";
    }
    "State of a store" {
        StoreOpen: "abierto", "open";
        StorePaused: "pausado", "paused";
        StoreDisabled: "deshabilitado", "disabled";
        StoreUnknown: "local desconocido", "unknown store";
    }
    "State of an instance" {
        RunRunning: "en marcha", "running";
        RunPaused: "en pausa", "paused";
        RunDraining: "vaciando", "draining";
        RunStopping: "deteniéndose", "stopping";
        RunStopped: "detenido", "stopped";
        RunSilent: "sin latido", "silent";
        RunUnknown: "estado desconocido", "unknown state";
        RoleActive: "activo", "active";
        RoleStandby: "en espera", "standby";
    }
    "State of a POS" {
        PosUp: "responde", "up";
        PosDown: "no responde", "down";
        ProbeDue: "toca sondeo", "probe due";
        ProbeNow: "sondeando", "probing";
    }
    "Why an attempt failed" {
        FailUnreachable: "sin conexión con el POS", "POS unreachable";
        FailUntrusted: "el certificado del POS no es de confianza", "POS certificate not trusted";
        FailTimeout: "el POS no respondió a tiempo", "no answer in time";
        FailConnectionLost: "se cortó la conexión con el POS", "connection broke";
        FailBusy: "POS ocupado", "POS busy";
        FailPosError: "error del POS", "POS error";
        FailRefused: "rechazado por el POS", "refused by the POS";
        FailNoPos: "el local no tiene POS", "store has no POS";
        FailNoPayload: "el contenido del pedido ya no está en el bus", "the payload is no longer on the bus";
        FailReleased: "liberado por una persona", "released by a person";
        FailUnknown: "motivo desconocido", "unknown reason";
        InDoubt: "en duda: el POS pudo haberlo tomado", "in doubt: the POS may have it";
    }
    "Why a payload was refused" {
        FaultMalformedJson: "no es JSON", "no JSON";
        FaultTooDeep: "anidado en exceso", "nested too deep";
        FaultFormatUnknown: "formato desconocido", "unknown format";
        FaultMissing: "falta un dato", "a field is missing";
        FaultWrongType: "dato de otro tipo", "wrong type";
        FaultDuplicateKey: "clave repetida", "repeated key";
        FaultHeaderCount: "no hay una sola cabecera", "not exactly one header";
        FaultAppCode: "código de pedido inválido", "invalid order code";
        FaultStoreId: "número de local inválido", "invalid store number";
        FaultStorePaused: "local pausado", "store paused";
        FaultStoreDisabled: "local deshabilitado", "store disabled";
        FaultNoLines: "pedido sin productos", "order without lines";
        FaultTooMany: "demasiados elementos", "too many items";
        FaultQuantity: "cantidad inválida", "invalid quantity";
        FaultAmount: "importe inválido", "invalid amount";
        FaultCurrency: "moneda inválida", "invalid currency";
        FaultCurrencyRepeated: "moneda repetida", "repeated currency";
        FaultCodeMismatch: "los códigos no coinciden", "codes do not match";
        FaultPaymentsShort: "los pagos no cubren el total", "payments below the total";
        FaultShippingMethod: "tipo de entrega desconocido", "unknown shipping method";
    }
    "Names of columns" {
        ColumnOrder: "Pedido", "Order";
        ColumnStore: "Local", "Store";
        ColumnName: "Nombre", "Name";
        ColumnCountry: "País", "Ctry";
        ColumnChannel: "Canal", "Channel";
        ColumnCloud: "Nube", "Cloud";
        ColumnState: "Estado", "State";
        ColumnAge: "Demora", "Delay";
        ColumnTime: "Hora", "Time";
        ColumnAttempts: "Int.", "Att.";
        ColumnTotal: "Total", "Total";
        ColumnLines: "Líneas", "Lines";
        ColumnLoyalty: "Puntos", "Points";
        ColumnDepth: "En cola", "Waiting";
        ColumnToday: "Hoy", "Today";
        ColumnOldest: "Más viejo", "Oldest";
        ColumnTrend: "Tendencia", "Trend";
        ColumnOwner: "Resolver", "Resolver";
        ColumnHead: "Primero en cola", "Head order";
        ColumnRetry: "Reintento", "Retry";
        ColumnPos: "POS", "POS";
        ColumnRevision: "Rev.", "Rev.";
        ColumnTakenUp: "Tomada", "Taken up";
        ColumnChanged: "Cambio", "Changed";
        ColumnReason: "Motivo", "Reason";
        ColumnInstance: "Instancia", "Instance";
        ColumnRole: "Rol", "Role";
        ColumnVersion: "Versión", "Version";
        ColumnUptime: "Activo por", "Uptime";
        ColumnRate: "Ritmo", "Rate";
        ColumnMedian: "p50 ms", "p50 ms";
        ColumnNinetyNine: "p99 ms", "p99 ms";
        ColumnLag: "Atraso", "Lag";
        ColumnDone: "Hechos", "Done";
        ColumnInFlight: "En curso", "In flight";
        ColumnBeat: "Latido", "Beat";
        ColumnNumber: "N.º", "Id";
        Accepted: "recibidos", "accepted";
        Injected: "inyectados", "injected";
        NotInjected: "no inyect.", "not inj.";
    }
    "Sections" {
        Attention: "Requiere atención", "Needs attention";
        Rate: "Pedidos cada 10 s", "Orders per 10 s";
        Latest: "Últimos pedidos", "Latest orders";
        CountsToday: "Hoy", "Today";
        CountsSevenDays: "7 días", "7 days";
        CountsMonth: "Mes", "Month";
        CountsNone: "Nadie ha contado todavía: lo hace el distribuidor activo.", "Nobody has counted yet: the active distribuidor does.";
        Clouds: "Por nube", "By cloud";
        Payload: "Contenido (datos personales ocultos)", "Payload (personal data masked)";
        Updates: "Cambios de locales", "Store updates";
        StoreQueue: "Cola del local", "Queue of the store";
        Waits: "Locales que esperan", "Stores that wait";
    }
    "When there is nothing to show" {
        TroubleNotConnected: "sin conexión: no se envió nada", "not connected: nothing was sent";
        TroubleDenied: "este usuario no puede", "this user may not";
        TroubleNoService: "nadie atiende esta solicitud: ¿está en marcha el servicio?", "nobody serves this request: is the service running?";
        TroubleGone: "el bus ya no lo tiene", "the bus does not hold it any more";
        TroubleUnreadable: "no se puede leer la respuesta", "the answer cannot be read";
        OutageClosed: "se cerró la conexión", "the connection was closed";
        OutageSilent: "el servidor no responde", "the server does not answer";
        OutageUnreachable: "no se llega a NATS", "NATS cannot be reached";
        OutageTimeout: "NATS no contesta", "NATS does not answer in time";
        OutageName: "no se halla ese nombre", "the name is not found";
        OutageRights: "NATS niega el acceso", "NATS denies access";
        OutageTls: "falla el cifrado TLS", "TLS encryption fails";
        NoDataYet: "Aún no hay datos.", "No data yet.";
        AllIsWell: "Nada requiere atención.", "Nothing needs attention.";
        NothingWaiting: "No hay nada en cola.", "Nothing is waiting.";
        NoOrders: "Aún no ha llegado ningún pedido.", "No order has come yet.";
        NoStores: "El catálogo no tiene locales.", "The catalogue has no stores.";
        NoServices: "Ningún servicio ha dado latido.", "No service has been heard.";
        NoMatch: "Nada coincide con el filtro.", "Nothing matches the filter.";
        NoUpdates: "Sin cambios desde que se abrió la consola.", "No changes since the console was opened.";
        Gone: "Ya no está en memoria.", "No longer in memory.";
        Fetching: "Cargando...", "Loading...";
        TooSmall: "Terminal muy pequeño (mínimo 40x10)", "Terminal too small (40x10 at least)";
    }
    "How bad it is" {
        Critical: "GRAVE", "URGENT";
        Warning: "AVISO", "WARN";
    }
    "What needs attention" {
        SubjectNotInjected: "No inyectados", "Not injected";
        SubjectUndistributed: "Sin repartir", "Not handed over";
        SubjectInvalid: "Pedidos inválidos", "Invalid payloads";
        NobodyServes: "ninguna instancia trabaja", "no instance works";
        Behind: "en cola", "queued";
        SubjectOwnClock: "Este equipo", "This machine";
        Seen: "visto", "seen";
        OnlyPutOff: "Lo que hay está pospuesto.", "What there is has been put off.";
    }
    "The connection" {
        CommandContextDoes: "abrir el bus de otro contexto de NATS", "open the bus of another NATS context";
        ArgumentContext: "nombre del contexto", "name of the context";
        Production: " PRODUCCIÓN ", " PRODUCTION ";
        ReadOnly: "[SOLO LECTURA]", "[READ ONLY]";
        WithoutTls: "sin TLS", "no TLS";
        LinkUp: "conectado", "connected";
        LinkConnecting: "conectando", "connecting";
        LinkLost: "sin conexión", "disconnected";
        Lost: "perdidos", "lost";
    }
    "What is read from the streams" {
        PartStores: "locales", "stores";
        PartOrders: "pedidos", "orders";
        PartOutcomes: "resultados", "outcomes";
        PartQueues: "colas", "queues";
        PartEvents: "sucesos", "events";
        PartInvalid: "inválidos", "invalid";
        PartAudit: "auditoría", "audit trail";
    }
    "An order" {
        TestOrder: "PEDIDO DE PRUEBA", "TEST ORDER";
        LoyaltyAccrue: "acumula", "accrues";
        LoyaltyRedeem: "canje", "redeems";
        LoyaltyBoth: "ambos", "both";
        SortNewest: "más nuevos primero", "newest first";
        SortOldestOpen: "pendientes más viejos primero", "oldest unresolved first";
        AcceptanceUnseen: "su recepción no se ha visto en el bus", "its acceptance was not seen on the bus";
        AlreadyThere: "el POS ya lo tenía", "the POS had it already";
        Masked: "[oculto]", "[masked]";
        PayloadCut: "El contenido sigue: es demasiado largo para mostrarlo.", "There is more: it is too long to be shown.";
        NothingSelected: "Ninguna fila seleccionada.", "No row is selected.";
    }
    "A store" {
        StoreRecord: "Ficha del local", "Store record";
        StoreAdded: "nuevo", "new";
        StoreChanged: "cambió", "changed";
        PosAddress: "URL del POS", "POS URL";
        Until: "Hasta", "Until";
        Zone: "Zona", "Zone";
        Label: "Etiqueta", "Label";
        TakenUpBy: "Instancias que ya tienen esta revisión", "Instances that have this revision";
        RevisionUnknown: "Aún no se conoce la revisión.", "The revision is not known yet.";
    }
    "An instance" {
        Discovery: "Responde a NATS", "Answers NATS";
        DiscoveryYes: "sí (nats micro ls)", "yes (nats micro ls)";
        DiscoveryNo: "no: no aparece en nats micro ls", "no: nats micro ls does not show it";
        CatalogueRevision: "Catálogo rev.", "Catalogue rev.";
        Listens: "Escucha en", "Listens on";
        Repeated: "Repetidos", "Repeated";
        Conflicts: "Conflictos", "Conflicts";
        InvalidPayloads: "Inválidos", "Invalid";
        Unavailable: "Sin servicio", "Unavailable";
        Term: "Mandato", "Term";
        LiveResolvers: "Resolvers vivos", "Live resolvers";
        UnownedPartitions: "Sin dueño", "Without owner";
        FailedAttempts: "Int. fallidos", "Failed attempts";
        Replays: "Repeticiones", "Replays";
        Partitions: "Particiones", "Partitions";
    }
    "Dialogs" {
        InjectTitle: "Pedido de prueba", "Test order";
        FieldCount: "Cuántos", "How many";
        FieldPace: "Por segundo", "A second";
        FieldTemplate: "Plantilla", "Template";
        FieldService: "Servicio", "Service";
        FieldSubject: "Asunto", "Subject";
        FieldHeader: "Cabecera", "Header";
        FieldBody: "Cuerpo", "Body";
        TemplateDelivery: "domicilio (v2)", "delivery (v2)";
        TemplatePickup: "retiro en local (v3)", "pickup (v3)";
        TemplateRedeem: "canje de puntos (v3)", "redeems points (v3)";
        TemplateAccrue: "acumula puntos (v3)", "earns points (v3)";
        TemplateBoth: "canje y acumula (v3)", "redeems and earns (v3)";
        StoreHint: "código o número del local", "code or number of the store";
        TestMarker: "Lleva la marca \"Prueba No Despachar\": la cocina no lo prepara.",
            "Carries the marker \"Prueba No Despachar\": no kitchen cooks it.";
        MarkerThere: "con la marca de prueba", "with the test marker";
        ConfirmInjects: "Enviar estos pedidos de prueba", "Send these test orders";
        ConfirmInject: "Enviar este pedido de prueba", "Send this test order";
        ConfirmPause: "Pausar esta instancia", "Pause this instance";
        ConfirmResume: "Reanudar esta instancia", "Resume this instance";
        PauseMeans: "Conserva lo que tiene y no empieza nada nuevo hasta que se reanude.",
            "It keeps what it has and starts nothing new until it is resumed.";
        PauseActiveMeans: "Reparte todos los pedidos: mientras esté en pausa nadie más lo hace.",
            "It hands over every order: nobody else does while it is paused.";
        ResumeMeans: "Vuelve a trabajar.", "It works again.";
        PutOffTitle: "Posponer", "Put off";
        PutOffMeans: "Se oculta en esta consola y vuelve solo: al cumplirse el tiempo, o antes si empeora.",
            "It is hidden on this console and comes back by itself: when the time is over, or earlier if it gets worse.";
        ButtonShowAll: "Mostrar los pospuestos", "Show what is put off";
        ButtonCancel: "Cancelar", "Cancel";
        ButtonInject: "Enviar", "Send";
        ButtonPause: "Pausar", "Pause";
        ButtonResume: "Reanudar", "Resume";
    }
    "Commands" {
        CommandPause: "pausar", "pause";
        CommandResume: "reanudar", "resume";
        CommandDrain: "vaciar", "drain";
        CommandPing: "responder", "ping";
        CommandLogLevel: "cambiar el nivel de registro", "log level";
        CommandInject: "tomar un pedido", "inject";
        CommandReinject: "reinyectar", "reinject";
        CommandSolve: "dar por solucionado", "solve";
        CommandRelease: "liberar", "release";
        CommandPingPos: "probar el POS", "ping POS";
        CommandMove: "mover", "move";
    }
    "Why something is not possible" {
        RefusedReadOnly: "Solo lectura: desde aquí no se cambia nada. Vea «:desbloquear».",
            "Read-only: nothing is changed from here. See «:unlock».";
        RefusedNotConnected: "No hay conexión con el bus.", "There is no connection to the bus.";
        RefusedNothingSelected: "No hay ninguna fila seleccionada.", "No row is selected.";
        RefusedOnlyOnServices: "No hay ninguna instancia ni local seleccionado.", "No instance or store is selected.";
        RefusedStoreMissing: "Falta el local.", "The store is missing.";
        RefusedBusy: "Aún se espera el resultado de lo anterior.", "The result of what was sent before is still awaited.";
    }
    "The palette" {
        PaletteTitle: "Ir a, hacer", "Go to, do";
        PaletteHint: "pantalla, acción, comando, local o pedido", "screen, action, command, store or order";
        PaletteNone: "Nada coincide.", "Nothing fits.";
        KindScreen: "pantalla", "screen";
        KindAction: "acción", "action";
        KindCommand: "comando", "command";
        KindStore: "local", "store";
        KindOrder: "pedido", "order";
        ArgumentFilter: "TEXTO", "TEXT";
        CommandFilterDoes: "filtra la tabla de esta pantalla", "filters the table on screen";
        DoCopy: "copiar el id", "copy the id";
        DoCopyDetail: "copiar el detalle", "copy the detail";
        DoDump: "guardar la pantalla en un archivo", "save the screen to a file";
        DoPalette: "paleta", "palette";
        CommandSortDoes: "ordena la tabla de esta pantalla", "sorts the table on screen";
        ArgumentSort: "COLUMNA", "COLUMN";
        CommandViewDoes: "muestra una vista guardada", "shows a saved view";
        CommandSaveDoes: "guarda esta pantalla, filtro y orden", "saves this screen, filter and order";
        ArgumentName: "NOMBRE", "NAME";
        RefusedNoViewName: "Falta el nombre de la vista.", "The view's name is missing.";
        RefusedNoSort: "No se puede ordenar por eso aquí.", "There is nothing of that name to sort by here.";
    }
    "Tables" {
        SortOldest: "más viejos primero", "oldest first";
        SortDeepest: "colas más largas primero", "longest queue first";
        SortNumber: "por número de local", "by number of the store";
        SortService: "por servicio", "by service";
        SortWorst: "lo más grave primero", "worst first";
        ColumnsTitle: "Columnas", "Columns";
        ColumnsHint: "La primera siempre se ve; las que no caben se omiten.", "The first is always there; what does not fit is left out.";
        DoSearch: "buscar", "search";
        DoFindNext: "siguiente", "next match";
        DoFindPrevious: "anterior", "match before";
        DoFold: "plegar", "fold";
        DoUnfold: "desplegar", "unfold";
        DoFoldAll: "plegar o desplegar todo", "fold or unfold all";
        DoDetails: "detalles de los intentos", "details of attempts";
        DoMark: "marcar", "mark";
        DoMarkAll: "marcar todo lo que se ve", "mark all that is shown";
        DoUnmark: "quitar las marcas", "take marks away";
        DoSortReverse: "invertir el orden", "reverse the order";
        DoColumns: "columnas", "columns";
        DoCloseList: "cerrar", "close";
        MarksFull: "No caben más marcas: 1000 como máximo.", "No room for more marks: 1000 at most.";
    }
    "Keys" {
        GroupScreens: "Pantallas", "Screens";
        GroupMoving: "Moverse", "Moving";
        GroupActing: "Ver y actuar", "Looking and acting";
        GroupConsole: "Consola", "Console";
        GroupWriting: "Al escribir (filtro y formularios)", "While writing (filter and forms)";
        GroupSigns: "Signos", "Signs";
        HelpTitle: "Ayuda", "Help";
        DoNextScreen: "siguiente pantalla", "next screen";
        DoPreviousScreen: "pantalla anterior", "previous screen";
        DoDown: "bajar", "down";
        DoUp: "subir", "up";
        DoPageDown: "página abajo", "page down";
        DoPageUp: "página arriba", "page up";
        DoTop: "al inicio", "to the top";
        DoBottom: "al final", "to the bottom";
        DoOpen: "abrir", "open";
        DoBack: "volver", "back";
        DoUnfilter: "quitar filtro o marcas", "clear filter or marks";
        DoFilter: "filtrar", "filter";
        DoSort: "ordenar", "sort";
        DoInject: "pedido de prueba", "test order";
        DoPause: "pausar", "pause";
        DoResume: "reanudar", "resume";
        DoAcknowledge: "visto", "seen";
        DoPutOff: "posponer", "put off";
        DoDismiss: "quitar mensajes", "dismiss messages";
        DoLanguage: "English", "español";
        DoTheme: "fondo oscuro o claro", "dark or light ground";
        DoUtc: "horas locales o en UTC", "local times or UTC";
        DoMouse: "ratón sí o no", "mouse on or off";
        MouseOn: "El ratón elige filas y pestañas. Para seleccionar texto en la terminal: con Mayús.", "The mouse chooses rows and tabs. To select text in the terminal: with Shift.";
        MouseOff: "El ratón es otra vez de la terminal.", "The mouse is the terminal's again.";
        DoHelp: "ayuda", "help";
        DoCloseHelp: "cerrar la ayuda", "close help";
        DoQuit: "salir", "quit";
        DoQuitAnywhere: "salir, desde cualquier parte", "quit, from anywhere";
        DoPress: "pulsar el botón marcado", "press the marked button";
        DoFocusNext: "otro botón", "other button";
        DoFocusPrevious: "botón anterior", "button before";
        DoCancel: "cancelar", "cancel";
        EditSubmit: "aceptar", "accept";
        FilterNoValue: "falta el valor", "a value is missing";
        FilterNotNumber: "se espera un número", "a number is expected";
        FilterNotTime: "se espera un tiempo: 90s 5m 1h30m", "a time is expected: 90s 5m 1h30m";
        FilterNotSized: "aquí solo valen : y =", "only : and = make sense here";
        FilterBadPattern: "el patrón no es válido", "this is no pattern";
        FilterUnclosed: "falta cerrar", "the end is missing";
        EditCancel: "cancelar", "cancel";
        EditComplete: "completar, o campo siguiente", "complete, or next field";
        EditNext: "campo o fila siguiente", "next field or row";
        EditPrevious: "campo o fila anterior", "field or row before";
        EditForward: "opción siguiente", "next choice";
        EditBackward: "opción anterior", "choice before";
        EditBackspace: "borrar un carácter", "delete a character";
        EditClear: "borrar todo", "delete all";
        SignCritical: "grave: necesita a una persona ahora", "urgent: needs a person now";
        SignWarn: "aviso: conviene mirarlo", "warning: worth a look";
        SignGood: "en orden", "in order";
        SignBusy: "en curso", "under way";
        SignIdle: "presente, sin trabajar", "there, not working";
        TestSign: "pedido de prueba: la cocina no lo prepara", "test order: no kitchen cooks it";
        SignUnknown: "no se sabe (nunca significa cero)", "not known (never means zero)";
    }
    "Operations" {
        OpInject: "enviar un pedido de prueba", "send a test order";
        OpReinject: "reinyectar", "reinject";
        OpReinjectMeans: "Cada pedido va una vez más a su local, al final de la cola. Si el POS ya lo tiene, lo dirá: no se prepara dos veces.",
            "Each order goes to its store once more, at the end of the queue. If the POS has it already it says so: nothing is cooked twice.";
        OpReinjectEdited: "editar y reinyectar", "edit and reinject";
        OpReinjectEditedMeans: "El pedido va una vez más a su local con el contenido editado. Si el POS ya tenía el primero, prepara aquel.",
            "The order goes to its store once more with the edited payload. If the POS had the first one already, it cooks that one.";
        OpSolve: "dar por solucionado", "mark as solved";
        OpSolveMeans: "No se hará nada más por estos pedidos: salen de la lista. No se puede deshacer.",
            "Nothing more is done about these orders: they leave the list. This cannot be undone.";
        OpRelease: "soltar el primero de la cola", "release the head of the queue";
        OpReleaseMeans: "El primero de la cola se abandona y queda como no inyectado; sigue el próximo. Un intento en curso se espera, y vale si resulta.",
            "The head of the queue is given up and ends as not injected; the next one follows. An attempt under way is awaited, and counts if it succeeds.";
        OpPing: "preguntar si responde", "ask whether it answers";
        OpPingMeans: "La instancia responde; nada cambia.", "The instance answers; nothing changes.";
        OpPause: "pausar la instancia", "pause the instance";
        OpResume: "reanudar la instancia", "resume the instance";
        OpDrain: "vaciar la instancia", "drain the instance";
        OpDrainMeans: "Termina lo que tiene, entrega lo demás y no toma nada nuevo hasta que se reanude.",
            "It finishes what it has, hands over the rest and takes nothing new until it is resumed.";
        OpLogLevel: "cambiar el nivel de registro", "set the log level";
        OpLogLevelMeans: "La instancia escribe más o menos en su registro, hasta que se cambie o se reinicie.",
            "The instance writes more or less to its log, until it is changed or started anew.";
        OpMove: "mover el local a otro resolver", "move the store to another resolver";
        OpMoveMeans: "Su partición, con todos sus locales, pasa al otro resolver. El dueño termina lo que tiene en curso y entrega.",
            "Its partition, with every store in it, goes to the other resolver. The owner finishes what is under way and hands over.";
        OpPingPos: "probar el POS del local", "try the store's POS";
        OpPingPosMeans: "El resolver que inyecta allí mira si llega al POS. No envía ningún pedido.",
            "The resolver that injects there looks whether it reaches the POS. It sends no order.";
        OpPauseStore: "pausar el local", "pause the store";
        OpPauseStoreMeans: "El local no recibe pedidos nuevos; los que ya se aceptaron se siguen inyectando.",
            "The store takes no new orders; those accepted before go on being injected.";
        OpResumeStore: "reanudar el local", "resume the store";
        OpResumeStoreMeans: "El local vuelve a recibir pedidos.", "The store takes orders again.";
        OpDisableStore: "deshabilitar el local", "disable the store";
        OpDisableStoreMeans: "El local no recibe pedidos hasta que se reanude. Un registro nunca se borra: así se retira un local.",
            "The store takes no orders until it is resumed. A record is never removed: this is how a store is taken out.";
        OpCreateStore: "crear un local", "create a store";
        OpCreateStoreMeans: "El local queda abierto y recibe pedidos en cuanto los servicios lo conozcan.",
            "The store is open and takes orders as soon as the services know of it.";
        OpEditStore: "editar el local", "edit the store";
        OpEditStoreMeans: "Los servicios toman los datos nuevos al momento, también la dirección del POS.",
            "The services take up the new data at once, the POS's address, too.";
        OpReveal: "ver los datos personales", "show personal data";
        OpRevealMeans: "Los datos del cliente se ven en esta pantalla durante 60 segundos; copias y archivos los llevan ocultos. No cambia nada. Queda en la auditoría quién los vio y por qué.",
            "The customer's data is on this screen for 60 seconds; copies and files have it masked. Nothing is changed. The audit trail keeps who saw it, and why.";
        OpUnlock: "desbloquear este contexto", "unlock this context";
        OpUnlockMeans: "Durante 15 minutos se puede actuar desde aquí; luego se bloquea solo. Queda en la auditoría.",
            "For 15 minutes changes can be made from here; then it locks by itself. It stands in the audit trail.";
        CommandLockDoes: "vuelve a bloquear este contexto", "locks this context again";
        GroupOperations: "Por la paleta", "Through the palette";
        KindOperation: "operación", "operation";
    }
    "Previews and results" {
        FieldContext: "Contexto", "Context";
        FieldProof: "Para hacerlo", "To do it";
        ColumnWhat: "Operación", "Operation";
        FieldRight: "Permiso", "Right";
        FieldTargets: "Destinos", "Targets";
        FieldSkipped: "Se omiten", "Left out";
        FieldReason: "Motivo", "Reason";
        FieldDifferences: "Cambios", "Changes";
        FieldLevel: "Nivel", "Level";
        FieldTo: "Pasa a", "Goes to";
        FieldUntil: "Hasta", "Until";
        FieldNumber: "Número", "Number";
        FieldCountry: "País", "Country";
        FieldCode: "Código", "Code";
        FieldName: "Nombre", "Name";
        FieldPosUrl: "URL del POS", "POS URL";
        FieldZone: "Zona horaria", "Time zone";
        UntilHint: "45m, 2h, 18:30 o vacío: hasta que se reanude", "45m, 2h, 18:30, or empty: until it is resumed";
        ZoneHint: "vacío: la del país", "empty: the country's";
        ReasonNeeded: "obligatorio", "required";
        ReasonOptional: "si hace falta", "if need be";
        ButtonReveal: "Mostrar", "Show";
        ButtonContinue: "Continuar", "Continue";
        ButtonDo: "Hacerlo", "Do it";
        HintPreview: "Enter lleva a la vista previa; nada se envía.", "Enter leads to the preview; nothing is sent.";
        JobsTitle: "Lo hecho desde aquí", "Done from here";
        JobReason: "Motivo", "Reason";
        JobBegan: "Confirmado", "Confirmed";
        JobEnded: "Terminado", "Ended";
        JobUnrecorded: "Sin asentar", "Not recorded";
        StepWaiting: "en espera", "waiting";
        StepSent: "enviado", "sent";
        StepAnswered: "aceptado, por comprobar", "accepted, to be verified";
        StepVerified: "comprobado", "verified";
        StepUnverified: "sin comprobar", "not verified";
        StepSkipped: "omitido", "skipped";
        StepFailed: "falló", "failed";
        NotSeen: "se aceptó, y nada lo muestra todavía", "it was accepted, and nothing shows it yet";
        PartResolve: "nombre", "name";
        PartConnect: "conexión", "connection";
        PartTls: "TLS", "TLS handshake";
        PartHttp: "respuesta", "answer";
        FaultUnreachable: "no se llega al POS", "the POS is not reached";
        FaultStale: "alguien cambió el registro entretanto", "somebody changed the record meanwhile";
        EditDropped: "se pidió terminar mientras se editaba un contenido: lo editado se descartó y no se envió nada",
            "asked to end while a payload was being edited: the edited text was dropped, and nothing was sent";
        Concealed: "Los datos personales están ocultos de nuevo.", "Personal data is masked again.";
        DoReveal: "datos personales", "personal data";
        RefusedNoOpenOrder: "Primero abra el pedido.", "Open the order first.";
        Locked: "Este contexto está bloqueado de nuevo.", "This context is locked again.";
        DoReinject: "reinyectar", "reinject";
        DoEdit: "editar", "edit";
        DoSolve: "dar por solucionado", "mark as solved";
        DoRelease: "soltar el primero", "release the head";
        DoPing: "¿responde?", "does it answer?";
        DoJobs: "trabajos hechos desde aquí", "jobs done from here";
        DoCancelJob: "no enviar lo que falta", "send no more of it";
        RefusedNoOrder: "No hay ningún pedido seleccionado.", "No order is selected.";
        RefusedNoStoreHere: "No hay ningún local seleccionado.", "No store is selected.";
        RefusedOrderUnknown: "Este pedido no se conoce aquí.", "This order is not known here.";
        RefusedNotAtHead: "Ya hay otro pedido al frente de la cola.", "Another order is at the head of the queue by now.";
        RefusedNoActive: "Ningún distribuidor reparte ahora.", "No distribuidor hands over right now.";
        RefusedNoResolver: "No hay otro resolver trabajando.", "There is no other resolver at work.";
        RefusedTestOrdersOff: "En producción no se envían pedidos de prueba, salvo que la configuración lo permita.",
            "No test orders are sent in production, unless the settings allow it.";
        RefusedNoReason: "Falta el motivo.", "A reason is missing.";
        RefusedNoOperator: "No se sabe quién actúa: su usuario no tiene un nombre que una orden pueda llevar.",
            "Who acts is not known: your login has no name that a command could carry.";
        RefusedCatalogueChanged: "Entretanto se escribió otro local: vuelva a empezar.", "Another store was written meanwhile: begin again.";
        RefusedStale: "Lo que se ve puede no estar al día: se está releyendo.", "What is shown may be out of date: it is being read anew.";
        RefusedNoUnlock: "La configuración no permite desbloquear este contexto.", "The settings let nobody unlock this context.";
        RefusedNotLocked: "Este contexto no está bloqueado.", "This context is not locked.";
        RefusedNotUnlocked: "Este contexto no se ha desbloqueado.", "This context has not been unlocked.";
        RefusedNoContextName: "Sin el nombre de un contexto no hay nada que desbloquear.", "Without a context's name there is nothing to unlock.";
        RefusedCancelled: "cancelado", "cancelled";
        RefusedNoJobs: "Todavía no se ha hecho nada desde aquí.", "Nothing was done from here yet.";
    }
}
